"""Folders that cannot be read, users without a home, a clock behind the files, narrow terminals:
a sentence each, and nothing that reads as "there is none"."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import durable
from engine.__main__ import main
from engine.decision import fitted
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import pilots_folder
from engine.pilot.text import sources
from engine.runs.folder import listing
from engine.runs.imports import journal
from engine.runs.log import RunLog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_folder(tmp_path, monkeypatch):
    """A file stands where the folders of runs and pilots should be (root may read any folder)."""
    place = tmp_path / "file"
    place.write_text("no folder")
    monkeypatch.setenv("KESSAI_DATA", str(place))
    monkeypatch.setenv("KESSAI_PILOTS", str(place))
    fitted.run_log.cache_clear()
    yield place
    fitted.run_log.cache_clear()


@pytest.mark.parametrize(
    "line",
    [
        "runs",
        "runs --json",
        "pilot list",
        "pilot list --json",
        "fit --evidence ours",
        "recommend --compute 1e19 --data 1e6 --epsilon 4",
    ],
)
def test_what_cannot_be_read_is_not_called_empty(no_folder, capsys, line):
    assert main(line.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Expected to read the folder of" in printed.err and str(no_folder) in printed.err
    assert "Not a directory" in printed.err and printed.err.count("\n") == 1


def test_a_folder_that_may_not_be_listed_is_a_sentence(tmp_path, monkeypatch):
    def refuse(path="."):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    with RunLog(tmp_path) as log:
        for ask in (log.families, log.compact, lambda: journal.entries(tmp_path)):
            with pytest.raises(InputError, match="Permission denied"):
                ask()


def test_a_folder_that_is_not_there_yet_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "none"))
    fitted.run_log.cache_clear()
    for line, called in (("runs --json", "runs"), ("pilot list --json", "pilots")):
        assert main(line.split()) == 0
        printed = capsys.readouterr()
        json.loads(printed.out)
        assert f"There is no folder of {called}" in printed.err
    fitted.run_log.cache_clear()
    assert listing(tmp_path / "none") == []


def test_a_pilot_that_may_not_be_looked_into_is_listed(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path))
    foreign = pilots_folder() / ("0" * 16)
    foreign.mkdir(parents=True)
    exists, is_open = Path.exists, os.open

    def barred(path):
        if foreign in Path(path).parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    def may_exist(path, **options):
        barred(path)
        return exists(path, **options)

    def may_open(path, *rest, **options):
        barred(path)
        return is_open(path, *rest, **options)

    monkeypatch.setattr(Path, "exists", may_exist)
    monkeypatch.setattr(os, "open", may_open)
    assert lifecycle.sweep_stale() == ()
    (entry,) = standing.entries()
    assert (entry.plan_id, entry.plan) == ("0" * 16, None)
    with pytest.raises(InputError, match="cannot be read"):
        standing.results("0" * 16)


@pytest.fixture
def homeless(monkeypatch):
    def nobody():
        raise RuntimeError("Could not determine home directory.")

    for variable in (durable.CACHE_VARIABLE, "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", nobody)


def test_a_user_without_a_home_gets_answers_and_one_sentence(homeless):
    with pytest.raises(InputError, match="set KESSAI_CACHE"):
        durable.cache_folder()
    assert fitted.is_ready(fitted.PUBLISHED_BERT) is False  # fits anew, keeps nothing


def test_the_home_of_nobody_is_no_path():
    with pytest.raises(InputError, match="known home"):
        durable.expanded("~nobody-is-called-so/text")
    with pytest.raises(InputError, match="known home"):
        sources.identity(CorpusSource(kind="folder", path="~nobody-is-called-so/text"))


def test_files_from_the_future_are_kept_and_read(tmp_path):
    """A clock that was set back: nothing counts as stale, and nothing fails."""
    log = RunLog(tmp_path / "runs")
    shutil.copytree(ROOT / "data" / "runs", tmp_path / "runs")
    future = 4_000_000_000
    temporary = durable.temporary_path(tmp_path / "runs" / "a.parquet")
    temporary.write_bytes(b"")
    for path in (tmp_path / "runs").iterdir():
        os.utime(path, (future, future))
    with log:
        assert sum(log.families().values()) > 100
        log.compact()
    assert temporary.exists()


# --- the whole matrix, in processes: minutes ----------------------------------------------------

PLAN = "--compute 3.8e20 --data 1e7 --epsilon 4"
COMMANDS = (
    "--help",
    f"recommend {PLAN}",
    f"recommend {PLAN} --language ja",
    f"recommend {PLAN} --language ja --json",
    "recommend --compute 1e3 --data 1e7 --epsilon 4 --language ja",
    "predict --model-size 49e6 --batch-size 220e3 --iterations 11000 --data 1e7 --epsilon 4",
    "epsilon --noise-multiplier 1.1 --batch-size 256 --iterations 4000 --data 60000 --delta 1e-3",
    "fit",
    "runs",
    "runs --json",
    "runs import nothing.csv",
    "pilot list --json",
    "pilot plan --minutes 1 --corpus folder --path nothing",
    "transfer nothing nothing-else",
    "sweep nothing.toml --dry-run",
    "table --help",
)
NOBODY = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]
SETTINGS: dict[str, dict[str, str | None]] = {
    "cp932": {"PYTHONIOENCODING": "cp932"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "full": {},
    "gone": {},
    "closed": {},
    "nobody": {"HOME": None, "KESSAI_CACHE": None, "KESSAI_DATA": None},
    "barred": {"HOME": None, "KESSAI_CACHE": None},
}
ENDS = {"full": ">/dev/full", "gone": "| true; exit ${PIPESTATUS[0]}", "closed": ">&- 2>&-"}


@pytest.mark.exhaustive
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_command_in_every_setting(setting, tmp_path):
    """``nobody`` has no home, no name and a checkout that it may only read; ``barred`` may not
    look into the folder of runs either. Both need root to become so."""
    as_nobody = setting in ("nobody", "barred")
    if as_nobody and (os.geteuid() != 0 or shutil.which("setpriv") is None):
        pytest.skip("only root can become a user without a name, by setpriv")
    runs = tmp_path / "barred" / "runs"
    runs.mkdir(parents=True)
    runs.parent.chmod(0o700)
    wanted = {**os.environ, "KESSAI_DATA": str(runs), **SETTINGS[setting]}
    environment = {name: value for name, value in wanted.items() if value is not None}
    for line in COMMANDS:
        command = [*(NOBODY if as_nobody else []), sys.executable, "-m", "engine", *line.split()]
        done = subprocess.run(
            ["bash", "-c", f'"$@" {ENDS.get(setting, "")}', "-", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
        )
        told = done.stderr.decode("latin-1")
        assert done.returncode in ((1, 2) if setting in ENDS else (0, 2)), (line, told)
        assert "Traceback" not in told and "Exception" not in told, (line, told)
        if line.endswith("--json") and done.returncode == 0:
            json.loads(done.stdout.decode("ascii" if setting in ("ascii", "cp932") else "utf-8"))
        if setting == "barred" and line.startswith(("runs", "pilot list", "fit", "recommend --c")):
            assert "Permission denied" in told or "FLOPs" in told or "計算量" in told, (line, told)

"""Files from elsewhere: one sentence each, no traceback, nothing left behind, nothing stopped."""

import json
import os
import random
import sqlite3
import time
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pytest

from engine import decision_log, durable
from engine.__main__ import main
from engine.access.roles_file import read as read_roles
from engine.commands import question_options
from engine.decision import law_store
from engine.errors import InputError, inert
from engine.pilot import starts
from engine.pilot.dpsgd import checkpoint
from engine.pilot.dpsgd.ledger import Ledger
from engine.pilot.huggingface import read_folder
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.prepared import Prepared
from engine.pilot.running.folder import LOCK_FILE, PilotFolder
from engine.pilot.running.status import State, Status, TrainingResult
from engine.pilot.sweeps import gridfile
from engine.pilot.text import public_tokenizers, registry, sources
from engine.pilot.text.public_tokenizers import described
from engine.report.master import require_template
from engine.roi.assumption_files import load, to_csv, to_toml
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.workbook_file import COLUMNS
from engine.runs import files
from engine.runs.database import DUCKDB_LIMITS
from engine.runs.imports import journal
from engine.runs.imports.reading import read
from engine.runs.log import DATA_VARIABLE, RunLog
from engine.scenarios import acts, saved
from engine.tables.reader import read_file
from engine.text.formats import literally
from engine.untrusted import guard, regular
from engine.untrusted.archives import npz_arrays
from engine.untrusted.guard import attempted, guarded, interrupted_in_time, reason_of
from engine.untrusted.texts import json_value, toml_document
from engine.untrusted.weights import public_weights, safetensors_file
from tests.pilot.fake_training import settings
from tests.runs.made_runs import record
from tests.security import hostile, packages
from tests.security.hostile import placed

LONGEST_SENTENCE = 1_000


def refused(act):
    """The one sentence by which ``act`` was refused."""
    with pytest.raises(InputError) as error:
        act()
    sentence = str(error.value)
    assert sentence and len(sentence) < LONGEST_SENTENCE and inert(sentence) == sentence
    return sentence


@pytest.mark.parametrize("kind", hostile.TOML)
def test_toml(kind):
    content = hostile.TOML[kind]
    refused(lambda: load("assumptions.toml", content))
    refused(lambda: gridfile.parse(content.decode("utf-8", "replace")))


@pytest.mark.parametrize("kind", hostile.SCENARIOS)
def test_scenarios(kind, tmp_path):
    """What is imported can be kept and read again; what cannot is refused, and leaves nothing."""
    try:
        one = saved.from_file("a.json", hostile.SCENARIOS[kind])
    except InputError as error:
        assert len(str(error)) < LONGEST_SENTENCE
    else:
        acts.added(tmp_path, one)
        kept, unread = saved.listed(tmp_path)
        assert unread == [] and kept == [one]
    placed(tmp_path, "foreign.json", hostile.SCENARIOS[kind])
    saved.listed(tmp_path)
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


@pytest.mark.parametrize("kind", hostile.JSON)
def test_json_of_runs_and_of_our_own_files(kind, tmp_path):
    content = hostile.JSON[kind]
    path = placed(tmp_path, "runs.jsonl", content)
    attempted(lambda: read(path))
    text = content.decode("utf-8", "replace")
    refused(lambda: PilotPlan.from_json(text))
    assert [one.from_json(text) for one in (Prepared, Status, TrainingResult)] == [None] * 3
    (tmp_path / journal.FOLDER).mkdir()
    placed(tmp_path / journal.FOLDER, "a.json", content)
    assert journal.entries(tmp_path) == []


def test_json_says_what_is_wrong():
    assert "nested deeper than 64" in refused(lambda: json_value("[" * 70 + "]" * 70))
    assert "400 digits" in refused(lambda: json_value("9" * 400))
    assert "halves of characters" in refused(lambda: json_value('{"a": "\\ud800"}'))
    assert json_value('"\\ud83d\\ude00"') == "\U0001f600"
    assert "thousands of digits" in refused(lambda: toml_document("a = " + "9" * 5000))
    assert json_value("[" * 64 + "]" * 64)


@pytest.mark.parametrize("kind", hostile.PARQUET)
def test_a_foreign_file_in_the_folder_of_runs_stops_nothing(kind, tmp_path):
    files.write(tmp_path, [record(7)])
    foreign = placed(tmp_path, "foreign.parquet", hostile.PARQUET[kind])
    refused(lambda: files.read(foreign))
    with RunLog(tmp_path) as log:
        assert log.families() == {"toy": 1}
        assert [entry.path for entry in log.skipped] == [foreign]
        log.append([record(8)])
        log.compact()
        assert log.families() == {"toy": 2}
    assert foreign.exists()


def test_a_file_called_as_a_pattern_loads_no_other(tmp_path):
    """DuckDB would expand it, and load the rows that were refused."""
    files.write(tmp_path, [record(1)])
    good = files.write(tmp_path / "elsewhere", [record(2)])
    assert good is not None
    pattern = placed(tmp_path, "*.parquet", good.read_bytes())
    bad = placed(tmp_path, "bad.parquet", hostile.PARQUET["half a character in versions"])
    with RunLog(tmp_path) as log:
        assert log.families() == {"toy": 1}
        assert {entry.path for entry in log.skipped} == {pattern, bad}
        assert any("*, ? and [" in str(entry.reason) for entry in log.skipped)


def test_two_parsers_that_disagree_refuse_the_file(tmp_path, monkeypatch):
    path = files.write(tmp_path, [record(1)])
    monkeypatch.setattr(files, "read", lambda _: [record(2)])
    with RunLog(tmp_path) as log:
        assert log.families() == {}
        assert [entry.path for entry in log.skipped] == [path]
        assert "read differently" in str(log.skipped[0].reason)


def test_databases_have_limits_and_write_nowhere(tmp_path):
    with RunLog(tmp_path) as log:
        found = log.query(
            "SELECT current_setting('threads') AS t, current_setting('memory_limit') AS m, "
            "current_setting('temp_directory') AS d"
        ).iloc[0]
    assert (found["t"], found["m"], found["d"]) == (2, "1.0 GiB", "")
    assert DUCKDB_LIMITS["threads"] == 2


@pytest.mark.parametrize("kind", hostile.EXCEL)
def test_workbooks(kind, tmp_path):
    path = placed(tmp_path, "runs.xlsx", hostile.EXCEL[kind])
    started = time.process_time()
    sentence = refused(lambda: read(path))
    if "unpacks" in kind:
        assert "unpacks to at most" in sentence
        assert time.process_time() - started < 5  # nothing was unpacked


@pytest.mark.parametrize("kind", hostile.CSV)
def test_text_tables(kind, tmp_path):
    content = hostile.CSV[kind]
    attempted(lambda: read(placed(tmp_path, "runs.csv", content)))
    refused(lambda: load("assumptions.csv", content))


def test_arrays_that_unpack_to_too_much_or_run_code(tmp_path):
    path = placed(tmp_path, "a.npz", hostile.expanding_zip("a.npy"))
    assert "unpacks to at most" in refused(lambda: npz_arrays(path))
    np.savez(tmp_path / "b.npz", a=np.array([{"code": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_arrays(tmp_path / "b.npz")


def test_a_database_that_never_ends_is_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    path = tmp_path / "endless.db"
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE VIEW runs AS WITH RECURSIVE n(loss) AS (SELECT 1 UNION ALL SELECT loss + 0 "
            "FROM n) SELECT loss FROM n WHERE loss > 5"
        )
    assert "interrupted" in refused(lambda: read(path))
    path = tmp_path / "endless.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE VIEW runs AS SELECT sum(range) AS loss FROM range(100000000000000)")
    assert "nterrupt" in refused(lambda: read(path))


def test_the_guard_passes_what_is_no_failure_of_a_parser():
    def ended():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded(ended, InputError)
    with pytest.raises(FileNotFoundError):
        guarded(Path("/nowhere/at/all").read_bytes, InputError, passing=(FileNotFoundError,))

    class PanicException(BaseException):
        """As parsers written in Rust raise it."""

    def panicked():
        raise PanicException

    with pytest.raises(InputError, match="gave up"):
        guarded(panicked, InputError)
    with interrupted_in_time(lambda: None):
        pass
    assert reason_of(MemoryError()) == "it needs more memory than there is"
    assert reason_of(OSError(2, "No such file")) == "No such file"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>&amp;</b>", r"\<b\>\&amp;\</b\>"),
        ("[a](http://evil.example)", "\\[a\\](http:\u2060//evil.example)"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("a@evil.example", "a@\u2060evil.example"),
        ("a\u202eb\u200bc", "a�b�c"),
        ("決　裁", "決　裁"),
    ],
)
def test_names_are_inert_on_pages(text, shown):
    assert literally(text) == shown


def test_a_refusal_shows_a_name_clipped_and_inert():
    values = {"name": "x\u202e" * 9000, "path": Path("/a\n")}
    error = InputError("Expected a name, got {name} in {path}.", **values)
    assert len(str(error)) < 800 and "\u202e" not in str(error) and "\n" not in str(error)


# --- what comes in packages --------------------------------------------------------------------


@pytest.mark.parametrize("kind", packages.TEMPLATES)
def test_templates_of_slides(kind):
    """Anybody who sees the pages chooses one."""
    refused(lambda: require_template(packages.TEMPLATES[kind]))


def test_a_template_that_is_sound_is_taken():
    require_template(packages.template())


@pytest.mark.parametrize("kind", packages.BOOKS)
def test_workbooks_of_assumptions(kind):
    refused(lambda: load("a.xlsx", packages.BOOKS[kind]))


@pytest.mark.parametrize("kind", packages.WEIGHTS)
def test_weights(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))
    (tmp_path / "starts").mkdir()
    path = placed(tmp_path / "starts", "evil.safetensors", packages.WEIGHTS[kind])
    refused(lambda: safetensors_file(path))
    refused(lambda: starts.read("evil"))
    if kind != "another kind of number":
        refused(lambda: public_weights(path))


@pytest.mark.parametrize("kind", packages.SETTINGS)
def test_folders_of_models(kind, tmp_path):
    placed(tmp_path, "config.json", packages.SETTINGS[kind])
    placed(tmp_path, "model.safetensors", packages.SOUND_WEIGHTS)
    refused(lambda: read_folder(tmp_path, 48))


@pytest.mark.parametrize("kind", packages.TOKENIZERS)
def test_tokenizers(kind, tmp_path):
    path = placed(tmp_path, "tokenizer.json", packages.TOKENIZERS[kind])
    refused(lambda: described(path, "somebody"))


@pytest.mark.parametrize("device", ["/dev/zero", "a pipe"])
def test_what_is_no_file_is_not_read(device, tmp_path):
    """A device has no end and a pipe no beginning: neither takes memory, or time."""

    def place(name):
        path = tmp_path / name
        if device == "a pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(device)
        return path

    def folder(name):
        (tmp_path / name).mkdir()
        return tmp_path / name

    refused(lambda: read(place("runs.csv")))
    refused(lambda: described(place("tokenizer.json"), "somebody"))
    one, two = folder("one"), folder("two")
    place("one/config.json")
    refused(lambda: read_folder(one, 48))
    sound = {"model_type": "gpt2", "n_layer": 2, "n_embd": 16, "n_head": 2, "n_positions": 48}
    placed(two, "config.json", json.dumps({**sound, "vocab_size": 40}).encode())
    place("two/model.safetensors")
    refused(lambda: read_folder(two, 48))
    place("scenario.json")
    found, why = saved.listed(tmp_path)
    assert not found and any("scenario.json" in str(one) for one in why)
    refused(lambda: read_roles(place("access.toml")))
    named = place("assumptions.csv")
    assert (
        refused(lambda: question_options.content(named))
        == f"Could not read {named}: not a regular file."
    )
    refused(lambda: read_file(place("table.csv")))
    refused(lambda: read(place("events.out.tfevents.1")))
    refused(lambda: read(place("run-1.wandb")))


@pytest.mark.parametrize("device", ["/dev/zero", "a pipe"])
def test_no_device_stands_for_a_file_of_our_own(device, tmp_path, monkeypatch):
    """The log of decisions and the file of texts end in a sentence, and do not wait for ever."""
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path))
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "texts.json"))
    (tmp_path / law_store.FOLDER).mkdir()
    for name in (decision_log.FILE, "texts.json", f"{law_store.FOLDER}/{law_store.CURRENT}"):
        if device == "a pipe":
            os.mkfifo(tmp_path / name)
        else:
            (tmp_path / name).symlink_to(device)
    assert "not a regular file" in refused(lambda: decision_log.entries(tmp_path))
    act = partial(decision_log.append, "save", {}, folder=tmp_path)
    assert "not a regular file" in refused(act)
    assert "not a regular file" in refused(registry.registry)
    assert "not a regular file" in refused(lambda: law_store.current("published-bert", tmp_path))


@pytest.mark.parametrize("device", ["/dev/zero", "a pipe"])
def test_no_device_stands_for_a_lock_or_a_ledger(device, tmp_path):
    """What is locked is opened first: that would wait for ever, or lock a device."""

    def place(path):
        if device == "a pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(device)

    for name in (".law.json.lock", ".lock", LOCK_FILE, "ledger", "checkpoint.reserve"):
        place(tmp_path / name)
    pilot = PilotFolder(path=tmp_path)
    for act in (
        lambda: durable.locked(tmp_path / "law.json").__enter__(),
        pilot.take_lock,
        lambda: Ledger(tmp_path / "ledger", settings()),
        lambda: checkpoint._keep_reserve(tmp_path, 1),
    ):
        with pytest.raises(OSError, match="not a regular file"):
            act()
    assert pilot.is_held() is False
    assert "not a regular file" in refused(lambda: acts._alone(tmp_path).__enter__())


def test_a_pipe_is_no_sweep_plan(tmp_path, capsys):
    os.mkfifo(tmp_path / "plan.toml")
    assert main(["sweep", str(tmp_path / "plan.toml"), "--dry-run"]) == 2
    assert "not a regular file" in capsys.readouterr().err


def test_a_folder_where_a_file_is_expected_is_called_one(tmp_path):
    with pytest.raises(IsADirectoryError):
        regular.opened(tmp_path)
    assert refused(lambda: regular.content(tmp_path, 1)) == (
        f"Could not read {tmp_path.name}: Is a directory."
    )
    assert "that is a folder" in refused(lambda: read_file(tmp_path))


def test_a_file_is_read_whole_up_to_the_most(tmp_path):
    path = placed(tmp_path, "four", b"four")
    assert regular.content(path, 4) == b"four"
    assert "four is larger" in refused(lambda: regular.content(path, 3))


# --- the fuzzer ---------------------------------------------------------------------------------

SEED = 16
TRIALS = 40
"""Of each kind. ``-m exhaustive`` tries a hundred times as many."""


SHEET = [list(COLUMNS)] + [
    [getattr(row, name, None) for name in COLUMNS] for row in DEFAULT_ASSUMPTIONS.rows
]
"""The shipped table as a sheet."""


def seeds(folder):
    """Sound files, and what reads each of them."""
    log = folder / "log"
    path = files.write(log, [record(1)])
    assert path is not None
    plain = "run,model_size,tokens,loss\n" + "".join(
        f"r{n},{n}000000,{n}00000000,{3 + 1 / n}\n" for n in range(1, 9)
    )
    lines = "".join(
        json.dumps({"run": f"r{n}", "model_size": n * 10**6, "tokens": n * 10**8, "loss": 3.1})
        + "\n"
        for n in range(1, 9)
    )
    grid = Path(__file__).resolve().parents[2] / "data" / "batch-32.toml"
    return {
        "run log": (path.read_bytes(), lambda p: files.read(p)),
        "parquet": (path.read_bytes(), read),
        "csv": (plain.encode(), read),
        "json lines": (lines.encode(), read),
        "excel": (hostile.workbook(rows=4), read),
        "scenario": (hostile.scenario(), lambda p: saved.from_file(p.name, p.read_bytes())),
        "assumptions, toml": (
            to_toml(DEFAULT_ASSUMPTIONS).encode(), lambda p: load("a.toml", p.read_bytes())
        ),
        "assumptions, csv": (
            to_csv(DEFAULT_ASSUMPTIONS).encode(), lambda p: load("a.csv", p.read_bytes())
        ),
        "assumptions, excel": (
            packages.assumptions(SHEET), lambda p: load("a.xlsx", p.read_bytes())
        ),
        "template": (packages.template(), lambda p: require_template(p.read_bytes())),
        "weights": (packages.SOUND_WEIGHTS, safetensors_file),
        "public weights": (packages.SOUND_WEIGHTS, public_weights),
        "text, json lines": (lines.replace("run", "text").encode(), text_rows("jsonl")),
        "text, csv": (plain.replace("run", "text").encode(), text_rows("csv")),
        "sweep": (
            grid.read_bytes(), lambda p: gridfile.parse(p.read_bytes().decode("utf-8", "replace"))
        ),
        "status": (
            Status(state=State.PLANNED, heartbeat=1.0).to_json().encode(),
            lambda p: Status.from_json(p.read_bytes().decode("utf-8", "replace")),
        ),
    }  # fmt: skip


def text_rows(kind):
    return lambda p: list(sources.rows(CorpusSource(kind=kind, path=str(p)), lambda share: None))


def fuzz(folder, trials, seconds):
    """Tried and failed of each kind, which share the time evenly: a failure is anything but an
    answer or one sentence."""
    tried, failed, kinds = {}, [], seeds(folder)
    for kind, (content, reader) in kinds.items():
        chance, end = random.Random(f"{SEED} {kind}"), time.monotonic() + seconds / len(kinds)
        reader(placed(folder, "sound", content))
        tried[kind] = 0
        for number in range(trials):
            if time.monotonic() > end:
                break
            path = placed(folder, "altered", hostile.altered(content, chance))
            tried[kind] += 1
            try:
                reader(path)
            except InputError as error:
                sentence = str(error)
                if not sentence or len(sentence) > LONGEST_SENTENCE or inert(sentence) != sentence:
                    failed.append((kind, number, sentence[:200]))
            except Exception as error:  # noqa: BLE001 (what is looked for here)
                failed.append((kind, number, f"{type(error).__name__}: {error}"[:200]))
    return tried, failed


def report(tried, failed, record_property):
    said = f"altered files, seed {SEED}: tried {sum(tried.values())}, failed {len(failed)} {tried}"
    record_property("tried", said)
    assert failed == []


def test_altered_files_give_an_answer_or_a_sentence(tmp_path, record_property):
    tried, failed = fuzz(tmp_path, TRIALS, seconds=20)
    report(tried, failed, record_property)
    assert min(tried.values()) > 0


@pytest.mark.exhaustive
def test_many_altered_files(tmp_path, record_property):
    tried, failed = fuzz(tmp_path, 100 * TRIALS, seconds=2400)
    report(tried, failed, record_property)


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    """A file in its place refuses root too, whom no permission stops."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path))
    for name in ("starts", "tokenizers", law_store.FOLDER):
        (tmp_path / name).write_text("no folder")
    acts = (
        starts.names,
        lambda: starts.read("mine"),
        public_tokenizers.names,
        lambda: public_tokenizers.place_of("mine"),
        lambda: law_store.versions(tmp_path),
        lambda: law_store.current("published-bert", tmp_path),
    )
    assert ["Not a directory" in refused(act) for act in acts] == [True] * len(acts)

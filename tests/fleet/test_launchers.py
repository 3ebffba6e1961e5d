"""A sweep in parts, by the real launchers: every run exactly once, also where a part is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.pilot.sweeps import launchers
from engine.pilot.sweeps.launchers import Local, Where
from engine.pilot.sweeps.parts import ROOT, Ended
from engine.runs.log import RunLog

PLAN = """
[corpus]
kind = "jsonl"
path = "{path}"
public = true
[defaults]
batch_size = 8
sequence_length = 32
iterations = {steps}
warmup = 1
physical_batch_size = 8
[[grid]]
model_sizes = [3e4]
noise_batch_ratios = [0, "2^-6"]
learning_rates = ["2^-7"]
seeds = [1, 2]
"""


@pytest.fixture
def sweep(tmp_path):
    """Starts a sweep of four runs in parts, in folders of its own."""
    text = tmp_path / "text.jsonl"
    documents = [{"text": f"Document {n} counts to {n}. " * 8} for n in range(1100)]
    text.write_text("\n".join(map(json.dumps, documents)))
    folders = {
        "KESSAI_DATA": "runs", "KESSAI_PILOTS": "pilots", "KESSAI_LOG": "log",
        "KESSAI_CACHE": "cache",
    }  # fmt: skip
    environment = os.environ | {name: str(tmp_path / folder) for name, folder in folders.items()}

    def start(*arguments: str, steps: int = 4) -> "subprocess.Popen[str]":
        plan = tmp_path / "plan.toml"
        plan.write_text(PLAN.format(path=text, steps=steps))
        command = [sys.executable, "-m", "engine", "sweep", str(plan), "--workers", "1", "--json"]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    start.runs = tmp_path / "runs"  # type: ignore[attr-defined]
    return start


def ended(process: "subprocess.Popen[str]") -> tuple[dict, str]:
    out, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    return json.loads(out), said


def stored(folder: Path) -> list[str]:
    with RunLog.open(folder) as log:
        return [record.run_id for family in log.families() for record in log.records(family)]


def commands_with(*words: str) -> Iterator[int]:
    """Processes of this user whose command line holds all of ``words``."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if all(word in line for word in words):
                yield int(entry.name)


def killed(plan_folder: Path, *words: str) -> None:
    """Kill the process with ``words`` in its command line once a training is under way."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        under_way = list((plan_folder / "pilots" / "sweeps").glob("*/lock"))
        found = list(commands_with(*words))
        if under_way and found:
            time.sleep(1.0)
            for process in found:
                os.kill(process, signal.SIGKILL)
            return
        time.sleep(0.1)
    raise AssertionError(f"no process with {words} came to train")


def test_a_part_that_is_killed_is_told_and_the_next_call_does_what_it_left(sweep, tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed")
    process = sweep("--parts", "2", "--on", "submitit-local", steps=200)
    killed(tmp_path, "--part", "1/2", str(tmp_path))
    report, said = ended(process)
    assert "part 1 of 2 was lost" in said and "part 2 of 2 ended" in said
    assert (report["trained"], report["left"]) == (2, 2)
    assert report["died"][0].startswith("part 1: ")
    again, _ = ended(sweep(steps=200))
    assert (again["finished_before"], again["trained"], again["left"]) == (2, 2, 0)
    names = stored(sweep.runs)
    assert len(names) == len(set(names)) == 4


def test_ray_starts_a_lost_part_again_by_itself(ray_alone, sweep, tmp_path):
    process = sweep("--parts", "2", "--on", "ray", steps=200)
    killed(tmp_path, "ray::share")
    report, _ = ended(process)
    assert (report["trained"], report["left"], report["died"]) == (4, 0, [])
    names = stored(sweep.runs)
    assert len(names) == len(set(names)) == 4


def test_parts_of_this_machine_share_the_runs_without_an_overlap(sweep):
    report, _ = ended(sweep("--parts", "2", "--on", "local"))
    assert (report["trained"], report["left"]) == (4, 0)
    names = stored(sweep.runs)
    assert len(names) == len(set(names)) == 4


def test_a_local_part_that_dies_is_lost_and_one_that_refuses_says_why():
    commands = [
        [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
        [sys.executable, "-c", "import sys; print('no', file=sys.stderr); sys.exit(2)"],
        [
            sys.executable,
            "-c",
            "import sys; print('x' * 300_000 + chr(10) + 'end', file=sys.stderr)",
        ],
    ]
    told: list[str] = []
    found = Local().run(commands, say=told.append)
    assert found == [
        Ended(part=1, code=None, said=""),
        Ended(part=2, code=2, said="no"),
        Ended(part=3, code=0, said="end"),
    ]
    assert len(told) == 3


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_what_is_no_part_is_refused(text):
    with pytest.raises(InputError, match="Expected a part such as 2/8"):
        launchers.part_of(text)
    assert launchers.part_of("2/8") == (2, 8)


def test_a_library_that_is_missing_is_named(tmp_path, monkeypatch):
    for where, library in ((Where.SLURM, "submitit"), (Where.RAY, "ray")):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(InputError, match=f"pip install {library}"):
            launchers.launcher(where, {}, tmp_path)


def _programs(folder, monkeypatch):
    """Slurm's commands, which refuse."""
    folder.mkdir()
    for name in ("srun", "sbatch"):
        program = folder / name
        program.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition' >&2\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_number_that_is_none_is_refused(tmp_path, value):
    pytest.importorskip("submitit", reason="submitit is not installed")
    pytest.importorskip("ray", reason="ray is not installed")
    for where, name in ((Where.SUBMITIT_LOCAL, "minutes"), (Where.RAY, "cpus")):
        with pytest.raises(InputError, match=f"Expected a number above 0 for --job {name}, got"):
            launchers.launcher(where, {name: value}, tmp_path)


def test_what_slurm_refuses_is_a_sentence(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="Expected Slurm on this machine"):
        launchers.launcher(Where.SLURM, {}, tmp_path)
    monkeypatch.undo()
    _programs(tmp_path / "bin", monkeypatch)
    with pytest.raises(InputError, match="slurm said: Unknown argument 'nonsense'"):
        launchers.launcher(Where.SLURM, {"nonsense": "1"}, tmp_path)
    slurm = launchers.launcher(Where.SLURM, {"partition": "gpu"}, tmp_path)
    with pytest.raises(InputError, match="sbatch said: sbatch: error: invalid partition"):
        slurm.run([["true"]], say=print)


def test_a_cluster_of_ray_that_is_not_there_is_a_sentence(ray_alone, tmp_path):
    with pytest.raises(InputError, match="ray said: Could not find any running Ray instance"):
        launchers.launcher(Where.RAY, {"address": "auto"}, tmp_path).run([["true"]], say=print)

"""A pilot as a launcher's job: trained once, whoever kills it, and each step charged once."""

import os
import shlex
import signal
import subprocess
import sys

import pytest

from engine.errors import InputError
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import folder_of
from engine.pilot.running.status import State, Status, write_status
from engine.pilot.sweeps import launchers
from engine.pilot.sweeps.parts import Ended
from engine.runs.log import RunLog
from tests.pilot.ledgers import charged_steps
from tests.pilot.quick_plan import FAMILY, ROOT, quick_plan, until
from tests.present import present

STEPS = 700


@pytest.fixture
def plan(tmp_path, monkeypatch):
    return quick_plan(tmp_path, monkeypatch, steps=STEPS)


def pilot(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "engine", "pilot", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def handed(plan, **options) -> list[list[str]]:
    """The commands that a launcher gets for ``plan``."""
    commands: list[list[str]] = []
    lifecycle.start(plan, through=commands.append, **options)
    return commands


@pytest.mark.slow
def test_ray_goes_on_with_a_pilot_whose_worker_is_killed(ray_alone, plan):
    lifecycle.register(plan)
    folder = folder_of(plan.plan_id)
    ledger = folder.training_folder("recommended", 0) / "ledger.jsonl"
    command = pilot("run", plan.plan_id, "--on", "ray")
    until(lambda: charged_steps(ledger) > 20, "no step was taken")
    before = charged_steps(ledger)
    trains = present(lifecycle.poll(plan.plan_id).process)
    with open(f"/proc/{trains}/stat") as stat:
        worker = int(stat.read().rpartition(")")[2].split()[1])
    assert worker != command.pid, "a process of Ray's"
    os.kill(worker, signal.SIGKILL)
    _, said = command.communicate(timeout=240)
    assert command.returncode == 0, said
    assert "part 1 of 1 ended" in said
    (result,) = standing.results(plan.plan_id)
    assert result.charged == charged_steps(ledger) == STEPS > before
    assert result.iterations < STEPS, "what was lost with the worker stays charged"
    with RunLog.open() as log:
        (record,) = log.records(FAMILY)
    assert record.iterations == result.iterations


def test_a_launcher_gets_the_pilot_once_it_can_run_and_no_more_when_it_is_over(plan):
    (alone,) = handed(plan)
    path = folder_of(plan.plan_id).path
    assert alone[1:] == ["-m", "engine.pilot.running.job", str(path), "--ranks", "1"]
    assert lifecycle.poll(plan.plan_id).state is State.PLANNED, "until the job begins"
    (together,) = handed(plan, ranks=4)
    assert together == [*alone[:-1], "4"]
    write_status(folder_of(plan.plan_id).status_file, Status(state=State.PAUSED, ranks=4))
    assert handed(plan) == [together], "as many as before"
    lock = present(folder_of(plan.plan_id).take_lock())
    assert handed(plan) == [], "it runs"
    lock.release()
    lifecycle.cancel(plan.plan_id)
    assert handed(plan) == []


def test_a_job_that_was_cancelled_while_it_waited_trains_nothing(plan):
    (command,) = handed(plan)
    lifecycle.cancel(plan.plan_id)
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert lifecycle.poll(plan.plan_id).state is State.CANCELLED
    assert not folder_of(plan.plan_id).training_folder("recommended", 0).exists()


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("--on ray --climb", "without --climb"),
        ("--on ray --mlflow x", "without --climb, --tensorboard and --mlflow"),
        ("--job cpus=2", "Expected --on slurm, submitit-local or ray with --job"),
        ("--on ray --job cpus", "Expected --job NAME=VALUE, got cpus"),
    ],
)
def test_what_a_job_cannot_do_is_refused_before_anything_starts(plan, capsys, line, refused):
    pytest.importorskip("ray", reason="ray is not installed")
    from engine.__main__ import main

    lifecycle.register(plan)
    assert main(["pilot", "run", plan.plan_id, *shlex.split(line)]) == 2
    assert refused in capsys.readouterr().err
    assert lifecycle.poll(plan.plan_id).state is State.PLANNED


class Stub:
    """A launcher whose job does ``work`` and ends as told."""

    def __init__(self, work, *, code, said=""):
        self.work, self.ended = work, Ended(part=1, code=code, said=said)

    def run(self, commands, *, say):
        self.work()
        return [self.ended]


def run_on(stub, plan, monkeypatch) -> int:
    from engine.__main__ import main

    lifecycle.register(plan)
    monkeypatch.setattr(launchers, "launcher", lambda *_: stub)
    return main(["pilot", "run", plan.plan_id, "--on", "ray"])


@pytest.mark.parametrize("code", [1, None])
def test_a_job_that_dies_before_its_first_word_is_no_success(plan, monkeypatch, capsys, code):
    stub = Stub(lambda: None, code=code, said="No module named engine")
    assert run_on(stub, plan, monkeypatch) == 2
    printed = capsys.readouterr()
    assert "ended before it (No module named engine)" in printed.err and printed.out == ""


def test_a_pilot_that_failed_says_why_itself(plan, monkeypatch, capsys):
    def fail():
        write_status(
            folder_of(plan.plan_id).status_file,
            Status(state=State.FAILED, reason="The text is gone.", heartbeat=1.0),
        )

    assert run_on(Stub(fail, code=1, said="part"), plan, monkeypatch) == 2
    assert "The text is gone." in capsys.readouterr().err


def test_a_pilot_cancelled_while_its_job_waits_is_told_as_cancelled(plan, monkeypatch, capsys):
    stub = Stub(lambda: lifecycle.cancel(plan.plan_id), code=0)
    assert run_on(stub, plan, monkeypatch) == 0
    assert "cancelled" in capsys.readouterr().out
    assert run_on(stub, plan, monkeypatch) == 2
    assert "which was cancelled: plan another" in capsys.readouterr().err


def test_no_local_launcher_takes_options():
    from engine.pilot.sweeps.launchers import Where, launcher

    with pytest.raises(InputError, match="Expected --on slurm, submitit-local"):
        launcher(Where.LOCAL, {"cpus": "1"}, ROOT)

"""A pilot and a sweep on the Slurm that answers here; skipped where none does. docs/fleet.md says
how one of a single machine is made."""

import shutil
import subprocess
import time

import pytest

from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import folder_of
from engine.pilot.running.status import State
from engine.pilot.sweeps.submitted import Submitit
from engine.runs.log import RunLog
from tests.fleet.test_pilot_jobs import pilot
from tests.pilot.ledgers import charged_steps
from tests.pilot.quick_plan import FAMILY, quick_plan, until

STEPS = 400


def asked(*command: str) -> str:
    """What Slurm says."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture
def slurm():
    pytest.importorskip("submitit", reason="submitit is not installed")
    if shutil.which("sinfo") is None or not asked("sinfo", "--noheader", "--states=idle,mixed"):
        pytest.skip("no Slurm answers here (sinfo)")


def job_of(folder) -> str:
    """The job that was submitted last from ``folder``."""
    numbers = [int(path.name.partition("_")[0]) for path in folder.glob("*_submission.sh")
               if path.name[0].isdigit()]  # fmt: skip
    return str(max(numbers)) if numbers else ""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["requeued", "asked first"])
def test_a_pilot_goes_on_where_slurm_takes_its_machine(slurm, tmp_path, monkeypatch, how):
    plan = quick_plan(tmp_path, monkeypatch, steps=STEPS)
    lifecycle.register(plan)
    ledger = folder_of(plan.plan_id).training_folder("recommended", 0) / "ledger.jsonl"
    command = pilot("run", plan.plan_id, "--on", "slurm", "--job", "minutes=60")
    try:
        until(lambda: charged_steps(ledger) > 20, "no step was taken")
        job = job_of(tmp_path / "pilots" / "sweeps" / "jobs")
        taken = {
            "requeued": ["scontrol", "requeue", job],
            "asked first": ["scancel", "--signal=USR2", job],
        }
        asked(*taken[how])
        until(lambda: asked("squeue", "-ho", "%T", "-j", job) == "PENDING", "it was not requeued")
        before = charged_steps(ledger)
        assert 0 < before < STEPS and command.poll() is None, "who waits goes on waiting"
        assert lifecycle.poll(plan.plan_id).state is State.PAUSED, "it wrote its checkpoint"
        asked("scontrol", "update", f"JobId={job}", "StartTime=now")  # else after two minutes
        _, said = command.communicate(timeout=240)
    finally:
        command.kill()
    assert command.returncode == 0 and "part 1 of 1 ended" in said, said
    (result,) = standing.results(plan.plan_id)
    assert result.charged == charged_steps(ledger) == result.iterations == STEPS
    with RunLog.open() as log:
        (record,) = log.records(FAMILY)
    assert record.iterations == STEPS


def test_jobs_that_are_cancelled_or_fail_are_told_without_a_data_base_of_accounts(slurm, tmp_path):
    jobs = Submitit(cluster="slurm", minutes=5, options={"array_parallelism": "1"}, folder=tmp_path)
    told = []

    def say(line: str) -> None:
        told.append((time.monotonic(), line))
        asked("scancel", job_of(tmp_path / "jobs") + "_1")

    found = jobs.run([["sh", "-c", "echo no >&2; exit 3"], ["sleep", "300"]], say=say)
    assert (found[0].code, found[0].said) == (3, "no")
    assert found[1].code is None and found[1].said.startswith("cancelled by Slurm, see ")
    assert len(told) == 2 and told[1][0] - told[0][0] < 60

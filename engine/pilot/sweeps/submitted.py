"""Parts as jobs of submitit: Slurm's, or processes of submitit's own local executor.

Slurm ends a job in three ways that are not its own end, each tried on a real one. It may ask for
it first (SIGUSR2 near the time limit and on preemption): the part writes its checkpoint, and
submitit submits the job again. It may terminate and requeue it (``scontrol requeue``): the part
writes its checkpoint, and its job must then have no result, since it is not over. Or it may cancel
or lose it: then no result ever comes, and Slurm alone knows. It is asked by ``squeue``, since
``sacct`` needs a data base of accounts, which many clusters lack.

Loads no torch.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.pilot.sweeps.parts import Command, Ended, Part, missing, refused

_POLL = 0.5
_ASK = 10.0
"""Seconds between questions to Slurm."""
_LATE = 15.0
"""Seconds that a result may take to come through a shared file system."""
_CHECKPOINT = 60.0
"""Seconds to write one, of the 90 that Slurm gives by submitit's ``signal_delay_s``."""
_GRACE = 600.0
"""Seconds in which Slurm ends a job that it has asked to."""
_OVER = frozenset(
    {
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
        "REVOKED", "TIMEOUT",
    }
)  # fmt: skip
"""States of Slurm that no job leaves by itself; PREEMPTED is requeued, or else CANCELLED."""
_UNKNOWN_TO_SLURM = "PURGED"


class Share:
    """A part as a job: where Slurm takes the machine away, it is requeued."""

    def __call__(self, command: Command) -> tuple[int, str]:
        self._part = Part(command)
        ended = self._part.run()
        if self._part.was_told and os.environ.get("SUBMITIT_EXECUTOR") == "slurm":
            # Slurm ends this process within its grace. A result now would tell who waits that the
            # job is over, when it may have been requeued.
            time.sleep(_GRACE)
        return ended

    def checkpoint(self, command: Command) -> Any:
        """What to submit again; the part goes on from its own checkpoints."""
        from submitit.helpers import DelayedSubmission

        self._part.stop(_CHECKPOINT)
        return DelayedSubmission(Share(), command)


class Submitit:
    """An array of jobs by submitit."""

    def __init__(
        self, *, cluster: str, minutes: int, options: Mapping[str, str], folder: Path
    ) -> None:
        """``options``: Slurm's own, such as ``partition``. Raises :class:`InputError` where there
        is no submitit or no Slurm, and for an option that it does not know."""
        try:
            import submitit
        except ImportError as error:
            raise missing("submitit") from error

        if cluster == "slurm" and shutil.which("srun") is None:
            raise InputError(
                "Expected Slurm on this machine (its command srun), found none: submit from a "
                "machine of the cluster, or choose another --on."
            )
        self._is_slurm = cluster == "slurm"
        self._executor = submitit.AutoExecutor(folder=folder / "jobs", cluster=cluster)
        chosen = {
            f"slurm_{name}": int(value) if value.isdecimal() else value
            for name, value in options.items()
        }
        try:
            self._executor.update_parameters(
                name="kessai", timeout_min=minutes, **(chosen if self._is_slurm else {})
            )
        except NameError as error:
            raise refused("slurm", error) from error

    def run(self, commands: Sequence[Command], *, say: Callable[[str], None]) -> list[Ended]:
        """Raises :class:`InputError` where Slurm does not take the jobs."""
        from submitit.core.utils import FailedJobError

        try:
            jobs = self._executor.map_array(Share(), [list(command) for command in commands])
        except FailedJobError as error:
            raise refused("sbatch", error) from error
        states = _States(jobs) if self._is_slurm else None
        try:
            found: dict[int, Ended] = {}
            while len(found) < len(jobs):
                for part, job in enumerate(jobs, start=1):
                    if part not in found and (ended := _ended(part, job, states)) is not None:
                        found[part] = ended
                        say(ended.line(len(jobs)))
                time.sleep(_POLL)
            return [found[part] for part in sorted(found)]
        except BaseException:
            for job in jobs:
                job.cancel(check=False)  # Slurm may have forgotten one that has ended
            raise


class _States:
    """What Slurm says of the jobs of one array."""

    def __init__(self, jobs: Sequence[Any]) -> None:
        self._array = jobs[0].job_id.partition("_")[0]
        self._known = {str(job.job_id): "PENDING" for job in jobs}
        self._asked = -_ASK
        self._over_since: dict[str, float] = {}

    def lost(self, job_id: str) -> str:
        """The state of a job that is over, and long enough for its result to have come; empty for
        any other."""
        now = time.monotonic()
        if now >= self._asked + _ASK:
            self._asked = now
            self._ask()
        state = self._known.get(job_id, "")
        if state not in _OVER | {_UNKNOWN_TO_SLURM}:
            self._over_since.pop(job_id, None)
            return ""
        return state if now >= self._over_since.setdefault(job_id, now) + _LATE else ""

    def _ask(self) -> None:
        """What Slurm does not answer stays as it was."""
        asked = subprocess.run(
            ["squeue", "--noheader", "--states=all", "--array", f"--jobs={self._array}",
             "--format=%i %T"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if asked.returncode == 0:
            said = dict(line.split() for line in asked.stdout.splitlines() if line.strip())
        elif "Invalid job id" in asked.stderr:
            said = {}  # all are over, and it has forgotten them
        else:
            return
        before = dict.fromkeys(self._known, _UNKNOWN_TO_SLURM)
        self._known = before | said


def _ended(part: int, job: Any, states: _States | None) -> Ended | None:
    """How a job ended; None while it has not."""
    if states is None:
        is_done, state = job.done(), ""
    else:
        is_done, state = _has_result(job), states.lost(job.job_id)
    if is_done and job.exception() is None:
        return Ended.of(part, *job.result())
    if not is_done and not state:
        return None
    how = f"{state.lower().replace('_', ' ')} by Slurm" if state else "no answer"
    return Ended(part=part, code=None, said=f"{how}, see {job.paths.stderr}")


def _has_result(job: Any) -> bool:
    """Whether a job has answered, which needs no word of Slurm's."""
    folder: Path = job.paths.folder
    if os.access(folder, os.W_OK):
        os.utime(folder)  # else a shared file system may go on showing the folder of a minute ago
    return bool(job.paths.result_pickle.exists())

"""One part as a process of its own, and how it ended. Loads no torch."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.untrusted.guard import first_line

ROOT = Path(__file__).resolve().parents[3]
"""Where ``python -m engine`` is found."""
_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_LOOK = 0.1

Command = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One part: its exit code, None where it was lost, and the end of what it said."""

    part: int
    code: int | None
    said: str

    @classmethod
    def of(cls, part: int, code: int, said: str) -> "Ended":
        """A part that a signal ended is lost."""
        return cls(part=part, code=None if code < 0 else code, said=said)

    def line(self, parts: int) -> str:
        """How it ended, in a line."""
        how = (
            "was lost"
            if self.code is None
            else "ended"
            if self.code == 0
            else f"ended with {self.code}"
        )
        return f"part {self.part} of {parts} {how}: {self.said}"


class Part:
    """A command that runs here. What asks this process to stop (SIGTERM) reaches it."""

    def __init__(self, command: Command, environment: Mapping[str, str] | None = None) -> None:
        """``environment``: None for this process's."""
        self.was_told = False
        """Whether it was asked to stop."""
        self._process = subprocess.Popen(
            list(command),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=_as_part,
        )

    def run(self) -> tuple[int, str]:
        """Wait for it: exit code and the end of its standard error."""
        before = signal.signal(signal.SIGTERM, lambda *_: self.stop())
        try:
            _, said = self._process.communicate()
        finally:
            signal.signal(signal.SIGTERM, before)
            if self._process.poll() is None:
                self._process.kill()
        return self._process.returncode, last_line(said)

    def stop(self, patience: float = 0.0) -> None:
        """Ask it to write its checkpoint and end, and give it ``patience`` seconds for that. May be
        called from a signal's handler, while :meth:`run` waits."""
        self.was_told = True
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        looks = os.WEXITED | os.WNOHANG | os.WNOWAIT  # leaves it to ``run`` to learn how it ended
        while time.monotonic() < deadline and self._process.returncode is None:
            if os.waitid(os.P_PID, self._process.pid, looks) is not None:
                return
            time.sleep(_LOOK)


def share(command: Command, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a part here: exit code and the end of its standard error."""
    return Part(command, environment).run()


def last_line(said: str) -> str:
    """Of what a part said."""
    return (said.strip().splitlines() or [""])[-1][:400]


def missing(library: str) -> InputError:
    """That an optional library is not there."""
    return InputError(
        "Expected {library} to be installed, which this launcher needs: pip install {library}.",
        library=library,
    )


def refused(launcher: str, error: Exception) -> InputError:
    """What a launcher said, in its first line."""
    return InputError(
        "Expected a launcher that takes the parts, {launcher} said: {reason}. Change --on or "
        "--job.",
        launcher=launcher,
        reason=first_line(str(error), 200),
    )


def _as_part() -> None:
    """A launcher that loses its process starts another one, which must not meet the old part: it
    dies with its parent (Linux alone tells a process that its parent is gone). What Slurm sends to
    every process of a job, for submitit to submit it again, must not end the part, which is told by
    its parent and would not have written its checkpoint."""
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)

"""Whether a training's pass is compiled: what was asked, and what a trial of it found.

Compiling changes how a sum is computed and nothing of what it is, so it is no part of a plan: it is
said when a pilot is started or resumed, and stands beside the plan for every process that goes on
with it. A trial on random words, before any step is charged, compares both ways
(:mod:`engine.pilot.dpsgd.trial`).

Loads no torch.

>>> Trial(times=1.25, seconds=40.0, steps=900, is_used=True).sentence
'1.25 times as fast after 40 s of compilation, pays from 900 steps'
"""

import importlib.util
import math
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError
from engine.pilot.plan import Engine, TrainingSettings


class Compiling(StrEnum):
    AUTO = "auto"
    """Tried where at least :data:`LEAST_SECONDS` are left and it can be; kept where faster."""
    ON = "on"
    """Refused where it cannot be."""
    OFF = "off"


LEAST_SECONDS = 3600.0
"""Of a training that are left where a trial is made unasked. Compiling took 64 to 204 s on two busy
cores and made steps 1.09 to 1.38 times as fast: the longest is paid for by the least within it."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a trial found."""

    times: float
    """A step's expected time as it is over that compiled, with padding to whole micro-batches."""
    seconds: float
    """Spent on compiling."""
    steps: int | None
    """From so many on that time is made up for; None: never."""
    is_used: bool

    @classmethod
    def of(cls, *, eager: float, compiled: float, seconds: float, asked: bool) -> "Trial":
        """From a step's seconds both ways; ``asked``: it is used even where it is slower."""
        saved = eager - compiled
        return cls(
            times=eager / compiled,
            seconds=seconds,
            steps=math.ceil(seconds / saved) if saved > 0 else None,
            is_used=asked or saved > 0,
        )

    @property
    def sentence(self) -> str:
        """For records and the command line, in English."""
        pays = "never pays" if self.steps is None else f"pays from {self.steps:,} steps"
        used = "" if self.is_used else ", so it is not used"
        made = f"{self.times:.2f} times as fast after {self.seconds:,.0f} s of compilation"
        return f"{made}, {pays}{used}"


def refusal(settings: TrainingSettings, device: str, *, ranks: int = 1) -> InputError | None:
    """Why a training of ``settings`` cannot be compiled on a ``device`` of this machine; None where
    it may be tried."""
    if settings.engine is not Engine.FAST or settings.recompute:
        return InputError(
            "Expected the fast engine without --recompute for --compile on, got another: leave one "
            "of them out."
        )
    if ranks > 1:
        return InputError(
            "Expected one process for --compile on, got {ranks}: leave --compile out, or train in "
            "one process.",
            ranks=ranks,
        )
    if not _has_compiler(device):
        return InputError(
            "Expected {compiler} on this machine for --compile on, found none: install it, or "
            "leave --compile out.",
            compiler="Triton" if device == "cuda" else _compiler(),
        )
    return None


def require(
    compiling: Compiling | None, settings: Iterable[TrainingSettings], device: str, *, ranks: int
) -> None:
    """Raise :class:`InputError` where compiling is asked for and one of ``settings`` cannot be."""
    if compiling is Compiling.ON:
        for one in settings:
            if (reason := refusal(one, device, ranks=ranks)) is not None:
                raise reason


def _compiler() -> str:
    """What torch calls."""
    return os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")


def _has_compiler(device: str) -> bool:
    if device == "cuda":
        return importlib.util.find_spec("triton") is not None
    return shutil.which(_compiler()) is not None

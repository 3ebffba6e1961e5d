"""What a training says while it runs and when it ends. Loads no torch.

Training losses are computed on the very examples and are **not** covered by the training's ε; nor
is the held-out loss, for the people it is computed on. They are for those who may see the data:
publish the weights, not these.
"""

import math
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from engine.errors import InputError
from engine.pilot.compiling import Trial

Curve = tuple[tuple[int, float], ...]
"""(iteration, held-out cross entropy of the averaged weights, nats per token or byte)."""

FIRST_EVALUATION = 32
"""Iteration of the first evaluation; each later one is √2 times as far, and the last step's."""
CHECKPOINT_SECONDS = 5.0
"""Between two checkpoints, at most."""
_CHECKPOINT_SHARE = 0.02
"""Of the run that lies between two checkpoints, and so may be lost to a kill …"""
_CHECKPOINT_COST = 0.05
"""… unless checkpoints would then take more than this share of the time."""
_GROWTH = 4
"""Times the last block that a block may have: the first steps say little about the pace."""
_MEMORY = 0.05
"""Weight of the newest value in a running mean."""


class Stop(StrEnum):
    """Why a training returned."""

    FINISHED = "finished"
    """No step is left of those promised."""
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DIVERGED = "diverged"
    """A loss or a gradient was no number."""
    DISK = "disk"
    """A checkpoint or the ledger could not be written; it may go on once there is room."""
    MEMORY = "memory"
    """A single example does not fit."""
    RANK_LOST = "rank-lost"
    """Another process of the training is gone; it may go on once all are started again."""


class StoppedError(InputError):
    """Why a training stopped unasked; ``stop`` says of which kind."""

    stop: ClassVar[Stop]
    sentence: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(self.sentence, **values)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.values)


class DivergedError(StoppedError):
    stop = Stop.DIVERGED
    sentence = "Training diverged: a loss or a gradient is no number. Lower the learning rate."


class MemoryFullError(StoppedError):
    stop = Stop.MEMORY
    sentence = (
        "Expected memory for one example of {tokens} tokens, got none: choose a smaller model or a "
        "shorter sequence."
    )


class DiskError(StoppedError):
    stop = Stop.DISK
    sentence = (
        "Training stopped because its folder cannot be written ({reason}). Its last checkpoint is "
        "whole, and no step was taken that its ledger does not count. Free some space, then resume."
    )


class RankLostError(StoppedError):
    stop = Stop.RANK_LOST
    sentence = (
        "Training stopped because another of its processes is gone ({reason}). No step was taken "
        "that its ledger does not count: resume it to go on from its last checkpoint."
    )


def _rebuilt(kind: type[StoppedError], values: dict[str, object]) -> StoppedError:
    return kind(**values)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Handed out about twice a second and at every evaluation."""

    iteration: int
    """Steps in the weights."""
    iterations: int
    """Steps promised."""
    charged: int
    """Steps paid for: ``iteration``, those lost to a kill, and the block under way."""
    curve: Curve
    train_cross_entropy: float | None
    """Running mean over the last steps' examples, nats per token or byte; None before the first
    step that drew one."""
    tokens_per_second: float
    seconds_left: float | None
    physical_batch_size: int
    compiled: Trial | None = None
    """Whether the pass is compiled, and what it saves; None where that was not tried."""


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """How a training ended. Losses are nats per token or byte, of the averaged weights."""

    stop: Stop
    reason: InputError | None
    """For people; None where it ended as asked."""
    cross_entropy: float
    """On held-out units, at the last evaluation; NaN before the first."""
    train_cross_entropy: float
    """On windows of the training units; NaN unless finished. Not private."""
    curve: Curve
    iterations_done: int
    """Steps in the weights: what a record of this run carries as its iterations."""
    charged: int
    """Steps that count against the promise; more than ``iterations_done`` after a kill."""
    private: bool
    """Whether noise was added that nobody can repeat. If not, no ε holds, whatever σ."""
    physical_batch_size: int
    seconds: float
    """Spent on training, evaluation and checkpoints, earlier processes included."""
    tokens_per_second: float
    compiled: Trial | None = None


class Pace:
    """How fast steps and checkpoints go, and so how many steps to take between two checkpoints."""

    def __init__(self, iterations: int) -> None:
        self._iterations = iterations
        self._block = 0
        self._checkpoint_seconds = 0.0
        self.step_seconds: float | None = None
        """Of a step, running mean."""

    @property
    def steps_per_second(self) -> float:
        return 1 / self.step_seconds if self.step_seconds else 0.0

    def step(self, seconds: float) -> None:
        self.step_seconds = running(self.step_seconds, seconds)

    def checkpoint(self, seconds: float) -> None:
        self._checkpoint_seconds = seconds

    def block(self) -> int:
        """Steps until the next checkpoint, at least 1."""
        if self.step_seconds is None:
            steps = 1.0
        else:
            seconds = min(
                CHECKPOINT_SECONDS, _CHECKPOINT_SHARE * self._iterations * self.step_seconds
            )
            seconds = max(seconds, self._checkpoint_seconds / _CHECKPOINT_COST)
            steps = seconds / max(self.step_seconds, 1e-9)
        self._block = max(1, int(min(steps, _GROWTH * max(self._block, 1))))
        return self._block


class Journal:
    """Losses and time of one training, through all the processes that it takes."""

    def __init__(self) -> None:
        self.curve: list[tuple[int, float]] = []
        self.train_loss: float | None = None
        self.trained_loss = math.nan
        """On fixed windows of the training units, once it has finished."""
        self._seconds = 0.0
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return self._seconds + time.perf_counter() - self._began

    @property
    def last(self) -> tuple[int, float]:
        """The last point of the curve; (0, NaN) before the first."""
        return self.curve[-1] if self.curve else (0, math.nan)

    def saw(self, loss: float) -> None:
        """A step's examples had this mean loss."""
        self.train_loss = running(self.train_loss, loss)

    def state(self) -> dict[str, Any]:
        """What :meth:`load` needs, of plain values."""
        return {
            "curve": self.curve,
            "train_loss": self.train_loss,
            "trained_loss": self.trained_loss,
            "seconds": self.seconds,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from ``state``; time runs on from now."""
        self.curve = [(iteration, loss) for iteration, loss in state["curve"]]
        self.train_loss = state["train_loss"]
        self.trained_loss = state["trained_loss"]
        self._seconds, self._began = state["seconds"], time.perf_counter()


def running(mean: float | None, value: float) -> float:
    """An exponential running mean that begins at its first value."""
    return value if mean is None else mean + _MEMORY * (value - mean)


def milestones(iterations: int) -> frozenset[int]:
    """Iterations at which a training is evaluated."""
    found, k = {iterations}, 0
    while (at := round(FIRST_EVALUATION * math.sqrt(2.0) ** k)) < iterations:
        found.add(at)
        k += 1
    return frozenset(found)

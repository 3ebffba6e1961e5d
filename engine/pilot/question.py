"""What a pilot is asked: how much it may take, what it must promise, and which law steers it.

Loads no torch.
"""

import math
from dataclasses import dataclass

from engine.accounting.domain import require_promise
from engine.allocation.space import Space
from engine.config import Sampling
from engine.errors import InputError
from engine.law.fit import FittedLaw
from engine.pilot.learning_rate import LearningRateRule
from engine.pilot.plan import Transfer, require_documents
from engine.runs.evidence import EvidenceSummary

SHORTEST_SECONDS, LONGEST_SECONDS = 20.0, 7 * 86_400.0
MOST_REPEATS = 20


@dataclass(frozen=True, kw_only=True)
class WantedRun:
    """A run that a law asks for (:mod:`engine.decision.next_run`), whatever it takes."""

    model_size: int
    """Parameters."""
    iterations: int
    noise_batch_ratio: float
    """σ̄: the noise of a step on the mean of clipped gradients."""

    def __post_init__(self) -> None:
        for name in ("model_size", "iterations", "noise_batch_ratio"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise InputError("Expected {name} > 0, got {value}.", name=name, value=f"{value:g}")


@dataclass(frozen=True, kw_only=True)
class PilotBudget:
    """What the whole pilot may take: exactly one of seconds on this machine, FLOPs an arm, or a run
    that is wanted."""

    seconds: float | None = None
    compute_flops: float | None = None
    run: WantedRun | None = None

    def __post_init__(self) -> None:
        asked = (self.seconds, self.compute_flops, self.run)
        given = [value for value in asked if value is not None]
        if len(given) != 1:
            raise InputError(
                "Expected one budget, seconds, FLOPs or a run, got {count}: choose one.",
                count=len(given),
            )
        if self.seconds is not None and not SHORTEST_SECONDS <= self.seconds <= LONGEST_SECONDS:
            raise InputError(
                "Expected a pilot between {low} and {high} seconds, got {value}.",
                low=f"{SHORTEST_SECONDS:g}",
                high=f"{LONGEST_SECONDS:g}",
                value=f"{self.seconds:g}",
            )
        if self.compute_flops is not None and not 1e9 <= self.compute_flops <= 1e22:
            raise InputError(
                "Expected a pilot's compute between 1e9 and 1e22 FLOPs, got {value}.",
                value=f"{self.compute_flops:g}",
            )

    @property
    def time(self) -> float:
        """Seconds, of a budget that is no FLOPs. Raises :class:`InputError` for a run: only a
        training from nothing takes one."""
        self.require_no_run()
        assert self.seconds is not None  # a budget has FLOPs, seconds or a run
        return self.seconds

    def require_no_run(self) -> None:
        """Raise :class:`InputError` for a run: a training from a public model takes none."""
        if self.run is not None:
            raise InputError(
                "Expected a budget for a pilot from a public model, got a run that a law asks for: "
                "begin from nothing, or choose minutes, money or FLOPs."
            )


@dataclass(frozen=True, kw_only=True)
class PilotLaw:
    """The law that steers a pilot: its fit, where it holds, what it rests on, and for whom."""

    fit: FittedLaw
    space: Space
    summary: EvidenceSummary
    """The evidence. Its hash covers the ``transferred_runs`` too."""
    rate: LearningRateRule
    largest_flops: float
    """The most that a training spent of those that it rests on."""
    family: str
    """Whose losses it predicts."""
    transferred_runs: int | None = None
    """Runs of ``family`` that moved the law of another family's evidence; None where the evidence
    is of ``family``."""

    @property
    def transfer(self) -> Transfer | None:
        """As a plan states it."""
        if self.transferred_runs is None:
            return None
        return Transfer(source=self.summary.id, runs=self.transferred_runs)


@dataclass(frozen=True, kw_only=True)
class PrivacyTerms:
    """The promise: ε at δ for one training, whose data it protects, and how it is kept."""

    epsilon: float
    delta: float
    privacy_unit: str
    sampling: Sampling = Sampling.POISSON
    """Or truncated Poisson, whose batches have a largest size."""
    bands: int = 1
    """Steps over which the noise is correlated, and groups that take turns; 1: independent
    noise."""
    documents: int = 1
    """k: windows, of as many documents, whose mean gradient a unit gives a step; the promise is the
    same."""

    def __post_init__(self) -> None:
        require_promise(self.epsilon, self.delta)
        require_documents(self.documents)


def require_repeats(repeats: int) -> None:
    """Raise :class:`InputError` unless each arm may be trained so often."""
    if not 1 <= repeats <= MOST_REPEATS:
        raise InputError(
            "Expected 1 to {most} repeats, got {value}.", most=MOST_REPEATS, value=repeats
        )

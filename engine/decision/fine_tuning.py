"""Fine-tuning runs of the run log as an evidence and a law.

Here the records (:mod:`engine.runs.fine_tuned`) and the law (:mod:`engine.law.fine_tuning.fit`)
meet. Both are kept until the runs behind them change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.decision.fitted import run_log, state_of
from engine.errors import InputError
from engine.law.fine_tuning.fit import TuningFit, fit_tuning
from engine.law.fine_tuning.points import Measured
from engine.pilot.fine_tuning import Lead, TuningBasis, lead
from engine.pilot.plan import PilotPlan
from engine.runs.evidence import content_hash
from engine.runs.fine_tuned import Method, TunedPoint, tuned_family, tuned_points

TUNED_TEXT = "gpt-bytes-python-source"
"""Family of the text that the shipped starts were fine-tuned on."""
SEQUENCE_LENGTH = 64
"""Bytes of its windows."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a start was fine-tuned."""

    method: Method
    start_cross_entropy: float
    """Of the start on the private text before any step, nats per byte."""
    model_size: int
    trainable_size: int


@dataclass(frozen=True, kw_only=True)
class TuningEvidence:
    """The fine-tunings on one text."""

    family: str
    points: tuple[TunedPoint, ...]
    runs: int
    sha256: str
    """Of their records."""

    @property
    def ways(self) -> list[Way]:
        """Every start and method, once."""
        found = {
            (point.method, point.model_size): Way(
                method=point.method,
                start_cross_entropy=point.start_cross_entropy,
                model_size=point.model_size,
                trainable_size=point.trainable_size,
            )
            for point in self.points
        }
        return list(found.values())


def tuning_evidence(family: str = TUNED_TEXT) -> TuningEvidence:
    """The fine-tunings on the text of ``family``. Raises :class:`InputError` where there is none,
    or one that does not say what it began from."""
    return _evidence(family, tuning_state(family))


def tuning_law(family: str = TUNED_TEXT) -> TuningFit:
    """The law of fine-tuning on the text of ``family``. Raises :class:`InputError` for too few
    runs."""
    return _law(family, tuning_state(family))


def tuning_basis(family: str = TUNED_TEXT) -> TuningBasis:
    """What a pilot from a start rests on. Raises as :func:`tuning_law`."""
    found = tuning_evidence(family)
    return TuningBasis(
        fit=tuning_law(family),
        points=found.points,
        text=family,
        evidence_id=tuned_family(family),
        evidence_hash=found.sha256,
    )


def lead_of(plan: PilotPlan) -> Lead | None:
    """What the law of fine-tuning says of the plan of an imported start; None for any other, and
    where there is no such law."""
    if plan.arms[0].settings.start is None:
        return None
    try:
        return lead(plan, tuning_law())
    except InputError:
        return None


def tuning_state(family: str) -> str:
    """Changes with the runs behind a comparison on the text of ``family``: fine-tuned ones, and
    those from nothing."""
    return f"{state_of(tuned_family(family))} {state_of(family)}"


@lru_cache(maxsize=4)
def _evidence(family: str, _state: str) -> TuningEvidence:
    records = run_log().records(family=tuned_family(family))
    if not records:
        raise InputError(
            "Expected fine-tuning runs on the text {family}, got none: see `python -m engine sweep "
            "data/fine-tuning.toml`.",
            family=family,
        )
    return TuningEvidence(
        family=family,
        points=tuple(tuned_points(records)),
        runs=len(records),
        sha256=content_hash(records),
    )


@lru_cache(maxsize=4)
def _law(family: str, _state: str) -> TuningFit:
    return fit_tuning(measured_of(tuning_evidence(family).points))


def measured_of(points: Sequence[TunedPoint]) -> Measured:
    """Points as the law takes them."""
    cells = {name: number for number, name in enumerate(dict.fromkeys(p.run_id for p in points))}

    def column(name: str) -> np.ndarray:
        return np.array([getattr(point, name) for point in points], dtype=float)

    return Measured(
        start_cross_entropy=column("start_cross_entropy"),
        model_size=column("model_size"),
        trainable_size=column("trainable_size"),
        iterations=column("iterations"),
        batch_size=column("batch_size"),
        noise_batch_ratio=column("noise_batch_ratio"),
        cross_entropy=column("cross_entropy"),
        cell=np.array([cells[point.run_id] for point in points], dtype=float),
    )

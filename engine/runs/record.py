"""A run record: the settings of one training run, its results, and their source.

Everything that enters the run log is checked here: :class:`RunRecord` refuses what cannot be true
(a loss beyond ln(vocabulary), a compute that is not 6·M·B·T·S, a guarantee without its δ), and
:func:`engine.runs.table.read_rows` checks a table, with the row and the reason of each refusal.

The **run id** is a hash of the settings (:data:`DEFINING`), not of the results, so that it is known
before a run starts, a double click starts one run, and writing twice is harmless. Not part of it:
results, hardware, versions, note, created_at. A trainer whose results change their meaning must
therefore change its ``source`` ("kessai pilot 2").

Not covered: whether a loss was measured well. Terms: ``docs/method.md``; units: :class:`RunRecord`.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from engine.config import (
    DELTA_RANGE,
    EPSILON_RANGE,
    NeighbouringRelation,
    Sampling,
    TrainingConfig,
    require_within,
)
from engine.errors import InputError
from engine.runs.checks import (
    canonical_json,
    canonical_object,
    choice,
    count,
    increasing_curve,
    real,
    require_text,
    unexpected,
    utc,
)
from engine.runs.learning_curve import LearningCurve, Point


class Provenance(StrEnum):
    """Who measured the loss."""

    PUBLISHED = "published"
    """Printed in a paper, rounded as printed."""
    MEASURED = "measured"
    """Trained by Kessai."""
    IMPORTED = "imported"
    """Read from another tool's file."""


ROUNDING = {Provenance.PUBLISHED: 0.10, Provenance.MEASURED: 0.01, Provenance.IMPORTED: 0.01}
"""How far a stated compute or noise-batch ratio may lie from its formula, relative. Figures printed
with two digits carry up to 5 % each: the rows of the paper's Table 2 differ by up to 6.8 %.
Figures that a program computed differ by nothing; 1 % leaves room for three printed digits."""

UNTRAINED_LOSS = 1.05
"""Largest final loss, in units of ln(vocabulary), the loss of a model that knows nothing. Random
initial logits of variance s² cost s²/2 nats more (1–2 % with the usual initialisations), which an
early evaluation may show. Beyond 5 % the training diverged, or the loss is in other units: not a
point of any law."""

LONG_CURVE = 500
"""Points up to which a curve goes into a hash of evidence as text, as the hashes on record were
made; pilots and the campaign record a few dozen. As text ten million points take ten seconds."""

_SLUG = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run. Raises :class:`InputError` for the first thing about it that cannot be true.

    Units: ``model_size`` M in parameters; ``batch_size`` B in expected examples a step, and
    ``physical_batch_size`` in examples that the device held at once; ``iterations`` T in steps;
    ``sequence_length`` S and ``vocabulary_size`` in tokens; ``compute_flops`` in FLOPs;
    ``noise_multiplier`` σ in units of the clipping norm, ``noise_batch_ratio`` σ̄ = σ/B;
    ``cross_entropy``, the final loss, in nats of a token or byte
    (:func:`engine.loss_unit.unit_of` the family), and ``curve`` the losses on the way as
    (iteration, cross_entropy). A guarantee (``epsilon``) must name its ``delta``,
    ``data_budget`` (people), ``privacy_unit`` and ``sampling``, and the ``neighbouring_relation``
    unless the sampling is "best", where accounting decides which of the two holds.
    """

    family: str
    source: str
    provenance: Provenance
    model_size: int
    batch_size: int
    physical_batch_size: int | None = None
    iterations: int
    sequence_length: int
    noise_multiplier: float | None = None
    noise_batch_ratio: float | None = None
    compute_flops: float
    data_budget: int | None = None
    epsilon: float | None = None
    delta: float | None = None
    privacy_unit: str | None = None
    neighbouring_relation: NeighbouringRelation | None = None
    sampling: Sampling | None = None
    learning_rate: float | None = None
    seed: int | None = None
    vocabulary_size: int
    cross_entropy: float
    compute_optimal: bool = False
    hardware: str = ""
    versions: str = "{}"
    note: str = ""
    created_at: datetime
    curve: Sequence[Point] = ()
    """A :class:`LearningCurve`, whatever sequence of points was given."""

    def __post_init__(self) -> None:
        for name, lowest in COUNTS.items():
            self._set(name, count(name, getattr(self, name), lowest, optional=name in NULLABLE))
        for name in NUMBERS:
            self._set(name, real(name, getattr(self, name), optional=name in NULLABLE))
        for name, kind in CHOICES.items():
            self._set(name, choice(name, getattr(self, name), kind, optional=name in NULLABLE))
        for name in TEXTS:
            require_text(name, getattr(self, name), optional=name in NULLABLE)
        if not isinstance(self.compute_optimal, bool):
            raise unexpected("compute_optimal", "true or false", self.compute_optimal)
        require_family(self.family)
        self._set("versions", canonical_object("versions", self.versions))
        self._set("created_at", utc("created_at", self.created_at))
        self._set("curve", increasing_curve(self.curve, self.iterations))
        _check_loss(self)
        _check_compute(self)
        _check_noise(self)
        _check_privacy(self)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @cached_property
    def run_id(self) -> str:
        """32 hexadecimal digits, see :func:`run_id_of`."""
        return run_id_of({name: getattr(self, name) for name in DEFINING})

    def canonical_json(self) -> str:
        """The record as one line of JSON that depends on its content alone, not on created_at.

        A curve of more than :data:`LONG_CURVE` points stands there by its digest.
        """
        content = {name: getattr(self, name) for name in FIELDS if name != "created_at"}
        points = self.points
        long = len(points) > LONG_CURVE
        content["curve"] = points.digest() if long else [list(point) for point in points]
        return canonical_json(content)

    @property
    def points(self) -> LearningCurve:
        """:attr:`curve`, in columns."""
        assert isinstance(self.curve, LearningCurve)
        return self.curve


def require_family(family: str) -> None:
    """Raise :class:`InputError` for what is no family's name."""
    if not (len(family) <= 64 and _SLUG.fullmatch(family)):
        raise unexpected("family", "small letters, digits, '-', '_' and '.'", family)


def run_id_of(defining: Mapping[str, object]) -> str:
    """Run id of a run that may not have started: hash of its :data:`DEFINING` fields.

    A missing field counts as None; numbers may be of any type (1, 1.0 and numpy's are the same).
    Fields outside :data:`DEFINING` are ignored, so that a plan may be passed with its extras.
    """
    canonical = {}
    for name in DEFINING:
        value = defining.get(name)
        if value is not None and name in COUNTS:
            value = count(name, value, 0, optional=False)
        elif value is not None and name in NUMBERS:
            value = real(name, value, optional=False)
        canonical[name] = value
    return hashlib.sha256(canonical_json(canonical).encode()).hexdigest()[:32]


def _check_loss(run: RunRecord) -> None:
    highest = UNTRAINED_LOSS * math.log(run.vocabulary_size)
    if run.cross_entropy > highest:
        raise InputError(
            "Expected cross_entropy of at most {highest} nats for a vocabulary of "
            "{vocabulary_size}, got {value}: the training diverged, or the loss is in other units.",
            highest=f"{highest:.3f}",
            vocabulary_size=run.vocabulary_size,
            value=f"{run.cross_entropy:g}",
        )


def _check_compute(run: RunRecord) -> None:
    formula = TrainingConfig(
        model_size=run.model_size,
        batch_size=run.batch_size,
        iterations=run.iterations,
        sequence_length=run.sequence_length,
    ).compute_flops
    _require_near("compute_flops", run.compute_flops, "6·M·B·T·S", formula, run.provenance)


def _check_noise(run: RunRecord) -> None:
    if run.noise_multiplier is not None and run.noise_batch_ratio is not None:
        ratio = run.noise_multiplier / run.batch_size
        formula = "noise_multiplier / batch_size"
        _require_near("noise_batch_ratio", run.noise_batch_ratio, formula, ratio, run.provenance)
    if run.noise_multiplier is None and run.noise_batch_ratio is None and run.epsilon is None:
        raise InputError(
            "Expected one of noise_batch_ratio, noise_multiplier or epsilon, got none: without "
            "noise the run says nothing about privacy; write 0 if it was trained without."
        )


def _check_privacy(run: RunRecord) -> None:
    if run.data_budget is not None and run.batch_size > run.data_budget:
        raise InputError(
            "Expected batch_size of at most the data_budget of {data_budget}, got {batch_size}.",
            data_budget=run.data_budget,
            batch_size=run.batch_size,
        )
    if run.delta is not None:
        require_within("delta", run.delta, DELTA_RANGE)
    deterministic = run.sampling is Sampling.DETERMINISTIC
    if deterministic and run.neighbouring_relation is NeighbouringRelation.ADD_REMOVE:
        raise InputError(
            "Expected neighbouring_relation {expected} with deterministic batches, got {value}: "
            "a person more or less would shift every batch.",
            expected=NeighbouringRelation.ZERO_OUT,
            value=run.neighbouring_relation,
        )
    if run.sampling is Sampling.BANDED:
        raise InputError(
            "Expected how the batches of a run were drawn, got {value}: with banded noise they are "
            "poisson.",
            value=run.sampling,
        )
    if run.epsilon is None:
        return
    require_within("epsilon", run.epsilon, EPSILON_RANGE)
    needed = ["delta", "data_budget", "privacy_unit", "sampling"]
    if run.sampling is not Sampling.BEST:
        needed.append("neighbouring_relation")
    missing = [name for name in needed if getattr(run, name) in (None, "")]
    if missing:
        raise InputError(
            "Expected {missing} beside epsilon: a guarantee says nothing without.",
            missing=", ".join(missing),
        )
    if 0.0 in (run.noise_multiplier, run.noise_batch_ratio):
        raise InputError("Expected noise beside epsilon, got a run without: it promises nothing.")


def _require_near(
    name: str, stated: float, formula: str, expected: float, provenance: Provenance
) -> None:
    tolerance = ROUNDING[provenance]
    if not abs(stated - expected) <= tolerance * expected:
        raise InputError(
            "Expected {name} within {tolerance} of {formula} = {expected}, got {value}.",
            name=name,
            tolerance=f"{tolerance:.0%}",
            formula=formula,
            expected=f"{expected:.4g}",
            value=f"{stated:.4g}",
        )


FIELDS = tuple(field.name for field in fields(RunRecord))
NULLABLE = frozenset(
    [
        "physical_batch_size",
        "noise_multiplier",
        "noise_batch_ratio",
        "data_budget",
        "epsilon",
        "delta",
        "privacy_unit",
        "neighbouring_relation",
        "sampling",
        "learning_rate",
        "seed",
    ]
)
COUNTS = {
    "model_size": 1,
    "batch_size": 1,
    "physical_batch_size": 1,
    "iterations": 1,
    "sequence_length": 1,
    "data_budget": 1,
    "seed": 0,
    "vocabulary_size": 2,
}
"""Whole numbers and the least each may be."""
NUMBERS = (
    "noise_multiplier",
    "noise_batch_ratio",
    "compute_flops",
    "epsilon",
    "delta",
    "learning_rate",
    "cross_entropy",
)
CHOICES = {
    "provenance": Provenance,
    "neighbouring_relation": NeighbouringRelation,
    "sampling": Sampling,
}
TEXTS = ("family", "source", "privacy_unit", "hardware", "versions", "note")
DEFINING = tuple(
    name
    for name in FIELDS
    if name
    not in ("compute_flops", "cross_entropy", "hardware", "versions", "note", "created_at", "curve")
)
"""What was asked: the fields that the run id is a hash of. compute_flops
follows from the others."""

"""What the search for the best configuration returns, and what surrounds it.

All are frozen; arrays are read-only by convention. Losses are cross entropies in nats,
compute is in FLOPs, data in people. ``low`` and ``high`` always belong to ``level``.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.config import Sampling, TrainingConfig
from engine.interval import FloatArray, Interval, Range


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """A configuration, the noise it needs, and the loss to expect."""

    config: TrainingConfig
    noise_multiplier: float
    """σ of the noise that is drawn: what a certificate is about."""
    noise_batch_ratio: float
    """σ/B of the independent noise that the loss is that of."""
    cross_entropy: Interval
    sampling: Sampling
    bands: int = 1
    """Steps over which the noise is correlated, and groups of people that take turns; 1:
    independent noise."""
    effect: float = 1.0
    """The share of σ that independent noise of the same loss has."""
    share: float = 1.0
    """That noise's σ over what independent noise needs at the same ε."""
    doubt: float = 0.0
    """Standard deviation of ln share, as measured."""


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The least loss at each compute, for the data and privacy asked about; arrays of one length.

    ``best`` is what the law recommends; ``rule_tuned`` is the non-private rule (20 tokens a
    parameter) with its batch size tuned for DP, ``rule_practised`` with its usual batch size;
    NaN where the rule has no configuration (for instance a batch larger than the data).
    """

    compute_flops: FloatArray
    best: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    model_size: FloatArray
    batch_size: FloatArray
    iterations: FloatArray
    rule_tuned: FloatArray
    rule_practised: FloatArray


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """Least compute whose best loss is within ``tolerance`` of the best attainable at any compute.

    ``compute``: FLOPs, found anew in every draw of the law. Censored above where the loss would
    fall on beyond the sizes and steps that may be searched: saturation is then at least its low
    end, and unknown. ``best_attainable`` and ``cross_entropy``, its like within the tolerance, are
    those of what may be searched.
    """

    compute: Range
    cross_entropy: float
    best_attainable: float
    tolerance: float

    @property
    def compute_flops(self) -> float | None:
        """FLOPs; None where saturation lies beyond what may be searched."""
        return self.compute.value


@dataclass(frozen=True, kw_only=True)
class Doubling:
    """What doubling one budget, the others held, does to the best loss
    (relative fall, 0.06 = 6 %)."""

    compute: Interval
    data: Interval
    epsilon: Interval

    @property
    def binding(self) -> str:
        """The budget whose doubling buys most: ``compute``, ``data`` or ``epsilon``."""
        gains = {"compute": self.compute, "data": self.data, "epsilon": self.epsilon}
        return max(gains, key=lambda name: gains[name].value)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What another way to choose the configuration needs for the loss that we recommend.

    ``allocation`` is that way's own configuration at the budget's compute (None where it has
    none, or one beyond what may be searched). ``factor`` × the recommendation's compute reaches the
    same loss with the same people and privacy. Censored above where it does not up to
    ``searched_flops``, beyond which its plans are out of reach: at least the low end.
    """

    name: str
    allocation: Allocation | None
    factor: Range
    matched_factor: float | None
    """The other way round: the budget's compute over what the recommendation needs for the loss
    that the alternative reaches with all of it. None where the alternative has no configuration,
    one out of reach, or is better than anything that we recommend."""
    searched_flops: float
    extrapolation: "Extrapolation | None"
    """How far the alternative's own configuration lies from the evidence."""

    @property
    def compute_factor(self) -> float | None:
        """The factor; None: more than can be said."""
        return self.factor.value


@dataclass(frozen=True, kw_only=True)
class WiggleRoom:
    """Relative excess loss over the best, at the plan's compute, on model size × batch size.

    ``excess`` has shape (len(model_size), len(batch_size)): what three of four draws of the law do
    not exceed; 0.01 is 1 % above the best; NaN where no configuration exists. ``iterations`` has
    the same shape: what is left of the compute. ``tolerance`` is the limit that counts as equally
    good.
    """

    model_size: FloatArray
    batch_size: FloatArray
    iterations: FloatArray
    noise_multiplier: FloatArray
    excess: FloatArray
    tolerance: float


class Support(StrEnum):
    """Where an answer lies relative to the evidence behind the law."""

    INSIDE = "inside"
    EDGE = "edge"
    OUTSIDE = "outside"


class Word(StrEnum):
    """How far a question and its answer lie from the runs, in a word."""

    MEASURED = "measured"
    NEAR = "near"
    EXTRAPOLATED = "extrapolated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One joint distance of the asked and the answered from the runs, in e-folds
    (:mod:`engine.allocation.reach`)."""

    word: Word
    distance: float
    farthest: str
    """The coordinate that contributes most."""


_SUPPORT = {Word.MEASURED: Support.INSIDE, Word.NEAR: Support.EDGE}


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """How far a configuration, and the budget that asked for it, lie from the evidence.

    ``decades`` maps model_size, iterations, noise_batch_ratio to the distance in powers of ten
    outside the range measured (0 inside).
    """

    reach: Reach
    decades: dict[str, float]

    @property
    def support(self) -> Support:
        """The reach in three words: inside is measured, edge is near, outside all else."""
        return _SUPPORT.get(self.reach.word, Support.OUTSIDE)

    @property
    def farthest(self) -> tuple[str, float]:
        name = max(self.decades, key=lambda key: self.decades[key])
        return name, self.decades[name]

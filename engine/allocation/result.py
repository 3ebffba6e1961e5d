"""What the search for the best configuration returns, and what surrounds it.

All are frozen; arrays are read-only by convention. Losses are cross entropies in nats,
compute is in FLOPs, data in people. ``low`` and ``high`` always belong to ``level``.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.config import Sampling, TrainingConfig
from engine.interval import FloatArray, Interval


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """A configuration, the noise it needs, and the loss to expect."""

    config: TrainingConfig
    noise_multiplier: float
    noise_batch_ratio: float
    cross_entropy: Interval
    sampling: Sampling


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

    ``compute_low``/``compute_high``: the same point over the law's resamples, at ``level``.
    """

    compute_flops: float
    compute_low: float
    compute_high: float
    level: float
    cross_entropy: float
    best_attainable: float
    tolerance: float


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
    none). ``compute_factor`` × the recommendation's compute reaches the same loss with the same
    people and privacy; None says that it never does, up to ``searched_flops``.
    """

    name: str
    allocation: Allocation | None
    compute_factor: float | None
    factor_low: float | None
    factor_high: float | None
    """Range of the factor over the law's resamples; None where it is open, because too many
    resamples never reach the loss."""
    level: float
    matched_factor: float | None
    """The other way round: the budget's compute over what the recommendation needs for the loss
    that the alternative reaches with all of it. None where the alternative has no configuration,
    or is better than anything that we recommend."""
    searched_flops: float
    extrapolation: "Extrapolation | None"
    """How far the alternative's own configuration lies from the evidence."""


@dataclass(frozen=True, kw_only=True)
class WiggleRoom:
    """Relative excess loss over the best, at the budget's compute, on model size × batch size.

    ``excess`` has shape (len(model_size), len(batch_size)); 0.01 is 1 % above the best; NaN where
    no configuration exists. ``iterations`` has the same shape: what is left of the compute.
    ``tolerance`` is the limit that counts as equally good.
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


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """How far the recommended configuration lies from the evidence.

    ``decades`` maps model_size, iterations, noise_batch_ratio to the distance in powers of ten
    outside the range measured (0 inside).
    """

    support: Support
    decades: dict[str, float]

    @property
    def farthest(self) -> tuple[str, float]:
        name = max(self.decades, key=lambda key: self.decades[key])
        return name, self.decades[name]

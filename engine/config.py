"""The nouns of a decision and their units; imports nothing of ours but the error.

A :class:`Budget` is what the company is ready to spend (compute, people, privacy); a
:class:`TrainingConfig` is how the training would be run. Formulas: McKenna et al., "Scaling Laws
for Differentially Private Language Models" (arXiv 2501.18914), section 3: compute C = 6·M·B·T·S.

>>> config = TrainingConfig(
...     model_size=49_000_000, batch_size=220_000, iterations=11_000, sequence_length=512
... )
>>> f"{config.compute_flops:.2e}"
'3.64e+20'
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError

DEFAULT_DELTA = 1e-8
"""δ of the paper, section 3 ("we set delta to 1e-8")."""

FLOPS_PER_PARAMETER_AND_TOKEN = 6
"""Forward and backward pass of a dense transformer, the convention of the paper's C = 6·M·B·T·S."""

COMPUTE_RANGE = (1e13, 1e24)
"""FLOPs that a question may spend."""
DATA_RANGE = (100, 10_000_000_000)
"""People (privacy units) that a question may have."""
FEW_PEOPLE = 1_000
"""Below this many a training can show little: what it says comes with a word on that."""
EPSILON_RANGE = (0.01, 64.0)
DELTA_RANGE = (1e-12, 1e-2)


class Sampling(StrEnum):
    """How a step's batch is drawn; the guarantee holds for no other one."""

    POISSON = "poisson"
    """Each person joins each batch independently with probability B/N; add/remove neighbours."""
    DETERMINISTIC = "deterministic"
    """Fixed batches in turn, read cyclically with nothing dropped at the end of a round, so that a
    person takes part in at most ⌈T·B/N⌉ steps; zero-out neighbours."""
    BEST = "best"
    """Whichever of the two needs less noise, as the paper does; the result names the one used."""
    TRUNCATED_POISSON = "truncated-poisson"
    """Poisson, and of a batch above a largest size a random subset of that size is kept."""
    BANDED = "banded"
    """Groups of people take turns, Poisson within the group, and the noise is correlated over as
    many steps: of 1, 4, 16 and 64, whichever leaves the least error in the sums of gradients. A
    result names the number (:mod:`engine.allocation.noise`)."""
    WITHOUT_REPLACEMENT = "without-replacement"
    """Each batch is B different people of the N, drawn anew each step. No plan chooses it."""


PLANNED_SAMPLINGS = (
    Sampling.POISSON,
    Sampling.DETERMINISTIC,
    Sampling.BEST,
    Sampling.TRUNCATED_POISSON,
    Sampling.BANDED,
)
"""What a plan may be asked for."""
INDEPENDENT_SAMPLINGS = tuple(each for each in PLANNED_SAMPLINGS if each is not Sampling.BANDED)
"""Those whose noise is independent from step to step: one σ says all of it."""


class NeighbouringRelation(StrEnum):
    """Which pairs of data sets the guarantee makes indistinguishable."""

    ADD_REMOVE = "add-or-remove-one"
    """One person's data is added or removed."""
    ZERO_OUT = "zero-out-one"
    """One person's data is replaced by an empty contribution, so that the batches stay aligned."""
    REPLACE = "replace-one"
    """One person's data is replaced by anybody else's."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What may be spent: FLOPs, people and privacy loss (ε at δ)."""

    compute_flops: float
    data_budget: int
    epsilon: float
    delta: float = DEFAULT_DELTA

    def __post_init__(self) -> None:
        require_within("compute_flops", self.compute_flops, COMPUTE_RANGE, unit="FLOPs")
        require_within("data_budget", self.data_budget, DATA_RANGE, unit="people")
        require_within("epsilon", self.epsilon, EPSILON_RANGE)
        require_within("delta", self.delta, DELTA_RANGE)
        object.__setattr__(self, "data_budget", require_integer("data_budget", self.data_budget))


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One way to train: parameters, examples a step (expected), steps, tokens an example."""

    model_size: int
    batch_size: int
    iterations: int
    sequence_length: int

    def __post_init__(self) -> None:
        for name in ("model_size", "batch_size", "iterations", "sequence_length"):
            value = require_integer(name, getattr(self, name))
            if value < 1:
                raise InputError(
                    "Expected {name} of at least 1, got {value}.", name=name, value=value
                )
            object.__setattr__(self, name, value)

    @property
    def tokens(self) -> float:
        """Tokens seen over the training, repeats counted."""
        return float(self.batch_size) * self.iterations * self.sequence_length

    @property
    def compute_flops(self) -> float:
        """FLOPs: 6·M·B·T·S."""
        return FLOPS_PER_PARAMETER_AND_TOKEN * self.model_size * self.tokens


def require_within(name: str, value: float, bounds: tuple[float, float], *, unit: str = "") -> None:
    """Raise :class:`InputError` unless ``value`` is a finite number inside ``bounds``."""
    low, high = bounds
    if not math.isfinite(value) or not low <= value <= high:
        raise InputError(
            "Expected {name} between {low} and {high}{unit}, got {value}: choose a value inside.",
            name=name,
            low=f"{low:g}",
            high=f"{high:g}",
            unit=f" {unit}" if unit else "",
            value=f"{value:g}",
        )


def require_integer(name: str, value: float) -> int:
    """``value`` as an int; :class:`InputError` if that would change it
    (1e7 passes, 1.5 does not)."""
    if not math.isfinite(value) or int(value) != value:
        raise InputError("Expected a whole number for {name}, got {value}.", name=name, value=value)
    return int(value)

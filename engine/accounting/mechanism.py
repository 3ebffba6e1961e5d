"""DP-SGD as one mechanism: all that its privacy rests on, in one value.

A step adds up gradients that are clipped to norm C, one for each person in the batch, and adds
noise N(0, (σ·C)²). What the training of many such steps reveals follows from how batches are
sampled, the neighbouring relation, σ, and how often the step is composed; C only sets the unit.
Deterministic batches are accounted by the participations of one person, each with sampling
probability 1.

**Banded noise** (``bands`` b > 1): the noise of a step is correlated with that of the b − 1 steps
before it, C⁻¹z for a b-banded strategy C of largest column norm 1 and white z
(:mod:`engine.accounting.strategy`), and people are in b groups that take turns, Poisson sampled
within the group. A person who joins step s changes the rows s … s + b − 1 of C·G by at most the
column norm, and joins no other of these steps. So the training is the composition of at most ⌈T/b⌉
Poisson-subsampled Gaussians of sensitivity 1, one for each turn of the person's group, with the
probability b·B/N (Choquette-Choo et al., arXiv 2306.08153, theorem 4). σ is that of z.

What that assumes of groups: they are fixed for the whole training and drawn without a look at the
data. Where a person is zeroed or replaced, any such partition will do: the place stays. Where one
is added or removed, the others must keep their groups: each person's group is drawn for that person
alone, and the probability stays what it is. A shuffled list cut into b equal parts does not do.

>>> fixed = Mechanism.deterministic(noise_multiplier=2.0, participations=4)
>>> fixed.gaussian_mu
1.0
>>> fixed.profile([0.0, 1.0]).round(3)
array([0.383, 0.127])
>>> Mechanism.poisson(sampling_probability=0.1, noise_multiplier=2.0, iterations=50).event().count
50
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from engine.accounting.domain import (
    group_size,
    largest_batch,
    participations,
    require_groups,
    require_sampling,
    turns,
)
from engine.accounting.gaussian import FloatArray, gaussian_delta
from engine.accounting.tradeoff import subsampled_delta, total_variation
from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError

if TYPE_CHECKING:
    from dp_accounting import DpEvent


@dataclass(frozen=True, kw_only=True)
class Mechanism:
    """DP-SGD of one training. Raises :class:`InputError` for what no training can be."""

    sampling: Sampling
    """How batches are drawn; never ``Sampling.BEST``, which names no scheme."""
    neighbouring_relation: NeighbouringRelation
    sampling_probability: float
    """B/N under Poisson sampling, b·B/N where b groups take turns; 1 for the participations of
    deterministic batches."""
    noise_multiplier: float
    """σ: standard deviation of the noise (before it is correlated) over the clipping norm."""
    compositions: int
    """Steps T under Poisson sampling, ⌈T/b⌉ where b groups take turns; participations of one person
    for deterministic batches."""
    clipping_norm: float = 1.0
    """C: the largest Euclidean norm of one example's gradient."""
    data_budget: int = 0
    """N, for truncated Poisson sampling and for sampling without replacement; else 0."""
    largest_batch: int = 0
    """Size to which truncated Poisson sampling cuts a batch; else 0."""
    bands: int = 1
    """b: steps over which noise is correlated, and groups that take turns; 1: independent noise.
    More under Poisson sampling only."""

    def __post_init__(self) -> None:
        if not 0 < self.sampling_probability <= 1:
            raise InputError(
                "Expected a sampling probability above 0 and at most 1, got {value}.",
                value=f"{self.sampling_probability:g}",
            )
        if not (math.isfinite(self.noise_multiplier) and self.noise_multiplier > 0):
            raise InputError(
                "Expected a noise multiplier above 0, got {value}.",
                value=f"{self.noise_multiplier:g}",
            )
        if self.compositions < 1:
            raise InputError("Expected at least 1 step, got {value}.", value=self.compositions)
        if not (math.isfinite(self.clipping_norm) and self.clipping_norm > 0):
            raise ValueError(f"Expected clipping_norm > 0, got {self.clipping_norm:g}.")
        if self.sampling is Sampling.BEST:
            raise ValueError("Expected the sampling that is used, got Sampling.BEST.")
        if self.bands < 1:
            raise InputError("Expected at least 1 band, got {value}.", value=self.bands)
        require_sampling(self.sampling, self.bands)
        cut = self.sampling is Sampling.TRUNCATED_POISSON
        if cut and not 1 <= self.largest_batch <= self.data_budget:
            raise InputError(
                "Expected a largest batch between 1 and the {people} people, got {value}.",
                people=self.data_budget,
                value=self.largest_batch,
            )

    @classmethod
    def poisson(
        cls,
        *,
        sampling_probability: float,
        noise_multiplier: float,
        iterations: int,
        clipping_norm: float = 1.0,
    ) -> "Mechanism":
        """``iterations`` steps that each person joins with ``sampling_probability``."""
        return cls(
            sampling=Sampling.POISSON,
            neighbouring_relation=NeighbouringRelation.ADD_REMOVE,
            sampling_probability=sampling_probability,
            noise_multiplier=noise_multiplier,
            compositions=iterations,
            clipping_norm=clipping_norm,
        )

    @classmethod
    def deterministic(
        cls, *, noise_multiplier: float, participations: int, clipping_norm: float = 1.0
    ) -> "Mechanism":
        """Fixed batches in turn, of which a person is in at most ``participations``."""
        return cls(
            sampling=Sampling.DETERMINISTIC,
            neighbouring_relation=NeighbouringRelation.ZERO_OUT,
            sampling_probability=1.0,
            noise_multiplier=noise_multiplier,
            compositions=participations,
            clipping_norm=clipping_norm,
        )

    def after(self, steps: int) -> "Mechanism":
        """Of the first ``steps`` steps of a training under (truncated) Poisson sampling."""
        if self.sampling is Sampling.DETERMINISTIC:
            raise ValueError("Expected steps that are compositions, got participations.")
        return replace(self, compositions=turns(steps, self.bands))

    @property
    def gaussian_mu(self) -> float | None:
        """μ where the mechanism is exactly one Gaussian, else None."""
        if self.sampling_probability < 1 or (
            self.sampling is Sampling.TRUNCATED_POISSON and self.largest_batch < self.data_budget
        ):
            return None
        # Without replacement somebody else has the place of a person who left.
        moved = self.neighbouring_relation is NeighbouringRelation.REPLACE or (
            self.sampling is Sampling.WITHOUT_REPLACEMENT
        )
        return (2 if moved else 1) * math.sqrt(self.compositions) / self.noise_multiplier

    def profile(self, epsilons: ArrayLike) -> FloatArray:
        """δ at each of ``epsilons`` >= 0, shape (n,) -> (n,); falling. Near-exact, no bound.

        For what a plan may choose: cutting batches is taken to be too rare to count.
        """
        wanted = np.asarray(epsilons, dtype=float)
        mu = self.gaussian_mu
        if mu is not None:
            return gaussian_delta(wanted, mu)
        return subsampled_delta(
            self.sampling_probability, self.noise_multiplier, self.compositions, wanted
        )

    def total_variation(self) -> float:
        """δ at ε = 0, without the rest of the profile."""
        mu = self.gaussian_mu
        if mu is not None:
            return float(gaussian_delta(np.zeros(1), mu)[0])
        return total_variation(self.sampling_probability, self.noise_multiplier, self.compositions)

    def event(self) -> "DpEvent":
        """For any accountant of dp_accounting."""
        # dp_accounting takes a second to load, and few callers need it.
        from dp_accounting import dp_event

        step: DpEvent = dp_event.GaussianDpEvent(self.noise_multiplier)
        if self.sampling is Sampling.TRUNCATED_POISSON:
            step = dp_event.TruncatedSubsampledGaussianDpEvent(
                dataset_size=self.data_budget,
                sampling_probability=self.sampling_probability,
                truncated_batch_size=self.largest_batch,
                noise_multiplier=self.noise_multiplier,
            )
        elif self.sampling is Sampling.WITHOUT_REPLACEMENT:
            drawn = round(self.sampling_probability * self.data_budget)
            # There σ counts in units of what replacing a person can change: twice the norm.
            step = dp_event.GaussianDpEvent(self.noise_multiplier / 2)
            step = dp_event.SampledWithoutReplacementDpEvent(self.data_budget, drawn, step)
        elif self.sampling_probability < 1:
            step = dp_event.PoissonSampledDpEvent(self.sampling_probability, step)
        return dp_event.SelfComposedDpEvent(step, self.compositions)


def mechanism_of(
    data_budget: int,
    batch_size: int,
    iterations: int,
    noise_multiplier: float,
    sampling: Sampling,
    bands: int = 1,
) -> Mechanism:
    """The mechanism of T steps with (expected) batches of B of N people.

    Raises :class:`InputError` where ``bands`` groups are smaller than a batch, or for bands under
    another sampling than Poisson.
    """
    if sampling is Sampling.DETERMINISTIC:
        fixed = Mechanism.deterministic(
            noise_multiplier=noise_multiplier,
            participations=participations(data_budget, batch_size, iterations),
        )
        return replace(fixed, bands=bands)
    if sampling is Sampling.TRUNCATED_POISSON:
        return Mechanism(
            sampling=sampling,
            neighbouring_relation=NeighbouringRelation.ADD_REMOVE,
            sampling_probability=min(batch_size / data_budget, 1.0),
            noise_multiplier=noise_multiplier,
            compositions=iterations,
            data_budget=data_budget,
            largest_batch=largest_batch(data_budget, batch_size),
            bands=bands,
        )
    if bands > 1:
        require_groups(data_budget, batch_size, bands)
        grouped = Mechanism.poisson(
            sampling_probability=batch_size / group_size(data_budget, bands),
            noise_multiplier=noise_multiplier,
            iterations=turns(iterations, bands),
        )
        return replace(grouped, bands=bands)
    return Mechanism.poisson(
        sampling_probability=min(batch_size / data_budget, 1.0),
        noise_multiplier=noise_multiplier,
        iterations=iterations,
    )

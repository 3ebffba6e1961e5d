"""More learning for the same ε? What noise correlated over b steps would buy a decision.

For each number of bands the plan is made anew at the same compute, people and promise: its noise is
that of groups of people who take turns, and the share of σ̄ that the correlated noise is equal to
(:mod:`engine.law.correlated`) goes into the law in the place of σ̄. Groups amplify less: at the
large batches that independent noise recommends, correlation may buy nothing, and a plan with
smaller batches and more steps may buy something. The gain is told in people: with how many times as
many independent noise would reach the same loss.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.accounting.mechanisms_compared import FLOAT_BYTES, USUAL_BANDS
from engine.allocation.batch_bounds import largest_batch
from engine.allocation.noise import in_groups, noise_of
from engine.allocation.reach import word_of
from engine.allocation.result import Word
from engine.allocation.search import best_of, budgets
from engine.config import (
    DATA_RANGE,
    FLOPS_PER_PARAMETER_AND_TOKEN,
    Budget,
    Sampling,
    TrainingConfig,
)
from engine.decision.answer import Answer
from engine.decision.fitted import FittedEvidence
from engine.errors import InputError
from engine.interval import BoolArray, FloatArray, Interval
from engine.law.correlated import LEVEL, Correlation, correlation

_SIZES, _STEPS = 48, 64
"""Of the grid on which plans are looked for."""
_MOST_PEOPLE, _RUNGS = 64.0, 25
"""Factor of people up to which the equal of a gain is looked for, and on how many values."""


@dataclass(frozen=True, kw_only=True)
class Banded:
    """The best plan with noise that is correlated over ``bands`` steps; one: independent noise.

    ``config`` is rounded from a coarse grid: a plan to compare, none to train.
    """

    bands: int
    config: TrainingConfig
    noise_batch_ratio: float
    """σ̄ of independent noise at this configuration."""
    planned: float
    """Error that the noise leaves in the sums of gradients, over that of independent noise."""
    share: Interval
    """Of σ̄: what the loss is equal to, by what was measured."""
    cross_entropy: Interval
    """By the law at that share, its ends those of :attr:`share`; nats of the evidence."""
    people: Interval
    """With how many times the people independent noise reaches the same loss; inf beyond what
    was searched."""
    past_bytes: float
    """Memory of past noises, all devices together."""
    distance: float
    """From the trainings that were measured, e-folds."""

    @property
    def reach(self) -> Word:
        return word_of(self.distance)


@dataclass(frozen=True, kw_only=True)
class More:
    """What correlated noise would buy, by number of bands."""

    budget: Budget
    independent: Banded
    choices: tuple[Banded, ...]
    """More than one band, where a plan is possible, by bands."""
    searched: float
    """The most times the people that were looked at."""
    measured: Correlation

    @property
    def best(self) -> Banded:
        """The choice with the least loss."""
        return min(self.choices, key=lambda choice: choice.cross_entropy.value)

    @property
    def pays(self) -> bool:
        """Whether the whole range of the best is worth more people than there are."""
        return self.best.people.low > 1.0


def more_learning(answer: Answer, fitted: FittedEvidence) -> More:
    """What 4, 16 and 64 bands would buy; some tenths of a second.

    Raises :class:`InputError` where batches are drawn otherwise than by Poisson sampling, or no
    plan with groups is possible.
    """
    budget, sampling = answer.question.budget, answer.question.sampling
    if sampling not in (Sampling.POISSON, Sampling.BEST, Sampling.BANDED):
        raise InputError(
            "No certified bound is known here for correlated noise under {sampling} sampling: "
            "with more than one band, groups take turns and are sampled by poisson.",
            sampling=str(sampling),
        )
    measured, compute = correlation(), answer.decision.recommendation.config.compute_flops
    grid = _Grid.of(fitted, budget, compute)
    needed = _people(budget, compute, fitted)
    found = {bands: grid.best(bands, measured) for bands in USUAL_BANDS}
    independent = found[1]
    if independent is None or not any(found[bands] for bands in USUAL_BANDS if bands > 1):
        raise InputError(
            "No plan with groups that take turns is possible here: ask for more people or compute."
        )

    def banded(place: "_Place") -> Banded:
        return _banded(place, independent, needed, fitted, budget, measured)

    return More(
        budget=budget,
        independent=banded(independent),
        choices=tuple(banded(place) for bands, place in found.items() if place and bands > 1),
        searched=float(needed[0][-1]),
        measured=measured,
    )


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A point of the grid."""

    bands: int
    model_size: float
    batch_size: float
    iterations: float
    noise_batch_ratio: float
    planned: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """Plans of one compute: model size down, steps across, the batch what is left."""

    fitted: FittedEvidence
    budget: Budget
    model_size: FloatArray
    iterations: FloatArray
    batch_size: FloatArray

    @classmethod
    def of(cls, fitted: FittedEvidence, budget: Budget, compute_flops: float) -> "_Grid":
        space = fitted.space
        size = np.geomspace(*space.searched_model_size, _SIZES)[:, None]
        steps = np.geomspace(*space.searched_iterations, _STEPS)[None, :]
        one = FLOPS_PER_PARAMETER_AND_TOKEN * space.sequence_length * size * steps
        return cls(
            fitted=fitted,
            budget=budget,
            model_size=size,
            iterations=steps,
            batch_size=largest_batch(compute_flops, one, float(budget.data_budget)),
        )

    def best(self, bands: int, measured: Correlation) -> _Place | None:
        """The least loss with so many bands; None where no plan is possible."""
        budget, batch = self.budget, np.maximum(self.batch_size, 1.0)
        people = np.array(float(budget.data_budget))
        white = noise_of(
            data_budget=people,
            batch_size=batch,
            iterations=self.iterations,
            epsilon=budget.epsilon,
            delta=budget.delta,
            sampling=Sampling.POISSON,
        ).multiplier
        planned = np.ones(white.shape)
        if bands > 1:
            grouped = in_groups(
                bands,
                white,
                data_budget=people,
                batch_size=batch,
                iterations=self.iterations,
                epsilon=budget.epsilon,
                delta=budget.delta,
            )
            if grouped is None:
                return None
            planned = grouped[1]
        possible: BoolArray = (self.batch_size >= 1) & np.isfinite(planned)
        if not possible.any():
            return None
        planned = np.where(possible, planned, 1.0)
        ratio = white * planned**measured.exponent.value / batch
        loss = np.where(
            possible,
            self.fitted.fit.law.cross_entropy(self.model_size, self.iterations, ratio, batch),
            math.inf,
        )
        i, j = np.unravel_index(int(np.argmin(loss)), loss.shape)
        return _Place(
            bands=bands,
            model_size=float(self.model_size[i, 0]),
            batch_size=float(self.batch_size[i, j]),
            iterations=float(self.iterations[0, j]),
            noise_batch_ratio=float(white[i, j] / self.batch_size[i, j]),
            planned=float(planned[i, j]),
            loss=float(loss[i, j]),
        )


def _banded(
    place: _Place,
    independent: _Place,
    needed: tuple[FloatArray, FloatArray],
    fitted: FittedEvidence,
    budget: Budget,
    measured: Correlation,
) -> Banded:
    one = Interval(value=1.0, low=1.0, high=1.0, level=LEVEL)
    share = one if place.bands == 1 else measured.equal_share(place.planned, level=LEVEL)
    ends = np.array([share.value, share.low, share.high]) * place.noise_batch_ratio
    losses = np.ravel(
        fitted.fit.law.cross_entropy(place.model_size, place.iterations, ends, place.batch_size)
    )
    # The grid errs alike with and without correlation.
    factors, best = needed
    relative = np.log(losses / independent.loss)
    value, low, high = (_times(best[0] * math.exp(x), factors, best) for x in relative)
    return Banded(
        bands=place.bands,
        config=TrainingConfig(
            model_size=round(place.model_size),
            batch_size=max(round(place.batch_size), 1),
            iterations=round(place.iterations),
            sequence_length=fitted.space.sequence_length,
        ),
        noise_batch_ratio=place.noise_batch_ratio,
        planned=place.planned,
        share=share,
        cross_entropy=Interval(
            value=float(losses[0]),
            low=float(losses.min()),
            high=float(losses.max()),
            level=LEVEL,
        ),
        people=Interval(value=value, low=min(high, value), high=max(low, value), level=LEVEL),
        past_bytes=float((place.bands - 1) * FLOAT_BYTES * place.model_size),
        distance=float(
            measured.distance(
                place.model_size, place.iterations, place.batch_size / budget.data_budget
            )
        ),
    )


def _people(
    budget: Budget, compute_flops: float, fitted: FittedEvidence
) -> tuple[FloatArray, FloatArray]:
    """Factors of people and the best loss of independent noise with so many, at the plan's own
    compute; the losses fall."""
    most = max(min(_MOST_PEOPLE, 2 * DATA_RANGE[1] / budget.data_budget), 1.0)
    factors = np.geomspace(1.0, most, _RUNGS)
    asked = budgets(
        compute_flops,
        budget.data_budget * factors,
        budget.epsilon,
        delta=budget.delta,
        sampling=Sampling.POISSON,
    )
    losses = best_of(fitted.fit, fitted.space, asked).cross_entropy
    return factors, np.minimum.accumulate(losses)


def _times(loss: float, factors: FloatArray, losses: FloatArray) -> float:
    """The factor of people at which independent noise reaches ``loss``; inf beyond the last."""
    if loss >= losses[0]:
        return 1.0
    if loss < losses[-1]:
        return math.inf
    return math.exp(float(np.interp(-loss, -losses, np.log(factors))))

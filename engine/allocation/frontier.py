"""The best that each compute buys under one (N, ε, δ), three rungs an octave, around a budget."""

import math
from dataclasses import dataclass

import numpy as np

from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.search import Budgets, best_of, least_compute_of, require_enough, under
from engine.allocation.space import Space
from engine.interval import FloatArray
from engine.law.fit import FittedLaw

RUNGS_PER_OCTAVE = 3
_STEP = math.log(2) / RUNGS_PER_OCTAVE
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Line:
    """The best that each compute buys: ``points[r]`` needs at most ``allowed_flops[r]``.

    Where a larger budget buys nothing (all of the data in every batch, the longest training, the
    largest model), the point repeats the best one below it, with the compute that it needs.
    """

    allowed_flops: FloatArray
    points: Points
    at: int
    """Index of the budget that was asked about."""

    @property
    def chosen(self) -> Points:
        """The one point of the budget that was asked about."""
        return self.points.take([self.at])


def best_by_compute(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, compute_flops: float
) -> Line:
    """The best configuration at each rung of compute, one of which is ``compute_flops``.

    As :func:`best_by_compute_and_of`, without further budgets.
    """
    none = under(privacy, np.zeros(0))
    return best_by_compute_and_of(none, fit, privacy, space, compute_flops)[0]


def best_by_compute_and_of(
    further: Budgets,
    fit: FittedLaw,
    privacy: PrivacyParameters,
    space: Space,
    compute_flops: float,
) -> tuple[Line, Points]:
    """The best configuration at each rung of compute, one of which is ``compute_flops``, and that
    of each of the ``further`` budgets, in one search.

    From one example a step of the smallest model up to the largest model, trained longest on all
    of the data, or up to the budget where that is more. Raises :class:`InputError` when the budget
    is too small for any configuration.
    """
    require_enough(space, compute_flops)
    least = math.log(least_compute_of(space))
    most = (
        least
        + math.log(privacy.data_budget)
        + math.log(space.searched_model_size[1] / space.searched_model_size[0])
        + math.log(space.searched_iterations[1] / space.searched_iterations[0])
    )
    budget = math.log(compute_flops)
    below = math.floor(max(budget - least, 0.0) / _STEP + _ROUNDING)
    above = max(math.ceil((most - budget) / _STEP), 0)
    allowed = compute_flops * np.exp(np.arange(-below, above + 1) * _STEP)
    rungs = under(privacy, np.maximum(allowed, math.exp(least)))
    found = best_of(fit, space, rungs.and_more(further))
    points, rest = (found.take(which) for which in np.split(np.arange(found.size), [allowed.size]))
    loss = points.cross_entropy
    holder = np.maximum.accumulate(
        np.where(loss <= np.minimum.accumulate(loss), np.arange(loss.size), 0)
    )
    return Line(allowed_flops=allowed, points=points.take(holder), at=below), rest

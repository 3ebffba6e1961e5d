"""What a budget buys: the frontier, where compute stops paying, doubling, and the wiggle room.

Ranges are those of the losses that the law's resamples predict for the configurations that the law
itself chose. The choice is not made again for each resample: that would cost a search each.
"""

import math

import numpy as np

from engine.allocation.frontier import RUNGS_PER_OCTAVE, Line
from engine.allocation.points import Points, PrivacyParameters, resampled_losses
from engine.allocation.result import Doubling, Saturation, WiggleRoom
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.interval import FloatArray, Interval
from engine.law.fit import FitResult

TOLERANCE = 0.01
"""Losses within 1 % count as equally good, as in the paper."""
_MAP_DECADES = (1.0, 1.2)
_MAP_POINTS = 33
_ROUNDING = 1e-9


def saturation(fit: FitResult, line: Line, *, level: float) -> Saturation:
    """Least compute within :data:`TOLERANCE` of the best attainable.

    "Attainable" is what any compute reaches with the same people and privacy, within the models
    and iterations that the search may use.
    """
    attainable = float(line.points.cross_entropy[-1])
    at = _first_within(line.allowed_flops, line.points.cross_entropy)
    curves = resampled_losses(fit, line.points)
    resampled = [_first_within(line.allowed_flops, curve) for curve in curves]
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Saturation(
        compute_flops=at,
        compute_low=float(min(low, at)),
        compute_high=float(max(high, at)),
        level=level,
        cross_entropy=attainable * (1 + TOLERANCE),
        best_attainable=attainable,
        tolerance=TOLERANCE,
    )


def doubling(
    fit: FitResult, base: Line, more_data: Points, more_epsilon: Points, *, level: float
) -> Doubling:
    """Relative fall of the best loss when one budget doubles and the others are held.

    ``more_data``, ``more_epsilon``: the best point with twice the people, or twice the ε.
    """
    twice = min(base.at + RUNGS_PER_OCTAVE, base.allowed_flops.size - 1)
    return Doubling(
        compute=_gain(fit, base.chosen, base.points.take(np.array([twice])), level),
        data=_gain(fit, base.chosen, more_data, level),
        epsilon=_gain(fit, base.chosen, more_epsilon, level),
    )


def wiggle_room(
    fit: FitResult, privacy: PrivacyParameters, space: Space, best: Points
) -> WiggleRoom:
    """Excess loss over ``best`` (one point) around it, at the compute that it needs."""
    size = _around(best.model_size[0], _MAP_DECADES[0], space.searched_model_size)
    batch = _around(best.batch_size[0], _MAP_DECADES[1], (1.0, float(privacy.data_budget)))
    examples = float(best.compute_flops[0]) / (
        FLOPS_PER_PARAMETER_AND_TOKEN * size * space.sequence_length
    )
    iterations = examples[:, None] / batch
    low, high = space.searched_iterations
    possible = (iterations >= low * (1 - _ROUNDING)) & (iterations <= high * (1 + _ROUNDING))
    points = privacy.points(
        fit,
        size[:, None],
        np.minimum(batch, privacy.data_budget),
        np.clip(iterations, low, high),
        space.sequence_length,
    )
    nan = np.where(possible, 1.0, np.nan)
    return WiggleRoom(
        model_size=size,
        batch_size=batch,
        iterations=iterations * nan,
        noise_multiplier=points.noise_multiplier * nan,
        excess=(points.cross_entropy / best.cross_entropy[0] - 1) * nan,
        tolerance=TOLERANCE,
    )


def _around(centre: float, decades: float, bounds: tuple[float, float]) -> FloatArray:
    """Log-spaced values around ``centre``, which is one of them, within ``bounds``."""
    factors = 10 ** np.linspace(-decades, decades, _MAP_POINTS)
    values = centre * factors
    return values[(values >= bounds[0] * (1 - _ROUNDING)) & (values <= bounds[1] * (1 + _ROUNDING))]


def _first_within(compute: FloatArray, loss: FloatArray) -> float:
    """Least compute whose loss is within the tolerance of the least loss, interpolated."""
    goal = loss.min() * (1 + TOLERANCE)
    first = int(np.flatnonzero(loss <= goal)[0])
    if first == 0:
        return float(compute[0])
    share = (loss[first - 1] - goal) / (loss[first - 1] - loss[first])
    before, after = math.log(compute[first - 1]), math.log(compute[first])
    return math.exp(before + share * (after - before))


def _gain(fit: FitResult, here: Points, there: Points, level: float) -> Interval:
    value = 1 - float(there.cross_entropy[0]) / float(here.cross_entropy[0])
    gains = 1 - resampled_losses(fit, there)[:, 0] / resampled_losses(fit, here)[:, 0]
    low, high = np.quantile(gains, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        value=value, low=float(min(low, value)), high=float(max(high, value)), level=level
    )

"""What a budget buys: where compute stops paying, doubling, the plan's range, and the wiggle room.

Ranges are those of answers found anew in each draw of the law (:mod:`engine.allocation.redrawn`).
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.allocation.frontier import RUNGS_PER_OCTAVE, Line
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.redrawn import COARSE, Optima, optima
from engine.allocation.result import Doubling, Saturation, WiggleRoom
from engine.allocation.search import Budgets, budgets
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.interval import FloatArray, Interval, Range
from engine.law.fit import FittedLaw
from engine.quantiles import reached_quantiles

TOLERANCE = 0.01
"""Losses within 1 % count as equally good, as in the paper."""
CONFIDENCE = 0.9
"""Share of the draws in which a configuration must be within the tolerance to be called so."""
_MAP_DECADES = (1.0, 1.2)
_MAP_POINTS = 33
_ROUNDING = 1e-9
_AT_END = 1.01
"""A plan within 1 % of an end of the search is at it."""
_NEAR_RUNGS, _FAR_RUNGS = 1.0, 2.5
"""Octaves between the computes at which draws are searched: near the budget, and beyond."""
_BELOW, _ABOVE = 8, 6
"""Octaves of the near ones, below the budget and above."""


@dataclass(frozen=True, kw_only=True)
class Redrawn:
    """The questions around one budget, answered in every draw: entry 0 along the first axis is the
    draws' mean."""

    here: Optima
    """Of the budget itself, one question."""
    doubled: tuple[Optima, Optima, Optima]
    """With twice the compute, the people, or ε."""
    compute: FloatArray
    """FLOPs of the rungs, rising, shape (k,)."""
    rungs: Optima
    """Of each rung, k questions."""


def redrawn(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, line: Line, compute_flops: float
) -> Redrawn:
    """Search every draw of ``fit`` around ``compute_flops``."""
    top = math.log2(float(line.allowed_flops[-1]) / compute_flops)
    least = math.log2(float(line.allowed_flops[0]) / compute_flops)
    near = np.arange(max(-_BELOW, least), min(_ABOVE, top), _NEAR_RUNGS)
    far = np.arange(_ABOVE, top, _FAR_RUNGS)
    below = np.arange(-_BELOW - _FAR_RUNGS, least, -_FAR_RUNGS)[::-1]
    compute = compute_flops * 2.0 ** np.concatenate([below, near, far, [max(top, 0.0)]])
    factors = np.array([[1, 1, 1], [2, 1, 1], [1, 2, 1], [1, 1, 2]], dtype=float)
    first = compute_flops, privacy.data_budget, privacy.epsilon

    def asked(compute: FloatArray, people: FloatArray, epsilon: FloatArray) -> Budgets:
        terms = compute, people, epsilon
        return budgets(*terms, delta=privacy.delta, sampling=privacy.sampling)

    found = optima(fit, space, asked(*(factors * first).T))
    same = np.ones(compute.size)
    rungs = asked(compute, same * privacy.data_budget, same * privacy.epsilon)
    return Redrawn(
        here=found.take([0]),
        doubled=(found.take([1]), found.take([2]), found.take([3])),
        compute=compute,
        rungs=optima(fit, space, rungs, cell=COARSE),
    )


def saturation(drawn: Redrawn, line: Line, *, level: float) -> Saturation:
    """Least compute within :data:`TOLERANCE` of the best attainable.

    "Attainable" is what any compute reaches with the same people and privacy, within the models
    and iterations that the search may use.
    """
    loss = line.points.cross_entropy
    at = first_within(line.allowed_flops, loss)
    curves = np.exp(np.minimum.accumulate(drawn.rungs.log_loss, axis=1))
    found = crossings(drawn.compute, curves, curves.min(axis=1) * (1 + TOLERANCE))
    rung = np.minimum(np.searchsorted(drawn.compute, found), drawn.compute.size - 1)
    open_end = drawn.rungs.unsettled[np.arange(rung.size), rung]
    ratios = np.where(open_end[1:], np.inf, found[1:] / found[0])
    return Saturation(
        compute=range_of(None if open_end[0] else at, at * ratios, bound=at, level=level),
        cross_entropy=float(loss[-1]) * (1 + TOLERANCE),
        best_attainable=float(loss[-1]),
        tolerance=TOLERANCE,
    )


def range_of(value: float | None, draws: FloatArray, *, bound: float, level: float) -> Range:
    """The range of ``value`` over ``draws``, of which those beyond what was searched are infinite.

    ``value`` None: it lies above, and at least at ``bound``.
    """
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], method="nearest")
    low = min(low, bound)
    high = np.inf if value is None else max(high, value)
    return Range(
        value=value,
        low=float(low),
        high=float(high) if np.isfinite(high) else None,
        level=level,
        censored=None if np.isfinite(high) else "above",
    )


def doubling(
    drawn: Redrawn, base: Line, more_data: Points, more_epsilon: Points, *, level: float
) -> Doubling:
    """Relative fall of the best loss when one budget doubles and the others are held.

    ``more_data``, ``more_epsilon``: the best point with twice the people, or twice the ε.
    """
    twice = min(base.at + RUNGS_PER_OCTAVE, base.allowed_flops.size - 1)
    more = base.points.take([twice]), more_data, more_epsilon
    found = []
    for there, again in zip(more, drawn.doubled, strict=True):
        value = 1 - float(there.cross_entropy[0] / base.chosen.cross_entropy[0])
        gains = 1 - np.exp(again.log_loss[:, 0] - drawn.here.log_loss[:, 0])
        # More of anything never hurts: what the grid makes of it is its own error.
        gains = np.maximum(value + gains[1:] - gains[0], 0.0)
        found.append(Interval.of_draws(value, gains, level))
    return Doubling(compute=found[0], data=found[1], epsilon=found[2])


@dataclass(frozen=True, kw_only=True)
class PlanRanges:
    """Ranges of the best plan: parameters, expected examples a step, steps."""

    model_size: Range
    batch_size: Range
    iterations: Range


def plan_ranges(
    drawn: Redrawn, chosen: Points, privacy: PrivacyParameters, space: Space, *, level: float
) -> PlanRanges:
    """Ranges of the best plan (``chosen``, one point); cut off where the search ends."""
    size, steps = drawn.here.log_size[:, 0], drawn.here.log_steps[:, 0]
    sizes, iterations = (np.exp(x[1:] - x[0]) for x in (size, steps))
    least_size, most_size = space.searched_model_size
    least_steps, most_steps = space.searched_iterations
    model_size, batch, steps_now = (
        float(getattr(chosen, name)[0]) for name in ("model_size", "batch_size", "iterations")
    )
    return PlanRanges(
        model_size=_within(model_size, model_size * sizes, (least_size, most_size), level),
        # All the people in every batch is no end of the search: there are no more.
        batch_size=_within(
            batch,
            np.clip(batch / (sizes * iterations), 1.0, privacy.data_budget),
            (0.0, math.inf),
            level,
        ),
        iterations=_within(steps_now, steps_now * iterations, (least_steps, most_steps), level),
    )


def _within(value: float, draws: FloatArray, bounds: tuple[float, float], level: float) -> Range:
    """The range of a coordinate of the plan; a value at an end of the search is a bound."""
    low, high = np.quantile(np.clip(draws, *bounds), [(1 - level) / 2, (1 + level) / 2])
    above, below = value >= bounds[1] / _AT_END, value <= bounds[0] * _AT_END
    return Range(
        value=value,
        low=None if below else float(min(low, value)),
        high=None if above else float(max(high, value)),
        level=level,
        censored="above" if above else "below" if below else None,
    )


def wiggle_room(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, best: Points
) -> WiggleRoom:
    """Excess loss around ``best`` (one point), at the compute that it needs, over the best that
    each draw of form and parameters finds there: what the share :data:`CONFIDENCE` of them does not
    exceed. What a draw misses beside those (scatter and drift) moves neighbours alike."""
    size = _around(best.model_size[0], _MAP_DECADES[0], space.searched_model_size)
    batch = _around(best.batch_size[0], _MAP_DECADES[1], (1.0, float(privacy.data_budget)))
    examples = float(best.compute_flops[0]) / (
        FLOPS_PER_PARAMETER_AND_TOKEN * size * space.sequence_length
    )
    iterations = examples[:, None] / batch
    low, high = space.searched_iterations
    possible = (iterations >= low * (1 - _ROUNDING)) & (iterations <= high * (1 + _ROUNDING))
    rows, columns = np.nonzero(possible)
    points = privacy.points(
        fit,
        size[rows],
        np.minimum(batch[columns], privacy.data_budget),
        np.clip(iterations[rows, columns], low, high),
        space.sequence_length,
    )
    losses = np.log(
        fit.resampled_cross_entropy(
            points.model_size, points.iterations, points.noise_batch_ratio, points.batch_size
        )
    )
    least = losses.min(axis=1)
    excess, sigma = (np.full(iterations.shape, np.nan) for _ in range(2))
    excess[rows, columns] = reached_quantiles(np.expm1(losses - least[:, None]), CONFIDENCE)
    sigma[rows, columns] = points.noise_multiplier
    return WiggleRoom(
        model_size=size,
        batch_size=batch,
        iterations=np.where(possible, iterations, np.nan),
        noise_multiplier=sigma,
        excess=excess,
        tolerance=TOLERANCE,
    )


def _around(centre: float, decades: float, bounds: tuple[float, float]) -> FloatArray:
    """Log-spaced values around ``centre``, which is one of them, within ``bounds``."""
    factors = 10 ** np.linspace(-decades, decades, _MAP_POINTS)
    values = centre * factors
    return values[(values >= bounds[0] * (1 - _ROUNDING)) & (values <= bounds[1] * (1 + _ROUNDING))]


def first_within(compute: FloatArray, loss: FloatArray) -> float:
    """Least compute whose loss is within the tolerance of the least loss, interpolated."""
    return float(crossings(compute, loss[None], loss.min(keepdims=True) * (1 + TOLERANCE))[0])


def crossings(compute: FloatArray, losses: FloatArray, wanted: FloatArray) -> FloatArray:
    """Least compute at which each of the ``losses`` (R, k) along ``compute`` (k,) is down to its
    ``wanted`` (R,), interpolated in ln compute; inf where it never is."""
    below = losses <= wanted[:, None]
    row, first = np.arange(len(losses)), below.argmax(axis=1)
    before = np.maximum(first - 1, 0)
    above, at = losses[row, before], losses[row, first]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(first > 0, (above - wanted) / (above - at), 0.0)
    log_compute = np.log(compute)
    found = np.exp(log_compute[before] + share * (log_compute[first] - log_compute[before]))
    return np.where(below.any(axis=1), np.where(first > 0, found, compute[0]), np.inf)

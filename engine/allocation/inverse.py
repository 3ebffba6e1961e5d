"""Inverse questions: the least compute, the fewest people, or the smallest ε for a target loss.

Compute is read off one frontier; people and ε are found by bisection (the best loss falls with
both), a search of a few milliseconds a step. Answers are rounded to the safe side: the target is
met at the value returned, within the search's own precision. Their ranges are those of the same
question asked in each draw of the law, every plan found anew (:mod:`engine.allocation.redrawn`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.allocation.frontier import Line, best_by_compute
from engine.allocation.levers import range_of
from engine.allocation.points import PrivacyParameters
from engine.allocation.redrawn import COARSE, optima
from engine.allocation.search import Budgets, best_at, budgets
from engine.allocation.space import Space
from engine.config import DATA_RANGE, EPSILON_RANGE, Budget, Sampling
from engine.errors import InputError
from engine.interval import FloatArray, Range
from engine.law.fit import FittedLaw

LEVEL = 0.9
_PRECISION = 0.01
"""Relative, in people and ε."""
_RUNG = 2.0
"""Draws are asked at values that far apart, and between two of them by a straight line in ln."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The least of one budget that reaches the loss, the others held, and the loss there.

    ``name`` is compute_flops, data_budget or epsilon; ``value`` None says that no value within
    ``searched`` reaches it. ``range`` is over the draws, of which some may not reach it either.
    """

    name: str
    value: float | None
    cross_entropy: float | None
    searched: tuple[float, float]
    range: Range


def least_compute(
    target: float, budget: Budget, fit: FittedLaw, space: Space, *, sampling: Sampling
) -> Reached:
    """The least compute (FLOPs) whose best loss is at most ``target`` nats."""
    _require(target, fit)
    line = best_by_compute(fit, _privacy(budget, sampling), space, budget.compute_flops)
    searched = (float(line.allowed_flops[0]), float(line.allowed_flops[-1]))
    loss = line.points.cross_entropy
    below = np.flatnonzero(loss <= target)
    first = int(below[0]) if below.size else None
    value = None if first is None else _crossing(line, first, target)
    met = None if first is None else min(target, float(loss[first])) if first == 0 else target

    def asked(compute: FloatArray) -> Budgets:
        return _asked(budget, sampling, compute_flops=compute)

    return Reached(
        name="compute_flops",
        value=value,
        cross_entropy=met,
        searched=searched,
        # Compute reaches farthest from the runs, and the plan that it buys turns with the error.
        range=_range(value, asked, target, searched, fit, space, drift=fit.drift),
    )


def fewest_people(
    target: float, budget: Budget, fit: FittedLaw, space: Space, *, sampling: Sampling
) -> Reached:
    """The fewest people for ``target`` with the budget's compute and privacy; under a second."""
    _require(target, fit)
    privacy = _privacy(budget, sampling)

    def loss(people: float) -> float:
        held = replace(privacy, data_budget=float(math.ceil(people)))
        return _best(fit, held, space, budget.compute_flops)

    def asked(people: FloatArray) -> Budgets:
        return _asked(budget, sampling, data_budget=people)

    searched = (float(DATA_RANGE[0]), float(DATA_RANGE[1]))
    found = least(loss, target, searched)
    value = None if found is None else float(math.ceil(found[0]))
    return Reached(
        name="data_budget",
        value=value,
        cross_entropy=None if found is None else found[1],
        searched=searched,
        range=_range(value, asked, target, searched, fit, space, drift=fit.level_drift),
    )


def smallest_epsilon(
    target: float, budget: Budget, fit: FittedLaw, space: Space, *, sampling: Sampling
) -> Reached:
    """The smallest ε (at the budget's δ) for ``target`` with its compute and people."""
    _require(target, fit)
    privacy = _privacy(budget, sampling)

    def loss(epsilon: float) -> float:
        return _best(fit, replace(privacy, epsilon=epsilon), space, budget.compute_flops)

    def asked(epsilon: FloatArray) -> Budgets:
        return _asked(budget, sampling, epsilon=epsilon)

    found = least(loss, target, EPSILON_RANGE)
    value = None if found is None else found[0]
    return Reached(
        name="epsilon",
        value=value,
        cross_entropy=None if found is None else found[1],
        searched=EPSILON_RANGE,
        range=_range(value, asked, target, EPSILON_RANGE, fit, space, drift=fit.level_drift),
    )


def least(
    loss: Callable[[float], float], target: float, bounds: tuple[float, float]
) -> tuple[float, float] | None:
    """The least x in ``bounds``, to 1 %, with loss(x) <= target, and the loss; None if none.

    ``loss`` falls with x; bisection in ln x, ending on the side that meets the target.
    """
    low, high = bounds
    at_high = loss(high)
    if at_high > target:
        return None
    at_low = loss(low)
    if at_low <= target:
        return low, at_low
    while math.log(high / low) > _PRECISION:
        middle = math.sqrt(low * high)
        value = loss(middle)
        if value <= target:
            high, at_high = middle, value
        else:
            low = middle
    return high, at_high


def _range(
    value: float | None,
    asked: Callable[[FloatArray], Budgets],
    target: float,
    searched: tuple[float, float],
    fit: FittedLaw,
    space: Space,
    *,
    drift: float,
) -> Range:
    """The range of ``value`` over the draws; without draws, the value alone.

    ``drift``: whether the answer hangs on how high the least loss lies, or on which plan has it."""
    low, high = searched
    rungs = np.geomspace(low, high, math.ceil(math.log(high / low) / math.log(_RUNG)) + 1)
    best = optima(fit, space, asked(rungs), cell=COARSE, drift=drift)
    curves = np.minimum.accumulate(best.log_loss, axis=1)
    found = np.array([_first_below(rungs, curve, math.log(target)) for curve in curves])
    if value is None or not math.isfinite(found[0]):
        return range_of(value, found[1:], bound=value or high, level=LEVEL)
    # The coarse grid errs alike in the centre and in a draw.
    draws = np.clip(found[1:] * (value / found[0]), low, np.inf)
    return range_of(value, np.where(draws > high, np.inf, draws), bound=value, level=LEVEL)


def _first_below(values: FloatArray, log_loss: FloatArray, goal: float) -> float:
    """The least of ``values`` at which the falling ``log_loss`` is ``goal``; inf where none is."""
    below = np.flatnonzero(log_loss <= goal)
    if not below.size:
        return math.inf
    first = int(below[0])
    if first == 0 or not math.isfinite(log_loss[first - 1]):
        return float(values[first])
    share = (log_loss[first - 1] - goal) / (log_loss[first - 1] - log_loss[first])
    return float(values[first - 1] * (values[first] / values[first - 1]) ** share)


def _asked(budget: Budget, sampling: Sampling, **varied: FloatArray) -> Budgets:
    """The budget with one of the three at many values."""
    same = np.ones(next(iter(varied.values())).size)
    three = {
        name: varied.get(name, same * getattr(budget, name))
        for name in ("compute_flops", "data_budget", "epsilon")
    }
    return budgets(*three.values(), delta=budget.delta, sampling=sampling)


def _best(fit: FittedLaw, privacy: PrivacyParameters, space: Space, compute_flops: float) -> float:
    return float(best_at(fit, privacy, space, compute_flops).cross_entropy[0])


def _privacy(budget: Budget, sampling: Sampling) -> PrivacyParameters:
    return PrivacyParameters(
        data_budget=budget.data_budget,
        epsilon=budget.epsilon,
        delta=budget.delta,
        sampling=sampling,
    )


def _crossing(line: Line, first: int, target: float) -> float:
    """Compute at which the frontier crosses ``target``, log-linear between two rungs."""
    compute, loss = line.allowed_flops, line.points.cross_entropy
    if first == 0:
        return float(compute[0])
    share = (loss[first - 1] - target) / (loss[first - 1] - loss[first])
    return float(compute[first - 1] * (compute[first] / compute[first - 1]) ** share)


def _require(target: float, fit: FittedLaw) -> None:
    if not (math.isfinite(target) and 0 < target <= fit.law.log_vocabulary):
        raise InputError(
            "Expected a target loss above 0 and at most {most} nats, got {value}.",
            most=f"{fit.law.log_vocabulary:.2f}",
            value=f"{target:g}",
        )

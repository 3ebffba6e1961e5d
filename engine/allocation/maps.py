"""The three budgets as maps: loss, model size, saving, where compute saturates, what doubling buys.

Every point is a question to :func:`engine.allocation.search.best_of`, a few hundred in one call;
the saturation and the compute that reaches a loss are found by bisection on all rows together. Not
covered: intervals, and money, which is a matter of prices.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.allocation import baselines
from engine.allocation.levers import TOLERANCE
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.reach import NEAR, Coverage
from engine.allocation.search import BUDGETS, Budgets, best_of, budgets
from engine.allocation.space import Space
from engine.config import DATA_RANGE, Sampling
from engine.interval import BoolArray, FloatArray
from engine.law.fit import FittedLaw

FARTHEST = 1024.0
"""The usual rule is followed up to so many times the compute; what needs more counts as never."""
_HALVINGS = 7
_FOLLOWED_FLOPS = (1e10, 1e28)
"""Compute between which a loss is looked for; beyond lies no configuration of any evidence."""


@dataclass(frozen=True, kw_only=True)
class BudgetMap:
    """The best plan over two budgets, the third held. Two-dimensional arrays: (len(y), len(x)).

    ``x``, ``y``: names among :data:`BUDGETS`. ``saving``: times the compute that the stronger form
    of the non-private rule needs for the same loss; inf where this is not known. ``reaching``:
    FLOPs that reach the loss asked for, NaN where no compute does. Both None where not asked for.
    """

    x: str
    y: str
    x_values: FloatArray
    y_values: FloatArray
    cross_entropy: FloatArray
    model_size: FloatArray
    tokens_per_parameter: FloatArray
    compute_flops: FloatArray
    """Compute of the budget, not of the plan, which may use less."""
    outside: BoolArray
    """True where the decision is extrapolated or unknown, and where no plan exists."""
    ridge: tuple[FloatArray, FloatArray]
    """x and y of the saturation: more compute buys less than 1 % there; NaN beyond the map."""
    saving: FloatArray | None = None
    reaching: FloatArray | None = None


def budget_map(
    fit: FittedLaw,
    space: Space,
    coverage: Coverage,
    held: Budgets,
    *,
    x: str,
    y: str,
    x_values: FloatArray,
    y_values: FloatArray,
    with_saving: bool = False,
    target: float | None = None,
) -> BudgetMap:
    """The map of ``x`` and ``y`` around ``held`` (one budget, which gives the third).

    ``target``: also find the compute that reaches this loss (a map without a compute axis).
    """
    shape = (y_values.size, x_values.size)
    spread = {name: np.broadcast_to(getattr(held, name), shape) for name in BUDGETS}
    spread |= {x: np.broadcast_to(x_values, shape), y: np.broadcast_to(y_values[:, None], shape)}
    asked = budgets(*(spread[name] for name in BUDGETS), delta=held.delta, sampling=held.sampling)
    found = best_of(fit, space, asked)
    outside = _outside(coverage, found, asked)
    tokens = found.batch_size * found.iterations * space.sequence_length
    return BudgetMap(
        x=x,
        y=y,
        x_values=x_values,
        y_values=y_values,
        cross_entropy=found.cross_entropy.reshape(shape),
        model_size=found.model_size.reshape(shape),
        tokens_per_parameter=(tokens / found.model_size).reshape(shape),
        compute_flops=asked.compute_flops.reshape(shape),
        outside=outside.reshape(shape),
        ridge=_ridge(fit, space, held, x, y, x_values, y_values),
        saving=_saving(fit, space, coverage, asked, found).reshape(shape) if with_saving else None,
        reaching=None
        if target is None
        else _least_compute(fit, space, asked, target).reshape(shape),
    )


def _outside(coverage: Coverage, found: Points, asked: Budgets) -> BoolArray:
    """Whether each plan lies beyond what is near the evidence, or there is none."""
    far: BoolArray = ~(coverage.distances(found, asked) <= NEAR)
    return far


def saturation_of(fit: FittedLaw, space: Space, asked: Budgets) -> FloatArray:
    """Least compute within 1 % of the best attainable, for each (data, ε);
    its compute is not used."""
    goal = _attainable(fit, space, asked) * (1 + TOLERANCE)
    return _least_compute(fit, space, asked, goal)


def _attainable(fit: FittedLaw, space: Space, asked: Budgets) -> FloatArray:
    unlimited = asked.with_values("compute_flops", math.inf)
    return best_of(fit, space, unlimited).cross_entropy


def _least_compute(
    fit: FittedLaw, space: Space, asked: Budgets, goal: FloatArray | float
) -> FloatArray:
    """FLOPs at which the best loss is down to ``goal``; NaN if no compute brings it there."""

    def above(compute: FloatArray) -> FloatArray:
        point = best_of(fit, space, asked.with_values("compute_flops", compute))
        return point.cross_entropy - goal

    return _root(above, _FOLLOWED_FLOPS, asked.epsilon.size)


def _root(
    falling: Callable[[FloatArray], FloatArray], bounds: tuple[float, float], count: int
) -> FloatArray:
    """Where a function of a budget falls to 0: bisection in ln, then a straight
    line; NaN if nowhere.

    A NaN of the function counts as above 0: a budget that allows no plan.
    """
    ends = [np.full(count, bound) for bound in bounds]
    low, high = (np.log(end) for end in ends)
    at_low, at_high = (falling(end) for end in ends)
    inside = (at_high <= 0) & ~(at_low <= 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        value = falling(np.clip(np.exp(middle), *bounds))
        down = value <= 0
        low, at_low = np.where(down, low, middle), np.where(down, at_low, value)
        high, at_high = np.where(down, middle, high), np.where(down, value, at_high)
    drop = at_low - at_high
    share = np.divide(at_low, drop, out=np.ones(count), where=inside & (drop > 0))
    return np.where(inside, np.exp(low + share * (high - low)), np.nan)


def _ridge(
    fit: FittedLaw,
    space: Space,
    held: Budgets,
    x: str,
    y: str,
    x_values: FloatArray,
    y_values: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The saturation along whichever axis is compute; else the people that the compute is enough
    for, since beyond them more compute would pay."""
    along = "compute_flops" if "compute_flops" in (x, y) else "data_budget"
    across, values = (y, y_values) if along == x else (x, x_values)
    rows = held.repeated(values.size).with_values(across, values)
    if along == "compute_flops":
        found = saturation_of(fit, space, rows)
    else:

        def unsaturated(people: FloatArray) -> FloatArray:
            there = rows.with_values("data_budget", people)
            excess = best_of(fit, space, there).cross_entropy / _attainable(fit, space, there) - 1
            return TOLERANCE - excess

        found = _root(unsaturated, DATA_RANGE, values.size)
    return (found, values) if along == x else (values, found)


def _saving(
    fit: FittedLaw, space: Space, coverage: Coverage, asked: Budgets, found: Points
) -> FloatArray:
    """The rule's curve is followed once for each (data, ε), in octaves of compute, as far as its
    plans may be compared."""
    pairs, row = np.unique(
        np.stack([asked.data_budget, asked.epsilon]), axis=1, return_inverse=True
    )
    factors = np.full(asked.epsilon.shape, np.nan)
    for index, (people, epsilon) in enumerate(pairs.T):
        mine = row.ravel() == index
        privacy = PrivacyParameters(
            data_budget=people, epsilon=epsilon, delta=asked.delta, sampling=asked.sampling
        )
        spent, wanted = asked.compute_flops[mine], found.cross_entropy[mine]
        octaves = math.ceil(math.log2(FARTHEST * spent.max() / spent.min()))
        compute = spent.min() * 2.0 ** np.arange(octaves + 1)
        needed = []
        for rule in (baselines.rule_tuned, baselines.rule_practised):
            points = rule(fit, privacy, space, compute)
            near = baselines.comparable(points, privacy, coverage)
            needed.append(_needed(compute, near.cross_entropy, wanted) / spent)
        factors[mine] = np.minimum(*needed)
    factors = np.where(factors > FARTHEST, np.inf, factors)
    factors = np.where(coverage.comparable(found, asked), factors, np.inf)
    return np.where(np.isnan(found.cross_entropy), np.nan, factors)


def _needed(compute: FloatArray, loss: FloatArray, wanted: FloatArray) -> FloatArray:
    """Compute that a rule needs; inf where it is not followed so far, and where its smallest
    model is good enough at once: with a smaller one it might need less."""
    known = np.flatnonzero(np.isfinite(loss))
    found = _crossing(compute, loss, wanted)
    if known.size and known[0] > 0:
        found = np.where(wanted >= loss[known[0]], np.inf, found)
    return found


def _crossing(compute: FloatArray, loss: FloatArray, wanted: FloatArray) -> FloatArray:
    """Compute at which a falling ``loss`` is down to each of ``wanted``; inf if it never is."""
    falling = np.minimum.accumulate(np.where(np.isnan(loss), np.inf, loss))
    known = np.isfinite(falling)
    if not known.any():
        return np.full(wanted.shape, np.inf)
    x, y = np.log(compute[known]), falling[known]
    # np.interp wants ascending abscissae; of a plateau the least compute counts.
    first = np.append(True, np.diff(y) < 0)
    x, y = x[first], y[first]
    return np.where(wanted < y[-1], np.inf, np.exp(np.interp(wanted, y[::-1], x[::-1])))


@dataclass(frozen=True, kw_only=True)
class Doublings:
    """Relative fall in loss from doubling the budget along x and the one along y, at points."""

    x: FloatArray
    y: FloatArray
    along_x: FloatArray
    along_y: FloatArray


def doublings(fit: FittedLaw, space: Space, at: Budgets, *, x: str, y: str) -> Doublings:
    """What doubling each of two budgets buys at the budgets ``at``, the others held."""
    here = best_of(fit, space, at).cross_entropy
    gains = {
        name: 1
        - best_of(fit, space, at.with_values(name, 2 * getattr(at, name))).cross_entropy / here
        for name in (x, y)
    }
    return Doublings(
        x=getattr(at, x),
        y=getattr(at, y),
        along_x=np.maximum(gains[x], 0.0),
        along_y=np.maximum(gains[y], 0.0),
    )


@dataclass(frozen=True, kw_only=True)
class PlanLines:
    """The best plan along compute for a few people and ε; arrays (people, ε,
    compute), NaN where none."""

    compute_flops: FloatArray
    data_budget: FloatArray
    epsilon: FloatArray
    model_size: FloatArray
    batch_size: FloatArray
    iterations: FloatArray
    tokens_per_parameter: FloatArray
    outside: BoolArray
    """True where the decision is extrapolated or unknown."""


def plan_lines(
    fit: FittedLaw,
    space: Space,
    coverage: Coverage,
    *,
    compute_flops: FloatArray,
    data_budget: FloatArray,
    epsilon: FloatArray,
    delta: float,
    sampling: Sampling,
) -> PlanLines:
    """What is best at every combination."""
    people = data_budget[:, None, None]
    asked = budgets(compute_flops, people, epsilon[:, None], delta=delta, sampling=sampling)
    found = best_of(fit, space, asked)
    shape = (data_budget.size, epsilon.size, compute_flops.size)
    tokens = found.batch_size * found.iterations * space.sequence_length
    return PlanLines(
        compute_flops=compute_flops,
        data_budget=data_budget,
        epsilon=epsilon,
        model_size=found.model_size.reshape(shape),
        batch_size=found.batch_size.reshape(shape),
        iterations=found.iterations.reshape(shape),
        tokens_per_parameter=(tokens / found.model_size).reshape(shape),
        outside=_outside(coverage, found, asked).reshape(shape),
    )

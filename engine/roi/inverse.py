"""Inverse questions about money: which budget reaches an NPV, which ε or people earn most.

Each question decides anew for its candidates, all in one search. A target is looked for at the
central case with the law's own loss: the answer steers, the full appraisal follows. What earns most
goes by the mean over the draws, as the verdict does. NPV is not monotone in
a budget (more compute costs more), so candidates are tried on a grid and refined between two.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from engine.allocation.inverse import fewest_people, least_compute, smallest_epsilon
from engine.allocation.space import Space
from engine.config import EPSILON_RANGE, Budget, Sampling
from engine.cost import Workload
from engine.errors import InputError
from engine.interval import Interval, Range
from engine.law.fit import FittedLaw
from engine.roi.appraise import Case, central, central_case, sample, spread
from engine.roi.assumptions import Assumptions
from engine.roi.configurations import Found, best_configurations, losses_of, plan_with
from engine.roi.draws import LossForecast
from engine.roi.metric import Curve
from engine.roi.plan import RECOMMENDATION, Plan

_WITH: Mapping[str, Callable[[Budget, float], Budget]] = {
    "compute_flops": lambda budget, value: replace(budget, compute_flops=value),
    "data_budget": lambda budget, value: replace(budget, data_budget=math.ceil(value)),
    "epsilon": lambda budget, value: replace(budget, epsilon=value),
}
"""Name of one budget → all budgets with that one changed; people are whole."""
BUDGETS = tuple(_WITH)
_REFINEMENTS, _BETWEEN = 2, 7
"""How often an interval is divided, and by how many values."""
_ROUND = tuple(m * 10**k for k in range(3, 10) for m in (1, 3))
"""Numbers of people to try: half a decade apart."""
_FINER = tuple(
    m * 10**k for k in range(2, 9) for m in (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82)
)
"""Those to try beside the best of them: a fifth apart."""
_ROUND_EPSILON = tuple(2.0**k for k in range(-2, 1 + round(math.log2(EPSILON_RANGE[1]))))
"""ε to try: a factor of two apart."""
_WITH_COMPUTE = tuple(10.0**k for k in range(17, 23))
"""Compute to try beside a number of people, FLOPs: what a few people can use, and what many can."""
_DRAWN = 3
"""Round numbers of people that are drawn in full."""
_SEARCHED = {
    "compute_flops": (1e14, 1e24),
    "data_budget": (1e4, 1e10),
    "epsilon": (0.1, EPSILON_RANGE[1]),
}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One budget that was tried, the best plan under it, and its central NPV in JPY."""

    budget: Budget
    plan: Plan
    npv: float


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is held while one budget varies."""

    budget: Budget
    fit: FittedLaw
    space: Space
    sampling: Sampling
    table: Assumptions
    curve: Curve

    def candidates(self, name: str, values: Iterable[float]) -> Iterator[Candidate | None]:
        """The plan and NPV with the budget ``name`` at each of ``values``; None where none is
        possible. The search is one for all, money follows one by one."""
        return self.reaching({name: values}, -math.inf)[name]

    def reaching(
        self, values: Mapping[str, Iterable[float]], target: float
    ) -> dict[str, Iterator[Candidate | None]]:
        """Those candidates of each budget whose NPV is at least ``target``; None for the others.

        The search is one for all budgets: it takes hardly longer for forty than for ten. An
        attacker's advantage takes longer than the rest of a plan and can only cost: what would not
        reach the target even if no attack ever succeeded is not asked for it.
        """
        asked = {
            name: [self._with(name, float(value)) for value in some]
            for name, some in values.items()
        }
        allowed = [one for some in asked.values() for one in some if one is not None]
        found = list(best_configurations(allowed, self.fit, self.space, sampling=self.sampling))
        losses = iter(losses_of([one for one in found if one is not None], self.fit))
        pairs = iter([None if one is None else (one, next(losses)) for one in found])
        places = {
            name: [None if one is None else next(pairs) for one in some]
            for name, some in asked.items()
        }
        case = central_case(self.table)
        return {
            name: (None if pair is None else self._worth(*pair, target, case) for pair in some)
            for name, some in places.items()
        }

    def _worth(self, found: Found, loss: float, target: float, case: Case) -> Candidate | None:
        """The candidate of a configuration; None where it is worth less than ``target``."""
        if math.isfinite(target):
            unattacked = Plan(
                name=RECOMMENDATION,
                workload=Workload.of(found.config, found.budget.data_budget),
                loss=LossForecast(name=RECOMMENDATION, value=loss),
                advantage=0.0,
            )
            if central(unattacked, self.table, self.curve, case=case).npv[0] < target:
                return None
        plan = plan_with(found, self.fit, self.space, self.sampling)
        npv = float(central(plan, self.table, self.curve, case=case).npv[0])
        return None if npv < target else Candidate(budget=found.budget, plan=plan, npv=npv)

    def _with(self, name: str, value: float) -> Budget | None:
        """The budget with one changed; None where nothing may be asked for with that."""
        _require_name(name)
        try:
            return _WITH[name](self.budget, value)
        except InputError:
            return None


def along(held: Held, name: str, values: Iterable[float]) -> tuple[Candidate, ...]:
    """Candidates with the budget ``name`` at each of ``values``; impossible ones are left out."""
    return tuple(found for found in held.candidates(name, values) if found is not None)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A budget, and what its best plan is worth over the draws, JPY."""

    budget: Budget
    npv: Interval
    probability: float
    """That it is above zero."""

    @property
    def people(self) -> int:
        """Whose text it uses."""
        return self.budget.data_budget


def best_epsilon(held: Held) -> Drawn:
    """The ε that is worth most on average, legal loss included.

    More ε makes a better model and an attacker's life easier. Tried are the held ε and round ones,
    a factor of two apart, then finer ones between the neighbours of the best; a sixth of a second.
    Raises :class:`InputError` where no ε allows a plan.
    """

    def finer(low: float, high: float) -> Iterable[float]:
        return sorted({float(f"{one:.2g}") for one in np.geomspace(low, high, _BETWEEN + 2)[1:-1]})

    found = _best(held, "epsilon", sorted({*_ROUND_EPSILON, held.budget.epsilon}), finer)
    if found is None:
        raise InputError("No epsilon allows a plan here: ask for more compute or more people.")
    return found


def best_people(held: Held) -> Drawn:
    """How many of at most the held people are worth most on average.

    A person costs preparation and may be compensated one day, and adds less the more there are.
    Tried are all of them and numbers below, the same ones whatever is held, a fifth apart around
    the best: more people to choose from are never worth less, but for what lies between two
    numbers. Those that look best at the central case are drawn; a seventh of a second. Raises
    :class:`InputError` where no number allows a plan.
    """
    found = _best_of_at_most(held, held.budget.data_budget)
    if found is None:
        raise InputError("No number of people allows a plan here: ask for more compute.")
    return found


def fewer_people(held: Held, npv: float) -> Drawn | None:
    """The smaller number of people that is worth most on average, where that is more than nothing
    and more than ``npv``, the mean of all the held people's; else None.

    Whoever may use so many people may use fewer: preparing and answering for the rest can cost more
    than they add.
    """
    found = _best_of_at_most(held, held.budget.data_budget - 1)
    return found if found is not None and found.npv.value > max(npv, 0.0) else None


def _best_of_at_most(held: Held, most: int) -> Drawn | None:
    """The number of at most ``most`` people that is worth most on average, of round numbers and
    ``most``; None where none is possible."""
    rough = [*(n for n in _ROUND if n < most), most]
    return _best(held, "data_budget", rough, lambda low, high: _FINER, likely=_DRAWN)


def _best(
    held: Held,
    name: str,
    rough: Iterable[float],
    finer: Callable[[float, float], Iterable[float]],
    *,
    likely: int | None = None,
) -> Drawn | None:
    """Which value of the budget ``name`` is worth most on average: of ``rough`` ones, then of
    ``finer`` ones between the neighbours of the best; None where none allows a plan. ``likely``: so
    many of the rough ones are drawn, those that look best at the central case; None: all."""
    found = along(held, name, rough)
    if not found:
        return None
    tried = [getattr(each.budget, name) for each in found]
    if likely is not None:
        found = tuple(sorted(found, key=lambda each: -each.npv)[:likely])
    drawn = [_drawn(each, held) for each in found]
    low, high = _neighbours(tried, getattr(max(drawn, key=_mean).budget, name))
    between = [one for one in finer(low, high) if low < one < high and one not in tried]
    drawn += [_drawn(each, held) for each in along(held, name, between)]
    return max(drawn, key=_mean)


def _neighbours(tried: Sequence[float], best: float) -> tuple[float, float]:
    """What was tried before and after the best, or itself at an end."""
    place = tried.index(best)
    return tried[max(place - 1, 0)], tried[min(place + 1, len(tried) - 1)]


def _drawn(candidate: Candidate, held: Held) -> Drawn:
    drawn = sample(candidate.plan, held.table, held.curve).flows.npv
    return Drawn(
        budget=candidate.budget,
        npv=spread(drawn),
        probability=float(np.mean(drawn > 0)),
    )


def _mean(found: Drawn) -> float:
    return found.npv.value


def least_for_npv(
    held: Held,
    name: str,
    target: float,
    *,
    bounds: tuple[float, float],
    points: int = 13,
) -> Candidate | None:
    """The candidate with the least of the budget ``name`` whose central NPV is at least ``target``.

    Looked for on a logarithmic grid over ``bounds``, then between two of its values; None if none
    reaches it.
    """
    return _least_for_npv(held, {name: bounds}, target, points=points)[name]


def _least_for_npv(
    held: Held,
    searched: Mapping[str, tuple[float, float]],
    target: float,
    *,
    points: int = 13,
) -> dict[str, Candidate | None]:
    """:func:`least_for_npv` of several budgets, searched together."""
    if not math.isfinite(target):
        raise InputError("Expected a number for {name}, none was given.", name="NPV")
    values = {name: np.geomspace(*bounds, points) for name, bounds in searched.items()}
    found: dict[str, Candidate | None] = dict.fromkeys(searched)
    below: dict[str, float | None] = dict.fromkeys(searched)
    for _ in range(1 + _REFINEMENTS):
        between: dict[str, np.ndarray] = {}
        for name, tried in held.reaching(values, target).items():
            reached = ((k, each) for k, each in enumerate(tried) if each is not None)
            first, better = next(reached, (0, None))
            found[name] = better or found[name]
            start = float(values[name][first - 1]) if first else below[name]
            if better is None or start is None:  # none, or the least that may be asked for
                continue
            below[name] = start
            between[name] = np.geomspace(start, values[name][first], _BETWEEN + 2)[1:]
        values = between
    return found


class Goal(StrEnum):
    """What a target is set for."""

    NPV = "npv"
    METRIC = "metric"
    LOSS = "loss"


@dataclass(frozen=True, kw_only=True)
class Least:
    """The least of one budget that reaches a target, the others held; None if none does.

    ``range``: over the draws of the law, for a loss or a metric. ``probability``: that the plan
    found has at least the NPV, over the draws of every figure, for a target of money; its value is
    that of the central case.
    """

    name: str
    value: float | None
    range: Range | None = None
    probability: float | None = None


def least_budgets(held: Held, goal: Goal, target: float) -> tuple[Least, ...]:
    """The least compute, the fewest people and the smallest ε for ``target``; about a second.

    NPV in JPY at the central case; metric and loss as the law and the curve predict them. Raises
    :class:`InputError` for a target that nothing could reach, and for a loss or a metric by banded
    noise, whose budgets would lie beyond what was measured of it.
    """
    if held.sampling is Sampling.BANDED and goal is not Goal.NPV:
        raise InputError(
            "Expected independent noise to find the least budgets for a loss or a metric, got "
            "banded: choose another sampling."
        )
    if goal is Goal.NPV:
        candidates = _least_for_npv(held, _SEARCHED, target)
        return tuple(_least(name, found, target, held) for name, found in candidates.items())
    loss = target
    if goal is Goal.METRIC:
        loss = held.curve.loss_for(target, held.table.values)
    q = held
    return tuple(
        Least(name=reached.name, value=reached.value, range=reached.range)
        for reached in (
            ask(loss, q.budget, q.fit, q.space, sampling=q.sampling)
            for ask in (least_compute, fewest_people, smallest_epsilon)
        )
    )


def people_with_compute(held: Held, target: float) -> Drawn | None:
    """The fewest people that reach an NPV of ``target`` JPY at the central case where the compute
    may be chosen with them, at powers of ten; ε and all else are held. None where none do."""
    reached = [
        found
        for compute in _WITH_COMPUTE
        if (found := _people_at(held, compute, target)) is not None
    ]
    if not reached:
        return None
    fewest = min(reached, key=lambda each: each.budget.data_budget)
    return _drawn(fewest, held)


def _people_at(held: Held, compute_flops: float, target: float) -> Candidate | None:
    budget = replace(held.budget, compute_flops=compute_flops)
    bounds = _SEARCHED["data_budget"]
    return least_for_npv(replace(held, budget=budget), "data_budget", target, bounds=bounds)


def _least(name: str, found: Candidate | None, target: float, held: Held) -> Least:
    if found is None:
        return Least(name=name, value=None)
    drawn = sample(found.plan, held.table, held.curve).flows.npv
    return Least(
        name=name,
        value=float(getattr(found.budget, name)),
        probability=float(np.mean(drawn >= target)),
    )


def _require_name(name: str) -> None:
    if name not in BUDGETS:
        raise InputError(
            "Expected one of {expected}, got {name}.", expected=", ".join(BUDGETS), name=name
        )

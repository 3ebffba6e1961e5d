"""Inverse questions about money: which budget reaches an NPV, and which ε earns most.

Each question decides anew for every candidate (some 0.1 s each), and values it at the central case
with the law's own loss: the answer steers, the full appraisal follows. NPV is not monotone in a
budget (more compute costs more), so candidates are tried on a grid and refined between two.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from engine.allocation.frontier import best_by_compute
from engine.allocation.inverse import fewest_people, least_compute, smallest_epsilon
from engine.allocation.points import PrivacyParameters
from engine.allocation.space import Space
from engine.allocation.whole import whole_config
from engine.config import EPSILON_RANGE, Budget, Sampling
from engine.cost import Workload
from engine.errors import InputError
from engine.law.fit import FittedLaw
from engine.risk import advantage, mechanism_under
from engine.roi.appraise import central
from engine.roi.assumptions import Assumptions
from engine.roi.metric import Curve
from engine.roi.plan import RECOMMENDATION, Plan, forecast

_WITH: Mapping[str, Callable[[Budget, float], Budget]] = {
    "compute_flops": lambda budget, value: replace(budget, compute_flops=value),
    "data_budget": lambda budget, value: replace(budget, data_budget=math.ceil(value)),
    "epsilon": lambda budget, value: replace(budget, epsilon=value),
}
"""Name of one budget → all budgets with that one changed; people are whole."""
BUDGETS = tuple(_WITH)
_REFINEMENTS = 6
_ROUND = tuple(m * 10**k for k in range(3, 10) for m in (1, 3))
"""Numbers of people to try: half a decade apart."""
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


def best_plan(budget: Budget, fit: FittedLaw, space: Space, *, sampling: Sampling) -> Plan:
    """The plan that the search recommends for ``budget``, without what surrounds a decision.

    Raises :class:`InputError` for a budget too small for any configuration.
    """
    privacy = PrivacyParameters(
        data_budget=budget.data_budget,
        epsilon=budget.epsilon,
        delta=budget.delta,
        sampling=sampling,
    )
    point = best_by_compute(fit, privacy, space, budget.compute_flops).chosen
    config = whole_config(point, budget, space)
    batch, steps = np.array(float(config.batch_size)), np.array(float(config.iterations))
    sigma = float(privacy.noise_multiplier(batch, steps))
    return Plan(
        name=RECOMMENDATION,
        workload=Workload(
            compute_flops=config.compute_flops,
            model_size=config.model_size,
            iterations=config.iterations,
            data_budget=budget.data_budget,
        ),
        loss=forecast(RECOMMENDATION, config, sigma / config.batch_size, fit, space),
        advantage=advantage(mechanism_under(config, sigma, budget, sampling)),
    )


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is held while one budget varies."""

    budget: Budget
    fit: FittedLaw
    space: Space
    sampling: Sampling
    table: Assumptions
    curve: Curve

    def candidate(self, name: str, value: float) -> Candidate | None:
        """The plan and NPV with the budget ``name`` at ``value``; None if none is possible."""
        try:
            budget = _WITH[name](self.budget, value)
            plan = best_plan(budget, self.fit, self.space, sampling=self.sampling)
        except InputError:
            return None
        npv = float(central(plan, self.table, self.curve).npv[0])
        return Candidate(budget=budget, plan=plan, npv=npv)


def along(held: Held, name: str, values: Iterable[float]) -> tuple[Candidate, ...]:
    """Candidates with the budget ``name`` at each of ``values``; impossible ones are left out."""
    _require_name(name)
    tried = (held.candidate(name, float(value)) for value in values)
    return tuple(candidate for candidate in tried if candidate is not None)


def best_epsilon(
    held: Held,
    *,
    bounds: tuple[float, float] = (0.25, EPSILON_RANGE[1]),
    points: int = 13,
) -> tuple[Candidate, tuple[Candidate, ...]]:
    """The ε whose central NPV is largest, legal loss included, and all that were tried.

    More ε makes a better model and an attacker's life easier. Raises :class:`InputError` where no
    ε allows a plan.
    """
    tried = along(held, "epsilon", np.geomspace(*bounds, points))
    if not tried:
        raise InputError("No epsilon allows a plan here: ask for more compute or more people.")
    return max(tried, key=lambda candidate: candidate.npv), tried


def best_people(held: Held) -> tuple[Candidate, tuple[Candidate, ...]]:
    """How many of at most the held people earn most at the central case, and all that were tried.

    A person costs preparation and may be compensated one day, and adds less the more there are.
    Tried are all of them and round numbers below, the same ones whatever is held: more people to
    choose from are never worth less. Raises :class:`InputError` where no number allows a plan.
    """
    most = held.budget.data_budget
    tried = along(held, "data_budget", [*(n for n in _ROUND if n < most), most])
    if not tried:
        raise InputError("No number of people allows a plan here: ask for more compute.")
    return max(tried, key=lambda candidate: candidate.npv), tried


def least_for_npv(
    held: Held,
    name: str,
    target: float,
    *,
    bounds: tuple[float, float],
    points: int = 13,
) -> Candidate | None:
    """The candidate with the least of the budget ``name`` whose central NPV is at least ``target``.

    Looked for on a logarithmic grid over ``bounds``, then halved into; None if none reaches it.
    """
    _require_name(name)
    if not math.isfinite(target):
        raise InputError("Expected a number for {name}, none was given.", name="NPV")
    below = None
    for value in np.geomspace(*bounds, points):
        found = held.candidate(name, float(value))
        if found is not None and found.npv >= target:
            return _refined(held, name, target, below, float(value), found)
        below = float(value)
    return None


class Goal(StrEnum):
    """What a target is set for."""

    NPV = "npv"
    METRIC = "metric"
    LOSS = "loss"


@dataclass(frozen=True, kw_only=True)
class Least:
    """The least of one budget that reaches a target, the others held; None if none does."""

    name: str
    value: float | None


def least_budgets(held: Held, goal: Goal, target: float) -> tuple[Least, ...]:
    """The least compute, the fewest people and the smallest ε for ``target``; about a second.

    NPV in JPY at the central case; metric and loss as the law and the curve predict them. Raises
    :class:`InputError` for a target that nothing could reach.
    """
    if goal is Goal.NPV:
        found = [
            (name, least_for_npv(held, name, target, bounds=bounds))
            for name, bounds in _SEARCHED.items()
        ]
        return tuple(
            Least(name=name, value=None if c is None else float(getattr(c.budget, name)))
            for name, c in found
        )
    loss = target
    if goal is Goal.METRIC:
        loss = held.curve.loss_for(target, held.table.values)
    q = held
    return tuple(
        Least(name=reached.name, value=reached.value)
        for reached in (
            ask(loss, q.budget, q.fit, q.space, sampling=q.sampling)
            for ask in (least_compute, fewest_people, smallest_epsilon)
        )
    )


def _refined(
    held: Held,
    name: str,
    target: float,
    below: float | None,
    value: float,
    found: Candidate,
) -> Candidate:
    if below is None:
        return found
    for _ in range(_REFINEMENTS):
        middle = math.sqrt(below * value)
        candidate = held.candidate(name, middle)
        if candidate is not None and candidate.npv >= target:
            value, found = middle, candidate
        else:
            below = middle
    return found


def _require_name(name: str) -> None:
    if name not in BUDGETS:
        raise InputError(
            "Expected one of {expected}, got {name}.", expected=", ".join(BUDGETS), name=name
        )

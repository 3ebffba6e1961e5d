r"""Which privacy for which use: ε and compute of one population, shared among several uses.

Each use has its own model, trained on text of the same people. Whoever sees all the models learns
from all of them, so what they promise together counts, and what one use gets another one lacks. The
search looks for the shares with the largest sum of central NPVs:

* *Privacy.* A training with share w of it gets the ε of a Gaussian mechanism with μ√w, where μ
  belongs to the whole ε; shares of μ² add up as mechanisms compose (Dong, Roth and Su, arXiv
  1905.02383, corollary 3.3). DP-SGD is not quite Gaussian: the plans are then certified *together*
  (:func:`engine.accounting.accountant.joint_epsilon`) and all shares raised or lowered until the
  bound lies just below the ε that may be promised. Added up, their ε would come out much larger.
* *Compute.* Each use takes the compute that pays for it; where all together would take more than
  there is, compute gets a price that is raised until they do not.
* A use may get nothing: its model is not trained, and its NPV is 0.

The other way is one model, trained once with all of the ε, that serves every use: what is made from
its output costs no more privacy. It is found beside, under the assumption that one model can.

All uses share the assumptions but what :class:`Use` names. Not modelled: texts of different kinds
(each model learns as the evidence says), people who are in one use only (they are taken to be in
all), and one use that helps another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.accounting.accountant import certified_epsilon, joint_epsilon, rounded_up
from engine.accounting.gaussian import gaussian_epsilon, gaussian_mu
from engine.accounting.mechanism import Mechanism
from engine.attack_risk import mechanism_under
from engine.config import EPSILON_RANGE, Budget
from engine.errors import InputError
from engine.interval import FloatArray, Interval
from engine.roi.appraise import central, sample, spread
from engine.roi.assumptions import Assumption, Assumptions
from engine.roi.configurations import Found, best_configurations, best_plans, plan_with
from engine.roi.inverse import Held
from engine.roi.plan import Plan

MOST_USES = 12
_SHARES = 20
"""Privacy is dealt out in so many equal shares of μ²."""
_COMPUTE = 0.5 ** (np.arange(15) / 2)
"""Shares of the compute that a use is tried with."""
_CLOSE = 0.995
"""The certified ε reaches at least so much of the ε that was asked for, where it can."""
_ADJUSTMENTS = 8
_PRICES = 40


@dataclass(frozen=True, kw_only=True)
class Use:
    """What one model would be for; all else is as in the scenario.

    ``people``: whose text it is trained on. ``value_per_unit`` in JPY; None: the scenario's.
    """

    name: str
    people: int
    tasks_per_year: float
    value_per_unit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one use gets. NPV over the draws, JPY."""

    use: Use
    plan: Plan
    mechanism: Mechanism
    epsilon: float
    """Certified, of this training alone."""
    batch_size: int
    npv: Interval
    probability: float
    """That its NPV is above zero."""
    alone: float
    """Its mean NPV if no other use took anything of ε and compute."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One model for all uses, with all of the ε."""

    plan: Plan
    npv: Interval
    probability: float


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """How one population's privacy and the compute are dealt out."""

    budget: Budget
    shares: tuple[Share, ...]
    """Those that get something, in the order of the uses."""
    left_out: tuple[Use, ...]
    epsilon: float
    """Certified, of all trainings together; 0 where there is none."""
    npv: Interval
    """Of all together."""
    probability: float
    one_model: Whole | None
    """None where no configuration is possible."""

    @property
    def added_epsilon(self) -> float:
        """What the ε of the trainings add up to: basic composition, at as many times δ."""
        return math.fsum(share.epsilon for share in self.shares)

    @property
    def compute_flops(self) -> float:
        return math.fsum(share.plan.workload.compute_flops for share in self.shares)


def share_privacy(uses: Sequence[Use], held: Held) -> Sharing:
    """The shares of ``held.budget`` with the largest sum of central NPVs; one to four seconds.

    Raises :class:`InputError` for uses that cannot be told apart or need more people than there
    are, and where the trainings' sampling schemes have no bound together.
    """
    _require(uses, held.budget)
    tables = [_table_of(use, held.table) for use in uses]
    mu = float(gaussian_mu(held.budget.epsilon, held.budget.delta))
    values = np.stack([_values(*of, mu, held) for of in zip(uses, tables, strict=True)])
    dealt, compute = _dealt(values, held.budget.compute_flops)
    chosen = [k for k, shares in enumerate(dealt) if shares]
    found, together = _within([(uses[k], dealt[k], compute[k]) for k in chosen], mu, held)
    shares, total = [], np.zeros(1)
    for k, one in zip(chosen, found, strict=True):
        plan = plan_with(one, held.fit, held.space, held.sampling)
        npv = sample(plan, tables[k], held.curve).flows.npv
        total = total + npv
        mechanism = _mechanism(one, held)
        shares.append(
            Share(
                use=uses[k],
                plan=plan,
                mechanism=mechanism,
                epsilon=certified_epsilon(mechanism, held.budget.delta)[0],
                batch_size=one.config.batch_size,
                npv=spread(npv),
                probability=float(np.mean(npv > 0)),
                alone=_alone(uses[k], tables[k], values[k, -1], mu, held),
            )
        )
    return Sharing(
        budget=held.budget,
        shares=tuple(shares),
        left_out=tuple(use for k, use in enumerate(uses) if k not in chosen),
        epsilon=together,
        npv=spread(total),
        probability=float(np.mean(total > 0)),
        one_model=_one_model(uses, held),
    )


def _alone(use: Use, table: Assumptions, values: FloatArray, mu: float, held: Held) -> float:
    """Mean NPV of a use that had all shares, with the compute that suits it best."""
    compute = held.budget.compute_flops * float(_COMPUTE[int(np.argmax(values))])
    budget = _budget_of(use, _SHARES, compute, mu, held.budget)
    (plan,) = best_plans(
        [] if budget is None else [budget], held.fit, held.space, sampling=held.sampling
    ) or (None,)
    assert plan is not None  # a use that is dealt a part could have all of it
    return float(sample(plan, table, held.curve).flows.npv.mean())


def _require(uses: Sequence[Use], budget: Budget) -> None:
    if not 2 <= len(uses) <= MOST_USES:
        raise InputError(
            "Expected between 2 and {most} uses to share among, got {count}.",
            most=MOST_USES,
            count=len(uses),
        )
    names = [use.name for use in uses]
    for name in names:
        if names.count(name) > 1:
            raise InputError("Expected each use once, {name} came twice.", name=name)
    for use in uses:
        replace(budget, data_budget=use.people)
        if use.people > budget.data_budget:
            raise InputError(
                "Expected at most the {people} people of the population for {name}, got {asked}: a "
                "use on other people shares no ε with these and is a scenario of its own.",
                people=f"{budget.data_budget:,}",
                name=use.name,
                asked=f"{use.people:,}",
            )
        if not (math.isfinite(use.tasks_per_year) and use.tasks_per_year >= 0):
            raise InputError(
                "Expected tasks a year of 0 or more for {name}, got {value}.",
                name=use.name,
                value=f"{use.tasks_per_year:g}",
            )


def _table_of(use: Use, table: Assumptions) -> Assumptions:
    """The scenario's assumptions for one use: tokens served go with the tasks."""
    rows = [_scaled(table["tasks_per_year"], use.tasks_per_year)]
    if use.value_per_unit is not None:
        rows.append(_scaled(table["value_per_unit"], use.value_per_unit))
    tasks = table["tasks_per_year"].value
    if tasks > 0:
        tokens = table["tokens_per_day"]
        rows.append(_scaled(tokens, tokens.value * use.tasks_per_year / tasks))
    return table.changed(rows)


def _scaled(row: Assumption, value: float) -> Assumption:
    """With another value and the range in proportion, so that the same draws serve it."""
    if row.value == 0:
        return replace(row, value=value, low=value, high=value)
    factor = value / row.value
    return replace(row, value=value, low=row.low * factor, high=row.high * factor)


def _budget_of(use: Use, shares: float, compute: float, mu: float, budget: Budget) -> Budget | None:
    """What a use may spend; None where that is less than may be asked for."""
    epsilon = float(gaussian_epsilon(mu * math.sqrt(shares / _SHARES), budget.delta))
    if epsilon < EPSILON_RANGE[0]:
        return None
    return replace(budget, data_budget=use.people, epsilon=epsilon, compute_flops=compute)


def _values(use: Use, table: Assumptions, mu: float, held: Held) -> FloatArray:
    """Central NPV with each number of shares and each compute, (shares + 1, computes), JPY.

    0 without a share; −inf where no configuration is possible.
    """
    most = held.budget.compute_flops
    asked = {
        (shares, k): _budget_of(use, shares, most * part, mu, held.budget)
        for shares in range(1, _SHARES + 1)
        for k, part in enumerate(_COMPUTE)
    }
    possible = {place: budget for place, budget in asked.items() if budget is not None}
    plans = best_plans(list(possible.values()), held.fit, held.space, sampling=held.sampling)
    found = np.full((_SHARES + 1, _COMPUTE.size), -math.inf)
    found[0] = 0.0
    for place, plan in zip(possible, plans, strict=True):
        if plan is not None:
            found[place] = central(plan, table, held.curve).npv[0]
    return found


def _dealt(values: FloatArray, compute_flops: float) -> tuple[list[int], list[float]]:
    """Shares of each use and its compute, such that all keep within both.

    Compute gets the least price at which it suffices; where two uses are worth exactly the same,
    some of it may be left.
    """
    price, step = 0.0, 1e-9 * max(float(np.abs(values[np.isfinite(values)]).max()), 1.0)
    dealt, parts = _at_price(values, price)
    while sum(parts) > 1 + 1e-9:
        price, step = price + step, 2 * step
        dealt, parts = _at_price(values, price)
    low, high = price - step / 2 if price else 0.0, price
    for _ in range(_PRICES if high else 0):
        middle = (low + high) / 2
        tried = _at_price(values, middle)
        if sum(tried[1]) > 1 + 1e-9:
            low = middle
        else:
            high, (dealt, parts) = middle, tried
    return dealt, [part * compute_flops for part in parts]


def _at_price(values: FloatArray, price: float) -> tuple[list[int], list[float]]:
    """The best shares where all of the compute would cost ``price``: a knapsack of shares."""
    net = values - price * _COMPUTE
    net[:, 0] = 0.0
    best_compute, best_value = net.argmax(axis=2), net.max(axis=2)
    totals, choices = np.zeros(_SHARES + 1), []
    for value in best_value:
        # [all shares up to here, shares of this use]
        options = np.full((_SHARES + 1, _SHARES + 1), -math.inf)
        for taken in range(_SHARES + 1):
            options[taken:, taken] = totals[: _SHARES + 1 - taken] + value[taken]
        choices.append(options.argmax(axis=1))
        totals = options.max(axis=1)
    left, dealt = _SHARES, []
    for choice in reversed(choices):
        dealt.append(int(choice[left]))
        left -= dealt[-1]
    dealt.reverse()
    parts = [
        float(_COMPUTE[best_compute[k, shares]]) if shares else 0.0
        for k, shares in enumerate(dealt)
    ]
    return dealt, parts


def _within(
    dealt: Sequence[tuple[Use, int, float]], mu: float, held: Held
) -> tuple[list[Found], float]:
    """Configurations that promise together at most the ε that was asked for, and little less."""
    if not dealt:
        return [], 0.0
    asked, delta = held.budget.epsilon, held.budget.delta
    low, high, factor = 0.0, math.inf, 1.0
    best: tuple[list[Found], float] | None = None
    for _ in range(_ADJUSTMENTS):
        found = _configurations(dealt, mu * factor, held)
        together = math.inf
        if found is not None:
            together = joint_epsilon(
                [_mechanism(one, held) for one in found], delta, target=asked * _CLOSE
            )
            if together <= asked and (best is None or together > best[1]):
                best = found, together
        if asked * _CLOSE <= together <= asked:
            break
        if together > asked:
            high = factor
        else:
            low = factor
        guess = factor * (math.sqrt(_CLOSE) * asked / together if together < math.inf else 0.5)
        inside = low < guess < high
        factor = guess if inside else (low + min(high, 2 * factor)) / 2
    if best is None:
        raise InputError(
            "No shares could be certified together at epsilon = {epsilon}: ask for fewer uses or "
            "a larger epsilon.",
            epsilon=f"{asked:g}",
        )
    return best


def _configurations(
    dealt: Sequence[tuple[Use, int, float]], mu: float, held: Held
) -> list[Found] | None:
    budgets = [_budget_of(*one, mu, held.budget) for one in dealt]
    possible = [budget for budget in budgets if budget is not None]
    if len(possible) < len(budgets):
        return None
    found = best_configurations(possible, held.fit, held.space, sampling=held.sampling)
    configurations = [replace(one, sigma=rounded_up(one.sigma)) for one in found if one is not None]
    return configurations if len(configurations) == len(budgets) else None


def _mechanism(found: Found, held: Held) -> Mechanism:
    return mechanism_under(found.config, found.sigma, found.budget, held.sampling)


def _one_model(uses: Sequence[Use], held: Held) -> Whole | None:
    """One model on the whole population's text, worth what all uses are worth."""
    base = held.table
    worth = math.fsum(
        use.tasks_per_year
        * (base["value_per_unit"].value if use.value_per_unit is None else use.value_per_unit)
        for use in uses
    )
    tasks = math.fsum(use.tasks_per_year for use in uses)
    mean_value = worth / tasks if tasks else base["value_per_unit"].value
    served = Use(
        name="all",
        people=held.budget.data_budget,
        tasks_per_year=tasks,
        value_per_unit=mean_value,
    )
    table = _table_of(served, base)
    most = held.budget.compute_flops
    asked = [replace(held.budget, compute_flops=most * part) for part in _COMPUTE]
    plans = best_plans(asked, held.fit, held.space, sampling=held.sampling)
    possible = [plan for plan in plans if plan is not None]
    if not possible:
        return None
    best = max(possible, key=lambda plan: float(central(plan, table, held.curve).npv[0]))
    npv = sample(best, table, held.curve).flows.npv
    return Whole(plan=best, npv=spread(npv), probability=float(np.mean(npv > 0)))

"""The decision figures of a plan: NPV, IRR, payback, total cost, and how sure they are.

Intervals and probabilities are over :data:`engine.roi.draws.DRAWS` draws of every uncertain figure,
of the law (its own resamples, drift and scatter, and its transfer to another text) and of the
metric's curve. The same draws serve
every plan, so differences between plans are those of the plans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from engine.interval import FloatArray, Interval
from engine.quantiles import nearest_quantiles
from engine.roi.assumptions import Assumptions
from engine.roi.cashflow import PARTS, Flows, Launch, Timing, flows, timing
from engine.roi.draws import DRAWS, draw
from engine.roi.kinds import METRICS
from engine.roi.measures import internal_rates
from engine.roi.metric import AssumedCurve, Curve, doubt
from engine.roi.plan import Plan

LEVEL = 0.9
_BAND_DRAWS = 2_000
"""Draws behind the cash band: its quantiles are taken at every month."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One plan over the draws: what was drawn and what came of it."""

    plan: Plan
    figures: Mapping[str, FloatArray]
    loss: FloatArray
    metric: FloatArray
    flows: Flows


@dataclass(frozen=True, kw_only=True)
class CashBand:
    """Cumulative undiscounted cash in JPY at the end of each month, from 0 (now)."""

    months: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    level: float


@dataclass(frozen=True, kw_only=True)
class Appraisal:
    """One plan against doing nothing. Money in JPY of today; intervals at :data:`LEVEL`.

    A model that is not worth its running is not launched: then the NPV is what was spent before.
    ``total_cost``, ``costs`` and ``legal_avoided`` are those of a launched one.
    """

    plan: Plan
    table: Assumptions
    curve: Curve
    draws: int
    seed: int
    npv: Interval
    """Its value is the mean over the draws."""
    probability: float
    """That the NPV is above zero."""
    launch_probability: float
    """That the trained model is worth its running, and so is put to use."""
    central_npv: float
    """NPV with every figure at its value and the law's own loss."""
    payback_months: Interval
    """Median; inf says never."""
    never_pays_back: float
    """Share of the draws that do not pay back within the horizon."""
    cash_to_approve: Interval
    """What is paid before the first user: the cash to approve."""
    running_cost: Interval
    """Serving and operation until the horizon, undiscounted."""
    expected_damage: Interval
    """Legal damage to be expected until the horizon, undiscounted; nobody pays it until it
    happens."""
    total_cost: Interval
    """Total cost of ownership over the horizon, undiscounted: the three together."""
    value_per_year: Interval
    """At full ramp."""
    legal_avoided: Interval
    """Present value of the legal loss that privacy avoids; not part of the NPV, which holds the
    loss that is left."""
    loss: Interval
    metric: Interval
    parts: Mapping[str, float]
    """Mean present value by part; they sum to the mean NPV."""
    costs: Mapping[str, float]
    """Mean undiscounted cost by part; they sum to the mean total cost."""

    @cached_property
    def cash(self) -> CashBand:
        """Month by month; some 10 ms, when first asked for: every month of every draw is 10 MB."""
        found = sample(self.plan, self.table, self.curve, count=self.draws, seed=self.seed)
        return _band(found.flows.cumulative)

    @cached_property
    def internal_rates(self) -> tuple[float, ...]:
        """Annual rates at which the mean cash flow has NPV 0: empty none, more than one several."""
        return _annual(internal_rates(np.diff(self.cash.mean, prepend=0.0)))


@dataclass(frozen=True, kw_only=True)
class Outlay:
    """What a plan costs and which legal loss it avoids: known whatever it earns.

    The fields are those of :class:`Appraisal`.
    """

    plan: Plan
    cash_to_approve: Interval
    running_cost: Interval
    expected_damage: Interval
    total_cost: Interval
    costs: Mapping[str, float]
    legal_avoided: Interval


NO_MONEY = 10_000.0
"""So many JPY or less, over all the years, are called nothing."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Another plan, and how the recommendation's NPV differs from it, draw by draw."""

    plan: Plan
    npv: Interval
    metric: Interval
    difference: Interval
    """NPV of the recommendation less that of the other plan, JPY."""
    probability_better: float
    """By :data:`NO_MONEY` or more."""
    probability_alike: float
    """By less than that, either way: mostly where neither plan is launched."""


def sample(
    plan: Plan,
    table: Assumptions,
    curve: Curve,
    *,
    count: int = DRAWS,
    seed: int = 0,
) -> Sample:
    """Draw everything and follow it to the cash flows, a useless model not being launched."""
    case = drawn_case(table, count, seed)
    figures = case.figures
    loss = plan.loss.draw(count, seed=seed)
    metric = np.asarray(curve.metric(loss, figures, doubt(curve, table, count, seed)))
    return Sample(
        plan=plan,
        figures=figures,
        loss=loss,
        metric=metric,
        flows=flows(
            plan,
            figures,
            metric,
            direction=METRICS[curve.kind].direction,
            launch=Launch.EXPECTED,
            when=case.when,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """A table's figures as cash flows take them, and when value and costs come under them: the same
    for all plans, so kept; read-only."""

    figures: Mapping[str, FloatArray]
    when: Timing


@lru_cache(maxsize=4)
def drawn_case(table: Assumptions, count: int = DRAWS, seed: int = 0) -> Case:
    """Every figure drawn, as :func:`engine.roi.draws.draw` does; some 15 MB each."""
    return case_of(draw(table, count, seed=seed))


@lru_cache(maxsize=64)
def central_case(table: Assumptions) -> Case:
    """Every figure at its value."""
    return case_of({name: np.array([value]) for name, value in table.values.items()})


def case_of(figures: dict[str, FloatArray]) -> Case:
    """The figures, read-only from now on, with their timing."""
    for values in figures.values():
        values.setflags(write=False)
    return Case(figures=figures, when=timing(figures))


def central(plan: Plan, table: Assumptions, curve: Curve, *, case: Case | None = None) -> Flows:
    """The flows with every figure at its value, launched only where that pays; one case.

    ``case``: :func:`central_case` of the table, where known already."""
    case = case or central_case(table)
    metric = np.atleast_1d(curve.metric(plan.loss.value, case.figures))
    way = METRICS[curve.kind].direction
    return flows(plan, case.figures, metric, direction=way, launch=Launch.EACH, when=case.when)


def appraise(found: Sample, table: Assumptions, curve: Curve, *, seed: int = 0) -> Appraisal:
    """The decision figures of a sample; ``seed``: that of its draws."""
    result = found.flows
    paid = result.payback_months
    return Appraisal(
        plan=found.plan,
        table=table,
        curve=curve,
        draws=result.npv.size,
        seed=seed,
        npv=spread(result.npv),
        probability=float(np.mean(result.npv > 0)),
        launch_probability=float(np.mean(result.launched)),
        central_npv=float(central(found.plan, table, curve).npv[0]),
        payback_months=spread(paid, value=nearest_quantiles(paid, [0.5])[0]),
        never_pays_back=float(np.mean(np.isinf(paid))),
        **_lines(result),
        value_per_year=spread(result.value_per_year),
        legal_avoided=spread(result.legal_avoided),
        loss=spread(found.loss, value=found.plan.loss.value),
        metric=spread(found.metric),
        parts={name: float(np.mean(result.present[name])) for name in PARTS},
        costs=_mean_costs(result),
    )


def outlay(plan: Plan, table: Assumptions, *, seed: int = 0) -> Outlay:
    """The outlay of a plan without a value: no cost depends on what it earns, but tax."""
    case = drawn_case(table, DRAWS, seed)
    found = flows(plan, case.figures, case.figures["metric_today"], when=case.when)
    return Outlay(
        plan=plan,
        **_lines(found),
        costs=_mean_costs(found),
        legal_avoided=spread(found.legal_avoided),
    )


def outlay_of(found: Appraisal) -> Outlay:
    """The outlay in an appraisal."""
    return Outlay(
        plan=found.plan,
        cash_to_approve=found.cash_to_approve,
        running_cost=found.running_cost,
        expected_damage=found.expected_damage,
        total_cost=found.total_cost,
        costs=found.costs,
        legal_avoided=found.legal_avoided,
    )


def _lines(found: Flows) -> dict[str, Interval]:
    """What is paid at once, what it costs to run, what damage is expected, and their sum."""
    costs = found.costs
    return {
        "cash_to_approve": spread(-found.spent),
        "running_cost": spread(costs["serving"] + costs["operation"]),
        "expected_damage": spread(costs["legal"]),
        "total_cost": spread(found.total_cost),
    }


def _mean_costs(found: Flows) -> dict[str, float]:
    return {name: float(np.mean(amount)) for name, amount in found.costs.items()}


def compare(recommended: Sample, others: Sequence[Sample]) -> tuple[Comparison, ...]:
    """Each other plan against the recommendation."""
    return tuple(
        Comparison(
            plan=other.plan,
            npv=spread(other.flows.npv),
            metric=spread(other.metric),
            difference=spread(recommended.flows.npv - other.flows.npv),
            probability_better=float(np.mean(recommended.flows.npv - other.flows.npv >= NO_MONEY)),
            probability_alike=float(
                np.mean(np.abs(recommended.flows.npv - other.flows.npv) < NO_MONEY)
            ),
        )
        for other in others
    )


def spread(values: FloatArray, *, value: float | None = None, level: float = LEVEL) -> Interval:
    """Mean (or ``value``) and the range of the middle ``level`` of the draws."""
    low, high = nearest_quantiles(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        value=float(np.mean(values)) if value is None else value, low=low, high=high, level=level
    )


def _annual(rates: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float((1 + rate) ** 12 - 1) for rate in rates)


def _band(cumulative: FloatArray) -> CashBand:
    mean = cumulative.mean(axis=1)
    some = cumulative[:, :: max(cumulative.shape[1] // _BAND_DRAWS, 1)]
    low, high = np.quantile(some, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    return CashBand(
        months=np.arange(mean.size, dtype=float), mean=mean, low=low, high=high, level=LEVEL
    )


DEFAULT_CURVE = AssumedCurve()

r"""Cash flows of a plan against doing nothing, month by month, for any number of cases at once.

Once, now: training, search, communication, pilots, data, people. Then, at each month's end until
the horizon and from launch on: value, serving, operation, and expected legal loss.

* value = tasks a month · adoption · ramp · (metric − metric_today) · value_per_unit, where the
  ramp rises linearly from 0 at launch to 1 after ``ramp_months``; negative if the metric is worse
  (``direction`` −1 turns the difference round, for metrics of which less is better);
* serving moves with the ramp, operation starts in full;
* expected legal loss = incident_probability/12 · incident_cost · share of the risk that is left,
  which is the best attacker's advantage under the plan's mechanism over the attacker's advantage
  without DP, at most 1 (no credit for privacy that the attacker's odds do not show), and 1 for
  a plan without privacy;
* tax, if any, on the operating result less straight-line depreciation; a loss lowers the tax of
  the rest of the company.

An incident is priced by expectation, not drawn: its variance is not in the intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.cost import ONCE, breakdown
from engine.interval import FloatArray
from engine.roi.measures import discount_factors, paybacks
from engine.roi.plan import Plan

RUNNING = ("value", "serving", "operation", "legal", "tax")
PARTS = (*ONCE, *RUNNING)
"""What the NPV is the sum of: value counts up, all others down."""


@dataclass(frozen=True, kw_only=True)
class Flows:
    """Cash flows in JPY of n cases over the months 0 … 12·horizon.

    ``present``: present value of each part, (n,), costs negative; they sum to ``npv``.
    ``after``: present value of what comes after each month but the last, only where asked for.
    """

    cumulative: FloatArray
    """Undiscounted, (months + 1, n)."""
    present: dict[str, FloatArray]
    npv: FloatArray
    costs: dict[str, FloatArray]
    """Undiscounted costs of each part but tax, (n,), positive."""
    value_per_year: FloatArray
    """At full ramp, (n,)."""
    legal_avoided: FloatArray
    """Present value of the legal loss that privacy avoids, (n,)."""
    npv_at_gate: FloatArray | None
    """NPV if everything stops after the gate month, (n,)."""

    @property
    def total_cost(self) -> FloatArray:
        """Total cost of ownership: all costs but tax, undiscounted, (n,)."""
        return sum(self.costs.values(), start=np.zeros(()))

    @property
    def payback_months(self) -> FloatArray:
        """Months until the undiscounted flows are positive for good, (n,); inf if never."""
        return paybacks(self.cumulative)


def flows(
    plan: Plan,
    figures: Mapping[str, FloatArray],
    metric: FloatArray,
    *,
    direction: float = 1.0,
    gate_month: int | None = None,
    limited_share: float = 1.0,
) -> Flows:
    """Cash flows of ``plan``; ``figures`` and ``metric`` have shape (n,) or (1,).

    The horizon is one for all cases. With ``gate_month`` the ramp holds at ``limited_share`` of
    the users until then.
    """
    f = figures
    months = round(12 * float(np.max(f["horizon_years"])))
    costs = breakdown(plan.workload, f)
    gain = direction * (metric - f["metric_today"])
    value = f["tasks_per_year"] * f["adoption"] * gain * f["value_per_unit"]
    full_risk = f["incident_probability"] * f["incident_cost"]
    left = risk_left(plan, f)
    rates = {
        "value": value / 12,
        "serving": -costs.serving_per_year / 12,
        "operation": -costs.operation_per_year / 12,
        "legal": -full_risk * left / 12,
    }
    once = {name: -np.asarray(getattr(costs, name)) for name in ONCE}
    shape = np.broadcast_shapes(
        *(np.shape(x) for x in (*rates.values(), *once.values(), *f.values()))
    )
    spent = np.broadcast_to(sum(once.values(), start=np.zeros(())), shape)
    weights = _weights(f, months, shape, gate_month, limited_share)
    present = {name: np.broadcast_to(amount, shape) for name, amount in once.items()}
    present["value"] = rates["value"] * weights.ramp
    present["serving"] = rates["serving"] * weights.ramp
    present["operation"] = rates["operation"] * weights.live
    present["legal"] = rates["legal"] * weights.live
    running = sum((present[name] for name in RUNNING if name in present), start=np.zeros(()))
    # Depreciation over the horizon, at each month's end.
    tax = f["tax_rate"] * (running + spent / months * weights.all)
    present["tax"] = np.broadcast_to(-tax, shape)
    cumulative = _cumulative(rates, weights, spent, f["tax_rate"], months, shape)
    return Flows(
        cumulative=cumulative,
        present=present,
        npv=sum(present.values(), start=np.zeros(())),
        costs={
            **{name: np.broadcast_to(-amount, shape) for name, amount in once.items()},
            "serving": -rates["serving"] * weights.ramp_months,
            "operation": -rates["operation"] * weights.live_months,
            "legal": -rates["legal"] * weights.live_months,
        },
        value_per_year=np.broadcast_to(value, shape),
        legal_avoided=full_risk / 12 * (1 - left) * weights.live,
        npv_at_gate=_npv_at_gate(rates, weights, spent, f["tax_rate"], months),
    )


def risk_left(plan: Plan, figures: Mapping[str, FloatArray]) -> FloatArray:
    """Share of the legal risk that is left: the drop is that of the attacker's advantage."""
    if plan.advantage is None:
        return np.ones(1)
    return np.minimum(plan.advantage / figures["advantage_without_dp"], 1.0)


@dataclass(frozen=True, kw_only=True)
class _Weights:
    """Sums over months of what each flow is multiplied with, (n,) or (1,); and the shares.

    The first three are discounted, the ``_months`` ones not; ``gate_*`` stop at the gate.
    """

    ramp: FloatArray
    live: FloatArray
    all: FloatArray
    ramp_months: FloatArray
    live_months: FloatArray
    shares: list[FloatArray]
    lives: list[FloatArray]
    gate: tuple[FloatArray, FloatArray, FloatArray] | None


def _weights(
    f: Mapping[str, FloatArray],
    months: int,
    shape: tuple[int, ...],
    gate_month: int | None,
    limited_share: float,
) -> _Weights:
    launch, ramp = f["launch_months"], np.maximum(f["ramp_months"], 1e-9)
    factor = discount_factors(f["discount_rate"], np.ones(()))
    discount = np.ones(np.shape(f["discount_rate"]))
    totals = [np.zeros(shape) for _ in range(5)]
    shares: list[FloatArray] = []
    lives: list[FloatArray] = []
    gate: tuple[FloatArray, FloatArray, FloatArray] | None = None
    for month in range(1, months + 1):
        discount = discount * factor
        # A month counts in so far as it lies after launch.
        live = np.clip(month - launch, 0.0, 1.0)
        # The middle of the month's live part has climbed so far.
        share = live * np.clip((month - live / 2 - launch) / ramp, 0.0, 1.0)
        if gate_month is not None and month <= gate_month:
            share = np.minimum(share, limited_share)
        for total, part in zip(
            totals, (share * discount, live * discount, discount, share, live), strict=True
        ):
            total += part
        shares.append(share)
        lives.append(live)
        if month == gate_month:
            gate = (totals[0].copy(), totals[1].copy(), totals[2].copy())
    return _Weights(
        ramp=totals[0],
        live=totals[1],
        all=totals[2],
        ramp_months=totals[3],
        live_months=totals[4],
        shares=shares,
        lives=lives,
        gate=gate,
    )


def _cumulative(
    rates: Mapping[str, FloatArray],
    weights: _Weights,
    spent: FloatArray,
    tax_rate: FloatArray,
    months: int,
    shape: tuple[int, ...],
) -> FloatArray:
    kept = 1 - tax_rate
    with_ramp = kept * (rates["value"] + rates["serving"])
    steady = kept * (rates["operation"] + rates["legal"])
    relief = -tax_rate * spent / months
    found = np.empty((months + 1, *shape))
    found[0] = spent
    for month in range(months):
        step = with_ramp * weights.shares[month] + steady * weights.lives[month] + relief
        np.add(found[month], step, out=found[month + 1])
    return found


def _npv_at_gate(
    rates: Mapping[str, FloatArray],
    weights: _Weights,
    spent: FloatArray,
    tax_rate: FloatArray,
    months: int,
) -> FloatArray | None:
    if weights.gate is None:
        return None
    ramp, live, _ = weights.gate
    running = (rates["value"] + rates["serving"]) * ramp
    running = running + (rates["operation"] + rates["legal"]) * live
    # What was spent is written off over the horizon whether or not the project goes on.
    return spent + (1 - tax_rate) * running - tax_rate * spent / months * weights.all

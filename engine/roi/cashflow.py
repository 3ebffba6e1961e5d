r"""Cash flows of a plan against doing nothing, month by month, for any number of cases at once.

Once, now: training, search, communication, pilots, data, people. Then, at each month's end until
the horizon and from launch on: value, serving, operation, and expected legal loss.

* value = tasks a month · adoption · ramp · (metric − metric_today) · value_per_unit, where the
  ramp rises linearly from 0 at launch to 1 after ``ramp_months``; negative if the metric is worse
  (``direction`` −1 turns the difference round, for metrics of which less is better);
* serving and operation start in full: machines and people are there from the first user on;
* expected legal loss = incident_probability/12 · (incident_cost + people · people_exposed ·
  damages_per_person) · share of the risk that is left, which is the best attacker's advantage
  under the plan's mechanism over the attacker's advantage without DP, at most 1 (no credit for
  privacy that the attacker's odds do not show), and 1 for a plan without privacy;
* tax, if any, on the operating result less straight-line depreciation; a loss lowers the tax of
  the rest of the company.

*Nobody has to launch.* After the training the model is measured on its task, and put to use only if
that is expected to earn more than it costs to run (:class:`Launch`); otherwise what was spent is
lost, and nothing more. What a plan costs is that of the launched one.

An incident is priced by expectation, not drawn: its variance is not in the intervals.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.cost import ONCE, breakdown
from engine.interval import FloatArray
from engine.roi.legal_damage import incident_loss_per_year, risk_left
from engine.roi.measures import discount_factors, paybacks
from engine.roi.plan import Plan

RUNNING = ("value", "serving", "operation", "legal", "tax")
PARTS = (*ONCE, *RUNNING)
"""What the NPV is the sum of: value counts up, all others down."""


class Launch(StrEnum):
    """Which cases of a trained model are put to use."""

    ALWAYS = "always"
    """All, whatever they earn."""
    EXPECTED = "expected"
    """Those whose metric, measured after the training, pays for the running: all other figures are
    not known yet and count by their means over the cases."""
    EACH = "each"
    """Those that pay for their own running: every figure of a case is known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Timing:
    """Sums over months of what each flow is multiplied with; (n,), (1,) or (); and the shares.

    The first three are discounted, ``live_months`` is not. ``shares`` and ``lives`` are of each
    month, ``factor`` discounts one.
    """

    ramp: FloatArray
    live: FloatArray
    all: FloatArray
    live_months: FloatArray
    shares: list[FloatArray]
    lives: list[FloatArray]
    factor: FloatArray
    months: int

    def held(self, gate_month: int, limited_share: float) -> tuple["Timing", "Timing"]:
        """With the ramp held at ``limited_share`` of the users up to ``gate_month``: when all goes
        on after it, and when everything stops there."""
        return _held(self, gate_month, limited_share)


@lru_cache(maxsize=4)
def _held(when: Timing, gate_month: int, limited_share: float) -> tuple[Timing, Timing]:
    """See :meth:`Timing.held`; some 5 MB each."""
    ramp, until_ramp = when.ramp, np.zeros(())
    live, discount = np.zeros(()), np.ones(())
    shares, lives = list(when.shares), list(when.lives)
    for month in range(gate_month):
        discount = discount * when.factor
        limited = np.minimum(shares[month], limited_share)
        ramp = ramp - (shares[month] - limited) * discount
        until_ramp = until_ramp + limited * discount
        live = live + lives[month] * discount
        shares[month] = limited
    none = [np.zeros(())] * (when.months - gate_month)
    on = replace(when, ramp=ramp, shares=shares)
    stopped = replace(
        when,
        ramp=until_ramp,
        live=live,
        live_months=sum(lives[:gate_month], start=np.zeros(())),
        shares=shares[:gate_month] + none,
        lives=lives[:gate_month] + none,
    )
    return on, stopped


def timing(figures: Mapping[str, FloatArray]) -> Timing:
    """When value and costs come: the same for every plan under the same ``figures``."""
    f = figures
    months = round(12 * float(np.max(f["horizon_years"])))
    launch, ramp = f["launch_months"], np.maximum(f["ramp_months"], 1e-9)
    factor = discount_factors(f["discount_rate"], np.ones(()))
    shape = np.broadcast_shapes(np.shape(launch), np.shape(ramp), np.shape(factor))
    # From this month on everything is in full use in every case.
    full = math.ceil(float(np.max(launch) + np.max(ramp))) + 1
    discount = np.ones(np.shape(factor))
    totals = [np.zeros(shape) for _ in range(4)]
    shares: list[FloatArray] = []
    lives: list[FloatArray] = []
    one = np.ones(())
    for month in range(1, months + 1):
        discount = discount * factor
        if month > full:
            live = share = one
        else:
            # A month counts in so far as it lies after launch.
            live = np.clip(month - launch, 0.0, 1.0)
            # The middle of the month's live part has climbed so far.
            share = live * np.clip((month - live / 2 - launch) / ramp, 0.0, 1.0)
        totals[0] += share * discount
        totals[1] += discount if live is one else live * discount
        totals[2] += discount
        totals[3] += live
        shares.append(share)
        lives.append(live)
    return Timing(
        ramp=totals[0],
        live=totals[1],
        all=totals[2],
        live_months=totals[3],
        shares=shares,
        lives=lives,
        factor=factor,
        months=months,
    )


@dataclass(frozen=True, kw_only=True)
class Flows:
    """Cash flows in JPY of n cases over the months 0 … 12·horizon."""

    present: dict[str, FloatArray]
    """Present value of each part, (n,), costs negative; they sum to ``npv``."""
    npv: FloatArray
    launched: NDArray[np.bool_]
    """Which cases are put to use, (n,)."""
    costs: dict[str, FloatArray]
    """Undiscounted costs of each part but tax if launched, (n,), positive."""
    value_per_year: FloatArray
    """At full ramp, (n,); 0 where it is not launched."""
    legal_avoided: FloatArray
    """Present value of the legal loss that privacy avoids if launched, (n,)."""
    gain: FloatArray
    """By how much the metric is better than today's, (n,)."""
    per_unit: float
    """Mean present value, after tax, of a unit of gain in every task done with the model."""
    upkeep: float
    """Mean present value, after tax, of all that running a launched model costs."""
    sunk: FloatArray
    """What is lost where it is not launched: what was spent, less the tax on it; (n,)."""
    timing: Timing
    spent: FloatArray
    """What is paid now, (n,), negative."""
    monthly: tuple[FloatArray, FloatArray, FloatArray]
    """After tax, a month: what moves with the ramp, what starts in full, tax relief on what was
    spent; (n,)."""

    @property
    def total_cost(self) -> FloatArray:
        """Total cost of ownership if launched: all costs but tax, undiscounted, (n,)."""
        return sum(self.costs.values(), start=np.zeros(()))

    def under(self, when: Timing) -> FloatArray:
        """NPV of the same cases, launched where they are, under another timing; (n,)."""
        with_ramp, steady, relief = self.monthly
        found: FloatArray = (
            self.spent + with_ramp * when.ramp + steady * when.live + relief * when.all
        )
        return found

    @cached_property
    def cumulative(self) -> FloatArray:
        """Undiscounted flows so far, (months + 1, n)."""
        with_ramp, steady, relief = self.monthly
        months = self.timing.months
        found = np.empty((months + 1, *np.shape(self.npv)))
        found[0] = self.spent
        in_full = with_ramp + steady + relief
        step, running = np.empty((2, *found.shape[1:]))
        for month in range(months):
            share, live = self.timing.shares[month], self.timing.lives[month]
            if not share.ndim and share == live == 1.0:
                np.add(found[month], in_full, out=found[month + 1])
                continue
            np.multiply(with_ramp, share, out=step)
            step += np.multiply(steady, live, out=running)
            step += relief
            np.add(found[month], step, out=found[month + 1])
        return found

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
    launch: Launch = Launch.ALWAYS,
    when: Timing | None = None,
) -> Flows:
    """Cash flows of ``plan``; ``figures`` and ``metric`` have shape (n,) or (1,).

    The horizon is one for all cases. ``when``: :func:`timing` of the same figures, if known.
    """
    f = figures
    when = when or timing(f)
    costs = breakdown(plan.workload, f)
    gain = direction * (metric - f["metric_today"])
    worth = f["tasks_per_year"] * f["adoption"] * f["value_per_unit"]
    value = worth * gain
    full_risk = incident_loss_per_year(plan, f)
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
    if_live = {
        "value": rates["value"] * when.ramp,
        "serving": rates["serving"] * when.live,
        "operation": rates["operation"] * when.live,
        "legal": rates["legal"] * when.live,
    }
    running = sum(if_live.values(), start=np.zeros(()))
    kept = 1 - f["tax_rate"]
    per_unit = float(np.mean(kept * worth * when.ramp)) / 12
    upkeep = float(np.mean(kept * (if_live["value"] - running)))
    if launch is Launch.EXPECTED:
        launched = np.broadcast_to(gain * per_unit > upkeep, shape)
    elif launch is Launch.EACH:
        launched = np.broadcast_to(running > 0, shape)
    else:
        launched = np.ones(shape, dtype=bool)
    present = {name: np.broadcast_to(amount, shape) for name, amount in once.items()}
    present |= {name: amount * launched for name, amount in if_live.items()}
    # Depreciation over the horizon, at each month's end.
    depreciated = spent / when.months
    present["tax"] = -f["tax_rate"] * (running * launched + depreciated * when.all)
    return Flows(
        present=present,
        npv=sum(present.values(), start=np.zeros(())),
        launched=launched,
        costs={
            **{name: np.broadcast_to(-amount, shape) for name, amount in once.items()},
            "serving": np.broadcast_to(-rates["serving"] * when.live_months, shape),
            "operation": np.broadcast_to(-rates["operation"] * when.live_months, shape),
            "legal": np.broadcast_to(-rates["legal"] * when.live_months, shape),
        },
        value_per_year=value * launched,
        legal_avoided=np.broadcast_to(full_risk / 12 * (1 - left) * when.live, shape),
        gain=np.broadcast_to(gain, shape),
        per_unit=per_unit,
        upkeep=upkeep,
        sunk=spent - f["tax_rate"] * depreciated * when.all,
        timing=when,
        spent=spent,
        monthly=(
            kept * rates["value"] * launched,
            kept * (rates["serving"] + rates["operation"] + rates["legal"]) * launched,
            -f["tax_rate"] * depreciated,
        ),
    )

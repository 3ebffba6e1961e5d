r"""Pilot → limited → full: what each step tells, what that is worth, and where to stop.

A decision now goes ahead if the expected NPV is above zero. A pilot measures the loss before the
money is spent, a limited launch the metric before everybody gets it; each lets one stop. What
stopping is worth is the expected value of sample information:
E[max(E[NPV | what was seen], 0)] − max(E[NPV], 0), with E[· | seen] by regression of the draws' NPV
on what they would show (Strong, Oakley, Brennan and Breeze, 2015, doi 10.1177/0272989X15575286),
here monotone pooled averages of equal shares of the draws. The gates are where that conditional
expectation crosses zero.

Assumed: a pilot shows ln loss with standard deviation ``pilot_noise`` (0.05 by default, what one
seed scatters in small runs), a limited launch the metric with ``metric_noise`` of itself (10 %);
the pilot's time is part of the months until launch. A pilot extrapolates in size, which its noise
must cover. Not covered: what else may be learnt on the way, such as adoption.
"""

from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.interval import FloatArray
from engine.roi.appraise import sample
from engine.roi.assumptions import Assumptions
from engine.roi.cashflow import timing
from engine.roi.draws import DRAWS, standard_normal
from engine.roi.metric import Curve
from engine.roi.plan import Plan

PILOT_NOISE = 0.05
METRIC_NOISE = 0.10
LIMITED_SHARE = 0.1
LIMITED_MONTHS = 6
_BINS = 100


@dataclass(frozen=True, kw_only=True)
class Information:
    """What knowing something before deciding is worth, JPY."""

    name: str
    value: float
    """Expected gain over deciding now, before its price."""
    price: float

    @property
    def net(self) -> float:
        """Value less price: above zero, find out first."""
        return self.value - self.price


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Go on if what is measured is on the right side of ``threshold``.

    ``threshold`` is None where every outcome leads the same way. ``at_most``: whether going on
    asks for at most the threshold (a loss) or at least (a metric). ``passed`` is the probability.
    """

    measured: str
    threshold: float | None
    at_most: bool
    passed: float
    spent_before: float
    """JPY spent up to the gate, expected, if one comes so far."""
    month: float
    """Months from now."""


@dataclass(frozen=True, kw_only=True)
class StagedPlan:
    """Pilot → gate → training and limited launch → gate → full launch, against all at once."""

    npv_at_once: float
    """Expected NPV of going ahead without gates."""
    npv_staged: float
    """Expected NPV with both gates, the pilot's price paid in any case."""
    pilot: Information
    limited: Information
    perfect: Information
    """Knowing everything: no pilot can be worth more."""
    gates: tuple[Gate, Gate]
    limited_share: float
    limited_months: int
    full_probability: float
    """That the project reaches full launch."""


def staged_plan(
    plan: Plan,
    table: Assumptions,
    curve: Curve,
    *,
    pilot_noise: float = PILOT_NOISE,
    metric_noise: float = METRIC_NOISE,
    limited_share: float = LIMITED_SHARE,
    limited_months: int = LIMITED_MONTHS,
    count: int = DRAWS,
    seed: int = 0,
) -> StagedPlan:
    """The staged plan in numbers; about 60 ms.

    Raises :class:`InputError` for negative noise or a share of users outside (0, 1].
    """
    if min(pilot_noise, metric_noise) < 0:
        raise InputError("Expected measurement noise of at least 0.")
    if not 0 < limited_share <= 1:
        raise InputError(
            "Expected a limited share above 0 % and at most 100 %, got {value} %.",
            value=f"{100 * limited_share:g}",
        )
    launch = table["launch_months"].value
    month = min(round(launch) + limited_months, round(12 * table["horizon_years"].value) - 1)
    at_once = sample(plan, table, curve, count=count, seed=seed)
    figures = at_once.figures
    gated, until_gate = (
        sample(
            plan,
            table,
            curve,
            count=count,
            seed=seed,
            figures=figures,
            when=timing(figures, gate_month=month, limited_share=limited_share, last_month=last),
        )
        for last in (None, month)
    )
    seen_loss = _noisy(np.log(at_once.loss), pilot_noise, "pilot", count, seed)
    seen_metric = _noisy(gated.metric, metric_noise * np.abs(gated.metric), "limited", count, seed)
    pilot_price = float(np.mean(at_once.figures["pilot_cost"]))
    # The price of the pilot is in the NPV; whoever decides after it has paid it either way.
    go = at_once.flows.npv + pilot_price
    stop_later = until_gate.flows.npv + pilot_price
    rest = gated.flows.npv + pilot_price - stop_later
    after_metric = _conditional(seen_metric, rest)
    with_second_gate = stop_later + np.maximum(after_metric, 0.0)
    after_loss = _conditional(seen_loss, with_second_gate)
    on, full = after_loss > 0, after_metric > 0
    return StagedPlan(
        npv_at_once=float(np.mean(at_once.flows.npv)),
        npv_staged=float(np.mean(np.where(on, with_second_gate, 0.0))) - pilot_price,
        pilot=information("pilot", seen_loss, go, pilot_price),
        limited=Information(
            name="limited",
            value=max(float(np.mean(with_second_gate) - np.mean(stop_later + rest)), 0.0),
            price=max(float(np.mean(go) - np.mean(stop_later + rest)), 0.0),
        ),
        perfect=Information(
            name="perfect",
            value=float(np.mean(np.maximum(go, 0.0))) - max(float(np.mean(go)), 0.0),
            price=0.0,
        ),
        gates=(
            Gate(
                measured="loss",
                threshold=_exp(_crossing(seen_loss, after_loss)),
                at_most=True,
                passed=float(np.mean(on)),
                spent_before=pilot_price,
                month=min(1.0, launch),
            ),
            Gate(
                measured="metric",
                threshold=_crossing(seen_metric, after_metric),
                at_most=_falls(seen_metric, after_metric),
                passed=float(np.mean(full[on])) if on.any() else 0.0,
                spent_before=float(np.mean(pilot_price - stop_later[on])) if on.any() else 0.0,
                month=float(month),
            ),
        ),
        limited_share=limited_share,
        limited_months=limited_months,
        full_probability=float(np.mean(on & full)),
    )


def information(name: str, seen: FloatArray, npv: FloatArray, price: float) -> Information:
    """Expected value of seeing ``seen`` before deciding about ``npv``, both (n,)."""
    expected = _conditional(seen, npv)
    gain = float(np.mean(np.maximum(expected, 0.0)) - max(float(np.mean(npv)), 0.0))
    return Information(name=name, value=max(gain, 0.0), price=price)


def _noisy(
    truth: FloatArray, noise: FloatArray | float, name: str, count: int, seed: int
) -> FloatArray:
    return np.broadcast_to(truth, (count,)) + noise * standard_normal(
        f"measured-{name}", count, seed
    )


def _conditional(seen: FloatArray, value: FloatArray) -> FloatArray:
    """E[value | seen] at every draw: pooled averages over equal shares, made monotone."""
    value = np.broadcast_to(value, np.broadcast_shapes(seen.shape, value.shape))
    if seen.size < 2 or np.ptp(seen) == 0:
        return np.full(value.shape, float(np.mean(value)))
    order = np.argsort(seen, kind="stable")
    parts = np.array_split(order, min(_BINS, seen.size))
    means = np.array([value[part].mean() for part in parts])
    rising = np.corrcoef(np.arange(means.size), means)[0, 1] >= 0 if np.ptp(means) > 0 else True
    smooth = _isotonic(means if rising else -means)
    smooth = smooth if rising else -smooth
    found = np.empty(value.shape)
    for part, level in zip(parts, smooth, strict=True):
        found[part] = level
    return found


def _isotonic(values: FloatArray) -> FloatArray:
    """Least-squares rising fit by pooling adjacent violators."""
    levels: list[float] = []
    sizes: list[int] = []
    for value in values:
        levels.append(float(value))
        sizes.append(1)
        while len(levels) > 1 and levels[-2] > levels[-1]:
            size = sizes[-2] + sizes[-1]
            pooled = (levels[-2] * sizes[-2] + levels[-1] * sizes[-1]) / size
            levels[-2:], sizes[-2:] = [pooled], [size]
    return np.repeat(levels, sizes)


def _crossing(seen: FloatArray, expected: FloatArray) -> float | None:
    """Where the monotone expectation changes sign; None where it never does."""
    positive, negative = seen[expected > 0], seen[expected <= 0]
    if not positive.size or not negative.size:
        return None
    if positive.mean() < negative.mean():
        return float((positive.max() + negative.min()) / 2)
    return float((positive.min() + negative.max()) / 2)


def _falls(seen: FloatArray, expected: FloatArray) -> bool:
    positive, negative = seen[expected > 0], seen[expected <= 0]
    return bool(positive.size and negative.size and positive.mean() < negative.mean())


def _exp(value: float | None) -> float | None:
    return None if value is None else float(np.exp(value))

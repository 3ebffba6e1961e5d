r"""Pilot → limited → full: what each step tells, what that is worth, and where to stop.

A decision now goes ahead if the expected NPV is above zero. A pilot is a small training of the own
text: it shows how far the law and the curve hold there (:mod:`engine.roi.experiment`) before the
money is spent. Its size is the one whose worth less price is largest. A limited launch shows what
the model earns in use before everybody gets it: metric, adoption and tasks together, told as the
metric at the expected adoption. Each lets one stop. The first gate is the pilot's own decision, so
that its chance is that of the pilot's worth: whether the training is expected to pay by loss and
metric together. The second is where the expectation given what was seen crosses zero.

Assumed: a pilot of a share s of the plan's compute ends at a loss s^−:data:`LOSS_EXPONENT` times
as high, and shows ln loss with the standard deviation of its seed (:data:`SEED_NOISE`) and of what
does not carry over from its size, :data:`SIZE_NOISE` a decade; it measures the metric to
:data:`METRIC_NOISE` of itself, and so does a limited launch. The pilot's time is part of the months
until launch. Going ahead at once needs no pilot and does not pay for one.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.interval import BoolArray, FloatArray
from engine.roi.appraise import Sample, sample
from engine.roi.assumptions import Assumptions
from engine.roi.draws import DRAWS, standard_normal
from engine.roi.experiment import (
    Belief,
    Experiment,
    Information,
    belief_of,
    conditional,
    information,
    seen,
    worth,
)
from engine.roi.kinds import METRICS, CurveShape
from engine.roi.metric import Curve
from engine.roi.plan import Plan

PILOT_SHARES = (1e-3, 1e-2, 1e-1)
"""Sizes of a pilot to choose from, of the plan's compute."""
LOSS_EXPONENT = 0.05
SEED_NOISE = 0.03
SIZE_NOISE = 0.02
METRIC_NOISE = 0.10
LIMITED_SHARE = 0.1
LIMITED_MONTHS = 6
_BINS = 100
_CHOSEN_BY = 5_000


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Go on if what is measured is on the right side of ``threshold``.

    ``threshold`` is None where no value of one measurement alone tells: every outcome leads the
    same way, or several measurements decide together. ``at_most``: whether going on asks for at
    most the threshold or at least. ``passed`` is the probability, of all that is measured.
    """

    measured: str
    """``loss``: the plan's, as the pilot lets one expect it; ``pilot_metric``: that of the pilot's
    own model; ``metric``: in use."""
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
    """Expected NPV of going ahead without gates and without a pilot."""
    npv_staged: float
    """Expected NPV with both gates, the pilot's price paid in any case."""
    pilot: Information
    pilot_share: float
    """Compute of the pilot over that of the plan."""
    limited: Information
    perfect: Information
    """Knowing everything: no pilot can be worth more."""
    gates: tuple[Gate, Gate]
    limited_share: float
    limited_months: int
    full_probability: float
    """That the project reaches full launch."""


def pilot_of(found: Sample, share: float) -> Experiment:
    """The pilot that takes ``share`` of the compute of a sample's plan: set up for the table's
    ``pilot_cost``, and trained at the price of its compute."""
    costs, forecast = found.flows.costs, found.plan.loss
    run = share * float(np.mean(costs["training"] + costs["communication"]))
    decades = -math.log10(share)
    return Experiment(
        name="pilot",
        price=float(np.mean(found.figures["pilot_cost"])) + run,
        loss=min(forecast.value * share**-LOSS_EXPONENT, forecast.ceiling),
        loss_noise=math.hypot(SEED_NOISE, SIZE_NOISE * decades),
        metric_noise=METRIC_NOISE,
    )


def best_pilot(belief: Belief, *, seed: int = 0) -> tuple[float, Experiment]:
    """The share of the compute whose pilot is worth most less its price, and that pilot; the first
    :data:`_CHOSEN_BY` draws decide, so that they cannot flatter what all of them say."""
    pilots = {share: pilot_of(belief.sample, share) for share in PILOT_SHARES}
    few = belief.first(_CHOSEN_BY)
    share = max(pilots, key=lambda each: worth(pilots[each], few, seed=seed).net)
    return share, pilots[share]


def staged_plan(
    plan: Plan,
    table: Assumptions,
    curve: Curve,
    *,
    metric_noise: float = METRIC_NOISE,
    limited_share: float = LIMITED_SHARE,
    limited_months: int = LIMITED_MONTHS,
    count: int = DRAWS,
    seed: int = 0,
    at_once: Sample | None = None,
) -> StagedPlan:
    """The staged plan in numbers; ``at_once``: its sample where known already.

    Raises :class:`InputError` for negative noise or a share of users outside (0, 1].
    """
    if metric_noise < 0:
        raise InputError("Expected measurement noise of at least 0.")
    if not 0 < limited_share <= 1:
        raise InputError(
            "Expected a limited share above 0 % and at most 100 %, got {value} %.",
            value=f"{100 * limited_share:g}",
        )
    launch = table["launch_months"].value
    month = min(round(launch) + limited_months, round(12 * table["horizon_years"].value) - 1)
    at_once = at_once or sample(plan, table, curve, count=count, seed=seed)
    count, figures = at_once.flows.npv.size, at_once.figures
    belief = belief_of(at_once, table, curve, seed=seed)
    share, pilot = best_pilot(belief, seed=seed)
    saved = float(np.mean(figures["pilot_cost"]))
    # Whoever decides after a pilot has paid for it either way: its price is taken off at the end.
    on_or_off = at_once.flows.timing.held(month, limited_share)
    gated, stopped = (at_once.flows.under(when) for when in on_or_off)
    rest, stop_later = gated - stopped, stopped + saved
    way = METRICS[curve.kind].direction
    in_use = _in_use(at_once, metric_noise, seed)
    worth_it = _goes_on(in_use, rest)
    full = worth_it & at_once.flows.launched
    with_second_gate = stop_later + np.where(full, rest, 0.0)
    shown = seen(pilot, belief, seed=seed)
    expected = conditional(shown, belief.earned[None])[0]
    told, on = information(pilot, expected, belief), expected > 0
    today = float(np.mean(figures["metric_today"]))
    go, ungated = belief.earned, float(np.mean(stop_later + rest))
    return StagedPlan(
        npv_at_once=float(np.mean(go)),
        npv_staged=float(np.mean(np.where(on, with_second_gate, 0.0))) - told.price,
        pilot=told,
        pilot_share=share,
        limited=Information(
            name="limited",
            value=max(float(np.mean(with_second_gate)) - ungated, 0.0),
            price=max(float(np.mean(at_once.flows.npv)) + saved - ungated, 0.0),
        ),
        perfect=Information(
            name="perfect",
            value=float(np.mean(np.maximum(at_once.flows.npv + saved, 0.0)))
            - max(float(np.mean(at_once.flows.npv)) + saved, 0.0),
            price=0.0,
        ),
        gates=(
            _first_gate(shown, on, belief, price=told.price, month=min(1.0, launch)),
            Gate(
                measured="metric",
                threshold=_metric_at(_crossing(in_use, worth_it), today, way),
                at_most=way < 0,
                passed=float(np.mean(full[on])) if on.any() else 0.0,
                spent_before=told.price + float(np.mean(-stop_later[on])) if on.any() else 0.0,
                month=float(month),
            ),
        ),
        limited_share=limited_share,
        limited_months=limited_months,
        full_probability=float(np.mean(on & full)),
    )


def _first_gate(
    shown: FloatArray, on: BoolArray, belief: Belief, *, price: float, month: float
) -> Gate:
    """The pilot's decision by the one of its two measurements that alone decides most like both;
    ``shown``: of :func:`engine.roi.experiment.seen`, ``on``: where both together go on."""
    metric = METRICS[belief.curve.kind]
    measured = {
        "loss": belief.sample.plan.loss.value * np.exp(shown[0]),
        "pilot_metric": np.exp(shown[1]) if metric.shape is CurveShape.EXPONENTIAL else shown[1],
    }
    alone = {name: _goes_on(values, belief.earned) for name, values in measured.items()}
    best = max(alone, key=lambda name: float(np.mean(alone[name] == on)))
    return Gate(
        measured=best,
        threshold=_crossing(measured[best], alone[best]),
        at_most=best == "loss" or not metric.higher_is_better,
        passed=float(np.mean(on)),
        spent_before=price,
        month=month,
    )


def _in_use(found: Sample, noise: float, seed: int) -> FloatArray:
    """The gain that a limited launch shows, with its noise: of a task, were the tasks and the
    adoption as expected; (n,)."""
    f, gain = found.figures, found.flows.gain
    used = f["tasks_per_year"] * f["adoption"] * f["value_per_unit"]
    shown = gain * used / np.mean(used)
    off = noise * standard_normal("measured-limited", gain.size, seed)
    return np.asarray(shown * (1 + off))


def _metric_at(gain: float | None, today: float, way: float) -> float | None:
    return None if gain is None else today + way * gain


def _goes_on(shown: FloatArray, value: FloatArray) -> BoolArray:
    """Whether E[value | shown] > 0 at every draw, by the other half of them: averages over equal
    shares, made monotone; both (n,)."""
    value = np.broadcast_to(value, shown.shape)
    if shown.size < 2 * _BINS or np.ptp(shown) == 0:
        return np.full(value.shape, float(np.mean(value)) > 0)
    found = np.empty(value.shape, dtype=bool)
    half = shown.size // 2
    for ours, theirs in ((slice(None, half), slice(half, None)), (slice(half, None), slice(half))):
        rising_order = np.sort(shown[theirs])
        ends = np.arange(1, _BINS) * rising_order.size // _BINS - 1
        # Draws that show the same are of one share.
        edges = np.unique(rising_order[ends])
        edges = edges[edges < rising_order[-1]]
        share = np.searchsorted(edges, shown[theirs])
        means = np.bincount(share, weights=value[theirs]) / np.bincount(share)
        varies = np.ptp(means) > 0
        rising = not varies or np.corrcoef(np.arange(means.size), means)[0, 1] >= 0
        positive = (_isotonic(means) if rising else -_isotonic(-means)) > 0
        if positive.all() or not positive.any():
            found[ours] = positive[0]
            continue
        # The last share before the sign changes ends here.
        edge = edges[np.count_nonzero(positive != positive[-1]) - 1]
        found[ours] = (shown[ours] > edge) == positive[-1]
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


def _crossing(seen: FloatArray, goes_on: BoolArray) -> float | None:
    """Where the monotone expectation changes sign; None where it never does."""
    positive, negative = seen[goes_on], seen[~goes_on]
    if not positive.size or not negative.size:
        return None
    if positive.mean() < negative.mean():
        return float((positive.max() + negative.min()) / 2)
    return float((positive.min() + negative.max()) / 2)

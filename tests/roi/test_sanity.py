"""What a chief financial officer would call absurd happens nowhere: over the sliders' domain, for
four metrics and both evidences."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.answer import Answer, answer, applicable_curve, decide_on
from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, fitted_evidence
from engine.decision.plans import plans_of
from engine.decision.question import Question, question
from engine.decision.verdict import Code
from engine.errors import InputError
from engine.roi.appraise import central, sample
from engine.roi.kinds import MetricKind
from engine.roi.metric import assumed
from engine.roi.sensitivity import LOSS

GRID = {
    PUBLISHED_BERT: [
        (1e17, 5_000, 4.0),
        (1e20, 5_000, 4.0),
        (3.8e20, 10_000_000, 4.0),
        (1e22, 100_000_000, 1.0),
        (1e19, 1_000_000, 16.0),
        (1e23, 1_000_000_000, 0.5),
    ],
    MEASURED_GPT: [(1e14, 100_000, 4.0), (1e16, 1_000_000, 8.0)],
}
CASES = [(evidence, *budget) for evidence, budgets in GRID.items() for budget in budgets]


def asked(evidence: str, compute: float, people: int, epsilon: float, kind: MetricKind) -> Question:
    found = question(compute, people, epsilon, evidence_id=evidence, metric=kind)
    if evidence == PUBLISHED_BERT:
        return found
    # The default step is for another unit: one in nats per byte, as a user would enter it.
    rows = {
        "metric_half_loss": {"unit": "nats/byte", "value": 1.4, "low": 1.2, "high": 1.6},
        "metric_width": {"unit": "nats/byte", "value": 0.2, "low": 0.15, "high": 0.3},
    }
    table = found.assumptions.edited(rows)
    return replace(found, assumptions=table, curve=assumed(kind, table))


@lru_cache(maxsize=64)
def decided(evidence: str, compute: float, people: int, epsilon: float):
    return decide_on(
        question(compute, people, epsilon, evidence_id=evidence), fitted_evidence(evidence)
    )


def answered(evidence: str, compute: float, people: int, epsilon: float, kind) -> Answer:
    plan = decided(evidence, compute, people, epsilon)
    return answer(
        asked(evidence, compute, people, epsilon, kind), fitted_evidence(evidence), decision=plan
    )


def require_sane(found: Answer) -> None:
    study, table = found.study, found.question.assumptions
    assert study is not None
    got, staged = study.appraisal, study.staged
    probabilities = [
        got.probability, got.launch_probability, got.never_pays_back, staged.full_probability,
        *(other.probability_better for other in study.comparisons),
        *(gate.passed for gate in staged.gates),
    ]  # fmt: skip
    assert all(0.0 <= chance <= 1.0 for chance in probabilities)
    assert got.probability <= got.launch_probability, "what is not launched earns nothing"
    money = [
        got.npv.low, got.npv.value, got.npv.high, got.central_npv, got.total_cost.value,
        got.value_per_year.value, got.legal_avoided.value, staged.npv_staged, staged.npv_at_once,
        *got.parts.values(), *got.costs.values(), *(bar.width for bar in study.tornado),
    ]  # fmt: skip
    assert np.all(np.isfinite(money))
    assert all(cost >= 0 for cost in got.costs.values())
    assert sum(got.parts.values()) == pytest.approx(got.npv.value, abs=1.0)
    lines = got.cash_to_approve.value + got.running_cost.value + got.expected_damage.value
    assert lines == pytest.approx(got.total_cost.value)
    # Nobody can lose more than making and running it costs, nor earn more than the work costs.
    assert got.npv.low >= -got.total_cost.high
    assert got.npv.value <= got.parts["value"]
    assert 0 <= got.value_per_year.low <= got.value_per_year.high <= addressable(found)
    idle = 2 * 24 * 365 * table["serving_price_per_hour"].low * table["jpy_per_usd"].low
    years = table["horizon_years"].value - table["launch_months"].high / 12
    assert got.total_cost.low >= idle * years, "a server costs money also while nobody asks"
    horizon = 12 * table["horizon_years"].value
    assert 0 <= got.payback_months.value <= horizon or np.isinf(got.payback_months.value)
    # A pilot cannot tell more than there is to know, nor be asked for without need.
    assert 0 <= staged.pilot.value <= staged.perfect.value + 1.0
    assert staged.pilot.price > 0
    require_verdict_of_its_figures(found)
    loss = next((bar for bar in study.tornado if bar.name == LOSS), None)
    if loss is not None:
        assert loss.low <= loss.high and loss.npv_at_low >= loss.npv_at_high - 1.0


def addressable(found: Answer) -> float:
    """What the work that the model does costs in a year at most, JPY: nothing more can be saved."""
    table = found.question.assumptions
    top = {name: table[name].high for name in ("tasks_per_year", "adoption", "value_per_unit")}
    each = {
        MetricKind.MINUTES_SAVED: table["metric_ceiling"].high,
        MetricKind.TICKETS_RESOLVED: 1.0,
        MetricKind.ERROR_RATE: table["metric_today"].high,
        MetricKind.RESPONSE_TIME: table["metric_today"].high,
    }[found.question.metric]
    return top["tasks_per_year"] * top["adoption"] * top["value_per_unit"] * each


def require_verdict_of_its_figures(found: Answer) -> None:
    assert found.study is not None
    npv, pilot = found.study.appraisal.npv.value, found.study.staged.pilot
    if found.verdict.code is Code.PILOT:
        assert pilot.value > pilot.price
    elif found.verdict.code is Code.TRAIN:
        assert npv >= 0 and pilot.net <= 0
    else:
        assert npv < 0 and pilot.net <= 0


@pytest.mark.parametrize("kind", MetricKind)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_figure_is_absurd(case, kind):
    evidence, compute, people, epsilon = case
    require_sane(answered(evidence, compute, people, epsilon, kind))


@settings(max_examples=6)
@given(
    st.floats(15, 23),
    st.floats(3.3, 9),
    st.floats(-1, 4),
    st.sampled_from(list(MetricKind)),
)
def test_no_figure_is_absurd_anywhere_between(compute, people, epsilon, kind):
    try:
        found = answered(PUBLISHED_BERT, 10**compute, round(10**people), 2**epsilon, kind)
    except InputError:
        return  # refused in a sentence: no figure at all
    require_sane(found)


@pytest.mark.parametrize("kind", MetricKind)
def test_more_people_are_never_worth_less_but_for_what_they_cost(kind):
    """What a person costs to prepare, to train on and to compensate can outweigh what one adds; the
    model itself never gets worse."""
    worth = []
    for people in (5_000, 100_000, 2_000_000, 40_000_000):
        case = (PUBLISHED_BERT, 3.8e20, people, 4.0)
        ask = asked(*case, kind)
        free = ("data_preparation_per_person", "incident_probability", "price_per_device_hour")
        table = ask.assumptions.fixed(**dict.fromkeys(free, 0.0))
        fitted = fitted_evidence(PUBLISHED_BERT)
        plan = plans_of(decided(*case), fitted.fit, fitted.space)[0]
        worth.append(float(central(plan, table, applicable_curve(ask)).npv[0]))
    assert np.all(np.diff(worth) >= -1.0)


@pytest.mark.parametrize("kind", MetricKind)
def test_the_value_moves_smoothly_with_the_loss(kind):
    """NPV has no jump where the launch begins: a little more loss costs a little more money."""
    case = (PUBLISHED_BERT, 3.8e20, 10_000_000, 4.0)
    ask, fitted = asked(*case, kind), fitted_evidence(PUBLISHED_BERT)
    plan = plans_of(decided(*case), fitted.fit, fitted.space)[0]
    losses = np.linspace(2.0, 6.0, 41)
    npv = []
    for loss in losses:
        there = replace(plan, loss=replace(plan.loss, value=float(loss), resampled=()))
        npv.append(sample(there, ask.assumptions, ask.curve, count=2_000).flows.npv.mean())
    steps = np.diff(npv)
    assert np.all(steps <= 1e5), "never worth more"
    assert np.max(-steps) < 0.15 * (max(npv) - min(npv))

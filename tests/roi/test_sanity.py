"""What a chief financial officer would call absurd happens nowhere: over the sliders' domain, for
four metrics and both evidences.

By default a few budgets, the corners of the domain and drawn ones; ``-m exhaustive`` walks a grid
over all of it and more steps of each slider.
"""

from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.answer import Answer, answer, applicable_curve, decide_on, held
from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, fitted_evidence
from engine.decision.plans import plans_of
from engine.decision.question import Question, question
from engine.decision.verdict import Code
from engine.errors import InputError
from engine.roi.appraise import central, sample
from engine.roi.inverse import best_people
from engine.roi.kinds import MetricKind
from engine.roi.metric import assumed
from engine.roi.sensitivity import LOSS
from engine.scenarios import fields

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
SLIDERS = (fields.COMPUTE.bounds, fields.DATA.bounds, fields.EPSILON.bounds)
"""FLOPs, people and ε that the sliders reach."""
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


law_of = lru_cache(fitted_evidence)
"""Read once: the run log, asked at each point of a grid, would take more time than its answers."""


@lru_cache(maxsize=64)
def decided(evidence: str, compute: float, people: int, epsilon: float):
    return decide_on(question(compute, people, epsilon, evidence_id=evidence), law_of(evidence))


def answered(evidence: str, compute: float, people: int, epsilon: float, kind) -> Answer:
    plan = decided(evidence, compute, people, epsilon)
    return answer(asked(evidence, compute, people, epsilon, kind), law_of(evidence), decision=plan)


def require_sane(found: Answer) -> None:
    study, table = found.study, found.question.assumptions
    assert study is not None
    got, staged = study.appraisal, study.staged
    probabilities = [
        got.probability, got.launch_probability, got.never_pays_back, staged.full_probability,
        *(other.probability_better for other in study.comparisons),
        *(gate.passed for gate in staged.gates), staged.pilot.turns or 0.0,
        found.risk.advantage, found.risk.tpr_at_1_percent, found.risk.tpr_at_01_percent,
        found.risk.reconstruction, found.risk.found / 1_000, found.risk.guessed / 1_000,
    ]  # fmt: skip
    assert all(0.0 <= chance <= 1.0 for chance in probabilities)
    assert got.probability <= got.launch_probability, "what is not launched earns nothing"
    assert got.probability + got.never_pays_back <= 1 + 1e-9, "what pays has been paid back"
    assert found.risk.found >= found.risk.guessed, "a model tells no attacker less than nothing"
    for spread in (
        got.npv, got.total_cost, got.cash_to_approve, got.running_cost, got.expected_damage,
        got.payback_months, found.decision.recommendation.cross_entropy,
    ):  # fmt: skip
        assert spread.low <= spread.value <= spread.high
    # What happens in under a twentieth of the cases has a mean beyond the middle nine tenths.
    for rare in (got.value_per_year, got.legal_avoided):
        assert rare.low <= rare.value and (rare.value <= rare.high or rare.high == 0.0)
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
    rate = 1 + table["discount_rate"].low
    present_years = sum(rate**-year for year in range(round(table["horizon_years"].value)))
    assert 0 <= got.parts["value"] <= addressable(found) * present_years
    legal = damage_at_most(found) * table["horizon_years"].value
    assert 0 <= got.expected_damage.high <= legal and 0 <= got.legal_avoided.high <= legal
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


def damage_at_most(found: Answer) -> float:
    """What the law could ask for in a year at most, JPY, were every figure at its worst."""
    names = ("incident_probability", "incident_cost", "people_exposed", "damages_per_person")
    chance, fixed, share, each = (found.question.assumptions[name].high for name in names)
    return chance * (fixed + found.question.budget.data_budget * share * each)


def require_verdict_of_its_figures(found: Answer) -> None:
    assert found.study is not None
    npv, pilot = found.study.appraisal.npv.value, found.study.staged.pilot
    said, got = found.verdict, found.study.appraisal
    assert (said.npv, said.probability, said.pilot_price) == (npv, got.probability, pilot.price)
    due = {Code.TRAIN: got.cash_to_approve.value, Code.PILOT: pilot.price, Code.WAIT: None}
    assert found.asked_for == due[said.code]
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


@pytest.mark.parametrize(
    ("corner", "kind"),
    list(zip(product(*SLIDERS), [*MetricKind, *reversed(MetricKind)], strict=True)),
    ids=str,
)
def test_no_figure_is_absurd_at_the_ends_of_the_sliders(corner, kind):
    compute, people, epsilon = corner
    for evidence in GRID:
        if (remedy := remedy_of(evidence, *corner)) is None:
            found = answered(evidence, compute, round(people), epsilon, kind)
            require_sane(found)
            assert found.verdict.code is Code.WAIT, "at no end of all sliders a training pays"
        else:
            with pytest.raises(InputError, match=remedy):
                answered(evidence, compute, round(people), epsilon, kind)


def remedy_of(evidence: str, compute: float, people: float, epsilon: float) -> str | None:
    """What is said where a corner has no plan; None where it must be answered. Published models
    are too large for the least compute, and so few people under so strict an ε leave noise that no
    law reaches; our own small models answer everywhere."""
    if evidence != PUBLISHED_BERT:
        return None
    if compute == SLIDERS[0][0]:
        return "choose a larger one"
    strictest = (people, epsilon) == (SLIDERS[1][0], SLIDERS[2][0])
    return "ask for more data" if strictest else None


@pytest.mark.parametrize("evidence", GRID)
@settings(max_examples=6)
@given(
    *(st.floats(np.log10(low), np.log10(high)) for low, high in SLIDERS),
    st.sampled_from(list(MetricKind)),
)
def test_no_figure_is_absurd_anywhere_between(evidence, compute, people, epsilon, kind):
    require_sane_or_refused(evidence, 10**compute, round(10**people), 10**epsilon, kind)


@pytest.mark.exhaustive
@pytest.mark.parametrize("epsilon", np.geomspace(*SLIDERS[2], 5).tolist())
@pytest.mark.parametrize("evidence", GRID)
def test_no_figure_is_absurd_on_a_grid_over_all_sliders(evidence, epsilon):
    absurd = []
    for compute, people in product(np.geomspace(*SLIDERS[0], 8), np.geomspace(*SLIDERS[1], 6)):
        for kind in MetricKind:
            try:
                require_sane_or_refused(evidence, compute, round(people), epsilon, kind)
            except AssertionError as error:
                absurd.append(f"{compute:.3g} {people:.3g} {kind}: {error}")
    assert not absurd, "\n".join(absurd)


def require_sane_or_refused(evidence, compute, people, epsilon, kind) -> None:
    try:
        found = answered(evidence, compute, people, epsilon, kind)
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
        fitted = law_of(PUBLISHED_BERT)
        plan = plans_of(decided(*case), fitted.fit, fitted.space)[0]
        worth.append(float(central(plan, table, applicable_curve(ask)).npv[0]))
    assert np.all(np.diff(worth) >= -1.0)


@pytest.mark.parametrize("kind", MetricKind)
def test_the_value_moves_smoothly_with_the_loss(kind):
    """NPV has no jump where the launch begins: a little more loss costs a little more money."""
    case = (PUBLISHED_BERT, 3.8e20, 10_000_000, 4.0)
    ask, fitted = asked(*case, kind), law_of(PUBLISHED_BERT)
    plan = plans_of(decided(*case), fitted.fit, fitted.space)[0]
    losses = np.linspace(2.0, 6.0, 41)
    npv = []
    for loss in losses:
        there = replace(plan, loss=replace(plan.loss, value=float(loss), resampled=()))
        npv.append(sample(there, ask.assumptions, ask.curve, count=2_000).flows.npv.mean())
    steps = np.diff(npv)
    assert np.all(steps <= 1e5), "never worth more"
    assert np.max(-steps) < 0.15 * (max(npv) - min(npv))


@pytest.mark.parametrize(
    "kind",
    [
        MetricKind.MINUTES_SAVED,
        *(
            pytest.param(k, marks=pytest.mark.exhaustive)
            for k in MetricKind
            if k is not MetricKind.MINUTES_SAVED
        ),
    ],
)
def test_of_at_most_so_many_people_more_are_never_worth_less(kind):
    """Whoever may use many may use fewer; between two numbers that are tried lies half a percent
    of what is earned and spent."""
    case = (PUBLISHED_BERT, 3.8e20, 10_000_000, 4.0)
    ask, fitted = asked(*case, kind), law_of(PUBLISHED_BERT)
    worth = []
    for people in np.geomspace(5e6, 1e8, 6):
        budget = replace(ask.budget, data_budget=round(people))
        best = best_people(held(replace(ask, budget=budget), fitted, applicable_curve(ask)))
        assert best.people <= people
        worth.append(best.npv.value)
    assert np.all(np.diff(worth) >= -0.005 * turnover(answered(*case, kind))), worth
    assert best.people < people, "some are worth more than all"


def turnover(found: Answer) -> float:
    """What a plan earns and what it costs together, JPY: the scale of what moves its NPV."""
    assert found.study is not None
    return found.study.appraisal.parts["value"] + found.study.appraisal.total_cost.value


STEP = 0.01
"""A move of a slider, as a share of where it stands."""
JUMP = 0.004
"""The most by which it may move the NPV, as a share of what is earned and spent together: people
and ε raise the loss's value by some 20 % where they are doubled, and nothing else jumps. What is
paid for each FLOP or person moves with the budget itself: that comes on top."""
IN_PROPORTION = (("training", "search"), ("data_preparation", "legal"), ())
"""The costs that are proportional to each budget, in the order of the sliders."""


@pytest.mark.parametrize(
    "case",
    [
        (PUBLISHED_BERT, 3.8e20, 10_000_000, 4.0),
        (PUBLISHED_BERT, 1e22, 60_000_000, 1.0),
        (MEASURED_GPT, 1e16, 1_000_000, 8.0),
    ],
    ids=str,
)
def test_npv_moves_a_little_where_a_slider_does(case):
    require_small_steps(case, MetricKind.MINUTES_SAVED)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", MetricKind)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_npv_moves_a_little_wherever_a_slider_does(case, kind):
    require_small_steps(case, kind)


def require_small_steps(case, kind) -> None:
    evidence, compute, people, epsilon = case
    start = answered(evidence, compute, people, epsilon, kind)
    assert start.study is not None
    got, scale = start.study.appraisal, turnover(start)
    for place in range(3):
        budget = [compute, people, epsilon]
        budget[place] *= 1 + STEP
        moved = answered(evidence, budget[0], round(budget[1]), budget[2], kind)
        assert moved.study is not None
        change = moved.study.appraisal.npv.value - got.npv.value
        own = STEP * sum(got.costs[name] for name in IN_PROPORTION[place])
        assert abs(change) <= JUMP * scale + own, (budget, change / scale)

"""Sentences, facts and figures of the ROI page in every situation, both languages."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dashboard.present import request
from dashboard.roi import attack_risk_charts, targets_wording
from dashboard.roi import charts as roi_charts
from dashboard.roi import facts as roi_facts
from dashboard.roi import wording as roi_wording
from dashboard.ui import phone_charts
from dashboard.ui.colours import DARK, LIGHT
from dashboard.ui.label_text import em
from engine.accounting.mechanism import Mechanism
from engine.attack_risk import Exposure, attack_risk
from engine.config import Budget, Sampling
from engine.cost import Workload
from engine.deployments import deployments
from engine.interval import Interval
from engine.roi.appraise import DEFAULT_CURVE
from engine.roi.assumptions import Distribution
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.draws import LossForecast
from engine.roi.inputs import INPUTS
from engine.roi.inverse import Drawn, Goal
from engine.roi.kinds import METRIC_ROWS, MetricKind
from engine.roi.metric import AssumedCurve, fit_curve
from engine.roi.plan import RECOMMENDATION, RULE, WITHOUT_PRIVACY, Plan
from engine.roi.study import study
from engine.roi.trace import PARTS_OF, PLAN_INPUTS
from engine.text import figures, labels, privacy
from engine.text.i18n import Words
from tests.dashboard import fake_engine
from tests.dashboard.fake_engine import changed

JA, EN = Words("ja"), Words("en")
RISK = attack_risk(Mechanism.deterministic(noise_multiplier=3.0, participations=4))
BOTH = pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])


def plan(name: str, loss: float, advantage: float | None) -> Plan:
    spread = tuple(loss * np.linspace(0.9, 1.1, 21))
    return Plan(
        name=name,
        workload=Workload(
            compute_flops=3.8e20,
            model_size=5e7,
            iterations=9_000,
            data_budget=10_000_000,
            private=advantage is not None,
        ),
        loss=LossForecast(name=name, value=loss, resampled=spread),
        advantage=advantage,
    )


PLANS = (
    plan(RECOMMENDATION, 2.85, 0.28),
    plan(RULE, 3.9, 0.17),
    plan(WITHOUT_PRIVACY, 1.8, None),
)


def found(tasks: float = 500_000, curve=DEFAULT_CURVE, **fixed):
    return study(PLANS, DEFAULT_ASSUMPTIONS.fixed(tasks_per_year=tasks, **fixed), curve)


@pytest.fixture(scope="module")
def usual():
    return found()


@pytest.fixture(scope="module", params=[100, 180_000, 500_000, 5_000_000])
def any_study(request):
    return found(request.param, tax_rate=0.3)


@BOTH
def test_every_situation_has_its_sentences(any_study, words):
    said = [
        roi_wording.headline(any_study, words),
        roi_wording.second_line(any_study, words),
        roi_wording.staged(any_study.staged, words),
        figures.internal_rate(any_study.appraisal, words),
        *(roi_wording.gate(gate, words) for gate in any_study.staged.gates),
    ]
    for sentence in said:
        assert sentence
        assert not any(bad in sentence for bad in ("{", "nan", "inf ", "None", "-¥"))


@BOTH
def test_plans_that_end_alike_are_not_called_worse(usual, words):
    """Where neither is launched both lose the same: else “22 %” stands beside “8 million more”."""
    rule = next(one for one in usual.comparisons if one.plan.name == RULE)
    tied = replace(rule, probability_better=0.22, probability_alike=0.76)
    said = roi_wording.against(tied, words)
    assert "22%" in said and "76%" in said
    apart = roi_wording.against(replace(tied, probability_alike=0.0), words)
    assert "22%" in apart and "0%" not in apart.replace("22%", "")


def test_an_example_of_a_target_is_better_than_what_the_plan_reaches(answered):
    answer = answered()
    worth = answer.study.appraisal
    assert float(targets_wording.example(answer, Goal.LOSS, EN)) < answer.outlay.plan.loss.value
    assert float(targets_wording.example(answer, Goal.METRIC, EN)) > worth.metric.value
    losing = replace(answer.study, appraisal=replace(worth, central_npv=-1.5e7))
    assert targets_wording.example(replace(answer, study=losing), Goal.NPV, EN) == "0"
    paying = replace(answer.study, appraisal=replace(worth, central_npv=1.5e7))
    shown = targets_wording.example(replace(answer, study=paying), Goal.NPV, EN)
    assert float(shown) > 1.5e7


@BOTH
def test_the_cost_of_ownership_says_how_much_of_it_is_spent_by_nobody(answered, words):
    answer = answered()
    total = next(one for one in roi_facts.headlines(answer, words) if one.key == "total_cost")
    assert figures.money(answer.reconciliation.expected_damage, words) in total.detail
    unvalued = roi_wording.headline_of(replace(answer, study=None), words)
    assert figures.money(answer.reconciliation.spending, words) in unvalued


@BOTH
def test_without_a_rate_of_return_none_is_called_a_years(answered, words):
    answer = answered()
    worth = replace(answer.study.appraisal)
    worth.__dict__["internal_rates"] = ()  # made when asked for
    rateless = replace(answer, study=replace(answer.study, appraisal=worth))
    rate = next(one for one in roi_facts.headlines(rateless, words) if one.key == "internal_rate")
    assert rate.detail == words.say("at no rate is the mean cash flow worth nothing")


@BOTH
def test_gates_that_cost_more_than_a_pilot_gains_are_told_from_it(usual, words):
    """Else a board reads that a pilot pays and that going by it costs more."""
    pilot = replace(usual.staged.pilot, value=2e6, price=4e5)
    slow = replace(usual.staged, pilot=pilot, npv_at_once=4.7e7, npv_staged=4.6e7)
    fast = replace(slow, npv_staged=4.9e7)
    idle = replace(slow, pilot=replace(pilot, value=0.0))
    why = words.say(
        "That is the limited launch, which holds full use up for longer than its gate is worth; "
        "the pilot alone is worth its price."
    )
    said = [roi_wording.staged(plan, words) for plan in (slow, fast, idle)]
    assert [why in each for each in said] == [True, False, False]


@BOTH
@pytest.mark.parametrize(("promised", "is_looser"), [(0.28, False), (0.81, True), (None, True)])
def test_a_promise_that_allows_more_than_attacks_reach_is_no_fall(words, promised, is_looser):
    """Else a reader sees an attacker who gains by privacy: 65 % without it and 81 % under it."""
    answer: Any = SimpleNamespace(
        outlay=SimpleNamespace(plan=plan(RECOMMENDATION, 2.85, promised)),
        question=SimpleNamespace(assumptions=DEFAULT_ASSUMPTIONS),
    )
    said = roi_wording.advantages(answer, words)
    assert ("31%" in said and "100%" in said) is is_looser  # what attacks reached, low and high


@BOTH
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    "draw", [roi_charts.waterfall, roi_charts.cash, roi_charts.tornado, roi_charts.stages]
)
def test_every_figure_is_small_and_says_in_words_what_it_shows(any_study, draw, words, colours):
    chart = draw(any_study, words, colours)
    assert len(chart.alt) > 20 and "{" not in chart.alt and "nan" not in chart.alt
    assert len(chart.figure.to_json()) < 120_000


def test_the_headline_reads_as_it_should(usual):
    assert roi_wording.headline(usual, EN).startswith("Pays back in ")
    assert "の確率" in roi_wording.headline(usual, JA) or "確率は" in roi_wording.headline(
        usual, JA
    )
    poor = found(100)
    assert "does not pay back within 5 years" in roi_wording.headline(poor, EN)
    assert "doing nothing is worth" in roi_wording.second_line(poor, EN)


def test_the_waterfall_ends_at_the_npv(usual):
    (bars,) = roi_charts.waterfall(usual, EN, LIGHT).figure.data
    assert bars.x[-1] == pytest.approx(usual.appraisal.npv.value)
    assert bars.x[0] == pytest.approx(usual.appraisal.parts["value"])


def test_the_tornado_starts_with_the_widest(usual):
    low, high = roi_charts.tornado(usual, EN, LIGHT).figure.data
    widths = np.abs(np.array(high.x) - np.array(low.x))
    assert np.all(np.diff(widths) <= 1e-6)
    assert len(widths) == 10


@BOTH
@pytest.mark.parametrize("volume", [100, 500_000, 5_000_000])
def test_values_beside_the_tornado_s_bars_end_within_a_narrow_plot(words, volume):
    figure = roi_charts.tornado(found(volume), words, LIGHT).figure
    low, high = figure.layout.xaxis.range
    beside = [note for note in figure.layout.annotations if note.text]
    assert len(beside) == 20
    for note in beside:
        width = em(note.text) * note.font.size / 420 * (high - low)
        end = note.x + width if note.xanchor == "left" else note.x - width
        assert low <= end <= high, note.text


@BOTH
def test_every_distribution_has_a_name_of_its_own_in_words(words):
    names = {figures.distribution(kind.value, words) for kind in Distribution}
    assert len(names) == len(Distribution) and not names & {kind.value for kind in Distribution}


@BOTH
def test_headlines_lead_to_inputs_in_two_steps(answered, usual, words):
    answer = changed(answered(), study=usual)
    for headline in roi_facts.headlines(answer, words):
        parts = list(roi_facts.parts(answer, headline.key, words))
        assert parts
        for part in parts:
            assert part.inputs
            for name, value, source in part.inputs:
                assert name and value and source and "{" not in name + value + source
    assert len(list(roi_facts.parts(answer, "npv", words))) == len(PARTS_OF["npv"])


def test_parts_with_amounts_sum_to_their_figure(answered, usual):
    """Of payback and rate the parts have none: they are no sums."""
    found = usual.appraisal
    assert sum(found.parts.values()) == pytest.approx(found.npv.value)
    assert sum(found.costs.values()) == pytest.approx(found.total_cost.value)
    answer = changed(answered(), study=usual)
    shown = {key: [p.label for p in roi_facts.parts(answer, key, EN)] for key in PARTS_OF}
    assert figures.money(found.costs["operation"], EN) in next(
        label for label in shown["total_cost"] if label.startswith("Operation")
    )
    assert all("¥" in label for key in ("npv", "total_cost") for label in shown[key])
    assert not any("¥" in label for key in ("payback", "internal_rate") for label in shown[key])


def test_measured_pairs_take_the_place_of_the_assumed_curve(answered):
    curve = fit_curve([(2.0, 4.5), (2.5, 3.9), (3.0, 2.4), (3.5, 1.2)], ceiling=5.0)
    asked = replace(answered().question, curve=curve)
    measured = changed(answered(), study=found(curve=curve), question=asked)
    (value, *_) = roi_facts.parts(measured, "npv", EN)
    names = [name for name, _, _ in value.inputs]
    assert "Measured step from loss to minutes" in names
    assert "Minutes saved a task by a perfect model" not in names


@BOTH
def test_break_evens_are_ranked_by_their_margin(usual, words):
    rows = roi_facts.break_evens(usual, words)
    nearest_first = (
        "metric_half_loss", "metric_ceiling", "tasks_per_year", "adoption", "value_per_unit",
        "cost_per_person_month",
    )  # fmt: skip
    # Not: serving at under 0.01 % of a device, a discount rate of 94 %, leaks 13 times as likely.
    assert [row[0] for row in rows] == [figures.name(name, words) for name in nearest_first]
    assert all("{" not in text for row in rows for text in row)


@BOTH
@pytest.mark.parametrize("key", [*INPUTS, *PLAN_INPUTS])
def test_every_figure_has_a_name_and_a_value_with_its_unit(key, words):
    value = DEFAULT_ASSUMPTIONS.values.get(key, 0.28)
    assert figures.name(key, words)
    assert "{" not in figures.figure(key, value, words)
    if key in INPUTS:
        assert figures.unit(key, words)


@BOTH
def test_risk_in_plain_numbers(words):
    assert "{" not in roi_wording.odds(RISK, words)
    assert len(roi_wording.rates(RISK, words)) == 4
    assert roi_wording.exposures((), 0.2, words)
    one = Exposure(
        model_size=10**7,
        batch_size=10**5,
        iterations=1_000,
        noise_multiplier=1.0,
        excess_loss=0.0,
        advantage=0.1,
    )
    for leaky in (0.105, 0.4):
        assert roi_wording.exposures((one, replace(one, advantage=leaky)), 0.2, words)


@BOTH
@pytest.mark.parametrize("epsilon", [0.1, 4.0, 64.0])
def test_a_strict_epsilon_looks_like_any_other(answered, words, epsilon):
    odds = attack_risk_charts.odds(RISK, words, LIGHT)
    assert odds.alt
    chart = attack_risk_charts.peers(answered(epsilon=epsilon), deployments(), words, LIGHT)
    star = next(trace for trace in chart.figure.data if trace.name == "star")
    assert star.marker.color == LIGHT.recommendation
    assert star.x[0] == epsilon
    assert len(chart.figure.layout.annotations) == len(deployments()) + 1


@BOTH
def test_the_plan_stands_among_deployments_with_its_certified_epsilon(answered, words):
    """What Decide says is certified, not another figure that was asked for."""
    asked = answered(epsilon=64.0)
    kept = fake_engine.certify(
        data_budget=10_000_000, batch_size=5, iterations=1_500, epsilon=44.02, delta=1e-8,
        sampling=Sampling.POISSON,
    )  # fmt: skip
    there = replace(asked, certificate=kept)
    shown = privacy.promised_epsilon(kept)
    chart = attack_risk_charts.peers(there, deployments(), words, LIGHT)
    star = next(trace for trace in chart.figure.data if trace.name == "star")
    assert star.x[0] == kept.epsilon and f" {shown}" in chart.alt
    assert any(f"<b>{shown}</b>" in note.text for note in chart.figure.layout.annotations)
    for said in (request.question(there, words), request.opening(there, words)):
        assert shown in said and "64" in said
    assert privacy.why_stricter(64.0, kept, words) and not privacy.why_stricter(44.1, kept, words)
    assert shown not in request.question(asked, words)


@BOTH
def test_gates_on_a_phone_keep_off_the_bars(usual, words):
    """Three lines of words stand on the bar of the next stage."""
    gates = (replace(usual.staged.gates[0], measured="pilot_metric", threshold=0.82, passed=0.85),)
    study = replace(usual, staged=replace(usual.staged, gates=(*gates, usual.staged.gates[1])))
    narrow, _ = phone_charts.narrowed(roi_charts.stages(study, words, LIGHT).figure, 330)
    bold = [note for note in narrow.layout.annotations if note.text.startswith("<b>")]
    assert len(bold) == 2 and all(note.text.count("<br>") <= 1 for note in bold)
    low, high = narrow.layout.xaxis.range
    for note in bold:
        start = (note.x - low) / (high - low) * phone_charts.WIDTH + note.xshift
        assert start + phone_charts._size(note)[0] <= phone_charts.WIDTH


def test_a_gate_of_two_measurements_does_not_go_on_whatever_is_measured(usual):
    """A chance of 12 % beside “whatever is measured” contradicts itself."""
    first = replace(usual.staged.gates[0], threshold=None)
    said = {
        passed: roi_wording.gate(replace(first, passed=passed), EN) for passed in (0.0, 0.12, 1.0)
    }
    assert said[0.0] == "no result would go on" and said[1.0] == "go on whatever is measured"
    assert said[0.12] == "go on if with all that was measured it is expected to pay"


def test_money_has_its_sign_before_its_currency():
    assert figures.money(-1.9e6, EN) == "−¥1.9M"
    assert figures.money_range(-1e6, 2e6, EN) == "−¥1M to ¥2M"
    assert figures.months(float("inf"), EN) == "never"
    assert figures.months(1, EN) == "1 month"
    dollars = Words("en", jpy_per_usd=150.0)
    assert figures.money(-1.5e8, dollars) == "−$1M"
    assert figures.money(1.5e8, Words("ja", jpy_per_usd=150.0)) == "100万ドル"
    assert figures.jpy(2.0, dollars) == 300 and figures.jpy(2.0, EN) == 2
    assert figures.figure("cost_per_person_month", 1.2e6, dollars) == "$8,000 a month"


@BOTH
@pytest.mark.parametrize("kind", list(MetricKind))
def test_every_metric_has_names_values_and_sentences(kind, words):
    words = replace(words, metric=kind, jpy_per_usd=150.0)
    table = with_metric(DEFAULT_ASSUMPTIONS, kind)
    known = study(PLANS, table, AssumedCurve(kind=kind))
    for key in ("value_per_unit", *METRIC_ROWS):
        assert figures.figure(key, table[key].value, words) and figures.unit(key, words)
    said = [
        figures.kind(kind, words),
        *(figures.goal(goal, words) for goal in Goal),
        roi_wording.headline(known, words),
        roi_wording.second_line(known, words),
        roi_wording.curve(known, words),
        *(roi_wording.gate(gate, words) for gate in known.staged.gates),
        roi_charts.tornado(known, words, LIGHT).alt,
        roi_charts.waterfall(known, words, LIGHT).alt,
    ]
    for sentence in said:
        assert sentence and "{" not in sentence and "nan" not in sentence and "円" not in sentence


def test_axes_of_money_are_round_in_the_currency_shown(usual):
    axis = roi_charts.waterfall(usual, Words("en", jpy_per_usd=150.0), LIGHT).figure.layout.xaxis
    assert 3 <= len(axis.tickvals) <= 5
    assert all(text == "0" or "$" in text for text in axis.ticktext)


BUDGET_OF_3M = Budget(compute_flops=1e20, data_budget=3_000_000, epsilon=8.0)


@BOTH
def test_which_epsilon_earns_most_is_this_one_another_or_none(usual, words):
    here = usual.appraisal.npv.value

    def said(npv: float, epsilon: float, here: float = 8.0) -> str:
        around = Interval(value=npv, low=npv - 1e7, high=npv + 1e7, level=0.9)
        best = Drawn(budget=replace(BUDGET_OF_3M, epsilon=epsilon), npv=around, probability=0.7)
        return targets_wording.best_epsilon(best, here, usual, words)

    other, own, none = said(4e7, 16.0), said(4e7, 8.0), said(-1e6, 16.0)
    assert figures.money(4e7, words) in other and "70" in other
    assert figures.money(here, words) in own, "as the page's own figures say"
    assert figures.money(-1e6, words) in none and "70" not in none
    assert len(said(4e7, 64.0)) > len(other), "the end of what is searched is said"


@BOTH
def test_how_many_people_earn_most_is_all_some_or_none(words):

    def worth(npv: float) -> Drawn:
        around = Interval(value=npv, low=npv - 1e7, high=npv + 1e7, level=0.9)
        return Drawn(budget=BUDGET_OF_3M, npv=around, probability=0.7)

    said = [
        targets_wording.best_people(each, most, 4.2e7, words)
        for each, most in ((worth(4e7), 10_000_000), (worth(4e7), 3_000_000), (worth(-1e6), 10**7))
    ]
    assert len(set(said)) == 3
    assert figures.money(4e7, words) in said[0] and figures.money(4.2e7, words) in said[1]
    assert labels.people(3_000_000, words) in said[0]
    assert figures.money(-1e6, words) in said[2]


def test_a_difference_of_a_few_yen_is_not_said_as_an_amount(usual):
    other = next(each for each in usual.comparisons if each.plan.name == RULE)
    few = replace(other, difference=Interval(value=-0.19, low=-9.0, high=3.0, level=0.9))
    assert roi_wording.against(few, EN).endswith("the difference is under ¥10,000.")
    assert roi_wording.against(few, JA).endswith("差は1万円未満です。")
    wide = replace(few, difference=Interval(value=-0.19, low=-2e6, high=3.0, level=0.9))
    assert "better with" in roi_wording.against(wide, EN)

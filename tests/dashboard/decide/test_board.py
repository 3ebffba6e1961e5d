"""The board's six figures, next Monday's steps, and what would make a plan pay: every verdict."""

import json
from dataclasses import replace

import pytest

from dashboard.decide import board, facts, wording, would_pay
from engine.config import Budget
from engine.cost import cost
from engine.decision import from_start
from engine.decision.next_steps import Act, next_steps
from engine.decision.verdict import Code, Reason
from engine.errors import InputError
from engine.loss_unit import unit_of
from engine.roi.inverse import Drawn, Least
from engine.roi.staging import Gate
from engine.text import figures, formats, verdict
from engine.text import next_steps as text_of
from engine.text.i18n import Words
from tests.dashboard import fake_engine

JA, EN = Words("ja"), Words("en")
PAYING = (
    Least(name="compute_flops", value=None),
    Least(name="data_budget", value=4e7, probability=0.47),
    Least(name="epsilon", value=9.5),
)


def under(answer, code, *, npv=None):
    """The answer with another verdict, and a mean NPV that goes with it."""
    study = answer.study
    if npv is not None:
        worth = replace(study.appraisal, npv=replace(study.appraisal.npv, value=npv))
        study = replace(study, appraisal=worth)
    return replace(answer, study=study, verdict=replace(answer.verdict, code=code))


def unvalued(answer):
    """The answer where no value is known."""
    return replace(
        answer, study=None, unvalued=None, verdict=replace(answer.verdict, code=Code.WAIT)
    )


@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
def test_six_figures_whatever_the_verdict(answered, words):
    for found in (under(answered(), code) for code in Code):
        shown = board.metrics(found, words)
        assert len({metric.label for metric in shown}) == 6
        assert all(metric.value and metric.detail and metric.help for metric in shown)
        assert "{" not in "".join(m.value + m.detail + m.help for m in shown)


@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
@pytest.mark.parametrize("at_once", [-1e7, 1e7])
def test_a_pilots_worth_is_told_from_the_chance_that_the_plan_pays(answered, words, at_once):
    """At a chance of 2.7 % "pilot first" would else contradict its own figures."""
    answer = under(answered(), Code.PILOT, npv=at_once)
    staged = answer.study.staged
    pilot = replace(staged.pilot, value=600_000.0, price=400_000.0, turns=0.03)
    study = replace(answer.study, staged=replace(staged, pilot=pilot, npv_at_once=at_once))
    reason = replace(answer.verdict, reason=Reason.PILOT_PAYS)
    asked = replace(answer, study=study, verdict=reason)
    because, turning = verdict.why(asked, words) or "", verdict.turning(asked, words) or ""
    for amount in (pilot.value, pilot.price):
        assert figures.money(amount, words) in because
    assert figures.money(2e7, words) in turning and "3%" in turning
    assert ("not expected to pay" in turning) == (words is EN and at_once < 0)
    assert verdict.turning(under(asked, Code.TRAIN), words) is None
    never = replace(study, staged=replace(study.staged, pilot=replace(pilot, turns=0.0)))
    assert verdict.turning(replace(asked, study=never), words) is None


def test_what_is_approved_now_follows_the_verdict(answered):
    answer = answered()
    cash = answer.outlay.cash_to_approve
    asked = {code: board.metrics(under(answer, code), EN)[0] for code in Code}
    assert asked[Code.TRAIN].value == figures.money(cash.value, EN)
    assert asked[Code.TRAIN].detail.startswith(figures.money_range(cash.low, cash.high, EN))
    assert asked[Code.PILOT].value == figures.money(answer.study.staged.pilot.price, EN)
    assert asked[Code.WAIT].value == "¥0"
    for code in (Code.PILOT, Code.WAIT):
        assert figures.money(cash.value, EN) in asked[code].detail


def test_without_a_value_worth_and_payback_are_unknown(answered):
    found = replace(unvalued(answered()), unvalued=InputError("No value here."))
    _, worth, payback, *_ = board.metrics(found, EN)
    assert (worth.value, payback.value) == ("—", "—")
    assert worth.help == "No value here."
    assert verdict.headline(found, EN) == "Not now: what the plan is worth is not known."


@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
def test_without_a_value_three_steps_lead_to_one(answered, words):
    """Measured pairs, a pilot on one's own text, and an evidence whose losses have a value."""
    found = unvalued(answered())
    in_bytes = replace(found, question=replace(found.question, evidence_id="gpt-bytes-docstrings"))
    steps = next_steps(in_bytes)
    assert [step.act for step in steps] == [Act.PAIRS, Act.PILOT, Act.EVIDENCE]
    said = [text_of.what(step, in_bytes, words) for step in steps]
    assert "McKenna" in said[2] and all(text_of.who(step, words) for step in steps)
    assert all(text_of.when(step, in_bytes, words) for step in steps)
    assert [step.act for step in next_steps(found)] == [Act.PAIRS, Act.PILOT]


def test_the_headline_names_verdict_probability_and_worth(answered):
    answer = answered()
    chance = figures.chance(answer.study.appraisal.probability, EN)
    train = verdict.headline(under(answer, Code.TRAIN, npv=5e7), EN)
    assert train.startswith("Train: ") and chance in train and "¥50M more" in train
    pilot = verdict.headline(under(answer, Code.PILOT), EN)
    assert figures.money(answer.study.staged.pilot.price, EN) in pilot and chance in pilot
    wait = verdict.headline(under(answer, Code.WAIT, npv=-5e7), EN)
    assert wait.startswith("Not now: ") and "doing nothing is worth ¥50M more" in wait


def gated(answer, place, threshold):
    """The answer whose gate of that place lies at a threshold."""
    gates = list(answer.study.staged.gates)
    gates[place] = replace(gates[place], threshold=threshold)
    staged = replace(answer.study.staged, gates=tuple(gates))
    return replace(answer, study=replace(answer.study, staged=staged))


@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
def test_steps_of_a_training(answered, words):
    answer = gated(under(answered(), Code.TRAIN), 1, 2.5)
    steps = next_steps(answer)
    assert [step.act for step in steps] == [Act.APPROVE, Act.TRAIN, Act.MEASURE, Act.GATE]
    said = [text_of.what(step, answer, words) for step in steps]
    assert figures.money(answer.reconciliation.cash_to_approve, words) in said[0]
    assert formats.loss(answer.decision.recommendation.cross_entropy.high) in said[1]
    moving = [bar.name for bar in answer.study.tornado if bar.name in answer.study.table.values]
    assert steps[2].names == tuple(moving[:3])
    assert all(figures.inline(name, words) in said[2] for name in moving[:3])
    assert figures.metric(2.5, words) in said[3]
    assert all(text_of.who(step, words) for step in steps)
    without = next_steps(gated(answer, 1, None))
    assert Act.GATE not in [step.act for step in without]


def test_a_gate_says_on_which_side_one_goes_on(answered):
    answer = gated(under(answered(), Code.TRAIN), 1, 2.5)
    gate = answer.study.staged.gates[1]
    for at_most, side in ((True, "at most 2.5"), (False, "at least 2.5")):
        step = replace(next_steps(answer)[-1], gate=replace(gate, at_most=at_most))
        assert side in text_of.what(step, answer, EN)


def test_steps_of_a_pilot(answered):
    answer = gated(under(answered(), Code.PILOT, npv=1e7), 0, 3.25)
    approve, pilot, measure = next_steps(answer)
    assert (approve.act, pilot.act, measure.act) == (Act.APPROVE, Act.PILOT, Act.MEASURE)
    assert isinstance(pilot.gate, Gate)
    assert pilot.gate.measured == "pilot_metric"
    price = figures.money(answer.study.staged.pilot.price, EN)
    asked = text_of.what(approve, answer, EN)
    assert f"Approve {price} for a pilot" in asked
    assert figures.money(answer.reconciliation.cash_to_approve, EN) in asked
    said = text_of.what(pilot, answer, EN)
    assert price in said and "shows at least 3.3 minutes (minutes saved a task)" in said
    of_loss = replace(pilot, gate=replace(pilot.gate, measured="loss", at_most=True))
    assert "the loss that it lets expect is at most 3.25" in text_of.what(of_loss, answer, EN)
    without = gated(answer, 0, None)
    assert "Go on" not in text_of.what(next_steps(without)[1], without, EN)


def test_a_pilot_of_a_plan_that_loses_names_what_would_turn_it(answered):
    """Where a little more compute is all that is missing, a board must read so."""
    answer = under(answered(), Code.PILOT, npv=-1e7)
    compute = (Least(name="compute_flops", value=2.3e21, probability=0.36),)
    steps = next_steps(answer, compute)
    assert [step.act for step in steps] == [Act.APPROVE, Act.PILOT, Act.COMPUTE, Act.MEASURE]
    said = text_of.what(steps[2], answer, EN)
    now = cost(answer.question.budget.compute_flops, answer.question.prices).jpy
    then = cost(2.3e21, answer.question.prices).jpy
    assert figures.money(then, EN) in said and figures.money(now, EN) in said
    assert "2.3 × 10²¹ FLOPs" in said
    all_three = (*compute, Least(name="data_budget", value=4e7), Least(name="epsilon", value=9.5))
    assert len(next_steps(answer, all_three)) == 5


def test_what_does_not_pay_asks_for_what_would_make_it_pay(answered):
    answer = under(answered(), Code.WAIT, npv=-1e7)
    people, epsilon, measure = next_steps(answer, PAYING)
    assert (people.act, people.amount) == (Act.PEOPLE, 4e7)
    assert (epsilon.act, epsilon.amount) == (Act.EPSILON, 9.5)
    assert measure.act is Act.MEASURE
    assert "40M people" in text_of.what(people, answer, EN)
    assert "ε = 9.5" in text_of.what(epsilon, answer, EN)
    fewer = (Least(name="data_budget", value=5e6), Least(name="epsilon", value=None))
    assert [step.act for step in next_steps(answer, fewer)] == [Act.MEASURE, Act.PAIRS]
    assert "value is assumed so far" in text_of.what(next_steps(answer, fewer)[1], answer, EN)


def test_what_is_tried_is_said_and_is_enough(answered):
    """By hand: three digits, rounded up; the least itself, or less, would not just pay."""
    answer = under(answered(), Code.WAIT, npv=-1e7)
    compute = (Least(name="compute_flops", value=2.5142e18, probability=0.43),)
    step = next_steps(answer, compute)[0]
    assert text_of.enough(step) == 2.52e18
    assert "2.52 × 10¹⁸ FLOPs" in text_of.what(step, answer, EN)
    assert "2.52 × 10¹⁸" in str(would_pay.table(answer, compute, EN))


def test_many_times_the_people_come_after_a_public_start(answered):
    """A company of some thousand does not begin by looking for a million."""
    answer = under(answered(), Code.WAIT, npv=-1e7)
    start = from_start.compare_starts(5_000, 4.0, 1e-8)
    assert start.start_pays
    people = float(answer.question.budget.data_budget)
    for times, acts in ((20, [Act.START, Act.PEOPLE]), (5, [Act.PEOPLE, Act.START])):
        more = (Least(name="data_budget", value=times * people),)
        found = next_steps(answer, more, None, None, start)
        assert [step.act for step in found] == [*acts, Act.MEASURE]


@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
def test_where_no_budget_alone_is_enough_two_together_are_named(answered, words):
    answer = under(answered(), Code.WAIT, npv=-1e7)
    none = tuple(Least(name=name, value=None) for name in ("compute_flops", "data_budget"))
    together = Drawn(
        budget=Budget(compute_flops=1e20, data_budget=5_520_000, epsilon=4.0),
        npv=answer.study.appraisal.npv,
        probability=0.37,
    )
    people, *_ = next_steps(answer, none, None, together)
    assert (people.act, people.amount, people.compute_flops) == (Act.PEOPLE, 5.52e6, 1e20)
    said = text_of.what(people, answer, words)
    assert "10²⁰ FLOPs" in said
    assert figures.money(cost(1e20, answer.question.prices).jpy, words) in said
    at = list(would_pay.table(answer, none, words, together).values())
    row = at[2].index(next(cell for cell in at[2] if "10²⁰" in cell))
    assert figures.chance(0.37, words) in at[3][row]
    # One budget that is enough is the shorter way.
    assert next_steps(answer, PAYING, None, together)[0].compute_flops is None


def test_a_public_start_that_helps_is_a_step(answered):
    answer = under(answered(), Code.WAIT, npv=-1e7)
    found = from_start.compare_starts(5_000, 4.0, 1e-8)
    assert found.start_pays
    start, measure, pairs = next_steps(answer, start=found)
    assert (start.act, measure.act, pairs.act) == (Act.START, Act.MEASURE, Act.PAIRS)
    assert "times the people" in text_of.what(start, answer, EN)
    no_gain = replace(found, from_nothing=found.best)
    assert Act.START not in {step.act for step in next_steps(answer, start=no_gain)}


def test_every_step_says_by_when(answered):
    training = gated(under(answered(), Code.TRAIN), 1, 2.5)
    months = training.study.table["launch_months"].value
    assert [text_of.when(step, training, EN) for step in next_steps(training)] == [
        "at this meeting",
        f"by the end of month {months:g}",
        "before the next meeting",
        f"by the end of month {training.study.staged.gates[1].month:g}",
    ]
    pilot = under(answered(), Code.PILOT)
    assert text_of.when(next_steps(pilot)[1], pilot, EN) == "by the end of month 1"
    unknown = unvalued(answered())
    assert text_of.when(next_steps(unknown)[0], unknown, EN) == "before the next meeting"


def test_who_may_use_so_many_may_use_fewer(answered):
    answer = under(answered(), Code.WAIT, npv=-1e7)
    worth = replace(answer.study.appraisal.npv, value=4.7e7)
    fewer = Drawn(
        budget=Budget(compute_flops=1e20, data_budget=3_000_000, epsilon=8.0),
        npv=worth,
        probability=0.72,
    )
    step, measure, pairs = next_steps(answer, PAYING, fewer)
    assert (step.act, step.amount, measure.act) == (Act.FEWER, 3e6, Act.MEASURE)
    assert pairs.act is Act.PAIRS
    said = text_of.what(step, answer, EN)
    assert "the text of 3M people only" in said and "¥47M" in said and "72%" in said
    assert text_of.who(step, EN) == "Owners of the data"
    # Where the plan pays or a pilot comes first, nobody is told to use fewer.
    assert Act.FEWER not in {
        one.act for one in next_steps(under(answered(), Code.TRAIN), (), fewer)
    }


def test_the_table_of_what_would_pay(answered):
    answer = under(answered(), Code.WAIT, npv=-1e7)
    table = would_pay.table(answer, PAYING, EN)
    assert list(table) == ["What", "Now", "Just pays at", "Then with a probability of"]
    names, now, at, chance = table.values()
    assert (names[0], now[0], at[0]) == ("Data (people)", "10M people", "40M people")
    assert (names[1], now[1], at[1]) == ("Privacy ε", "4", "9.5")
    assert at[2] == "out of reach"
    assert chance[:3] == ["47%", "—", "—"]
    worth = names.index(figures.name("value_per_unit", EN))
    assert at[worth], "the least value of a task is named, reachable or not"
    assert "Loss" not in "".join(names), "nobody chooses the shape of the value curve"


def test_a_plan_that_pays_at_the_centre_lacks_no_amount_of_anything(answered):
    loses = under(answered(), Code.WAIT, npv=-1e7)
    study = loses.study
    centre = replace(study, appraisal=replace(study.appraisal, central_npv=7e7))
    said = would_pay.despite(replace(loses, study=centre), EN)
    assert "would pay: ¥70M" in said and "−¥10M on average" in said
    below = replace(study, appraisal=replace(study.appraisal, central_npv=-1.0))
    assert would_pay.despite(replace(loses, study=below), EN) == ""
    assert not would_pay.pays_at_the_centre(replace(loses, study=None))


def test_the_configuration_to_copy_holds_certified_noise_where_there_is_a_certificate(answered):
    answer = answered()
    found = json.loads(facts.job(answer))
    assert found["model_size"] == answer.decision.recommendation.config.model_size
    assert found["certified"] is False and "epsilon_certified" not in found
    assert found["noise_multiplier"] == answer.decision.recommendation.noise_multiplier
    best = answer.decision.recommendation
    certificate = fake_engine.certify(
        data_budget=10_000_000, batch_size=best.config.batch_size,
        iterations=best.config.iterations, epsilon=4.0, delta=1e-8, sampling=best.sampling,
    )  # fmt: skip
    found = json.loads(facts.job(replace(answer, certificate=certificate)))
    assert found["certified"] is True and found["epsilon_certified"] == certificate.epsilon
    assert found["noise_multiplier"] == certificate.noise_multiplier


def test_quality_in_plain_words(answered):
    said = wording.in_plain_words(answered(), EN)
    assert "a chance of 5.4%" in said and "guessing gives under\N{NO-BREAK SPACE}0.01%" in said
    of_bytes = Words("en", loss_unit=unit_of("gpt-bytes-docstrings"))
    assert "the right next byte" in wording.in_plain_words(answered(), of_bytes)


def test_legal_damage_avoided_says_where_few_cases_launch(answered):
    """It is that of a launched model; the net present value launches only where that pays."""
    answer = answered()
    study = answer.study

    def details(share: float) -> list[str]:
        found = replace(study.appraisal, launch_probability=share)
        there = replace(answer, study=replace(study, appraisal=found))
        return [tile.detail for tile in board.metrics(there, Words("en"))]

    assert any("as in 12% of the cases" in detail for detail in details(0.12))
    assert not any("of the cases" in detail for detail in details(0.9))

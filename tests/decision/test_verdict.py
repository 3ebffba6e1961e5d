"""What is asked for follows from the figures: every code and reason at its edge, rules in order."""

from dataclasses import replace

import pytest

from engine.allocation.result import Support, Word
from engine.decision.verdict import Code, Reason, Verdict, verdict
from tests.dashboard.roi.test_wording import found

LEAST = 1e-6


@pytest.fixture(scope="module")
def usual():
    return found()


def study_with(usual, *, npv: float, pilot_net: float):
    price = usual.staged.pilot.price
    pilot = replace(usual.staged.pilot, value=price + pilot_net)
    worth = replace(usual.appraisal.npv, value=npv)
    return replace(
        usual,
        appraisal=replace(usual.appraisal, npv=worth),
        staged=replace(usual.staged, pilot=pilot),
    )


def judged(decided, study, support=Support.INSIDE) -> Verdict:
    decision = decided()
    word = {Support.INSIDE: Word.MEASURED, Support.EDGE: Word.NEAR}.get(support, Word.UNKNOWN)
    reach = replace(decision.extrapolation.reach, word=word)
    where = replace(decision.extrapolation, reach=reach)
    return verdict(replace(decision, extrapolation=where), study)


@pytest.mark.parametrize("support", Support)
@pytest.mark.parametrize("npv", [-1e9, 0.0, 1e9])
def test_a_pilot_that_is_worth_more_than_it_costs_comes_first_in_every_case(
    decided, usual, npv, support
):
    got = judged(decided, study_with(usual, npv=npv, pilot_net=1.0), support)
    assert (got.code, got.reason) == (Code.PILOT, Reason.PILOT_PAYS)


@pytest.mark.parametrize("support", Support)
@pytest.mark.parametrize("pilot_net", [0.0, -1.0])
def test_what_does_not_pay_waits_wherever_it_lies(decided, usual, support, pilot_net):
    got = judged(decided, study_with(usual, npv=-LEAST, pilot_net=pilot_net), support)
    assert (got.code, got.reason) == (Code.WAIT, Reason.DOES_NOT_PAY)


@pytest.mark.parametrize("npv", [0.0, 1e9])
@pytest.mark.parametrize(
    ("support", "code", "reason"),
    [
        (Support.INSIDE, Code.TRAIN, Reason.PAYS),
        (Support.EDGE, Code.TRAIN, Reason.PAYS),
        (Support.OUTSIDE, Code.TRAIN, Reason.OUTSIDE_EVIDENCE),
    ],
)
def test_what_pays_is_trained_and_says_where_it_lies_outside_the_evidence(
    decided, usual, npv, support, code, reason
):
    got = judged(decided, study_with(usual, npv=npv, pilot_net=0.0), support)
    assert (got.code, got.reason) == (code, reason)


def test_the_verdict_holds_the_figures_that_it_rests_on(decided, usual):
    got = verdict(decided(), usual)
    assert (got.npv, got.probability) == (usual.appraisal.npv.value, usual.appraisal.probability)
    assert got.pilot_price == usual.staged.pilot.price


def test_real_figures_follow_the_rules(decided, usual):
    poor = found(100)
    useless = replace(usual.staged.pilot, value=0.0)
    sure = replace(usual, staged=replace(usual.staged, pilot=useless))
    assert judged(decided, poor).code is Code.WAIT
    assert judged(decided, poor, Support.OUTSIDE).code is Code.WAIT
    assert judged(decided, sure, Support.OUTSIDE).code is Code.TRAIN, "no pilot pays for itself"
    assert judged(decided, usual, Support.OUTSIDE).code is judged(decided, usual).code
    assert judged(decided, sure).code is Code.TRAIN
    worth = replace(usual.staged.pilot, value=2 * usual.staged.pilot.price)
    hopeful = replace(poor, staged=replace(poor.staged, pilot=worth))
    assert judged(decided, hopeful).code is Code.PILOT, "it may show that the plan pays"

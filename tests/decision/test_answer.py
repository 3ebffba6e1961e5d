"""One answer in its three states: estimated, certified, refused."""

import math
from dataclasses import replace

import pytest

from engine.attack_risk import attack_risk, planned_mechanism
from engine.config import Sampling
from engine.decision.answer import Noise, answer, certified_answer, decide_on, to_certify
from engine.decision.fitted import MEASURED_GPT
from engine.decision.question import Currency, Question, question
from engine.decision.verdict import Code, Reason, Verdict, verdict
from engine.errors import InputError
from engine.loss_unit import Measure
from engine.roi.inputs import CURVE_LOSSES
from engine.roi.metric import assumed, fit_metric
from tests.present import present

ASKED = question(3.8e20, 10_000_000, 4.0)


@pytest.fixture(scope="module")
def estimated(fitted):
    return answer(ASKED, fitted)


def test_an_estimated_answer_says_so_and_promises_nothing(estimated):
    assert estimated.noise is Noise.ESTIMATED and estimated.provisional
    assert estimated.certificate is None and estimated.refusal is None
    planned = planned_mechanism(estimated.decision.recommendation, 10_000_000)
    assert estimated.risk == attack_risk(planned)
    assert not present(estimated.study).appraisal.plan.certified


def test_a_certified_answer_rests_on_the_certified_noise_throughout(estimated, certified):
    certificate = certified.certificate
    assert certified.noise is Noise.CERTIFIED and not certified.provisional
    best = certified.decision.recommendation
    assert best.noise_multiplier == certificate.noise_multiplier
    assert best.noise_batch_ratio == certificate.noise_multiplier / best.config.batch_size
    assert best.sampling is certificate.sampling
    assert certified.risk == attack_risk(certificate.mechanism)
    plan = present(certified.study).appraisal.plan
    assert plan.certified and plan.loss.value == pytest.approx(best.cross_entropy.value)
    assert plan.advantage == pytest.approx(certified.risk.advantage)
    assert best.config == estimated.decision.recommendation.config, "the noise moves, not the plan"
    assert best.cross_entropy != estimated.decision.recommendation.cross_entropy


def test_the_certificate_is_that_of_the_recommendation(certified):
    config, proof = certified.decision.recommendation.config, certified.certificate
    assert proof.epsilon <= ASKED.budget.epsilon and proof.delta == ASKED.budget.delta
    assert proof.sampling_probability == config.batch_size / 10_000_000
    assert proof.compositions == config.iterations


def test_the_two_states_agree_within_a_percent(estimated, certified):
    for before, after in (
        (estimated.decision.recommendation.cross_entropy,
        certified.decision.recommendation.cross_entropy), (present(estimated.study).appraisal.npv,
        present(certified.study).appraisal.npv),
    ):  # fmt: skip
        assert after.value == pytest.approx(before.value, rel=0.01)


def test_a_certificate_with_much_more_noise_moves_loss_risk_and_return(
    fitted, estimated, certified
):
    mechanism = certified.certificate.mechanism
    noisy = replace(
        certified.certificate,
        mechanism=replace(mechanism, noise_multiplier=20 * mechanism.noise_multiplier),
    )
    found = answer(ASKED, fitted, decision=estimated.decision, certificate=noisy)
    assert found.decision.recommendation.noise_multiplier == noisy.noise_multiplier
    assert found.decision.recommendation.cross_entropy.value > 1.05 * (
        estimated.decision.recommendation.cross_entropy.value
    )
    assert found.risk.found < estimated.risk.found
    assert present(found.study).appraisal.npv.value < present(estimated.study).appraisal.npv.value
    assert found.verdict == verdict(found.decision, found.study)


def test_a_refused_answer_keeps_its_estimates_and_is_final(fitted, estimated):
    refusal = InputError("No accountant holds this.")
    found = answer(ASKED, fitted, decision=estimated.decision, refusal=refusal)
    assert found.noise is Noise.REFUSED and not found.provisional
    assert found.refusal is refusal and found.certificate is None
    assert found.decision is estimated.decision and found.risk == estimated.risk
    assert present(found.study).appraisal.npv == present(estimated.study).appraisal.npv


def test_sampling_that_was_left_open_is_that_of_the_certificate(fitted):
    asked = replace(ASKED, sampling=Sampling.BEST)
    decision = decide_on(asked, fitted)
    request = to_certify(asked, decision)
    assert request.sampling is Sampling.BEST
    found = answer(asked, fitted, decision=decision, certificate=request.certify())
    certificate = present(found.certificate)
    assert found.decision.recommendation.sampling is certificate.sampling
    assert certificate.sampling is not Sampling.BEST


def test_the_currency_changes_no_figure_in_yen(fitted, estimated):
    dollars = answer(replace(ASKED, currency=Currency.USD), fitted)
    assert present(dollars.study).appraisal.npv == present(estimated.study).appraisal.npv
    assert dollars.reconciliation == estimated.reconciliation
    assert dollars.verdict == estimated.verdict and dollars.decision.cost == estimated.decision.cost


def test_promises_of_equal_questions_are_one_request(fitted, estimated):
    first = to_certify(ASKED, estimated.decision)
    assert first == to_certify(replace(ASKED, currency=Currency.USD), decide_on(ASKED, fitted))
    assert len({first, replace(first, epsilon=5.0)}) == 2


def test_the_alternative_asked_for_is_in_the_certified_answer(fitted, certified):
    found = certified_answer(ASKED, fitted, alternative_model_size=335_000_000)
    assert present(present(found.decision.alternative).allocation).config.model_size == 335_000_000
    assert certified.decision.alternative is None
    assert found.verdict == certified.verdict


def test_a_question_without_a_plan_is_refused(fitted):
    with pytest.raises(InputError):
        answer(question(1e13, 10_000_000_000, 0.1), fitted)


def in_bytes(asked: Question) -> Question:
    """The same question with the step from loss to value made for bytes."""
    rows = {name: {"unit": "nats-per-byte"} for name in CURVE_LOSSES}
    table = asked.assumptions.edited(rows)
    return replace(asked, assumptions=table, curve=assumed(asked.metric, table))


def test_a_step_made_for_another_unit_gives_costs_and_no_value(fitted, estimated):
    found = answer(in_bytes(ASKED), fitted)
    assert found.study is None
    assert "made for nats-per-byte, and this evidence has nats-per-token" in str(found.unvalued)
    assert found.verdict == Verdict(code=Code.WAIT, reason=Reason.VALUE_UNKNOWN)
    best = found.decision.recommendation
    assert best == estimated.decision.recommendation and found.risk == estimated.risk
    assert found.outlay == estimated.outlay and found.reconciliation == estimated.reconciliation
    assert estimated.unvalued is None


def test_own_pairs_in_the_evidences_unit_give_it_a_value(fitted, estimated):
    pairs = ((2.0, 4.5), (2.5, 3.9), (3.0, 2.4))
    stated = replace(
        in_bytes(ASKED),
        curve=fit_metric(ASKED.metric, pairs, 5.0, stated=Measure.NATS_PER_TOKEN),
    )
    bits = tuple((loss / math.log(2), value) for loss, value in pairs)
    same = replace(stated, curve=fit_metric(ASKED.metric, bits, 5.0, stated=Measure.BITS_PER_TOKEN))
    npv = present(answer(stated, fitted).study).appraisal.npv.value
    assert present(answer(same, fitted).study).appraisal.npv.value == pytest.approx(npv)
    other = replace(stated, evidence_id=MEASURED_GPT)
    assert answer(other, fitted, decision=estimated.decision).study is None

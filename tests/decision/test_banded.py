"""A plan with banded noise: everything of the answer is of that plan, and only where measured."""

import math
from dataclasses import replace

import pytest

from engine.accounting.accountant import certified_epsilon
from engine.allocation.reach import EXTRAPOLATED
from engine.allocation.result import Word
from engine.attack_risk import mechanism_under
from engine.config import Sampling
from engine.decision.answer import certified_answer, decide_on, to_certify
from engine.decision.fitted import MEASURED_GPT, fitted_evidence
from engine.decision.from_start import compare_starts
from engine.decision.question import OPENING, question
from engine.errors import InputError
from engine.law.correlated import correlation
from engine.roi.configurations import best_configurations
from engine.text import noise
from engine.text.i18n import Words

ASKED = question(1e14, 1_000_000, 1.0, evidence_id=MEASURED_GPT, sampling=Sampling.BANDED)


@pytest.fixture(scope="module")
def fitted():
    return fitted_evidence(MEASURED_GPT)


@pytest.fixture(scope="module")
def answered(fitted):
    return certified_answer(ASKED, fitted)


def test_the_promise_is_of_the_bands_of_the_plan(answered):
    plan, certificate = answered.decision.recommendation, answered.certificate
    assert plan.bands > 1 and certificate.bands == plan.bands
    assert answered.risk.mechanism == certificate.mechanism
    assert certificate.epsilon <= ASKED.budget.epsilon
    assert certificate.compositions == math.ceil(plan.config.iterations / plan.bands)
    assert certified_epsilon(certificate.mechanism, ASKED.budget.delta)[0] <= ASKED.budget.epsilon


def test_the_loss_is_that_of_the_share_of_the_certified_noise(answered, fitted):
    plan = answered.decision.recommendation
    assert plan.noise_multiplier == answered.certificate.noise_multiplier
    ratio = plan.noise_multiplier * plan.effect / plan.config.batch_size
    assert plan.noise_batch_ratio == pytest.approx(ratio, rel=1e-12)
    config = plan.config
    loss = fitted.fit.law.cross_entropy(
        config.model_size, config.iterations, ratio, config.batch_size
    )
    assert plan.cross_entropy.value == pytest.approx(float(loss), rel=1e-12)


def test_it_learns_more_than_independent_noise_and_says_how_sure_that_is(answered, fitted):
    independent = decide_on(replace(ASKED, sampling=Sampling.POISSON), fitted).recommendation
    plan = answered.decision.recommendation
    assert plan.cross_entropy.value < independent.cross_entropy.value
    config = plan.config
    low, high = fitted.fit.interval(
        config.model_size, config.iterations, plan.noise_batch_ratio, config.batch_size, level=0.9
    )
    assert plan.cross_entropy.low < float(low) < float(high) < plan.cross_entropy.high
    assert independent.bands == 1 and independent.effect == 1.0


def test_it_lies_as_far_as_from_what_measured_correlation(answered):
    reach, config = answered.decision.extrapolation.reach, answered.decision.recommendation.config
    probability = config.batch_size / ASKED.budget.data_budget
    far = float(correlation().distance(config.model_size, config.iterations, probability))
    assert reach.distance >= far and far <= EXTRAPOLATED
    assert reach.word is not Word.MEASURED


def test_a_plan_where_nobody_measured_is_refused_with_the_reason():
    asked = question(
        OPENING.compute_flops, OPENING.data_budget, OPENING.epsilon, sampling=Sampling.BANDED
    )
    fitted = fitted_evidence(asked.evidence_id)
    with pytest.raises(InputError, match="choose independent noise"):
        decide_on(asked, fitted)
    (found,) = best_configurations(
        [asked.budget], fitted.fit, fitted.space, sampling=Sampling.BANDED
    )
    assert found is None


def test_money_and_odds_are_of_the_same_mechanism(answered, fitted):
    plan = answered.decision.recommendation
    again = mechanism_under(plan.config, plan.noise_multiplier, ASKED.budget, Sampling.BANDED)
    assert again == answered.certificate.mechanism
    (found,) = best_configurations(
        [ASKED.budget], fitted.fit, fitted.space, sampling=ASKED.sampling
    )
    assert found is not None and found.config == plan.config
    assert found.noise_batch_ratio == pytest.approx(plan.noise_batch_ratio, rel=0.02)


def test_independent_noise_is_certified_as_ever(fitted):
    asked = replace(ASKED, sampling=Sampling.BEST)
    request = to_certify(asked, decide_on(asked, fitted))
    assert (request.sampling, request.bands) == (Sampling.BEST, 1)


def test_no_groups_is_independent_noise_and_said(fitted):
    """Batches that are most of the people: no group is large enough."""
    asked = replace(ASKED, budget=replace(ASKED.budget, compute_flops=2e15, data_budget=2_000))
    answer = certified_answer(asked, fitted)
    assert answer.certificate is not None
    assert answer.decision.recommendation.bands == answer.certificate.bands == 1
    assert "independent noise serves better" in noise.sentence(answer, Words("en"))


def test_public_starts_were_not_trained_with_it():
    with pytest.raises(InputError, match="independent noise alone"):
        compare_starts(5_000, 4.0, 1e-8, sampling=Sampling.BANDED)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_sentence_names_bands_and_share(answered, language):
    said = noise.sentence(answered, Words(language))
    plan = answered.decision.recommendation
    assert str(plan.bands) in said and f"{plan.share:.0%}" in said

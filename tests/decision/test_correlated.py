"""What correlated noise would buy a decision: nothing where batches are large, more where not."""

from dataclasses import replace

import pytest

from engine.allocation.result import Word
from engine.config import Budget, Sampling
from engine.decision.answer import answer
from engine.decision.correlated import more_learning
from engine.decision.correlated_worth import worth
from engine.decision.decide import with_noise
from engine.decision.fitted import fitted_evidence
from engine.decision.question import Question
from engine.errors import InputError
from engine.interval import Interval
from engine.roi.appraise import sample
from engine.roi.plan import RECOMMENDATION, plan_of
from engine.text import correlated as correlated_words
from engine.text.i18n import Words


def question(compute, people, epsilon, delta=1e-8, **rest):
    return Question(
        budget=Budget(compute_flops=compute, data_budget=people, epsilon=epsilon, delta=delta),
        **rest,
    )


def more(*of, **rest):
    asked = question(*of, **rest)
    fitted = fitted_evidence(asked.evidence_id)
    return more_learning(answer(asked, fitted), fitted)


@pytest.fixture(scope="module")
def opening():
    return more(3.8e20, 10_000_000, 4.0)


@pytest.fixture(scope="module")
def many_people():
    return more(1e20, 10_000_000_000, 1.0, 1e-11)


def test_independent_noise_is_the_plan_that_is_recommended(opening):
    asked = Question(budget=opening.budget)
    plan = answer(asked, fitted_evidence(asked.evidence_id)).decision.recommendation
    ours = opening.independent
    assert ours.cross_entropy.value == pytest.approx(plan.cross_entropy.value, rel=5e-3)
    assert ours.config.batch_size == pytest.approx(plan.config.batch_size, rel=0.3)
    assert (ours.planned, ours.share.value, ours.people.value) == (1.0, 1.0, 1.0)


def test_where_batches_are_large_nothing_is_gained(opening):
    assert opening.best.people.value < 1.05
    assert opening.best.people.low == 1.0 and not opening.pays
    assert opening.best.reach is Word.UNKNOWN


def test_where_few_take_part_much_is_gained(many_people, opening):
    best = many_people.best
    assert best.planned < 0.7 < opening.best.planned
    assert best.people.value > opening.best.people.value


def test_ranges_hold_their_values_and_less_noise_is_less_loss(many_people):
    for choice in many_people.choices:
        for found in (choice.share, choice.cross_entropy, choice.people):
            assert found.low <= found.value <= found.high
        assert choice.past_bytes == pytest.approx(
            (choice.bands - 1) * 4 * choice.config.model_size, rel=1e-6
        )
    assert [choice.bands for choice in many_people.choices] == [4, 16, 64]


def test_worth_is_that_of_the_same_plan_at_another_loss():
    asked = question(1e20, 100_000_000, 2.0, 1e-9)
    fitted = fitted_evidence(asked.evidence_id)
    answered = answer(asked, fitted)
    found = more_learning(answered, fitted)
    added = worth(found, answered, fitted)
    assert added is not None and answered.study is not None
    assert 0 < added.low < added.value < added.high
    # By another way: both plans made by hand, the curve and the table as they are.
    npv = []
    for choice in (found.independent, found.best):
        config, ratio = choice.config, choice.noise_batch_ratio * choice.share.value
        noise = ratio * config.batch_size
        plan = plan_of(
            with_noise(
                fitted.fit,
                replace(answered.decision.recommendation, config=config),
                noise,
                asked.sampling,
            ),
            RECOMMENDATION, asked.budget.data_budget, fitted.fit, fitted.space,
        )  # fmt: skip
        # The promise is the same, whatever share of the noise the loss is equal to.
        plan = replace(plan, advantage=answered.study.appraisal.plan.advantage)
        npv.append(sample(plan, asked.assumptions, asked.curve).flows.npv.mean())
    assert added.value == pytest.approx(npv[1] - npv[0], rel=1e-6)


def test_no_worth_without_a_value():
    asked = question(3.8e20, 10_000_000, 4.0)
    fitted = fitted_evidence(asked.evidence_id)
    answered = answer(asked, fitted)
    found = more_learning(answered, fitted)
    assert worth(found, replace(answered, study=None), fitted) is None
    assert correlated_words.money(found, None, Words("en")) == ""


def test_what_takes_no_turns_is_refused():
    with pytest.raises(InputError, match="under deterministic sampling"):
        more(3.8e20, 10_000_000, 4.0, sampling=Sampling.DETERMINISTIC)
    with pytest.raises(InputError, match="No plan with groups"):
        more(1e18, 350, 4.0)


def test_a_worth_that_hangs_on_nothing_is_no_range(opening):
    same = Interval(value=-306_000.0, low=-306_000.0, high=-306_000.0, level=0.9)
    said = correlated_words.money(opening, same, Words("en"))
    assert said.count("306") == 1 and "no longer hangs on it" in said


def test_a_small_worth_is_called_small_without_a_reason(opening):
    small = Interval(value=-306.0, low=-900.0, high=40.0, level=0.9)
    said = correlated_words.money(opening, small, Words("en"))
    assert said == "In money it changes less than ¥10,000."


def test_what_buys_next_to_nothing_adds_no_money_for_sure(opening):
    """“Worth 1 times the people” beside “would add ¥4,450” contradict each other."""
    worth = Interval(value=4_450.0, low=4_450.0, high=312_000.0, level=0.9)
    said = correlated_words.money(opening, worth, Words("en"))
    assert "may add ¥4,450–¥312,000" in said and "no reason to choose it yet" in said
    found = correlated_words.finding(opening, Words("en"))
    assert f"at best as much as {opening.best.people.high:.2g} times the people" in found


@pytest.mark.parametrize("far", [False, True])
def test_the_wiggle_room_says_where_the_plan_would_go(far):
    asked = question(1e14, 1_000_000, 1.0, evidence_id="gpt-bytes-docstrings")
    fitted = fitted_evidence(asked.evidence_id)
    found = more_learning(answer(asked, fitted), fitted)
    if far:
        distant = tuple(replace(choice, distance=9.0) for choice in found.choices)
        found = replace(found, choices=distant)
    said = correlated_words.moved(found, Words("en"))
    assert f"over {found.best.bands} steps" in said
    assert f"{found.best.cross_entropy.value:.2f}" in said
    assert f"in place of {found.independent.cross_entropy.value:.2f}" in said
    assert ("Too far" in said) is far


def test_a_plan_that_takes_correlated_noise_is_not_told_to_add_it_once_more():
    asked = question(1e14, 1_000_000, 1.0, evidence_id="gpt-bytes-docstrings")
    fitted = fitted_evidence(asked.evidence_id)
    found = more_learning(answer(asked, fitted), fitted)
    worth = Interval(value=3.7e7, low=1.9e7, high=5.3e7, level=0.9)
    taken = correlated_words.within(found, found.best.bands, worth, Words("en"))
    assert "This plan takes" in taken and "counts already" in taken and "would add" not in taken
    other = correlated_words.within(found, 1, worth, Words("en"))
    assert "would bring" in other and "would add ¥37M" in other
    assert correlated_words.within(found, found.best.bands, None, Words("en")) in taken

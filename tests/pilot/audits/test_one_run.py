"""The theorem: closed form without δ, exact sums, direction of every
argument, and a tight mechanism."""

from fractions import Fraction
from math import comb, exp

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import beta, binom

from engine.pilot.audits.one_run import lower_bound, p_value


@st.composite
def outcomes(draw):
    candidates = draw(st.integers(1, 400))
    guesses = draw(st.integers(1, candidates))
    return {
        "candidates": candidates,
        "guesses": guesses,
        "correct": draw(st.integers(0, guesses)),
    }


deltas = st.sampled_from([0.0, 1e-8, 1e-5, 1e-3, 0.05])


@given(outcomes(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_without_delta_it_is_the_bound_of_clopper_and_pearson(outcome, confidence):
    guesses, correct = outcome["guesses"], outcome["correct"]
    rate = beta.ppf(1 - confidence, correct, guesses - correct + 1) if correct else 0.0
    expected = max(float(logit(rate)), 0.0) if rate else 0.0
    found = lower_bound(delta=0.0, confidence=confidence, **outcome)
    assert found == pytest.approx(expected, abs=1e-9)


@given(
    st.integers(1, 25),
    st.data(),
    st.sampled_from([Fraction(1, 2), Fraction(2, 3), Fraction(9, 10)]),
    st.sampled_from([Fraction(0), Fraction(1, 1000), Fraction(1, 50)]),
)
def test_it_is_the_theorem_in_exact_arithmetic(guesses, data, rate, delta):
    correct = data.draw(st.integers(0, guesses))
    candidates = data.draw(st.integers(guesses, 60))

    def probability(low, high):  # low ≤ W < high
        return sum(
            comb(guesses, w) * rate**w * (1 - rate) ** (guesses - w)
            for w in range(max(low, 0), min(high, guesses + 1))
        )

    alpha = max(probability(correct - i, correct) / i for i in range(1, candidates + 1))
    expected = min(probability(correct, guesses + 1) + 2 * candidates * delta * alpha, 1)
    found = p_value(
        float(logit(float(rate))),
        delta=float(delta),
        candidates=candidates,
        guesses=guesses,
        correct=correct,
    )
    assert found == pytest.approx(float(expected), rel=1e-9)


@given(outcomes(), deltas, st.sampled_from([0.9, 0.99]), st.sampled_from([1, 2]))
def test_the_bound_is_refuted_and_just_above_is_not(outcome, delta, confidence, changes):
    found = lower_bound(delta=delta, confidence=confidence, changes=changes, **outcome)
    assert found >= 0
    if found > 0:
        assert p_value(found, delta=delta, changes=changes, **outcome) <= 1 - confidence
    above = found * (1 + 1e-9) + 1e-9
    assert p_value(above, delta=delta, changes=changes, **outcome) > 1 - confidence


@given(outcomes(), deltas, st.sampled_from([1, 2]))
def test_it_rises_with_right_guesses_and_falls_with_every_doubt(outcome, delta, changes):
    assume(outcome["correct"] < outcome["guesses"])

    def bound(*, delta=delta, confidence=0.95, changes=changes, **other):
        values = {**outcome, **other}
        return lower_bound(delta=delta, confidence=confidence, changes=changes, **values)

    here, slack = bound(), 1e-9
    assert bound(correct=outcome["correct"] + 1) >= here - slack
    assert bound(candidates=2 * outcome["candidates"]) <= here + slack
    assert bound(delta=2 * delta + 1e-6) <= here + slack
    assert bound(confidence=0.99) <= here + slack
    assert bound(changes=2) <= bound(changes=1) + slack


@given(outcomes())
def test_a_swap_is_worth_half_where_there_is_no_delta(outcome):
    single = lower_bound(delta=0.0, confidence=0.95, **outcome)
    assert lower_bound(delta=0.0, confidence=0.95, changes=2, **outcome) == pytest.approx(
        single / 2, abs=1e-9
    )


@given(outcomes(), st.floats(0.0, 5.0), st.sampled_from([1e-8, 1e-4]))
def test_a_swap_has_the_privacy_of_a_group_of_two(outcome, epsilon, delta):
    swap = p_value(epsilon, delta=delta, changes=2, **outcome)
    group = p_value(2 * epsilon, delta=delta * (1 + exp(epsilon)), **outcome)
    assert swap == pytest.approx(group, rel=1e-9)


def test_a_delta_of_one_promises_nothing():
    outcome = {"candidates": 1000, "guesses": 1000, "correct": 1000}
    assert p_value(0.0, delta=1.0, **outcome) == 1.0
    assert lower_bound(delta=0.6, confidence=0.95, changes=2, **outcome) == 0.0


def test_hopeless_guesses_refute_nothing():
    assert lower_bound(delta=0.0, confidence=0.95, candidates=9, guesses=9, correct=0) == 0.0
    assert p_value(0.0, delta=1e-3, candidates=9, guesses=9, correct=0) == 1.0


def test_a_mechanism_that_tells_all_with_probability_delta_keeps_its_promise():
    """With probability 0.04 it gives all coins away, else nothing: (0, 0.04)-DP. All guesses right
    happen 4 times of 100, so that a test at 1 % must not take them for a broken promise."""

    def bound(*, correct, delta):
        return lower_bound(
            delta=delta, confidence=0.99, candidates=100, guesses=100, correct=correct
        )

    bounds = np.array([bound(delta=0.04, correct=v) for v in range(101)])
    alarms = 0.96 * binom.pmf(np.arange(101), 100, 0.5) @ (bounds > 0) + 0.04 * (bounds[100] > 0)
    assert alarms <= 0.01
    # Told without its δ it is caught: the term is what protects it.
    assert bound(delta=0.0, correct=100) > 2


@pytest.mark.parametrize(("guesses", "epsilon"), [(30, 0.5), (100, 1.0), (400, 3.0), (77, 0.0)])
def test_randomised_response_is_wronged_at_most_once_in_twenty_exactly(guesses, epsilon):
    rate = 1 / (1 + exp(-epsilon))
    outcome = {"candidates": guesses, "guesses": guesses, "confidence": 0.95}
    bounds = np.array([lower_bound(delta=0.0, correct=v, **outcome) for v in range(guesses + 1)])
    wronged = binom.pmf(np.arange(guesses + 1), guesses, rate) @ (bounds > epsilon)
    assert wronged <= 0.05
    assert wronged >= 0.01, "a bound that is never wrong wastes its confidence"

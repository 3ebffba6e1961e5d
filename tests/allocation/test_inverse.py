"""Inverse questions lead back to the question."""

import math

import numpy as np
import pytest

from engine.allocation.frontier import best_by_compute
from engine.allocation.inverse import (
    _first_below,
    fewest_people,
    least,
    least_compute,
    smallest_epsilon,
)
from engine.allocation.points import PrivacyParameters
from engine.config import Budget, Sampling
from engine.decision.audit.known_laws import RippledLaw, known_fit
from engine.errors import InputError
from tests.law.made_stack import made_fit

BUDGET = Budget(compute_flops=1e20, data_budget=10_000_000, epsilon=4.0)


def best(fit, space, compute=1e20, people=1e7, epsilon=4.0) -> float:
    privacy = PrivacyParameters(
        data_budget=people, epsilon=epsilon, delta=1e-8, sampling=Sampling.POISSON
    )
    return float(best_by_compute(fit, privacy, space, compute).chosen.cross_entropy[0])


def test_the_least_compute_reaches_the_loss_and_less_does_not(fitted):
    fit, space = fitted.fit, fitted.space
    target = best(fit, space) * 1.03
    found = least_compute(target, BUDGET, fit, space, sampling=Sampling.POISSON)
    assert found.value is not None
    assert found.value < 1e20
    assert best(fit, space, compute=found.value * 1.02) <= target * 1.001
    assert best(fit, space, compute=found.value / 1.1) > target * 0.999


def test_the_fewest_people_and_the_smallest_epsilon(fitted):
    fit, space = fitted.fit, fitted.space
    target = best(fit, space) * 1.02
    people = fewest_people(target, BUDGET, fit, space, sampling=Sampling.POISSON)
    assert people.value is not None and people.cross_entropy is not None
    assert people.value < 1e7
    assert people.value == int(people.value)
    assert best(fit, space, people=people.value) == pytest.approx(people.cross_entropy)
    assert people.cross_entropy <= target < best(fit, space, people=people.value * 0.97)
    epsilon = smallest_epsilon(target, BUDGET, fit, space, sampling=Sampling.POISSON)
    assert epsilon.value is not None and epsilon.cross_entropy is not None
    assert epsilon.value < 4
    assert epsilon.cross_entropy <= target < best(fit, space, epsilon=epsilon.value * 0.97)


def test_what_no_budget_reaches_is_said(fitted):
    fit, space = fitted.fit, fitted.space
    for question in (least_compute, fewest_people, smallest_epsilon):
        found = question(0.01, BUDGET, fit, space, sampling=Sampling.POISSON)
        assert found.value is None
        assert found.searched[0] < found.searched[1]


QUESTIONS = (least_compute, fewest_people, smallest_epsilon)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_has_the_range_of_the_draws(fitted, question):
    fit, space = fitted.fit, fitted.space
    target = best(fit, space) * 1.1
    near, far = (
        question(goal, BUDGET, fit, space, sampling=Sampling.POISSON).range
        for goal in (target, target * 1.2)
    )
    for found in (near, far):
        assert found.level == 0.9
        assert found.low < found.value
        assert found.high is None or found.value < found.high
    # A loss that is easier to reach takes less in every draw.
    assert far.value < near.value and far.low < near.low
    assert near.high is None or far.high < near.high


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_law_of_which_nothing_is_open_has_no_range(fitted, question):
    law = RippledLaw(laws=(made_fit().law,), weights=(1.0,))
    known, space = known_fit(law), fitted.space
    target = best(known, space) * 1.1
    found = question(target, BUDGET, known, space, sampling=Sampling.POISSON)
    assert found.range.low == pytest.approx(found.value, rel=1e-6)
    assert found.range.high == pytest.approx(found.value, rel=1e-6)


def test_beyond_the_search_only_a_bound_is_known(fitted):
    fit, space = fitted.fit, fitted.space
    found = smallest_epsilon(0.01, BUDGET, fit, space, sampling=Sampling.POISSON)
    assert (found.range.value, found.range.high, found.range.censored) == (None, None, "above")
    assert found.range.low == found.searched[1]


def test_draws_are_read_between_two_rungs():
    values, log_loss = np.array([1.0, 2.0, 4.0]), np.array([math.inf, 1.0, 0.0])
    assert _first_below(values, log_loss, 1.5) == 2.0  # nothing to interpolate from
    assert _first_below(values, log_loss, 0.5) == pytest.approx(2.0 * 2**0.5)
    assert _first_below(values, log_loss, -0.1) == math.inf
    assert _first_below(values[1:], log_loss[1:], 1.0) == 2.0


@pytest.mark.parametrize("target", [0.0, -1.0, 50.0, float("nan")])
def test_a_loss_that_no_model_has_is_refused(fitted, target):
    fit, space = fitted.fit, fitted.space
    with pytest.raises(InputError, match="target loss"):
        least_compute(target, BUDGET, fit, space, sampling=Sampling.POISSON)


def test_bisection_ends_on_the_safe_side():
    found = least(lambda x: 1 / x, 0.2, (1.0, 100.0))
    assert found is not None
    value, loss = found
    assert 5 <= value <= 5 * 1.011
    assert loss <= 0.2
    assert least(lambda x: 1 / x, 2.0, (1.0, 100.0)) == (1.0, 1.0)
    assert least(lambda x: 1 / x, 0.001, (1.0, 100.0)) is None

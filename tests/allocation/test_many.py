"""The best of many budgets at once agrees with the search for one, and behaves as budgets must."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.allocation.lattice import Terms, best_by_compute
from engine.allocation.many import best_of, budgets
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, Budget, Sampling
from engine.decision.decide import decide

DELTA = 1e-8


def asked(compute, people, epsilon, sampling=Sampling.POISSON):
    return budgets(compute, people, epsilon, delta=DELTA, sampling=sampling)


# Fixed batches are a staircase of noise, on which neither search finds the very best.
@pytest.mark.parametrize(
    ("sampling", "tolerance"),
    [(Sampling.POISSON, 1e-4), (Sampling.BEST, 1e-4), (Sampling.DETERMINISTIC, 0.01)],
)
def test_it_agrees_with_the_search_for_one_budget(fitted, sampling, tolerance):
    draw = np.random.default_rng(3)
    logs = [(1e15, 1e24), (1e4, 1e9), (0.1, 64)]
    compute, people, epsilon = (np.exp(draw.uniform(math.log(a), math.log(b), 25)) for a, b in logs)
    found = best_of(fitted.fit, fitted.space, asked(compute, people, epsilon, sampling))
    for at in range(compute.size):
        terms = Terms(data_budget=people[at], epsilon=epsilon[at], delta=DELTA, sampling=sampling)
        one = best_by_compute(fitted.fit, terms, fitted.space, compute[at]).chosen
        assert found.cross_entropy[at] == pytest.approx(one.cross_entropy[0], rel=tolerance)


def test_it_agrees_where_the_law_counts_the_batch(counting):
    found = best_of(counting.fit, counting.space, asked(1e18, 1e7, 16.0))
    terms = Terms(data_budget=1e7, epsilon=16.0, delta=DELTA, sampling=Sampling.POISSON)
    one = best_by_compute(counting.fit, terms, counting.space, 1e18).chosen
    assert found.cross_entropy[0] == pytest.approx(one.cross_entropy[0], rel=1e-4)
    budget = Budget(compute_flops=1e18, data_budget=10**7, epsilon=16.0)
    best = decide(budget, counting).recommendation
    assert best.cross_entropy.value == pytest.approx(one.cross_entropy[0], rel=1e-3)
    assert best.cross_entropy.low < best.cross_entropy.value < best.cross_entropy.high


def test_it_agrees_with_the_decision(fitted):
    budget = Budget(compute_flops=3.8e20, data_budget=10**7, epsilon=4.0)
    best = decide(budget, fitted).recommendation
    found = best_of(fitted.fit, fitted.space, asked(3.8e20, 1e7, 4.0))
    assert found.cross_entropy[0] == pytest.approx(best.cross_entropy.value, rel=1e-3)
    assert found.model_size[0] == pytest.approx(best.config.model_size, rel=0.05)


budget_values = st.tuples(
    st.floats(15, 23.5).map(lambda x: 10**x),
    st.floats(4, 9).map(lambda x: 10**x),
    st.floats(-1, 1.5).map(lambda x: 10**x),
)


@settings(max_examples=25)
@given(budget_values)
def test_more_of_any_budget_never_hurts(fitted, values):
    more = np.array(
        [values, *(tuple(v * (1 + (i == j)) for j, v in enumerate(values)) for i in range(3))]
    )
    loss = best_of(fitted.fit, fitted.space, asked(*more.T)).cross_entropy
    if not math.isnan(loss[0]):
        assert np.all(loss[1:] <= loss[0] * (1 + 1e-4))


def test_a_plan_keeps_to_its_budget_and_to_the_search(fitted):
    compute = np.geomspace(1e15, 1e24, 19)
    found = best_of(fitted.fit, fitted.space, asked(compute, 1e6, 2.0))
    known = ~np.isnan(found.cross_entropy)
    assert known.any()
    spent = (
        FLOPS_PER_PARAMETER_AND_TOKEN
        * fitted.space.sequence_length
        * (found.model_size * found.batch_size * found.iterations)
    )
    np.testing.assert_allclose(found.compute_flops[known], spent[known])
    assert np.all(found.compute_flops[known] <= compute[known] * (1 + 1e-9))
    assert np.all(found.batch_size[known] <= 1e6 * (1 + 1e-9))
    low, high = fitted.space.searched_model_size
    assert np.all(
        (found.model_size[known] >= low * 0.999) & (found.model_size[known] <= high * 1.001)
    )


def test_too_little_compute_has_no_plan_and_no_limit_has_the_best(fitted):
    nothing, limited, unlimited = best_of(
        fitted.fit, fitted.space, asked(np.array([1e10, 1e22, np.inf]), 1e7, 4.0)
    ).cross_entropy
    assert math.isnan(nothing)
    assert unlimited <= limited

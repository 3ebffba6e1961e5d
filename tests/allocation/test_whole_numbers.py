"""Whole numbers never spend more than the budget."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting.domain import participations
from engine.allocation.points import Points
from engine.allocation.search import best_of, budgets
from engine.allocation.space import Space
from engine.allocation.whole_numbers import whole_config
from engine.config import COMPUTE_RANGE, DATA_RANGE, Budget, Sampling

SEQUENCE = 64
SPACE = Space(
    model_size=(1e4, 1e6),
    iterations=(100.0, 1e5),
    noise_batch_ratio=(1e-7, 1e-2),
    sequence_length=SEQUENCE,
    vocabulary_size=256,
)


def point(compute, size, steps, people):
    """The batch takes what is left, as in the search."""
    batch = max(min(compute / (6 * size * steps * SEQUENCE), people), 1.0)
    nan = np.array([np.nan])
    return Points(
        compute_flops=np.array([6 * size * steps * SEQUENCE * batch]),
        model_size=np.array([size]),
        batch_size=np.array([batch]),
        iterations=np.array([steps]),
        noise_multiplier=nan,
        effect=nan,
        doubt=nan,
        cross_entropy=nan,
    )


def logs(low, high):
    return st.floats(np.log10(low), np.log10(high)).map(lambda x: min(max(10**x, low), high))


@given(
    compute=logs(*COMPUTE_RANGE),
    people=logs(*DATA_RANGE).map(int),
    size=logs(1e4, 1e6),
    steps=logs(100, 1e6),
)
def test_never_over_the_budget_and_little_is_left(compute, people, size, steps):
    budget = Budget(compute_flops=compute, data_budget=people, epsilon=4.0)
    spent = point(compute, size, steps, people)
    config = whole_config(spent, budget, SPACE)
    assert 6 * config.model_size * config.batch_size * config.iterations * SEQUENCE <= compute
    assert 1 <= config.batch_size <= people
    left = 1 - config.compute_flops / min(float(spent.compute_flops[0]), compute)
    assert left <= 1 / config.batch_size + 2 / config.iterations + 1e-4


@given(
    compute=logs(*COMPUTE_RANGE),
    people=logs(*DATA_RANGE).map(int),
    epsilon=logs(0.01, 64),
    sampling=st.sampled_from(list(Sampling)),
)
def test_every_budget_of_the_sliders_that_has_a_plan(fitted, compute, people, epsilon, sampling):
    asked = budgets(compute, people, epsilon, delta=1e-8, sampling=sampling)
    found = best_of(fitted.fit, fitted.space, asked)
    if np.isnan(found.cross_entropy[0]):
        return
    budget = Budget(compute_flops=compute, data_budget=people, epsilon=epsilon)
    config = whole_config(found, budget, fitted.space)
    assert config.compute_flops <= compute
    assert config.batch_size <= people


def test_rounding_adds_no_participation():
    """1,000.4 steps of 5,000 people three times: 1,000 steps would take 15.006 people a step."""
    spent = point(1e20, 12_345.6, 1_000.4, 3 * 5_000 / 1_000.4)
    budget = Budget(compute_flops=1e20, data_budget=5_000, epsilon=4.0)
    config = whole_config(spent, budget, SPACE)
    assert participations(5_000, config.batch_size, config.iterations) == 3


@pytest.mark.parametrize("batch", [1, 7, 5_661])
def test_whole_numbers_stay_as_they_are(batch):
    compute = 6.0 * 20_000 * 300 * SEQUENCE * batch
    budget = Budget(compute_flops=max(compute, 1e13), data_budget=10**6, epsilon=4.0)
    config = whole_config(point(compute, 20_000.0, 300.0, 10**6), budget, SPACE)
    assert (config.model_size, config.batch_size, config.iterations) == (20_000, batch, 300)

"""What the accounting answers for: its borders, its participations, its relations."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.accounting.domain import (
    MOST_BANDS,
    MOST_ITERATIONS,
    SMALLEST_NOISE_MULTIPLIER,
    binomial_tail,
    group_size,
    largest_batch,
    participations,
    require_bands,
    require_groups,
    require_sampling,
    turns,
    validate,
)
from engine.config import Sampling
from engine.errors import InputError
from tests.accounting.independent import most_participations

INSIDE: dict[str, Any] = {
    "data_budget": 1e6,
    "batch_size": 1e3,
    "iterations": 100,
    "epsilon": 1.0,
    "delta": 1e-8,
}


@pytest.mark.parametrize(
    ("people", "batch", "steps", "seen"),
    [
        # 1,800 places for 1,000 people: somebody is seen twice.
        (1_000, 900, 2, 2),
        (1_000, 500, 2, 1),
        (1_000, 1, 1, 1),
        (1_000, 1_000, 7, 7),
        (20_000_000_000, 20_000_000_000, 1_000_000, 1_000_000),
        # One place more than 2^53 whole rounds: beyond floating point.
        (3, 1, 3 * 2**53 + 1, 2**53 + 1),
    ],
)
def test_the_busiest_person_is_counted(people, batch, steps, seen):
    assert participations(people, batch, steps) == seen


@given(st.integers(1_000, 10**10), st.floats(0, 1), st.integers(1, MOST_ITERATIONS))
def test_participations_are_those_of_the_busiest_person(people, share, steps):
    batch = max(int(people * share), 1)
    assert participations(people, batch, steps) == most_participations(people, batch, steps)


def test_the_least_noise_is_where_the_accountants_still_work():
    assert SMALLEST_NOISE_MULTIPLIER == 0.3


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("data_budget", 100, 2e10),
        ("iterations", 1, 1e6),
        ("epsilon", 0.01, 128),
        ("delta", 1e-12, 1e-2),
    ],
)
def test_borders_are_inside_and_what_lies_beyond_is_refused(name, low, high):
    for border in (low, high):
        validate(**{**INSIDE, "batch_size": 1, name: border})
    for beyond in (low * 0.999, high * 1.001, np.nan, -low):
        with pytest.raises(InputError, match=f"Expected {name} between {low:g} and"):
            validate(**{**INSIDE, "batch_size": 1, name: beyond})


def test_a_million_steps_are_the_most():
    assert MOST_ITERATIONS == 1_000_000
    with pytest.raises(InputError, match="Expected iterations between 1 and"):
        validate(**{**INSIDE, "iterations": 1_000_001})


def test_a_batch_is_at_least_one_and_at_most_everybody():
    validate(**{**INSIDE, "batch_size": 1})
    validate(**{**INSIDE, "batch_size": 1e6})
    with pytest.raises(InputError, match=r"Expected batch_size between 1 and inf, got 0\.9"):
        validate(**{**INSIDE, "batch_size": 0.9})
    with pytest.raises(InputError, match=r"at most the 1e\+06 people, got 2e\+06"):
        validate(**{**INSIDE, "batch_size": np.array([10.0, 2e6, 3e6])})


def test_the_first_offender_is_named():
    with pytest.raises(InputError, match="got 200: choose"):
        validate(**{**INSIDE, "epsilon": np.array([1.0, 200.0, 300.0])})


@given(st.integers(1, MOST_ITERATIONS), st.integers(1, MOST_BANDS))
def test_a_groups_turns_are_counted(steps, bands):
    assert turns(steps, bands) == len(range(0, steps, bands))


@given(st.integers(100, 10**10), st.integers(1, MOST_BANDS))
def test_groups_are_never_larger_than_they_are(people, bands):
    size = group_size(people, bands)
    assert size * bands <= people < (size + 1) * bands


@pytest.mark.parametrize("bands", [1, 2, 7])
def test_bands_up_to_the_steps_are_taken(bands):
    require_bands(bands, 7)


def test_bands_have_their_own_border():
    assert MOST_BANDS == 1024
    require_bands(MOST_BANDS, MOST_ITERATIONS)
    for wrong in (0, -1, MOST_BANDS + 1):
        with pytest.raises(InputError, match="Expected 1 to 1024 bands for 1000000 steps"):
            require_bands(wrong, MOST_ITERATIONS)


@pytest.mark.parametrize(("bands", "steps"), [(8, 7), (0, 7), (2, 1)])
def test_more_bands_than_steps_are_refused(bands, steps):
    with pytest.raises(InputError, match=f"Expected 1 to {steps} bands for {steps} steps"):
        require_bands(bands, steps)


@pytest.mark.parametrize("steps", [0, -1, MOST_ITERATIONS + 1])
def test_bands_of_impossible_trainings_are_refused(steps):
    with pytest.raises(InputError, match=f"Expected 1 to 1000000 steps, got {steps}"):
        require_bands(1, steps)


@pytest.mark.parametrize("sampling", [one for one in Sampling if one is not Sampling.POISSON])
def test_groups_take_turns_under_poisson_only(sampling):
    require_sampling(sampling, 1)
    require_sampling(Sampling.POISSON, 2)
    with pytest.raises(InputError, match=f"under {sampling} sampling"):
        require_sampling(sampling, 2)


def test_a_group_holds_a_batch():
    require_groups(1_000, 100, 10)
    with pytest.raises(InputError, match="at least the 101 people of a batch, got 1000 people"):
        require_groups(1_000, 101, 10)


@pytest.mark.parametrize("draws", [1, 20, 400])
@pytest.mark.parametrize("probability", [0.01, 0.3, 0.9])
def test_the_tail_of_a_binomial_is_scipys(draws, probability):
    for count in (-2, -1, 0, 1, draws // 2, draws - 1, draws, draws + 1):
        expected = stats.binom.sf(count, draws, probability)
        assert binomial_tail(count, draws, probability) == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize(("people", "batch"), [(1_000, 10), (10**6, 1_000), (500, 450)])
def test_batches_are_cut_as_early_as_hardly_ever_allows(people, batch):
    most = largest_batch(people, batch)
    assert binomial_tail(most, people, batch / people) <= 1e-15
    assert binomial_tail(most - 1, people, batch / people) > 1e-15

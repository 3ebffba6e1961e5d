"""What the accounting answers for: its borders, its participations, its relations."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting.domain import (
    MOST_ITERATIONS,
    SMALLEST_NOISE_MULTIPLIER,
    participations,
    validate,
)
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
    with pytest.raises(InputError, match=r"at most the data_budget, got 2e\+06 of 1e\+06"):
        validate(**{**INSIDE, "batch_size": np.array([10.0, 2e6, 3e6])})


def test_the_first_offender_is_named():
    with pytest.raises(InputError, match="got 200: choose"):
        validate(**{**INSIDE, "epsilon": np.array([1.0, 200.0, 300.0])})

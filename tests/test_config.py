"""Nouns refuse nonsense and keep their units."""

from typing import Any

import pytest

from engine.config import Budget, TrainingConfig, require_integer
from engine.errors import InputError

GOOD: dict[str, Any] = {"compute_flops": 1e20, "data_budget": 10**7, "epsilon": 4.0, "delta": 1e-8}


def _budget(**change: Any) -> Budget:
    """A good budget with a field changed, also to what its type does not allow."""
    return Budget(**{**GOOD, **change})


def test_a_whole_float_counts_people():
    people = _budget(data_budget=1e7).data_budget
    assert people == 10_000_000
    assert isinstance(people, int)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"compute_flops": 1e30},
            "Expected compute_flops between 1e+13 and 1e+24 FLOPs, got 1e+30",
        ),
        ({"compute_flops": float("nan")}, "got nan"),
        ({"data_budget": 99}, "Expected data_budget between 100 and 1e+10 people, got 99"),
        ({"data_budget": 1000.5}, "Expected a whole number for data_budget, got 1000.5."),
        ({"epsilon": -1.0}, "Expected epsilon between 0.01 and 64, got -1"),
        ({"epsilon": float("inf")}, "got inf"),
        ({"delta": 0.1}, "Expected delta between 1e-12 and 0.01, got 0.1"),
    ],
)
def test_budgets_outside_are_refused(change, sentence):
    with pytest.raises(InputError) as refused:
        _budget(**change)
    assert sentence in str(refused.value)


def test_compute_is_six_m_b_t_s():
    config = TrainingConfig(model_size=2, batch_size=3, iterations=5, sequence_length=7)
    assert config.compute_flops == 6 * 2 * 3 * 5 * 7
    assert config.tokens == 3 * 5 * 7


@pytest.mark.parametrize("name", ["model_size", "batch_size", "iterations", "sequence_length"])
def test_configurations_count_from_one(name):
    good = {"model_size": 1, "batch_size": 1, "iterations": 1, "sequence_length": 1}
    with pytest.raises(InputError, match=f"Expected {name} of at least 1, got 0"):
        TrainingConfig(**{**good, name: 0})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.5])
def test_no_whole_number(value):
    with pytest.raises(InputError, match="Expected a whole number for people"):
        require_integer("people", value)

"""Against jax_privacy 2.0.0 (tests/golden/make_strategies.py) and against plain matrices."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import toeplitz

from engine.accounting import strategy as strategies
from engine.accounting.domain import MOST_BANDS
from engine.accounting.strategy import (
    Objective,
    error,
    inverse_square_root,
    noising,
    squared_errors,
    strategy,
)
from engine.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "strategies.json").read_text())
CASES = GOLDEN["cases"]


def named(case):
    return "-".join(str(case[key]) for key in ("iterations", "bands", "momentum", "objective"))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_errors_and_coefficients_are_those_of_jax_privacy(case):
    workload = {"iterations": case["iterations"], "momentum": case["momentum"]}
    objective = Objective(case["objective"])
    start = inverse_square_root(case["bands"])
    found = strategy(bands=case["bands"], objective=objective, **workload)
    assert error(start, objective=objective, **workload) == pytest.approx(case["start_error"])
    assert error(found, objective=objective, **workload) == pytest.approx(case["error"], rel=1e-6)
    assert found[:4] == pytest.approx(case["coefficients"], abs=2e-3)
    assert noising(found, 8) == pytest.approx(case["noising"], abs=0.02)


def test_the_golden_values_cover_what_was_asked():
    assert GOLDEN["made_with"] == "jax_privacy 2.0.0"
    assert {case["bands"] for case in CASES} == {1, 4, 16, 64}


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("bands", [1, 2, 5])
def test_the_error_is_that_of_the_matrices(bands, momentum):
    T, c = 40, np.array([1.0, 0.6, 0.3, 0.2, 0.1])[:bands]
    column = np.concatenate([c, np.zeros(T - bands)])
    C = toeplitz(column, np.zeros(T))
    C[np.triu_indices(T, 1)] = 0
    steps = np.tril(np.ones((T, T)))
    averaging = np.tril(momentum ** np.subtract.outer(np.arange(T), np.arange(T)).clip(0))
    workload = steps @ ((1 - momentum) * averaging if momentum else np.eye(T))
    B = workload @ np.linalg.inv(C)
    expected = (B**2).sum(axis=1)
    assert squared_errors(c, iterations=T, momentum=momentum) == pytest.approx(expected)
    scale = (C**2).sum(axis=0).max()
    wanted = {Objective.MEAN: expected.mean() * scale, Objective.MAX: expected.max() * scale}
    for objective, value in wanted.items():
        found = error(c, iterations=T, momentum=momentum, objective=objective)
        assert found == pytest.approx(value)
    assert noising(c, T) == pytest.approx(np.linalg.inv(C)[:, 0])


@pytest.mark.parametrize("objective", list(Objective))
def test_no_neighbour_is_better_and_the_norm_is_one(objective):
    found = strategy(bands=6, iterations=200, objective=objective)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-14)
    best = error(found, iterations=200, objective=objective)
    rng = np.random.default_rng(0)
    for _ in range(50):
        moved = found + 1e-3 * rng.normal(size=6)
        assert error(moved, iterations=200, objective=objective) > best


def test_more_bands_have_less_error_and_one_band_is_independent_noise():
    errors = [error(strategy(bands=b, iterations=500), iterations=500) for b in (1, 2, 8, 32)]
    assert errors[0] == pytest.approx(501 / 2)
    assert errors == sorted(errors, reverse=True)
    assert strategy(bands=1, iterations=7).tolist() == [1.0]
    assert error(np.ones(1), iterations=500, objective=Objective.MAX) == pytest.approx(500)


def test_a_caller_cannot_change_what_the_next_one_gets():
    strategy(bands=3, iterations=30)[:] = 0
    assert strategy(bands=3, iterations=30).min() > 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"bands": 0, "iterations": 10}, "Expected 1 to 10 bands for 10 steps, got 0"),
        ({"bands": 11, "iterations": 10}, "Expected 1 to 10 bands for 10 steps, got 11"),
        ({"bands": MOST_BANDS + 1, "iterations": 10**5}, f"Expected 1 to {MOST_BANDS} bands"),
        ({"bands": 1.5, "iterations": 10}, "Expected a whole number for bands"),
        ({"bands": 1, "iterations": 0}, "Expected 1 to 1000000 steps, got 0"),
        ({"bands": 1, "iterations": 10**6 + 1}, "Expected 1 to 1000000 steps"),
        ({"bands": 2, "iterations": 10, "momentum": 1.0}, "Expected a momentum"),
        ({"bands": 2, "iterations": 10, "momentum": -0.1}, "Expected a momentum"),
    ],
)
def test_what_no_strategy_is_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        strategy(**asked)


def test_a_slope_that_is_no_number_is_unstable(monkeypatch):
    """Though the error itself is one."""
    filtered = strategies._filtered

    def twice(coefficients, series):
        found = filtered(coefficients, series)
        return found if series is workload else found * np.nan

    workload = np.ones(8)
    monkeypatch.setattr(strategies, "_filtered", twice)
    value, slope = strategies._log_error(np.array([1.0, 0.5]), workload, np.ones(8))
    assert value == strategies._UNSTABLE and slope.tolist() == [0.0, 0.0]

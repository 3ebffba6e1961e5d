"""Saturation, doubling and wiggle room against their definitions."""

import numpy as np
import pytest

from engine.allocation import levers
from engine.allocation.frontier import best_by_compute
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.search import best_at
from engine.config import Sampling

QUESTION = PrivacyParameters(data_budget=10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
BUDGET = 3.8e20


@pytest.fixture(scope="module")
def line(fitted):
    return best_by_compute(fitted.fit, QUESTION, fitted.space, BUDGET)


def loss_at(fitted, compute, question=QUESTION):
    found = best_by_compute(fitted.fit, question, fitted.space, compute)
    return float(found.chosen.cross_entropy[0])


def test_saturation_is_the_least_compute_within_a_percent_of_the_best(fitted, line):
    found = levers.saturation(fitted.fit, line, level=0.9)
    unlimited = loss_at(fitted, 1e30)
    assert found.best_attainable == pytest.approx(unlimited, rel=1e-3)
    assert loss_at(fitted, found.compute_flops) == pytest.approx(unlimited * 1.01, rel=1e-3)
    assert found.compute_low <= found.compute_flops <= found.compute_high
    # Table 2 has 3.8e20 for these budgets.
    assert 1e20 < found.compute_flops < 1.2e21


def test_doubling_is_the_gain_of_a_doubled_question(fitted, line):
    more_data = PrivacyParameters(
        data_budget=2 * 10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON
    )
    more_epsilon = PrivacyParameters(
        data_budget=10**7, epsilon=8.0, delta=1e-8, sampling=Sampling.POISSON
    )
    found = levers.doubling(
        fitted.fit,
        line,
        best_at(fitted.fit, more_data, fitted.space, BUDGET),
        best_at(fitted.fit, more_epsilon, fitted.space, BUDGET),
        level=0.9,
    )
    base = loss_at(fitted, BUDGET)
    assert found.compute.value == pytest.approx(1 - loss_at(fitted, 2 * BUDGET) / base, abs=5e-4)
    assert found.data.value == pytest.approx(1 - loss_at(fitted, BUDGET, more_data) / base)
    assert found.epsilon.value == pytest.approx(1 - loss_at(fitted, BUDGET, more_epsilon) / base)
    assert found.binding == "data"
    for gain in (found.compute, found.data, found.epsilon):
        assert gain.low <= gain.value <= gain.high


@pytest.mark.parametrize("resampled", [0.2, 0.4])
def test_a_gain_lies_within_its_own_range(fitted, monkeypatch, resampled):
    """Also where every resample of the law says less, or more, than the law itself."""

    def points(loss):
        nothing = np.array([1.0])
        return Points(
            compute_flops=nothing,
            model_size=nothing,
            batch_size=nothing,
            iterations=nothing,
            noise_multiplier=nothing,
            cross_entropy=np.array([loss]),
        )

    here, there = points(10.0), points(7.0)
    losses = {10.0: 10.0, 7.0: 10.0 * (1 - resampled)}
    monkeypatch.setattr(
        levers,
        "resampled_losses",
        lambda _, asked: np.full((5, 1), losses[float(asked.cross_entropy[0])]),
    )
    gain = levers._gain(fitted.fit, here, there, 0.9)
    assert gain.value == pytest.approx(0.3)
    assert gain.low == pytest.approx(min(0.3, resampled))
    assert gain.high == pytest.approx(max(0.3, resampled))


def test_wiggle_room_holds_the_best_and_what_is_as_good(fitted, line):
    room = levers.wiggle_room(fitted.fit, QUESTION, fitted.space, line.chosen)
    assert np.nanmin(room.excess) == pytest.approx(0.0, abs=1e-3)
    i, _ = np.unravel_index(np.nanargmin(room.excess), room.excess.shape)
    assert room.model_size[i] == pytest.approx(line.chosen.model_size[0], rel=0.3)
    spent = 6 * room.model_size[:, None] * room.batch_size * room.iterations * 512
    known = np.isfinite(room.excess)
    assert spent[known] == pytest.approx(np.full(known.sum(), BUDGET), rel=1e-9)
    within = np.nanmin(room.excess, axis=1) <= room.tolerance
    assert room.model_size[within].min() <= line.chosen.model_size[0] * 1.0001


def test_wiggle_room_stays_within_the_data(fitted):
    few = PrivacyParameters(data_budget=2_000, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
    small = best_by_compute(fitted.fit, few, fitted.space, 1e17)
    room = levers.wiggle_room(fitted.fit, few, fitted.space, small.chosen)
    assert room.batch_size.max() <= 2_000 * (1 + 1e-9)

"""The untilted profile: closed form for full batches, dp_accounting below them, limits."""

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting import grid, tradeoff
from engine.accounting.gaussian import gaussian_delta
from engine.accounting.tradeoff import subsampled_delta, total_variation

EPSILONS = np.array([0.0, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(("sigma", "steps"), [(30.0, 1_000), (1.0, 1), (100.0, 10), (0.5, 3)])
def test_full_batches_are_one_gaussian(sigma, steps):
    found = subsampled_delta(1.0, sigma, steps, EPSILONS)
    np.testing.assert_allclose(found, gaussian_delta(EPSILONS, np.sqrt(steps) / sigma), atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("q", "sigma", "steps"), [(0.022, 6.0, 11_000), (0.001, 0.6, 300), (0.001, 0.45, 20_000)]
)
def test_it_agrees_with_dp_accounting(q, sigma, steps):
    pld = privacy_loss_distribution.from_gaussian_mechanism(
        sigma, sampling_prob=q, value_discretization_interval=2e-4
    ).self_compose(steps)
    expected = [pld.get_delta_for_epsilon(float(epsilon)) for epsilon in EPSILONS]
    # Theirs is rounded upwards on its grid.
    found = subsampled_delta(q, sigma, steps, EPSILONS)
    np.testing.assert_allclose(found, expected, atol=6e-5)
    assert np.all(found <= np.array(expected) + 1e-6)


@given(st.floats(-6, 0), st.floats(-0.4, 1.7), st.integers(1, 500_000))
def test_the_total_variation_is_delta_at_zero_whichever_way_a_person_moves(q, sigma, steps):
    whole = subsampled_delta(10**q, 10**sigma, steps, [0.0])[0]
    assert total_variation(10**q, 10**sigma, steps) == pytest.approx(whole, abs=1e-5)


def test_delta_falls_with_epsilon_and_nothing_is_claimed_beyond_reach():
    found = subsampled_delta(0.01, 1.0, 1_000, np.linspace(0, 20, 200))
    assert np.all(np.diff(found) <= 0)
    assert found[-1] >= 0
    assert subsampled_delta(0.9, 0.3, 20_000, [0.0, 5.0]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("deviation", "cell"), [(0.6, 0.01), (3.0, 0.02), (6e-4, 2e-5)])
def test_the_sum_is_cut_into_sixtieths_of_its_deviation(monkeypatch, deviation, cell):
    """Within 2e-5 and 0.02; 100 losses of a tenth of that deviation are nearly Gaussian."""
    cells = []

    def composed(loss, weight, iterations, cell, **options):
        cells.append(cell)
        return grid.compose(loss, weight, iterations, cell, **options)

    monkeypatch.setattr(tradeoff, "compose", composed)
    z = np.linspace(-8, 8, 401)
    weight = np.exp(-z * z / 2)
    tradeoff._composed_delta(deviation / 10 * z, weight / weight.sum(), 100, EPSILONS)
    assert cells == [pytest.approx(cell, rel=1e-3)]

"""The pieces of the accountants against direct computation."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting import grid
from engine.accounting.grid import Repeated, Resolution, choose_cell, compose, compose_on, span

LOSS = np.array([-0.2, -0.1, 0.0, 0.1, 0.3])
WEIGHT = np.array([0.1, 0.25, 0.3, 0.25, 0.1])
RESOLUTION = Resolution(
    cells_per_deviation=50, cells_per_hump=10, finest=1e-3, coarsest=0.2, coarsest_hump=0.05
)


def test_the_resolution_of_an_accountant_stays_as_it_was_made():
    with pytest.raises(FrozenInstanceError):
        RESOLUTION.finest = 1.0  # type: ignore[misc]


def convolved(steps):
    """The sum of T losses in units of 0.1, from −0.2·T upwards, by direct convolution."""
    one = np.array([0.1, 0.25, 0.3, 0.25, 0.0, 0.1])
    mass = np.array([1.0])
    for _ in range(steps):
        mass = np.convolve(mass, one)
    return 0.1 * (np.arange(mass.size) - 2 * steps), mass


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
def test_losses_on_the_grid_compose_exactly(steps):
    found = compose_on([Repeated(LOSS, WEIGHT, steps)], 0.1, within=(15.0, 15.0), largest=4_096)
    assert found is not None
    position, density, moved = found
    assert moved == pytest.approx(steps * WEIGHT[LOSS != 0].sum())
    exact_position, mass = convolved(steps)
    expected = np.zeros(position.size)
    above = exact_position > -0.05
    within = np.round(exact_position[above] / 0.1).astype(int)
    expected[within[within < expected.size]] = mass[above][within < expected.size]
    np.testing.assert_allclose(density, expected, atol=1e-14)
    assert position[0] == 0
    assert np.diff(position) == pytest.approx(np.full(position.size - 1, 0.1))


def test_a_grid_that_is_too_large_is_refused():
    # 30 / 0.1 cells and 32 to spare need 512 points.
    assert (
        compose_on([Repeated(LOSS, WEIGHT, 3)], 0.1, within=(15.0, 15.0), largest=512) is not None
    )
    assert compose_on([Repeated(LOSS, WEIGHT, 3)], 0.1, within=(15.0, 15.0), largest=511) is None
    assert (
        compose_on([Repeated(LOSS, WEIGHT, 3)], 0.1, within=(24.0, 24.0), largest=512) is not None
    )
    assert compose_on([Repeated(LOSS, WEIGHT, 3)], 0.1, within=(24.1, 24.0), largest=1_023) is None


def test_a_grid_is_fitted_to_what_it_covers():
    position, density = compose(LOSS, WEIGHT, 10, 0.01, within=(4.0, 3.0), largest=2**20)
    # 700 cells and 32 to spare: 1,024 points, 992 of them over the span of 7.
    assert position[1] == pytest.approx(7.0 / 992)
    assert position[-1] <= 3.0 < position[-1] + position[1]
    exact_position, mass = convolved(10)
    assert density @ position == pytest.approx(mass @ np.maximum(exact_position, 0), abs=1e-3)
    coarse, _ = compose(LOSS, WEIGHT, 10, 0.01, within=(4.0, 3.0), largest=512)
    assert coarse[1] == pytest.approx(7.0 / 480)


def test_a_narrow_sum_still_gets_twenty_cells_on_either_side():
    position, _ = compose(LOSS / 1e6, WEIGHT, 1, 1.0, within=(1e-3, 1e-3), largest=2**20)
    assert position[1] == pytest.approx(40.0 / 480)
    assert position[-1] == pytest.approx(20.0, abs=0.1)


def test_a_loss_beyond_the_grid_is_left_out():
    loss, weight = np.array([0.0, 30.0]), np.array([0.75, 0.25])
    _, density = compose(loss, weight, 1, 0.1, within=(3.0, 3.0), largest=2**20)
    assert density.sum() == pytest.approx(0.75)
    # A loss at the very border belongs to it.
    _, density = compose(loss / 10, weight, 1, 0.1, within=(3.0, 3.0), largest=2**20)
    assert density[-40:].sum() == pytest.approx(0.25, abs=0.1)


def test_the_span_is_that_of_the_larger_tails():
    left, right = span(LOSS, WEIGHT, 500)
    position, mass = convolved(500)
    assert right > left > 0
    assert mass[position > right].sum() <= math.exp(-36)
    assert mass[position < -left].sum() <= math.exp(-36)
    # Chernoff's bound is not far from the truth.
    assert mass[position > right * 0.9].sum() > math.exp(-36)
    assert mass[position < -left * 0.9].sum() > math.exp(-36)


def gaussian_step(deviation):
    z = np.linspace(-8, 8, 401)
    weight = np.exp(-z * z / 2)
    return deviation * z, weight / weight.sum()


@pytest.mark.parametrize(
    ("deviation", "steps", "cell"),
    [(0.1, 100, 0.02), (1.0, 400, 0.2), (1e-4, 100, 1e-3), (0.1, 900, 0.06)],
)
def test_a_nearly_gaussian_sum_is_cut_by_its_deviation(deviation, steps, cell):
    """10 losses of deviation 0.1 sum to 1: a fiftieth of that; within the bounds."""
    loss, weight = gaussian_step(deviation)
    found = choose_cell(loss, weight, weight, steps, RESOLUTION)
    assert found == pytest.approx(cell, rel=1e-3)


@pytest.mark.parametrize(
    ("deviation", "steps", "cell"), [(0.02, 100, 0.02), (0.2, 100, 0.05), (1e-4, 100, 1e-3)]
)
def test_a_hump_beside_rare_losses_is_cut_by_the_hump(deviation, steps, cell):
    loss, weight = gaussian_step(deviation)
    loss, weight = np.append(loss, 50.0), np.append(weight * (1 - 1e-4), 1e-4)
    found = choose_cell(loss, weight, weight, steps, RESOLUTION)
    # The hump holds 99.9 % of the losses: 0.987 of the variance.
    assert found == pytest.approx(cell, rel=0.01)


def test_the_sum_is_judged_where_it_is_decided():
    """``decisive`` tells whether the sum is nearly Gaussian, ``weight`` how wide the hump is."""
    loss, weight = gaussian_step(0.1)
    loss, weight = np.append(loss, 50.0), np.append(weight * (1 - 1e-4), 1e-4)
    decisive = np.append(weight[:-1], 0.0)
    decisive /= decisive.sum()
    assert choose_cell(loss, weight, decisive, 100, RESOLUTION) == pytest.approx(0.02, rel=1e-3)


def test_losses_that_are_all_the_same_have_a_cell():
    loss, weight = np.array([0.5, 0.5]), np.array([0.5, 0.5])
    assert choose_cell(loss, weight, weight, 4, RESOLUTION) == 0.05


def test_kurtosis_of_a_twentieth_is_nearly_gaussian():
    """One loss of ±1 with probability p has kurtosis 1/p, T of them a T-th of that."""
    rare = 0.01
    loss, weight = np.array([-1.0, 0.0, 1.0]), np.array([rare / 2, 1 - rare, rare / 2])
    nearly, hardly = (choose_cell(loss, weight, weight, t, RESOLUTION) for t in (2_001, 1_999))
    assert nearly == pytest.approx(math.sqrt(2_001 * rare) / 50)
    assert hardly == pytest.approx(0.05)


@given(st.lists(st.floats(0.0, 99.0), min_size=1, max_size=20))
def test_spreading_keeps_five_moments(places):
    position = np.array(places) + 3.0
    weight = np.full(position.size, 1 / position.size)
    spread = grid.spread(position, weight, 128)
    cells = np.arange(128.0)
    for moment in range(6):
        assert spread @ cells**moment == pytest.approx(weight @ position**moment, rel=1e-9)


def test_spreading_wraps_around():
    spread = grid.spread(np.array([-0.25, 7.5]), np.array([0.5, 0.5]), 8)
    assert spread.sum() == pytest.approx(1.0)
    assert spread[7] > 0.4
    assert grid.spread(np.array([3.0]), np.array([1.0]), 8).tolist() == [0, 0, 0, 1, 0, 0, 0, 0]


@given(st.integers(1, 5_000))
def test_powers_are_powers(exponent):
    values = np.array([0.999 + 0.001j, -0.5 + 0.5j, 1.0 + 0j])
    np.testing.assert_allclose(grid.power(values, exponent), values**exponent, rtol=1e-9, atol=0)
    assert values[1] == -0.5 + 0.5j, "the argument is not changed"


def test_decayed_sums_are_sums():
    density = np.array([0.3, 0.1, 0.4, 0.2])
    expected = [sum(math.exp(-0.7 * (j - i)) * density[j] for j in range(i, 4)) for i in range(4)]
    np.testing.assert_allclose(grid.decayed_sum(density, 0.7), expected)


def test_cumulants_are_logarithms_of_means():
    rates = np.array([0.1, 1.0, 500.0])
    found = grid.cumulants(LOSS, np.log(WEIGHT), rates)
    expected = [0.0, 0.0, 500 * 0.3 + math.log(0.1)]
    expected[:2] = [math.log(WEIGHT @ np.exp(rate * LOSS)) for rate in rates[:2]]
    np.testing.assert_allclose(found, expected)


def test_of_very_many_losses_the_cumulant_is_hardly_more():
    generator = np.random.default_rng(3)
    loss = np.sort(generator.normal(0, 0.1, 20_000))
    weight = generator.exponential(size=20_000)
    weight /= weight.sum()
    rates = np.array([0.5, 5.0, 50.0])
    pooled = grid.cumulants(loss, np.log(weight), rates)
    exact = np.log(np.exp(rates[:, None] * loss) @ weight)
    assert np.all(pooled >= exact - 1e-12)
    # The outermost block of sorted losses spans half a deviation.
    assert np.all(pooled <= exact + rates * 0.1 * 0.5)
    few, log_weight = grid._pooled(loss, np.log(weight))
    assert few.size == log_weight.size < 2_000
    assert grid.logsumexp(log_weight) == pytest.approx(0.0, abs=1e-12)
    assert grid._pooled(loss[:3_200], np.log(weight[:3_200]))[0].size == 3_200
    assert grid._pooled(loss[:3_201], np.log(weight[:3_201]))[0].size < 3_200


def test_logsumexp_does_not_overflow():
    assert grid.logsumexp(np.array([1_000.0, 1_000.0])) == pytest.approx(1_000 + math.log(2))
    assert grid.logsumexp(np.array([-1_000.0, -2_000.0])) == pytest.approx(-1_000)

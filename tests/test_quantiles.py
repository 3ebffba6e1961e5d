"""Quantiles of draws agree with numpy's, each by its own rule."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.interval import Interval
from engine.quantiles import interpolated_quantiles, nearest_quantiles, reached_quantiles

_DRAWS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60).map(np.array)


@given(_DRAWS, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_quantiles_are_numpy_s(draws, shares):
    found = interpolated_quantiles(draws, shares)
    np.testing.assert_allclose(found, np.quantile(draws, shares), rtol=1e-12, atol=1e-6)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_draw_that_is_no_number_is_seen(place):
    draws = np.arange(7.0)
    draws[place] = math.nan
    assert all(map(math.isnan, interpolated_quantiles(draws, (0.05, 0.95))))
    assert math.isnan(Interval.of_draws(3.0, draws, 0.9).low)


def test_the_nearest_draw_may_be_infinite():
    draws = np.append(np.random.default_rng(0).normal(size=97), [math.inf] * 4)
    shares = (0.05, 0.5, 0.95, 0.97)
    expected = np.quantile(draws, shares, method="nearest")
    np.testing.assert_array_equal(nearest_quantiles(draws, shares), expected)
    assert math.isinf(expected[-1]) and math.isfinite(expected[2])


def test_what_a_share_of_the_draws_does_not_exceed_is_a_draw():
    draws = np.random.default_rng(0).normal(size=(40, 3))
    for share in (0.05, 0.5, 0.75, 1.0):
        expected = np.quantile(draws, share, axis=0, method="inverted_cdf")
        np.testing.assert_array_equal(reached_quantiles(draws, share), expected)

"""Intervals of draws agree with numpy's quantiles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.interval import Interval, interpolated_quantiles

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

"""Parameters without embeddings: through the shapes, between them, beyond them, and its slope."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.law.capacity import Capacity

BERT = Capacity(total=(4.5e6, 1.1e7, 1.09e8, 3.35e8), other=(0.39e6, 3.1e6, 8.5e7, 3.02e8))
KNOTS = np.log(BERT.total)


def test_shapes_have_their_own_count():
    np.testing.assert_allclose(BERT.of(BERT.total), BERT.other, rtol=1e-12)


def test_between_two_shapes_lies_a_line_in_logarithms():
    middle = np.sqrt(4.5e6 * 1.1e7)
    assert BERT.of(middle) == pytest.approx(np.sqrt(0.39e6 * 3.1e6), rel=1e-12)


def test_beyond_the_shapes_the_first_line_goes_on_and_the_last_share_is_held():
    slope = np.log(3.1 / 0.39) / np.log(11 / 4.5)
    assert BERT.of(4.5e5) == pytest.approx(0.39e6 * 0.1**slope, rel=1e-12)
    assert BERT.of(3.35e10) == pytest.approx(3.02e10, rel=1e-12)
    assert BERT.slope(4.5e5) == pytest.approx(slope, rel=1e-12)
    assert BERT.slope(3.35e10) == 1.0


@given(st.floats(np.log(1e4), np.log(1e12)))
def test_the_slope_is_that_of_the_line(log_size):
    step = 1e-6
    if np.abs(KNOTS - log_size).min() < 2 * step:
        return
    above, below = (np.log(BERT.of(np.exp(log_size + d))) for d in (step, -step))
    assert BERT.slope(np.exp(log_size)) == pytest.approx((above - below) / (2 * step), abs=1e-6)


def test_counts_keep_the_shape_of_what_is_asked():
    sizes = np.geomspace(1e6, 1e9, 6).reshape(2, 3)
    assert BERT.of(sizes).shape == BERT.slope(sizes).shape == (2, 3)
    assert (np.diff(BERT.of(sizes).ravel()) > 0).all()


@pytest.mark.parametrize(
    ("total", "other"),
    [
        ((1e6,), (1e5,)),
        ((1e6, 1e6), (1e5, 2e5)),
        ((1e6, 2e6), (2e5, 1e5)),
        ((1e6, 2e6), (1e5, 2e6)),
        ((1e6, 2e6), (1e5, 2e5, 3e5)),
        ((0.0, 2e6), (1e5, 2e5)),
        ((1e6, 2e6), (-1e5, 2e5)),
    ],
)
def test_what_are_no_shapes_by_size_is_refused(total, other):
    with pytest.raises(InputError, match="shapes of a family by rising size"):
        Capacity(total=total, other=other)

"""What a law misses: the same smooth surfaces every time, of unit variance wherever one looks."""

import numpy as np
import pytest

from engine.law.discrepancy import Discrepancy


def test_variance_is_one_everywhere():
    where = np.array([[0.0, 0.0, 0.0], [3.0, -2.0, 1.0], [-9.0, 4.0, 6.0]])
    values = Discrepancy(count=4000).at(where)
    assert values.shape == (4000, 3)
    # 4000 draws: the standard error of a standard deviation is 1.1 %; 48 cosines add a little.
    np.testing.assert_allclose(values.std(axis=0), 1.0, atol=0.1)
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=0.06)


def test_neighbours_err_alike_and_the_distant_do_not():
    length = 2.0
    where = np.array([[0.0, 0.0, 0.0], [0.0, 0.1, 0.0], [30.0, 0.0, 0.0]])
    at, near, far = Discrepancy(count=4000, length=length).at(where).T
    assert np.corrcoef(at, near)[0, 1] == pytest.approx(
        np.exp(-0.5 * (0.1 / length) ** 2), abs=0.01
    )
    assert abs(np.corrcoef(at, far)[0, 1]) < 0.4


def test_the_same_surfaces_every_time():
    where = np.linspace(-3, 3, 12).reshape(2, 2, 3)
    first, again = Discrepancy(count=5).at(where), Discrepancy(count=5).at(where)
    assert first.shape == (5, 2, 2)
    np.testing.assert_array_equal(first, again)

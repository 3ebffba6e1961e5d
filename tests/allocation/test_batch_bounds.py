"""The batch within its bounds: compute, people, and no more than helps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.allocation.batch_bounds import largest_batch, least_share

POSITIVE = st.floats(1.0, 1e30)


@given(POSITIVE, POSITIVE, st.floats(1.0, 1e10))
def test_no_batch_takes_more_than_compute_or_people(compute, one, people):
    found = float(largest_batch(compute, np.array([one]), people)[0])
    assert found <= people and found * one <= compute * (1 + 1e-12)
    assert found == people or found * one >= compute * (1 - 1e-12)


def test_with_endless_compute_everybody_is_in_every_batch():
    assert largest_batch(np.inf, np.array([1e9]), 500.0) == 500


@given(st.lists(st.floats(0.02, 1.0), min_size=1, max_size=5))
def test_the_batch_is_cut_as_far_as_the_loss_stays(ends):
    """Above ``ends`` the loss is flat: each is found from above, within the last cut."""
    ends = np.array(ends)
    found = least_share(lambda index, share: 3 + np.maximum(ends[index] - share, 0.0), ends.size)
    close = np.exp(np.log(100) / 2**8)
    assert np.all(found >= ends * (1 - 1e-3))
    assert np.all((found <= ends * close * (1 + 1e-3)) | ((found == 1) & (ends > 0.98 - 1e-4)))


@pytest.mark.parametrize(("slope", "share"), [(0.1, 1.0), (-0.1, 0.01)])
def test_a_batch_that_helps_stays_whole_and_one_that_harms_is_cut_to_the_least(slope, share):
    found = least_share(lambda index, part: 3 - slope * part, 2)
    assert found == pytest.approx([share] * 2, rel=0.02)

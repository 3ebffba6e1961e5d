"""The bounds of the batch: what compute and people allow, and how little of that is enough.

The batch is no axis of the search. Of a model size and a number of steps it takes what compute is
left, at most everybody at once, at least one example a step; and less where the rest buys nothing.
"""

import math
from collections.abc import Callable

import numpy as np

from engine.interval import FloatArray, IntArray

_NO_GAIN = 1e-6
"""Relative fall of the loss that is no reason to draw a larger batch: the interpolation's error."""
_LEAST_SHARE = 0.01
"""A batch is not cut below this share of what compute allows."""
_FIRST_CUT = 0.02
_CUTS = 8


def largest_batch(
    compute_flops: FloatArray | float, example_flops: FloatArray, data_budget: FloatArray | float
) -> FloatArray:
    """Examples a step that compute and people allow; below 1 where not even one is.

    ``example_flops``: FLOPs of one example in every step of the training.

    >>> largest_batch(600.0, np.array([1.0, 10.0]), 100.0).tolist()
    [100.0, 60.0]
    """
    found: FloatArray = np.minimum(compute_flops / example_flops, data_budget)
    return found


def least_share(loss: Callable[[IntArray, FloatArray], FloatArray], count: int) -> FloatArray:
    """The least share of the largest batch that loses nothing, of each of ``count`` configurations,
    (n,).

    Where the data is spent, σ grows as the batch does, and most of the compute is for nothing.
    ``loss``: of the configurations at an index, (k,), at a share of the batch each, (k,).
    """
    share, everywhere = np.ones(count), np.arange(count)
    enough = loss(everywhere, share) * (1 + _NO_GAIN)
    spared = np.flatnonzero(loss(everywhere, share - _FIRST_CUT) <= enough)
    if not spared.size:
        return share
    low = np.full(spared.size, math.log(_LEAST_SHARE))
    high = np.full(spared.size, math.log1p(-_FIRST_CUT))
    for _ in range(_CUTS):
        middle = (low + high) / 2
        down = loss(spared, np.exp(middle)) <= enough[spared]
        low, high = np.where(down, low, middle), np.where(down, middle, high)
    share[spared] = np.exp(high)
    return share

"""Whether a training diverged, by the losses that it recorded.

A loss of NaN, an infinite one, and 0, as which some stores write NaN, are a divergence; so is a
finite blow-up: an end far above the least loss, or above that of a model that knows nothing.

>>> import numpy as np
>>> diverged_at(np.array([6.1, 5.5, 5.1, 4.8, 58.0, 58.0]), 30522), diverged_at(np.array([4.0]), 99)
(5, None)
"""

import math

import numpy as np

from engine.interval import FloatArray
from engine.runs.record import UNTRAINED_LOSS

SMOOTHING = 10
"""Measurements; the rolling mean of McKenna et al. (2025)."""
BLOW_UP = 1.5
"""How many times its least loss a run may end at; noise alone lets a loss rise by less."""
_STEADY = 3
"""Measurements whose mean counts as the least loss: one alone may be a slip."""


def diverged_at(losses: FloatArray, vocabulary_size: int) -> int | None:
    """Place of the measurement, of shape (n,) in nats, that shows it; None for a sound run."""
    lost = ~np.isfinite(losses) | (losses == 0)
    if lost.any():
        return int(np.argmax(lost))
    window = min(_STEADY, losses.size)
    least = np.convolve(losses, np.ones(window) / window, mode="valid").min()
    untrained = UNTRAINED_LOSS * math.log(vocabulary_size)
    # Half of a short curve may be its beginning: the mean of the end must not reach back there.
    end = losses[-min(SMOOTHING, max(losses.size // 4, 1)) :].mean()
    return None if end <= min(untrained, BLOW_UP * max(least, 0.0)) else losses.size - 1

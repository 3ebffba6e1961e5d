"""A value with its range, and the array types of the engine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value and its range at ``level``: for losses a prediction interval, which the loss of one
    new run should meet with that probability; else the share of the law's resamples inside."""

    value: float
    low: float
    high: float
    level: float

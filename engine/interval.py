"""A value with its range, and the array types of the engine."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.quantiles import interpolated_quantiles

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


CensoredSide = Literal["above", "below"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """A value and its range at ``level``, either of which may lie beyond what can be answered.

    ``censored`` "above": more than a few draws lie above what was searched, so there is no
    ``high``; with no ``value`` either, the value itself does, and ``low`` is the bound: "at least".
    "below" the same way round. None: nothing is cut off.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    censored: CensoredSide | None


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value and its range at ``level``: for losses a prediction interval, which the loss of one
    new run should meet with that probability; else the share of the law's resamples inside."""

    value: float
    low: float
    high: float
    level: float

    @classmethod
    def of_draws(cls, value: float, draws: FloatArray | list[float], level: float) -> "Interval":
        """The middle ``level`` of the draws, widened to the value where that lies outside."""
        low, high = interpolated_quantiles(np.asarray(draws), ((1 - level) / 2, (1 + level) / 2))
        return cls(value=value, low=min(low, value), high=max(high, value), level=level)

"""Quantiles of draws by partition, each in a third of the time of ``np.quantile`` or less.

Three rules, one for each kind of draws. *Interpolated* between neighbours: for what is finite.
*Nearest* draw: where some draws are infinite, which interpolation would turn into NaN. *Reached*:
the least draw that a share of the draws does not exceed, for "nine of ten agree".
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def interpolated_quantiles(draws: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """The quantiles of ``draws`` (n,) as ``np.quantile`` interpolates them, NaN where one draw is.
    Answers ask for thirty."""
    at = [(draws.size - 1) * share for share in shares]
    below = [math.floor(place) for place in at]
    above = [min(place + 1, draws.size - 1) for place in below]
    ordered = np.partition(draws, [*below, *above, draws.size - 1])
    if math.isnan(ordered[-1]):  # NaN is sorted last
        return [math.nan] * len(at)
    found = []
    for place, low, high in zip(at, below, above, strict=True):
        one, other = float(ordered[low]), float(ordered[high])
        share, step = place - low, other - one
        found.append(one + step * share if share < 0.5 else other - step * (1 - share))
    return found


def nearest_quantiles(draws: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """The draw of ``draws`` (n,), some of them perhaps inf, that is nearest to each quantile."""
    at = [round((draws.size - 1) * share) for share in shares]
    found: list[float] = np.partition(draws, at)[at].tolist()
    return found


def reached_quantiles(draws: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Of each column of ``draws`` (R, ...) the least that ``share`` of it or more do not exceed."""
    at = min(math.ceil(share * len(draws)), len(draws)) - 1
    found: NDArray[np.float64] = np.partition(draws, at, axis=0)[at]
    return found

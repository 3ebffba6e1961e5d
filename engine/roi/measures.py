"""Net present value, internal rate of return, payback: the textbook's, with their exceptions.

``flows[t]`` is what comes in less what goes out at the end of period t; period 0 is now.

>>> internal_rates([-100, 230, -132])  # the classical case of two
(0.1, 0.2)
>>> payback([-10, 4, 4, 4])
2.5
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from engine.interval import FloatArray

_HIGHEST_RATE = 1e6
"""A period's rate above this is called no rate."""
_GRID = 4_000
_SAME = 1e-9


def discount_factors(rate_per_year: FloatArray | float, months: FloatArray) -> FloatArray:
    """(1 + r)^(−month/12); broadcasts."""
    return np.exp(-np.log1p(rate_per_year) / 12 * months)


def sign_changes(flows: Sequence[float] | FloatArray) -> int:
    """How often the flows change sign, zeros left out: at most so many rates (Descartes)."""
    signs = np.sign(np.asarray(flows, dtype=float))
    signs = signs[signs != 0]
    return int(np.count_nonzero(np.diff(signs)))


def internal_rates(flows: Sequence[float] | FloatArray) -> tuple[float, ...]:
    """Every rate a period > −1 at which the NPV crosses zero, ascending; often one, or none.

    Searched where 1/(1 + rate) runs from 1e-6 to 1e3, that is up to a rate of 1e6. A rate at
    which the NPV only touches zero is not one to decide by, and is left out.
    """
    flows = np.asarray(flows, dtype=float)
    if sign_changes(flows) == 0:
        return ()
    x = _grid()
    value = _polynomial(flows, x)
    crossings = np.flatnonzero(np.sign(value[:-1]) * np.sign(value[1:]) < 0)
    found = [1 / _root(flows, x[k], x[k + 1]) - 1 for k in crossings]
    found += [1 / root - 1 for root in x[1:-1][_crossed_at(value)]]
    unique: list[float] = []
    for rate in sorted(found):
        if not unique or abs(rate - unique[-1]) > _SAME * (1 + abs(rate)):
            unique.append(round(float(rate), 12))
    return tuple(unique)


@cache
def _grid() -> FloatArray:
    """Values of 1/(1 + rate) to look at, rising."""
    parts = (
        np.geomspace(1 / (1 + _HIGHEST_RATE), 0.5, _GRID // 4),
        np.linspace(0.5, 1.5, _GRID),
        np.geomspace(1.5, 1e3, _GRID // 4),
    )
    return np.unique(np.concatenate(parts))


def payback(flows: Sequence[float] | FloatArray) -> float:
    """Periods, with fractions, until the flows so far sum to zero for good; inf if never."""
    return float(paybacks(np.cumsum(np.asarray(flows, dtype=float))[:, None])[0])


def paybacks(cumulative: FloatArray) -> FloatArray:
    """Periods until cumulative flows (periods, n) stay at or above zero, shape (n,)."""
    periods = cumulative.shape[0]
    # The period after the last one below zero; 0: none is.
    after, lately = np.zeros((2, cumulative.shape[1]), dtype=np.int32)
    for period, so_far in enumerate(cumulative, start=1):
        np.multiply(so_far < 0, np.int32(period), out=lately)
        np.maximum(after, lately, out=after)
    never = after >= periods
    safe = np.clip(after, 1, periods - 1)
    column = np.arange(cumulative.shape[1])
    before, then = cumulative[safe - 1, column], cumulative[safe, column]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(then > before, -before / (then - before), 0.0)
    found = np.where(after == 0, 0.0, safe - 1 + share)
    return np.where(never, np.inf, found)


def _polynomial(flows: FloatArray, x: FloatArray) -> FloatArray:
    """Σ flows[t]·x^t, scaled so that it neither overflows nor changes sign."""
    value = np.empty(x.shape)
    large = x > 1
    value[~large] = _horner(flows[::-1], x[~large])
    value[large] = _horner(flows, 1 / x[large])
    return value


def _horner(coefficients: FloatArray, x: FloatArray) -> FloatArray:
    """The polynomial with these coefficients, that of the highest power first."""
    total = np.zeros(x.shape)
    for coefficient in coefficients:
        total = total * x + coefficient
    return total


def _crossed_at(value: FloatArray) -> NDArray[np.bool_]:
    """Inner grid points where the value is zero and its neighbours have opposite signs."""
    crossed: NDArray[np.bool_] = (value[1:-1] == 0) & (np.sign(value[:-2]) * np.sign(value[2:]) < 0)
    return crossed


def _root(flows: FloatArray, low: float, high: float) -> float:
    """The x between ``low`` and ``high`` at which the polynomial changes sign."""
    rising = [float(flow) for flow in flows]
    falling = rising[::-1]

    def value(x: float) -> float:
        # As _polynomial, for one x in a tenth of the time.
        coefficients, factor = (rising, 1 / x) if x > 1 else (falling, x)
        total = 0.0
        for coefficient in coefficients:
            total = total * factor + coefficient
        return total

    return float(brentq(value, low, high, xtol=1e-15, rtol=1e-14))

"""Sums of independent losses on a grid: the pieces that both accountants of this package share."""

import numpy as np
from scipy.signal import lfilter

TAIL = 36.0
"""e^−36: probability that may fall off the grid."""
_RATES = np.geomspace(0.05, 1e6, 40)
_BLOCKS = 800
"""Chernoff bounds only steer tilt and grid: of very many losses, this many blocks are enough."""


def spread(position: np.ndarray, weight: np.ndarray, size: int) -> np.ndarray:
    """Probabilities at real positions -> a periodic grid, first five moments preserved."""
    cell = np.floor(position).astype(np.int64)
    offset = position - cell
    nodes = np.arange(-2, 4)
    grid = np.zeros(size)
    for i, node in enumerate(nodes):
        share = weight.copy()
        for other in np.delete(nodes, i):
            share *= (offset - other) / (node - other)
        grid += np.bincount((cell + node) % size, weights=share, minlength=size)
    return grid


def power(values: np.ndarray, exponent: int) -> np.ndarray:
    """``values ** exponent`` by repeated squaring, five times as fast as complex ``**``."""
    result, square = np.ones_like(values), values.copy()
    while True:
        if exponent & 1:
            result *= square
        exponent >>= 1
        if not exponent:
            return result
        square *= square


def decayed_sum(density: np.ndarray, rate: float) -> np.ndarray:
    """S_i = Σ_{j ≥ i} e^{−rate·(j−i)}·density_j, as a recursion from the right end."""
    return lfilter([1.0], [1.0, -np.exp(-rate)], density[::-1])[::-1]


def reach(loss: np.ndarray, weight: np.ndarray, iterations: int) -> float:
    """A value that the sum of T losses exceeds with probability below e^−36 (Chernoff)."""
    log_weight = np.log(np.maximum(weight, 1e-300))
    return float(np.min((iterations * cumulants(loss, log_weight, _RATES) + TAIL) / _RATES))


def cumulants(loss: np.ndarray, log_weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """ln E[e^{rate·L}] at each rate, or slightly more where there are very many losses."""
    loss, log_weight = _pooled(loss, log_weight)
    exponent = log_weight + rates[:, None] * loss
    top = exponent.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(exponent - top).sum(axis=1))


def _pooled(loss: np.ndarray, log_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fewer losses, none smaller: the likeliest stay, blocks of the rest count at their largest."""
    if loss.size <= 4 * _BLOCKS:
        return loss, log_weight
    likeliest = np.argpartition(log_weight, -_BLOCKS)[-_BLOCKS:]
    rest = np.ones(loss.size, dtype=bool)
    rest[likeliest] = False
    others, weights = loss[rest], log_weight[rest]
    starts = np.arange(0, others.size, max(others.size // _BLOCKS, 1))
    return (
        np.concatenate([loss[likeliest], np.maximum.reduceat(others, starts)]),
        np.concatenate([log_weight[likeliest], np.logaddexp.reduceat(weights, starts)]),
    )


def logsumexp(values: np.ndarray) -> float:
    """ln Σ e^{values}."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))

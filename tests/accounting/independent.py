"""Accountants for tests only: they share no code with the engine nor with dp_accounting.

A Gaussian is solved in extended precision. The Poisson-subsampled Gaussian is composed by one plain
FFT: losses at many quantiles of a step, each split between two grid points so that its mean is
kept. The split only adds variance, at most cell²/4 a step, so ε is overstated by well under 0.1 %
where the sampling probability is at least 1e-3 (``test_independent``).
"""

import math
from fractions import Fraction

import mpmath
import numpy as np
from scipy.stats import norm

CELL = 1e-4
_QUANTILES = 40_001
_REACH = 9.5


def most_participations(data_budget: int, batch_size: int, iterations: int) -> int:
    """How often the busiest person is in a batch: T batches of B dealt in turn to N people."""
    return math.ceil(Fraction(iterations * batch_size, data_budget))


def gaussian_delta(epsilon: float, mu: float) -> float:
    """δ(ε) of N(0, 1) against N(μ, 1), from its definition in 50 digits."""
    with mpmath.workdps(50):
        e, m = mpmath.mpf(epsilon), mpmath.mpf(mu)
        return float(mpmath.ncdf(m / 2 - e / m) - mpmath.exp(e) * mpmath.ncdf(-m / 2 - e / m))


def poisson_delta(q: float, sigma: float, steps: int, epsilon: float) -> float:
    """δ(ε) of T steps that take each person with probability q, the larger of two directions."""
    edges = np.linspace(-_REACH, _REACH, _QUANTILES + 1)
    mass = np.diff(norm.cdf(edges)) / (1 - 2 * norm.sf(_REACH))
    normal = sigma * (edges[1:] + edges[:-1]) / 2

    def loss(x: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            ratio: np.ndarray = np.log1p(q * np.expm1((x - 0.5) / sigma**2))
        return ratio

    without, within = loss(normal), loss(normal + 1)
    removed = np.append(without, within), np.append((1 - q) * mass, q * mass)
    added = -without, mass
    return max(_delta(losses, weights, steps, epsilon) for losses, weights in (removed, added))


def _delta(loss: np.ndarray, mass: np.ndarray, steps: int, epsilon: float) -> float:
    mean = mass @ loss
    deviation = math.sqrt(mass @ (loss - mean) ** 2)
    span = abs(steps * mean) + 14 * math.sqrt(steps) * deviation + 1.2 * np.abs(loss).max()
    size = 2 ** math.ceil(math.log2(2 * max(span, 1.0) / CELL))
    assert size <= 2**22, "Losses too far apart for this accountant."
    place = loss / CELL
    lower = np.floor(place).astype(int)
    upper_share = mass * (place - lower)
    grid = np.bincount(lower % size, mass - upper_share, size)
    grid += np.bincount((lower + 1) % size, upper_share, size)
    total = np.fft.irfft(np.fft.rfft(grid) ** steps, size)
    total[np.abs(total) < 1e-18] = 0.0
    beyond = np.arange(math.ceil(epsilon / CELL), size // 2)
    return float(-(total[beyond] @ np.expm1(epsilon - beyond * CELL)))

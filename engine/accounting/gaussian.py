r"""The Gaussian mechanism, exactly: δ(ε; μ) and its inverse.

A mechanism is μ-GDP when it is as hard to attack as telling N(0, 1) from N(μ, 1) (Dong, Roth and
Su, arXiv 1905.02383, corollary 2.13; Balle and Wang, arXiv 1805.06530, theorem 8):
δ(ε) = Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ). k participations with noise multiplier σ have μ = √k/σ.

>>> f"{gaussian_delta(1.0, 1.0):.6f}"
'0.126937'
>>> float(gaussian_mu(1.0, gaussian_delta(1.0, 1.0)).round(9))
1.0
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

FloatArray = NDArray[np.float64]

_LOG_MU_RANGE = (np.log(1e-9), np.log(1e4))
_BISECTIONS = 80
"""Halves an interval down to floating-point resolution."""


def gaussian_delta(epsilon: FloatArray | float, mu: FloatArray | float) -> FloatArray:
    """δ at ``epsilon`` of a μ-GDP mechanism; broadcasts. Falls with ε, rises with μ."""
    delta: FloatArray = np.exp(_log_delta(np.asarray(epsilon, float), np.asarray(mu, float)))
    return delta


def gaussian_mu(epsilon: FloatArray | float, delta: FloatArray | float) -> FloatArray:
    """The largest μ whose δ(ε) is at most ``delta``; broadcasts."""
    epsilon, log_delta = np.broadcast_arrays(np.asarray(epsilon, float), np.log(delta))
    low = np.full(epsilon.shape, _LOG_MU_RANGE[0])
    high = np.full(epsilon.shape, _LOG_MU_RANGE[1])
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = _log_delta(epsilon, np.exp(middle)) <= log_delta
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    mu: FloatArray = np.exp(low)
    return mu


def gaussian_epsilon(mu: FloatArray | float, delta: FloatArray | float) -> FloatArray:
    """The least ε >= 0 whose δ(ε) is at most ``delta``, to 1e-12 from above; broadcasts."""
    mu, log_delta = np.broadcast_arrays(np.asarray(mu, float), np.log(delta))
    low = np.zeros(mu.shape)
    # δ(ε) ≤ Φ(μ/2 − ε/μ): at this ε the argument is −8.3, beyond any δ that may be asked for.
    high = mu * (mu / 2 + 8.3)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        enough = _log_delta(middle, mu) <= log_delta
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    epsilon: FloatArray = np.where(_log_delta(np.zeros(mu.shape), mu) <= log_delta, 0.0, high)
    return epsilon


def _log_delta(epsilon: FloatArray, mu: FloatArray) -> FloatArray:
    """ln δ by logarithms of Φ, since e^ε·Φ overflows and cancels where ε is large."""
    first = log_ndtr(mu / 2 - epsilon / mu)
    second = epsilon + log_ndtr(-mu / 2 - epsilon / mu)
    with np.errstate(divide="ignore"):
        log_delta: FloatArray = first + np.log(-np.expm1(np.minimum(second - first, 0.0)))
    return log_delta

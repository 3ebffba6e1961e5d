r"""Strategies of banded matrix factorisation: noise whose parts cancel over b steps.

DP-SGD adds fresh noise to the gradient of every step. A banded strategy C (lower triangular,
Toeplitz, b coefficients c_0 … c_{b−1}) instead adds C⁻¹z, where z is white: neighbouring steps'
noises are correlated such that much of one is taken back by the next ones, and what the optimiser
adds up, a running sum of gradients, carries less of it. One unit's gradient in one step changes
b rows of C·G by (c_0, …, c_{b−1}) times itself: the sensitivity is the column norm ‖c‖, and here
strategies have ‖c‖ = 1. See Choquette-Choo et al., "(Amplified) Banded Matrix Factorization"
(arXiv 2306.08153); Toeplitz strategies and this objective: McKenna, "Scaling up the Banded Matrix
Factorization Mechanism" (arXiv 2405.15913).

The coefficients minimise ‖c‖² times the mean, or the largest, of the expected squared errors of a
workload over T steps: prefix sums (``momentum`` 0), or sums of an exponential moving average, as
momentum and Adam's first moment make them. The search starts from the coefficients of
(1 − x)^(−1/2), which are optimal without bands (Fichtenberger, Henzinger and Upadhyay, arXiv
2202.11205), and follows exact gradients by L-BFGS.

Not covered: that the loss falls as this error does. It counts noise added up by a linear optimiser,
not Adam's division by the size of a step.

>>> found = strategy(bands=4, iterations=100)
>>> found.round(4)
array([0.683 , 0.4828, 0.4145, 0.3587])
>>> f"{error(found, iterations=100):.3f} against {error(np.ones(1), iterations=100):.3f}"
'15.336 against 50.500'
"""

from enum import StrEnum
from functools import lru_cache

import numpy as np

from engine.accounting.domain import require_bands
from engine.accounting.gaussian import FloatArray
from engine.errors import InputError

_ROUNDS = 500
_CLOSE = 1e-13
"""Relative change of the objective at which the search ends."""
_UNSTABLE = 1e10
"""Stands for an objective that overflowed: its strategy amplifies noise without bound."""


class Objective(StrEnum):
    """Which error of the workload a strategy minimises."""

    MEAN = "mean"
    """Mean over the steps of the expected squared error."""
    MAX = "max"
    """The largest one, which is that of the last step."""


def inverse_square_root(bands: int) -> FloatArray:
    """First coefficients of (1 − x)^(−1/2), shape (bands,), norm 1."""
    k = np.arange(1.0, bands)
    found = np.cumprod(np.concatenate([[1.0], (2 * k - 1) / (2 * k)]))
    normed: FloatArray = found / np.linalg.norm(found)
    return normed


def strategy(
    *,
    bands: int,
    iterations: int,
    momentum: float = 0.0,
    objective: Objective = Objective.MEAN,
) -> FloatArray:
    """The banded coefficients of least error, shape (bands,), norm 1; for one band (1.0,).

    Raises :class:`InputError` for bands outside 1 … min(T, 1024), T outside
    1 … 1e6, or momentum outside [0, 1). Takes some bands·T nanoseconds a round, of a dozen rounds.
    """
    require_bands(bands, iterations)
    return np.array(_optimised(int(bands), int(iterations), _momentum(momentum), objective))


def error(
    coefficients: FloatArray,
    *,
    iterations: int,
    momentum: float = 0.0,
    objective: Objective = Objective.MEAN,
) -> float:
    """‖c‖² times the expected squared error of the workload, for white noise of variance 1.

    Independent noise on prefix sums has (T + 1)/2 (mean) and T (max).
    """
    found = squared_errors(coefficients, iterations=iterations, momentum=momentum)
    reduced = found.mean() if objective is Objective.MEAN else found[-1]
    return float(reduced * (coefficients @ coefficients))


def squared_errors(
    coefficients: FloatArray, *, iterations: int, momentum: float = 0.0
) -> FloatArray:
    """Expected squared error of the workload's sum at each step, (T,), white noise of variance 1.

    Rises, so that the last is the largest.
    """
    weights = _filtered(coefficients, _workload(iterations, _momentum(momentum)))
    errors: FloatArray = np.cumsum(weights**2)
    return errors


def noising(coefficients: FloatArray, count: int) -> FloatArray:
    """First ``count`` coefficients of C⁻¹: how much of the white noise of k steps ago, k = 0, 1, …,
    is in a step's noise, shape (count,)."""
    impulse = np.zeros(count)
    impulse[0] = 1.0
    return _filtered(coefficients, impulse)


@lru_cache(maxsize=64)
def _optimised(
    bands: int, iterations: int, momentum: float, objective: Objective
) -> tuple[float, ...]:
    if bands == 1:
        return (1.0,)
    from scipy.optimize import minimize

    workload = _workload(iterations, momentum)
    share = np.ones(iterations)
    if objective is Objective.MEAN:
        # Noise that entered k steps before step t is in the sums of all later steps too.
        share = 1 - np.arange(iterations) / iterations
    found = minimize(
        _log_error,
        inverse_square_root(bands),
        args=(workload, share),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ROUNDS, "maxfun": 4 * _ROUNDS, "ftol": _CLOSE, "gtol": 1e-9},
    ).x
    return tuple((found / np.linalg.norm(found)).tolist())


def _log_error(
    coefficients: FloatArray, workload: FloatArray, share: FloatArray
) -> tuple[float, FloatArray]:
    """ln of :func:`error` and its gradient, shape (bands,).

    The sums' weights are w = A/c as power series, so that dw/dc_j = −x^j·(A/c)/c.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        weights = _filtered(coefficients, workload)
        twice = _filtered(coefficients, weights)
        norm, total = coefficients @ coefficients, share @ weights**2
        shared = share * weights
        last = shared.size
        slopes = np.array([-2 * (shared[j:] @ twice[: last - j]) for j in range(coefficients.size)])
        value = float(np.log(norm) + np.log(total))
        gradient: FloatArray = 2 * coefficients / norm + slopes / total
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        return _UNSTABLE, np.zeros_like(coefficients)
    return value, gradient


def _workload(iterations: int, momentum: float) -> FloatArray:
    """Weights of a gradient in the sum k = 0, 1, … steps later: 1 − β^(k+1), shape (T,)."""
    weights: FloatArray = 1 - momentum ** np.arange(1.0, iterations + 1)
    return weights


def _filtered(coefficients: FloatArray, series: FloatArray) -> FloatArray:
    """``series`` divided by ``coefficients``, both as power series."""
    from scipy.signal import lfilter  # slow to load, and few callers need it

    quotient: FloatArray = lfilter([1.0], coefficients, series)
    return quotient


def _momentum(value: float) -> float:
    if not 0 <= value < 1:
        raise InputError(
            "Expected a momentum of at least 0 and below 1, got {value}.", value=f"{value:g}"
        )
    return float(value)

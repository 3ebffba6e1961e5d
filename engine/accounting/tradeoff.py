r"""δ at given ε for attacks: the whole curve of the subsampled Gaussian after T steps, untilted.

The counterpart of :mod:`engine.accounting.profile`, which aims at tiny δ and tilts towards it. An
attack lives where δ is large, so here the losses are composed as they are: put on a grid by a
six-point Lagrange kernel that keeps their first five moments, raised to the power T in Fourier
space, and summed, δ(ε) = Σ_{l > ε} (1 − e^{ε − l})·p(l). Errors are absolute, about 1e-5 in δ; no
promise rests on it.

>>> subsampled_delta(0.022, 6.0, 11_000, [0.0, 0.5, 1.0]).round(3)
array([0.153, 0.023, 0.001])
"""

from collections.abc import Sequence

import numpy as np

from engine.accounting.grid import decayed_sum, power, reach, spread
from engine.accounting.profile import WIDEST_LOSS, step_losses

_CELLS_PER_DEVIATION = 60
_FINEST_CELL, _COARSEST_CELL = 2e-5, 2e-2
_LARGEST_GRID = 2**19
_BULK = 0.999
"""Share of a step's losses that make up the hump at zero: few participations leave it narrow."""


def subsampled_delta(
    sampling_probability: float,
    noise_multiplier: float,
    iterations: int,
    epsilons: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """δ at each of ``epsilons`` >= 0 after ``iterations`` steps; about 5 ms.

    Shapes: epsilons (n,) -> (n,), falling. The larger of removing and adding a person; Poisson
    sampling, unit sensitivity. δ is 1 where the losses may lie beyond ``WIDEST_LOSS``: no
    protection is claimed that was not computed.
    """
    wanted = np.asarray(epsilons, dtype=float)
    directions = step_losses(sampling_probability, noise_multiplier)
    return np.maximum.reduce(
        [_composed_delta(loss, weight, iterations, wanted) for loss, weight in directions]
    )


def _composed_delta(
    loss: np.ndarray, weight: np.ndarray, iterations: int, wanted: np.ndarray
) -> np.ndarray:
    right, left = reach(loss, weight, iterations), reach(-loss, weight, iterations)
    if max(right, left) > WIDEST_LOSS:
        return np.ones(wanted.shape)
    cell = _cell(loss, weight, iterations)
    right, left = max(right, 20 * cell), max(left, 20 * cell)
    size = 2 ** int(np.ceil(np.log2((left + right) / cell + 32)))
    size = min(max(size, 512), _LARGEST_GRID)
    cell = max(cell, (left + right) / (size - 32))
    # Single losses beyond the grid have probability below e^−36.
    kept = loss <= right
    step = np.fft.rfft(spread(loss[kept] / cell, weight[kept], size))
    density = np.fft.irfft(power(step, iterations), size)[: int(right / cell) + 1]
    delta = decayed_sum(density, 0.0) - decayed_sum(density, cell)
    delta = np.maximum.accumulate(np.clip(delta, 0.0, 1.0)[::-1])[::-1]
    # δ is convex in ε, so that a chord lies above it.
    return np.interp(wanted, cell * np.arange(delta.size), delta)


def _cell(loss: np.ndarray, weight: np.ndarray, iterations: int) -> float:
    """Fine against the composed loss, and against its hump where rare losses make it wide."""
    deviation = float(np.sqrt(weight @ (loss - weight @ loss) ** 2))
    order = np.argsort(np.abs(loss))
    bulk = order[: int(np.searchsorted(np.cumsum(weight[order]), _BULK)) + 1]
    hump = float(np.sqrt(weight[bulk] @ loss[bulk] ** 2))
    narrow = np.sqrt(iterations) * min(deviation, hump) / _CELLS_PER_DEVIATION
    return float(np.clip(narrow, _FINEST_CELL, _COARSEST_CELL))

"""Sums of independent losses on a grid: what the accountants of this package share.

A step's losses are put on a grid by a six-point Lagrange kernel that keeps their first five moments
(ordinary rounding widens the sum by √T·cell and makes σ several per cent too large) and composed by
one FFT. How fine the grid is follows from the composed loss (:func:`choose_cell`), how wide from
Chernoff bounds (:func:`span`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TAIL = 36.0
"""e^−36: probability that may fall off the grid."""
RATES = np.geomspace(0.05, 1e6, 40)
"""At which Chernoff bounds are taken; the best of them counts."""
_BLOCKS = 800
"""Chernoff bounds only steer tilt and grid: of very many losses, this many blocks are enough."""
_BULK = 0.999
"""Share of a step's losses that make up the hump at zero."""
_NEARLY_GAUSSIAN = 0.05
"""Excess kurtosis of the composed loss below which one width describes it."""
_LEAST_CELLS = 20
"""Cells on either side of zero, however narrow the composed loss."""
_MARGIN = 32
"""Cells kept free for the spreading kernel."""
_SMALLEST_GRID = 512


class Repeated(NamedTuple):
    """A loss, its probabilities, both of shape (k,), and how often it is drawn."""

    loss: FloatArray
    weight: FloatArray
    times: int


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """How fine an accountant wants the composed loss; cells in units of privacy loss (nats).

    ``coarsest`` bounds the cell where the composed loss is nearly Gaussian, ``coarsest_hump``
    elsewhere.
    """

    cells_per_deviation: float
    cells_per_hump: float
    finest: float
    coarsest: float
    coarsest_hump: float


def choose_cell(
    loss: FloatArray,
    weight: FloatArray,
    decisive: FloatArray,
    iterations: int,
    resolution: Resolution,
) -> float:
    """Cell that is fine against the sum of T losses if that is nearly Gaussian, else its hump.

    ``weight``: probabilities of a step's losses; ``decisive``: those under which the sum is taken.
    With few participations the sum is a narrow hump at zero (the bulk of the losses) beside rare
    large losses, and no single width describes it.
    """
    centred = loss - float(decisive @ loss)
    variance = float(decisive @ centred**2)
    fourth = float(decisive @ centred**4)
    if variance > 0 and fourth <= _NEARLY_GAUSSIAN * iterations * variance**2:
        deviation = float(np.sqrt(iterations * variance))
        cell, coarsest = deviation / resolution.cells_per_deviation, resolution.coarsest
    else:
        order = np.argsort(np.abs(loss))
        bulk = order[: int(np.searchsorted(np.cumsum(weight[order]), _BULK)) + 1]
        hump = float(np.sqrt(iterations * (weight[bulk] @ loss[bulk] ** 2)))
        cell, coarsest = hump / resolution.cells_per_hump, resolution.coarsest_hump
    return float(np.clip(cell, resolution.finest, coarsest))


def span(
    loss: FloatArray, weight: FloatArray, iterations: int, *, rates: FloatArray = RATES
) -> tuple[float, float]:
    """How far below and above zero the sum of T losses reaches, but with probability e^−36."""
    return joint_span([Repeated(loss, weight, iterations)], rates=rates)


def joint_span(parts: Sequence[Repeated], *, rates: FloatArray = RATES) -> tuple[float, float]:
    """As :func:`span`, for the sum of several losses, each drawn so often."""
    mirrored = [part._replace(loss=-part.loss) for part in parts]
    return _reach(mirrored, rates), _reach(parts, rates)


def compose(
    loss: FloatArray,
    weight: FloatArray,
    iterations: int,
    cell: float,
    *,
    within: tuple[float, float],
    largest: int,
) -> tuple[FloatArray, FloatArray]:
    """Distribution of the sum of T losses: positions from 0 upwards, and their probabilities.

    ``within``: distances below and above zero that the grid covers. The cell is made smaller to
    fit a whole grid, or larger where that would have more than ``largest`` points.
    """
    left, right = (max(side, _LEAST_CELLS * cell) for side in within)
    size = min(_grid_size(left + right, cell), largest)
    return _composed(loss, weight, iterations, (left + right) / (size - _MARGIN), size, right)


def compose_on(
    parts: Sequence[Repeated], cell: float, *, within: tuple[float, float], largest: int
) -> tuple[FloatArray, FloatArray, float] | None:
    """As :func:`compose`, for losses that are multiples of ``cell``, of one training or several;
    None where the grid would be larger than ``largest``. The third value: how many of the losses
    are not 0, on average.

    A training's spectrum is 1 + g, where g comes from the losses that are not 0 alone, and its
    power is e^{T·ln(1 + g)}: floating point then errs in proportion to those losses, however many
    steps there are.
    """
    left, right = (max(side, _LEAST_CELLS * cell) for side in within)
    size = _grid_size(left + right, cell)
    if size > largest:
        return None
    growth, angle, moved = np.zeros(size // 2 + 1), np.zeros(size // 2 + 1), 0.0
    for loss, weight, times in parts:
        keep = loss <= right
        index = np.rint(loss[keep] / cell).astype(np.int64) % size
        grid = np.bincount(index, weights=weight[keep], minlength=size)
        total, grid[0] = float(grid.sum()), 0.0
        elsewhere = float(grid.sum())
        deviation = (np.fft.rfft(grid) - elsewhere) / total
        real, imaginary = deviation.real, deviation.imag
        with np.errstate(divide="ignore"):
            logarithm = 0.5 * np.log1p(np.maximum(2 * real + real**2 + imaginary**2, -1.0))
        growth += times * (logarithm + math.log(total))
        angle += times * np.arctan2(imaginary, 1 + real)
        moved += times * elsewhere
    density = np.fft.irfft(np.exp(growth) * np.exp(1j * angle), size)
    last = int(right / cell)
    positions = cell * np.arange(last + 1, dtype=np.float64)
    return positions, density[: last + 1], moved


def _grid_size(width: float, cell: float) -> int:
    power_of_two = math.ceil(math.log2(width / cell + _MARGIN))
    return int(max(2**power_of_two, _SMALLEST_GRID))


def _composed(
    loss: FloatArray, weight: FloatArray, iterations: int, cell: float, size: int, right: float
) -> tuple[FloatArray, FloatArray]:
    # A single loss beyond the grid would wrap into the middle; its probability is left out: it is
    # below e^−36, or belongs to an ε that is reported as infinite.
    keep = loss <= right
    step = spread(loss[keep] / cell, weight[keep], size)
    total = np.fft.irfft(power(np.fft.rfft(step), iterations), size)
    last = int(right / cell)
    return cell * np.arange(last + 1, dtype=np.float64), total[: last + 1]


def spread(position: FloatArray, weight: FloatArray, size: int) -> FloatArray:
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


def power(values: NDArray[np.complex128], exponent: int) -> NDArray[np.complex128]:
    """``values ** exponent`` by repeated squaring, five times as fast as complex ``**``."""
    result, square = np.ones_like(values), values.copy()
    while True:
        if exponent & 1:
            result *= square
        exponent >>= 1
        if not exponent:
            return result
        square *= square


def decayed_sum(density: FloatArray, rate: float) -> FloatArray:
    """S_i = Σ_{j ≥ i} e^{−rate·(j−i)}·density_j, as a recursion from the right end."""
    # scipy.signal takes a second to load, and many commands never come here.
    from scipy.signal import lfilter

    summed: FloatArray = lfilter([1.0], [1.0, -np.exp(-rate)], density[::-1])[::-1]
    return summed


def _reach(parts: Sequence[Repeated], rates: FloatArray) -> float:
    """A value that the sum exceeds with probability below e^−36 (Chernoff)."""
    exponents = np.zeros(rates.shape)
    for loss, weight, times in parts:
        exponents += times * cumulants(loss, np.log(np.maximum(weight, 1e-300)), rates)
    return float(np.min((exponents + TAIL) / rates))


def cumulants(loss: FloatArray, log_weight: FloatArray, rates: FloatArray) -> FloatArray:
    """ln E[e^{rate·L}] at each rate, or slightly more where there are very many losses."""
    loss, log_weight = _pooled(loss, log_weight)
    exponent = log_weight + rates[:, None] * loss
    top = exponent.max(axis=1, keepdims=True)
    logarithms: FloatArray = top[:, 0] + np.log(np.exp(exponent - top).sum(axis=1))
    return logarithms


def _pooled(loss: FloatArray, log_weight: FloatArray) -> tuple[FloatArray, FloatArray]:
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


def logsumexp(values: FloatArray) -> float:
    """ln Σ e^{values}."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))

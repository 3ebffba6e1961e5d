r"""Privacy profile of the Poisson-subsampled Gaussian after T steps, near-exact and fast.

One step of DP-SGD with sampling probability q and noise multiplier σ has, under add/remove
neighbours, the privacy loss L = ln(dP/dQ) with P = (1−q)·N(0, σ²) + q·N(1, σ²), Q = N(0, σ²) for
removing a person, and the roles exchanged for adding one (Abadi et al., arXiv 1607.00133; Zhu,
Dong and Wang, arXiv 2106.08567). After T steps δ(ε) = E[(1 − e^{ε−L_1−…−L_T})_+], the larger of
the two directions.

The sum's distribution comes from one FFT: the loss of a step, exponentially tilted towards the
losses that decide δ (so that δ = 1e-12 keeps its digits), is put on a grid by a six-point Lagrange
kernel that preserves its first five moments (an ordinary rounding of losses widens the sum by
√T·h and makes σ several per cent too large), raised to the power T in Fourier space and summed.

What it does not do: it is no bound. Truncation, aliasing and the kernel leave errors of about
1e-4 relative in ε (tests compare with a fine PLD). A promise comes from
:mod:`engine.accounting.certify`.

>>> epsilons = subsampled_epsilon(0.022, 6.0, 11_000, [1e-8])
>>> f"{epsilons[0]:.3f}"
'2.067'
"""

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter

NODES = 2_401
"""Quadrature nodes of a step's Gaussian variable, ±10.5 standard deviations."""
REACH = 10.5
CELLS_PER_DEVIATION = 60
"""Grid cells per standard deviation of the composed loss."""
CELLS_PER_HUMP = 20
FINEST_CELL, COARSEST_CELL = 1e-4, 5e-4
"""Bounds of the cell where the loss is not nearly Gaussian: ε below 0.01 is never asked for."""
_BULK = 0.999
"""Share of a step's losses that make up the hump."""
WIDEST_LOSS = 400.0
"""Composed losses beyond this belong to an ε that nobody asks about."""
LARGEST_GRID = 2**20
_NEARLY_GAUSSIAN = 0.05
"""Excess kurtosis of the composed loss below which one width describes it."""
_TAIL = 36.0
"""e^−36: probability that may fall off the grid."""
_TILTS = np.geomspace(0.05, 1e6, 80)
_BLOCKS = 800
"""Chernoff bounds only steer tilt and grid: losses are pooled into this many blocks for them."""
_STEEPEST = 0.25
"""Largest change of the tilt's exponent within a cell: the spreading kernel is a polynomial, and
losses between grid points are tilted by where they are but tilted back by where the grid is."""
_PIVOT_LOG_DELTA = np.log(3e-9)
"""The tilt aims at this δ, the middle of [1e-12, 1e-5]."""


def subsampled_epsilon(
    sampling_probability: float,
    noise_multiplier: float,
    iterations: int,
    deltas: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """ε at each of ``deltas`` after ``iterations`` steps; inf where it exceeds ``WIDEST_LOSS``/2.

    Shapes: deltas (n,) -> (n,). Add/remove neighbours, Poisson sampling, unit sensitivity.
    """
    directions = step_losses(sampling_probability, noise_multiplier)
    return np.maximum.reduce(
        [composed_epsilon(loss, weight, iterations, deltas) for loss, weight in directions]
    )


def step_losses(
    sampling_probability: float, noise_multiplier: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(losses, probabilities) of one step on quadrature nodes: removing a person, adding one."""
    q, sigma = sampling_probability, noise_multiplier
    z = np.linspace(-REACH, REACH, NODES)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    without = np.log1p(-q) if q < 1 else -np.inf

    def log_ratio(x: np.ndarray) -> np.ndarray:
        return np.logaddexp(without, np.log(q) + (2 * x - 1) / (2 * sigma * sigma))

    outside, inside = log_ratio(sigma * z), log_ratio(1 + sigma * z)
    remove = np.concatenate([outside, inside]), np.concatenate([(1 - q) * weight, q * weight])
    return [remove, (-outside, weight)]


def composed_epsilon(
    loss: np.ndarray,
    weight: np.ndarray,
    iterations: int,
    deltas: Sequence[float] | np.ndarray,
    *,
    cell: float | None = None,
) -> np.ndarray:
    """ε at each of ``deltas`` of the sum of T independent losses.

    ``loss``, ``weight``: one step's finite losses and their probabilities, shape (k,). With
    ``cell`` the losses are multiples of it, nothing is spread and ε is rounded up to a multiple,
    so that a pessimistic step stays pessimistic (but for tilted probability e^−36 off the grid);
    without, a cell is chosen and losses between grid points are spread.
    """
    wanted = np.asarray(deltas, dtype=float)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight)
    tilt = _choose_tilt(loss, log_weight, iterations)
    if cell is None:
        tilt = min(tilt, _STEEPEST / FINEST_CELL)
    log_tilted = log_weight + tilt * loss
    cumulant = _logsumexp(log_tilted)
    tilted = np.exp(log_tilted - cumulant)

    wanted_cell = cell or min(_choose_cell(loss, weight, tilted, iterations), _STEEPEST / tilt)
    position, density = _compose(loss, tilted, iterations, wanted_cell, fixed=cell is not None)
    # δ(ε) = Σ_{l > ε} (1 − e^{ε−l}) p(l) with p(l) = density(l)·e^{T·K − tilt·l}; both sums are
    # scaled by e^{tilt·ε} so that nothing underflows where δ is smallest.
    log_excess = _log_excess(density, tilt, position[1])
    log_delta = iterations * cumulant - tilt * position + log_excess
    log_delta = np.maximum.accumulate(log_delta[::-1])[::-1]
    log_wanted = np.log(wanted)
    if cell is None:
        epsilon = np.interp(-log_wanted, -log_delta, position)
    else:
        # An upper bound stays one: the first grid point whose δ is small enough.
        after = np.searchsorted(-log_delta, -log_wanted)
        epsilon = position[np.minimum(after, position.size - 1)]
    epsilon[log_wanted >= log_delta[0]] = 0.0
    epsilon[log_wanted <= log_delta[-1]] = np.inf
    epsilon[epsilon > WIDEST_LOSS / 2] = np.inf
    return epsilon


def subsampled_delta(
    sampling_probability: float,
    noise_multiplier: float,
    iterations: int,
    epsilons: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """δ at each of ``epsilons`` >= 0 after ``iterations`` steps, to about 1e-5.

    Shapes: epsilons (n,) -> (n,), falling. The larger of removing and adding a person; Poisson
    sampling, unit sensitivity. For attacks, which live where δ is large; a promise of 1e-8 is
    :func:`subsampled_epsilon`'s.

    >>> subsampled_delta(0.022, 6.0, 11_000, [0.0, 0.5, 1.0]).round(3)
    array([0.153, 0.023, 0.001])
    """
    directions = step_losses(sampling_probability, noise_multiplier)
    return np.maximum.reduce(
        [composed_delta(loss, weight, iterations, epsilons) for loss, weight in directions]
    )


def composed_delta(
    loss: np.ndarray,
    weight: np.ndarray,
    iterations: int,
    epsilons: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """δ at each of ``epsilons`` of the sum of T independent losses, given as for composed_epsilon.

    Nothing is tilted, since no small δ is asked for. Where the sum may lie beyond
    ``WIDEST_LOSS``, δ is 1: no protection is claimed that was not computed.
    """
    wanted = np.asarray(epsilons, dtype=float)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight)
    if _reach(loss, log_weight, iterations, np.geomspace(0.05, 1e6, 40)) > WIDEST_LOSS:
        return np.ones(wanted.shape)
    cell = _choose_cell(loss, weight, weight, iterations)
    position, density = _compose(loss, weight, iterations, cell, fixed=False)
    delta = _decayed_sum(density, 0.0) - _decayed_sum(density, position[1])
    delta = np.maximum.accumulate(np.clip(delta, 0.0, 1.0)[::-1])[::-1]
    return np.interp(wanted, position, delta)


def _choose_tilt(loss: np.ndarray, log_weight: np.ndarray, iterations: int) -> float:
    """The λ of the Chernoff bound ε = min (T·K(λ) − ln δ)/λ at the pivot δ."""
    cumulants = _cumulants(loss, log_weight, _TILTS)
    return float(_TILTS[np.argmin((iterations * cumulants - _PIVOT_LOG_DELTA) / _TILTS)])


def _compose(
    loss: np.ndarray, weight: np.ndarray, iterations: int, cell: float, *, fixed: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Distribution of the sum of T losses on a grid: positions from 0 upwards, probabilities.

    The cell is made to fit a whole grid, and to fit into memory, unless it is ``fixed``.
    """
    log_weight = np.log(np.maximum(weight, 1e-300))
    rates = np.geomspace(0.05, 1e6, 40)
    right = _reach(loss, log_weight, iterations, rates)
    left = _reach(-loss, log_weight, iterations, rates)
    right = float(np.clip(right, 20 * cell, WIDEST_LOSS))
    left = float(np.clip(left, 20 * cell, WIDEST_LOSS))
    size = max(2 ** int(np.ceil(np.log2((left + right) / cell + 32))), 512)
    if not fixed:
        size = min(size, LARGEST_GRID)
        cell = (left + right) / (size - 32)

    # A single loss beyond the grid would wrap into the middle; leave its probability out: it is
    # below e^−36, or belongs to an ε that is reported as infinite.
    keep = loss <= right
    step = _spread(loss[keep] / cell, weight[keep], size)
    total = np.fft.irfft(_power(np.fft.rfft(step), iterations), size)
    last = int(right / cell)
    return cell * np.arange(last + 1), total[: last + 1]


def _power(values: np.ndarray, exponent: int) -> np.ndarray:
    """``values ** exponent`` by repeated squaring, five times as fast as complex ``**``."""
    result, square = np.ones_like(values), values.copy()
    while True:
        if exponent & 1:
            result *= square
        exponent >>= 1
        if not exponent:
            return result
        square *= square


def _choose_cell(loss: np.ndarray, weight: np.ndarray, tilted: np.ndarray, steps: int) -> float:
    """Fine against the composed loss where that is nearly Gaussian, else against its narrow hump.

    With few participations the sum is a narrow hump at zero (the bulk of the untilted losses)
    beside rare large losses, and no single width describes it.
    """
    centred = loss - float(tilted @ loss)
    variance = float(tilted @ centred**2)
    if variance > 0 and float(tilted @ centred**4) <= _NEARLY_GAUSSIAN * steps * variance**2:
        return max(float(np.sqrt(steps * variance)) / CELLS_PER_DEVIATION, FINEST_CELL)
    order = np.argsort(np.abs(loss))
    bulk = order[: int(np.searchsorted(np.cumsum(weight[order]), _BULK)) + 1]
    hump = float(np.sqrt(steps * (weight[bulk] @ loss[bulk] ** 2)))
    return float(np.clip(hump / CELLS_PER_HUMP, FINEST_CELL, COARSEST_CELL))


def _reach(loss: np.ndarray, log_weight: np.ndarray, iterations: int, rates: np.ndarray) -> float:
    """A value that the sum of T losses exceeds with probability below e^−36 (Chernoff)."""
    return float(np.min((iterations * _cumulants(loss, log_weight, rates) + _TAIL) / rates))


def _cumulants(loss: np.ndarray, log_weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """ln E[e^{rate·L}] at each rate, or slightly more: a block counts at its largest loss."""
    starts = np.arange(0, loss.size, max(loss.size // _BLOCKS, 1))
    pooled = np.logaddexp.reduceat(log_weight, starts)
    exponent = pooled + rates[:, None] * np.maximum.reduceat(loss, starts)
    top = exponent.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(exponent - top).sum(axis=1))


def _spread(position: np.ndarray, weight: np.ndarray, size: int) -> np.ndarray:
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


def _log_excess(density: np.ndarray, tilt: float, cell: float) -> np.ndarray:
    """ln Σ_{j > i} (1 − e^{−(j−i)·cell}) e^{−tilt·(j−i)·cell} density_j, for every i."""
    slow, fast = _decayed_sum(density, tilt * cell), _decayed_sum(density, (tilt + 1) * cell)
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(slow - fast, 1e-300))


def _decayed_sum(density: np.ndarray, rate: float) -> np.ndarray:
    """S_i = Σ_{j ≥ i} e^{−rate·(j−i)}·density_j, as a recursion from the right end."""
    return lfilter([1.0], [1.0, -np.exp(-rate)], density[::-1])[::-1]


def _logsumexp(values: np.ndarray) -> float:
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))

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
:mod:`engine.accounting.accountant`.

>>> epsilons = subsampled_epsilon(0.022, 6.0, 11_000, [1e-8])
>>> f"{epsilons[0]:.3f}"
'2.067'
"""

import math
from collections.abc import Sequence

import numpy as np

from engine.accounting.grid import (
    TAIL,
    FloatArray,
    Repeated,
    Resolution,
    choose_cell,
    compose,
    compose_on,
    cumulants,
    decayed_sum,
    joint_span,
    logsumexp,
)

NODES = 2_401
"""Quadrature nodes of a step's Gaussian variable, ±10.5 standard deviations."""
REACH = 10.5
FINEST_CELL = 1e-4
RESOLUTION = Resolution(
    cells_per_deviation=60,
    cells_per_hump=20,
    finest=FINEST_CELL,
    coarsest=math.inf,
    coarsest_hump=5e-4,
)
"""An ε below 0.01 is never asked for."""
WIDEST_LOSS = 400.0
"""Composed losses beyond this belong to an ε that nobody asks about."""
LARGEST_GRID = 2**20
_TILTS = np.geomspace(0.05, 1e6, 80)
_FLOAT_ERROR = 2e-15
"""Error of a cell of the composed density, for a step whose loss is not 0, over the largest cell:
several times what tests measure against extended precision."""
_READING = 1e-6
"""Share of δ kept for reading ε between two points."""
_STEEPEST = 0.25
"""Largest change of the tilt's exponent within a cell: the spreading kernel is a polynomial, and
losses between grid points are tilted by where they are but tilted back by where the grid is."""
_PIVOT_LOG_DELTA = np.log(3e-9)
"""The tilt aims at this δ, the middle of [1e-12, 1e-5]."""


def subsampled_epsilon(
    sampling_probability: float,
    noise_multiplier: float,
    iterations: int,
    deltas: Sequence[float] | FloatArray,
) -> FloatArray:
    """ε at each of ``deltas`` after ``iterations`` steps; inf where it exceeds ``WIDEST_LOSS``/2.

    Shapes: deltas (n,) -> (n,). Add/remove neighbours, Poisson sampling, unit sensitivity.
    """
    directions = step_losses(sampling_probability, noise_multiplier)
    epsilons: FloatArray = np.maximum.reduce(
        [composed_epsilon(loss, weight, iterations, deltas) for loss, weight in directions]
    )
    return epsilons


def step_losses(
    sampling_probability: float, noise_multiplier: float
) -> list[tuple[FloatArray, FloatArray]]:
    """(losses, probabilities) of one step on quadrature nodes: removing a person, adding one."""
    q, sigma = sampling_probability, noise_multiplier
    z = np.linspace(-REACH, REACH, NODES)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    without = np.log1p(-q) if q < 1 else -np.inf

    def log_ratio(x: FloatArray) -> FloatArray:
        ratio: FloatArray = np.logaddexp(without, np.log(q) + (2 * x - 1) / (2 * sigma * sigma))
        return ratio

    outside, inside = log_ratio(sigma * z), log_ratio(1 + sigma * z)
    remove = np.concatenate([outside, inside]), np.concatenate([(1 - q) * weight, q * weight])
    return [remove, (-outside, weight)]


def composed_epsilon(
    loss: FloatArray,
    weight: FloatArray,
    iterations: int,
    deltas: Sequence[float] | FloatArray,
) -> FloatArray:
    """ε at each of ``deltas`` of the sum of T independent losses, near-exact.

    ``loss``, ``weight``: one step's losses and their probabilities, shape (k,).
    """
    log_weight = _log(weight)
    step = Repeated(loss, weight, iterations)
    tilt = _choose_tilt([step], [log_weight], _PIVOT_LOG_DELTA)
    tilt = min(tilt, _STEEPEST / FINEST_CELL)
    tilted, cumulant = _tilt(loss, log_weight, tilt)
    cell = min(choose_cell(loss, weight, tilted, iterations, RESOLUTION), _STEEPEST / tilt)
    position, density = compose(
        loss,
        tilted,
        iterations,
        cell,
        within=_within([step._replace(weight=tilted)]),
        largest=LARGEST_GRID,
    )
    log_delta = _log_delta(position, density, iterations * cumulant, tilt)
    log_wanted = np.log(np.asarray(deltas, dtype=float))
    epsilon = np.interp(-log_wanted, -log_delta, position)
    return _within_reach(epsilon, log_wanted, log_delta)


def composed_epsilon_bound(
    parts: Sequence[Repeated], delta: float, *, cell: float, above: bool = True
) -> float:
    """A bound on ε at ``delta`` of a sum of losses that are multiples of ``cell``: those of one
    training, or of several on the same people, each with its own steps.

    An upper bound, or a lower one without ``above``. Nothing is spread between grid points, and
    between two of them δ(ε) = A − B·e^ε exactly, so the bound is as good as the step's losses.
    Tilted towards ``delta``, the density of the sum peaks where δ is decided; what the FFT may have
    got wrong (``_FLOAT_ERROR`` of the largest density for every loss that is not 0, in every cell
    that counts) and what may have fallen off the grid is added to δ before ε is read, or taken from
    it. inf where the grid would be too large or the error too large against δ; without ``above``,
    0.
    """
    unknown = math.inf if above else 0.0
    delta *= 1 - _READING if above else 1 + _READING
    logarithms = [_log(part.weight) for part in parts]
    tilt = _choose_tilt(parts, logarithms, math.log(delta))
    tilted, cumulant = [], 0.0
    for part, log_weight in zip(parts, logarithms, strict=True):
        weight, of_step = _tilt(part.loss, log_weight, tilt)
        tilted.append(part._replace(weight=weight))
        cumulant += part.times * of_step
    composed = compose_on(tilted, cell, within=_within(tilted), largest=4 * LARGEST_GRID)
    if composed is None:
        return unknown
    position, density, moved = composed
    counted = 1 / -math.expm1(-tilt * cell)
    slack = _FLOAT_ERROR * (1 + moved) * density.max() * counted + math.exp(-TAIL)
    mass = decayed_sum(density, tilt * cell) + (slack if above else -slack)
    shrunk = decayed_sum(density, (tilt + 1) * cell)
    # ln δ at a point of the grid, where that point's own loss counts for nothing.
    excess = np.log(np.maximum(mass - shrunk, 1e-300))
    log_delta = cumulant - tilt * position + excess
    if above:
        fine = np.flatnonzero(log_delta <= math.log(delta))
        at = int(fine[0]) if fine.size else position.size
    else:
        broken = np.flatnonzero(log_delta > math.log(delta))
        at = int(broken[-1]) + 1 if broken.size else 0
    if at == 0:
        return 0.0
    if at >= position.size or position[at] > WIDEST_LOSS / 2:
        return unknown
    share = mass[at] - math.exp(math.log(delta) - cumulant + tilt * position[at])
    if share <= 0:
        return float(position[at - 1]) if not above else float(position[at])
    inside = position[at] + math.log(share / shrunk[at])
    return float(np.clip(inside, position[at - 1], position[at]))


def _log(weight: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        logarithms: FloatArray = np.log(weight)
    return logarithms


def _choose_tilt(
    parts: Sequence[Repeated], logarithms: Sequence[FloatArray], log_delta: float
) -> float:
    """The λ of the Chernoff bound ε = min (Σ T·K(λ) − ln δ)/λ; ``logarithms``: of the weights."""
    bounds = np.zeros(_TILTS.shape)
    for part, log_weight in zip(parts, logarithms, strict=True):
        bounds += part.times * cumulants(part.loss, log_weight, _TILTS)
    return float(_TILTS[np.argmin((bounds - log_delta) / _TILTS)])


def _tilt(loss: FloatArray, log_weight: FloatArray, tilt: float) -> tuple[FloatArray, float]:
    """Probabilities proportional to weight·e^{tilt·loss}, and the logarithm of their sum."""
    log_tilted = log_weight + tilt * loss
    cumulant = logsumexp(log_tilted)
    return np.exp(log_tilted - cumulant), cumulant


def _within(parts: Sequence[Repeated]) -> tuple[float, float]:
    left, right = joint_span(parts)
    return min(left, WIDEST_LOSS), min(right, WIDEST_LOSS)


def _log_delta(
    position: FloatArray, density: FloatArray, cumulant: float, tilt: float
) -> FloatArray:
    """ln δ at each position, made to fall.

    δ(ε) = Σ_{l > ε} (1 − e^{ε−l}) p(l) with p(l) = density(l)·e^{cumulant − tilt·l}; the sum is
    scaled by e^{tilt·ε} so that nothing underflows where δ is smallest.
    """
    excess = _excess(density, tilt, position[1] - position[0])
    log_delta = cumulant - tilt * position + np.log(np.maximum(excess, 1e-300))
    return np.maximum.accumulate(log_delta[::-1])[::-1]


def _within_reach(epsilon: FloatArray, log_wanted: FloatArray, log_delta: FloatArray) -> FloatArray:
    """0 where even ε = 0 has a smaller δ, inf where the grid ends before δ is small enough."""
    epsilon = np.where(log_wanted >= log_delta[0], 0.0, epsilon)
    epsilon = np.where(log_wanted <= log_delta[-1], np.inf, epsilon)
    return np.where(epsilon > WIDEST_LOSS / 2, np.inf, epsilon)


def _excess(density: FloatArray, tilt: float, cell: float) -> FloatArray:
    """Σ_{j > i} (1 − e^{−(j−i)·cell}) e^{−tilt·(j−i)·cell} density_j, for every i."""
    return decayed_sum(density, tilt * cell) - decayed_sum(density, (tilt + 1) * cell)

r"""One step of DP-SGD as a pair of Gaussian mixtures, and its privacy loss on a lattice.

A step is as hard to attack as telling P from Q, two mixtures of Gaussians of one noise σ on a line,
whose loss ln(P/Q) rises from left to right. Between two neighbouring lattice points kh and (k+1)h
of the loss lies one *bin* of the line; its masses under P and Q are differences of Φ.

- **Above** (:func:`loss_above`): each bin is split into two atoms on its two lattice points that
  keep its masses under P and under Q. That is "connect the dots" (Doroshenko et al., arXiv
  2207.04380, algorithm 1): the hockey-stick divergence is exact at lattice points and overstated
  between them, so composition can only overstate ε. What lies beyond the lattice counts as an
  infinite loss; ``tail`` bounds its probability.
- **Below** (:func:`loss_below`): shares of neighbouring bins are merged so that the merged ratio
  is a lattice point's; merging outcomes is post-processing, which can only lower ε. Where shares
  do not balance, P is made smaller, which lowers δ as well.

Differences of Φ have an absolute error of about 1e-16: an allowance moves that much mass to the
larger loss (above) or to the smaller one (below).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from engine.accounting.grid import FloatArray

_PRECISION = 4 * np.finfo(float).eps
_COARSE = 1 << 14
"""Points from which the inverse of the loss starts."""
_NEWTON = 6


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Σ weights·N(centres, σ²); the noise stands in :class:`Pair`."""

    weights: tuple[float, ...]
    centres: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """P and Q with a loss ln(P/Q) that rises along the line; ``noise`` is σ over the sensitivity's
    unit."""

    p: Mixture
    q: Mixture
    noise: float

    def loss(self, x: FloatArray) -> FloatArray:
        """ln(P/Q) at each x."""
        losses: FloatArray = _log_density(self.p, x, self.noise) - _log_density(
            self.q, x, self.noise
        )
        return losses

    def slope(self, x: FloatArray) -> FloatArray:
        """Derivative of :meth:`loss`: the difference of the two posterior means, over σ²."""
        slopes: FloatArray = (
            _posterior_mean(self.p, x, self.noise) - _posterior_mean(self.q, x, self.noise)
        ) / self.noise**2
        return slopes


@dataclass(frozen=True, kw_only=True)
class LatticeLoss:
    """Losses ``cell``·(first, first + 1, …) and their probabilities under P.

    ``infinite``: probability of an infinite loss. Below, probabilities may sum to less than 1.
    """

    cell: float
    first: int
    probabilities: FloatArray
    infinite: float = 0.0

    @property
    def losses(self) -> FloatArray:
        """Nats, ascending."""
        index = self.first + np.arange(self.probabilities.size, dtype=np.float64)
        return self.cell * index


@dataclass(frozen=True, kw_only=True)
class _Bins:
    """Masses of the bins between lattice points ``first`` + (0, 1, …, n): n bins."""

    cell: float
    first: int
    p: FloatArray
    q: FloatArray
    error: FloatArray
    """What Φ may have got wrong in ``p − e^{kh}·q``."""
    p_left: float
    p_right: float


def reach_of(pair: Pair, tail: float) -> tuple[float, float]:
    """Losses beyond which P has at most ``tail`` on either side, nats."""
    left, right = _ends(pair, tail)
    ends = pair.loss(np.array([left, right]))
    return float(ends[0]), float(ends[1])


def loss_above(pair: Pair, cell: float, tail: float) -> LatticeLoss:
    """The loss of P against Q, rounded so that δ can only grow."""
    bins = _bins(pair, cell, tail)
    index = bins.first + np.arange(bins.p.size)
    larger = bins.p - np.exp(cell * index) * bins.q + bins.error
    larger = np.clip(larger / -math.expm1(-cell), 0.0, bins.p)
    probabilities = np.zeros(bins.p.size + 1)
    probabilities[:-1] += bins.p - larger
    probabilities[1:] += larger
    probabilities[0] += bins.p_left
    return LatticeLoss(
        cell=cell, first=bins.first, probabilities=probabilities, infinite=bins.p_right
    )


def loss_below(pair: Pair, cell: float, tail: float) -> LatticeLoss:
    """The loss of P against Q, rounded so that δ can only shrink.

    A lattice point takes a share of the bin on its right (whose excess over the point's ratio is
    positive) and the rest of the bin on its left (which lacks as much); shares follow from left to
    right, where the recursion forgets its start as the masses grow.
    """
    bins = _bins(pair, cell, tail)
    count = bins.p.size
    factor = np.exp(cell * (bins.first + np.arange(count + 1)))
    excess = np.maximum(bins.p - factor[:-1] * bins.q - bins.error, 1e-300)
    lack = np.maximum(factor[1:] * bins.q - bins.p + bins.error, 1e-300)
    share, kept = _balanced(excess, lack)
    merged, moved = (1 - share) * kept, (1 - share) * (1 - kept)
    probabilities = np.zeros(count + 1)
    probabilities[0] = share[0] * min(factor[0] * bins.q[0], bins.p[0])
    probabilities[1:-1] = share[1:] * bins.p[1:] + merged[:-1] * bins.p[:-1]
    # What the next point cannot take counts as the smallest loss of its bin.
    probabilities[:-1] += moved * np.minimum(factor[:-1] * bins.q, bins.p)
    return LatticeLoss(cell=cell, first=bins.first, probabilities=probabilities)


def _balanced(excess: FloatArray, lack: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares of the bins for the point on their left, and how much of the rest the next point can
    take: below 1 where the bin beyond it cannot balance it. Shapes (n,), (n,)."""
    shares, kept = [0.5], []
    for left, right in zip(lack[:-1].tolist(), excess[1:].tolist(), strict=True):
        wanted = (1 - shares[-1]) * left / right
        kept.append(min(1.0, 1 / wanted) if wanted > 0 else 0.0)
        shares.append(min(wanted, 1.0))
    return np.array(shares), np.array([*kept, 0.0])


def _bins(pair: Pair, cell: float, tail: float) -> _Bins:
    left, right = _ends(pair, tail)
    lowest, highest = pair.loss(np.array([left, right]))
    first = math.floor(lowest / cell)
    last = max(math.ceil(highest / cell), first + 1)
    inner = _inverse(pair, cell * np.arange(first + 1, last), left, right)
    edges = np.concatenate([[left], inner, [right]])
    p, p_error = _masses(pair.p, edges, pair.noise)
    q, q_error = _masses(pair.q, edges, pair.noise)
    index = first + np.arange(p.size)
    return _Bins(
        cell=cell,
        first=first,
        p=p,
        q=q,
        error=p_error + np.exp(cell * index) * q_error,
        p_left=float(_below(pair.p, left, pair.noise)),
        p_right=float(_above(pair.p, right, pair.noise)),
    )


def _ends(pair: Pair, tail: float) -> tuple[float, float]:
    """Points of the line beyond which P has at most ``tail`` on either side."""
    reach = -float(ndtri(tail))
    centres = np.array(pair.p.centres)
    low, high = centres.min() - reach * pair.noise, centres.max() + reach * pair.noise
    return (
        _bisect(lambda x: _below(pair.p, x, pair.noise) <= tail, low, centres.max()),
        -_bisect(lambda x: _above(pair.p, -x, pair.noise) <= tail, -high, -float(centres.min())),
    )


def _bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The largest point of [low, high], nearly, at which ``holds``; it does at ``low``."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _inverse(pair: Pair, losses: FloatArray, left: float, right: float) -> FloatArray:
    """Where the loss of the pair takes each value, within [left, right]; Newton in brackets."""
    grid = np.linspace(left, right, _COARSE)
    known = np.maximum.accumulate(pair.loss(grid))
    after = np.clip(np.searchsorted(known, losses), 1, _COARSE - 1)
    low, high = grid[after - 1], grid[after]
    x = np.clip(np.interp(losses, known, grid), low, high)
    for _ in range(_NEWTON):
        slope = np.maximum(pair.slope(x), 1e-300)
        x = np.clip(x - (pair.loss(x) - losses) / slope, low, high)
    found: FloatArray = np.maximum.accumulate(x)
    return found


def _terms(mixture: Mixture, x: FloatArray, noise: float) -> FloatArray:
    """ln of each component's density over that of N(0, σ²), shape (components, n)."""
    rows = [
        math.log(weight) + centre * (2 * x - centre) / (2 * noise**2)
        for weight, centre in zip(mixture.weights, mixture.centres, strict=True)
        if weight > 0
    ]
    return np.array(rows)


def _log_density(mixture: Mixture, x: FloatArray, noise: float) -> FloatArray:
    logarithms: FloatArray = np.logaddexp.reduce(_terms(mixture, x, noise), axis=0)
    return logarithms


def _posterior_mean(mixture: Mixture, x: FloatArray, noise: float) -> FloatArray:
    terms = _terms(mixture, x, noise)
    likely = np.exp(terms - terms.max(axis=0))
    centres = [c for w, c in zip(mixture.weights, mixture.centres, strict=True) if w > 0]
    means: FloatArray = np.array(centres) @ likely / likely.sum(axis=0)
    return means


def _masses(mixture: Mixture, edges: FloatArray, noise: float) -> tuple[FloatArray, FloatArray]:
    """Probability between neighbouring edges, from the nearer tail, and its absolute error."""
    mass, error = np.zeros(edges.size - 1), np.zeros(edges.size - 1)
    for weight, centre in zip(mixture.weights, mixture.centres, strict=True):
        z = (edges - centre) / noise
        below, above = ndtr(z), ndtr(-z)
        right = z[:-1] > 0
        mass += weight * np.where(right, above[:-1] - above[1:], below[1:] - below[:-1])
        error += weight * _PRECISION * np.where(right, above[:-1], below[1:])
    return mass, error


def _below(mixture: Mixture, x: float, noise: float) -> float:
    z = (x - np.array(mixture.centres)) / noise
    return float(np.array(mixture.weights) @ ndtr(z))


def _above(mixture: Mixture, x: float, noise: float) -> float:
    z = (np.array(mixture.centres) - x) / noise
    return float(np.array(mixture.weights) @ ndtr(z))

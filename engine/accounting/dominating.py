r"""Which pair of distributions a step is as hard to attack as, for each sampling and relation.

σ is the noise multiplier, q the probability B/N of being drawn, gradients are clipped to 1.

| sampling | add or remove one, zero out | replace one |
|---|---|---|
| Poisson | (1−q)N(0) + qN(1) against N(0), and back | … against (1−q)N(0) + qN(−1) |
| without replacement | add or remove: as Poisson at σ/2 | the first from ε = 0 up, else back |
| truncated Poisson | Poisson, or at σ/2 where the batch was cut | the same |

Poisson, add or remove: Abadi et al. (arXiv 1607.00133); Zhu, Dong and Wang (arXiv 2106.08567). A
zeroed gradient leaves the same sum as a person who is not there, so zero-out is the same. Poisson,
replace: both mixtures share (1−q)N(0), so that at each ε the divergence is q times that of N(g)
against a mixture of N(0) and N(g′) (advanced joint convexity, Balle, Barthe and Gaboardi, arXiv
1807.01647, theorem 2, an identity), and a mixture of Gaussians is easiest to tell from one Gaussian
where its centres lie on one line (Choquette-Choo et al., arXiv 2310.15526, corollary 4.7): g = 1,
g′ = −1. Without replacement: a batch without the person has another one in its place, at a distance
of at most 2 (arXiv 2106.08567, theorem 11); a zeroed person is a replaced one. Truncated Poisson:
arXiv 2508.15089, as in dp_accounting's ``from_truncated_subsampled_gaussian_mechanism``.

A group of k people under Poisson sampling, added or removed together: Σ Binom(i; k, q)·N(i) against
N(0), and back (Ganesh, arXiv 2401.10294).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.accounting.domain import binomial_tail
from engine.accounting.grid import FloatArray
from engine.accounting.mechanism import Mechanism
from engine.accounting.step import LatticeLoss, Mixture, Pair, loss_above, loss_below, reach_of
from engine.config import NeighbouringRelation, Sampling

_ZERO = Mixture(weights=(1.0,), centres=(0.0,))


@dataclass(frozen=True, kw_only=True)
class _Half:
    """One direction of a step: a pair; with ``cut`` > 0, another one with that probability; with
    ``below``, the losses under 0 are those of another pair."""

    pair: Pair
    cut: float = 0.0
    when_cut: Pair | None = None
    below: Pair | None = None


def reach(mechanism: Mechanism, tail: float, size: int = 1) -> float:
    """From the least to the largest loss of a step, nats, but for probabilities of ``tail``."""
    widths = []
    for half in _halves(mechanism, size):
        for pair in filter(None, (half.pair, half.when_cut, half.below)):
            low, high = reach_of(pair, tail)
            widths.append(high - low)
    return max(widths)


def losses_above(
    mechanism: Mechanism, cell: float, tail: float, size: int = 1
) -> list[LatticeLoss]:
    """A step's losses in every direction, such that δ can only be overstated.

    ``size``: people who join and leave together; more than 1 under Poisson sampling only.
    """
    return [_above(half, cell, tail) for half in _halves(mechanism, size)]


def losses_below(mechanism: Mechanism, cell: float, tail: float) -> list[LatticeLoss]:
    """Losses of steps on data that exist, such that δ can only be understated."""
    return [loss_below(pair, cell, tail) for pair in _attained(mechanism)]


def _group(mechanism: Mechanism, size: int) -> list[Pair]:
    """Removing ``size`` people at once under Poisson sampling, and adding them."""
    counts = np.arange(size + 1)
    q = mechanism.sampling_probability
    weights = [math.comb(size, n) * q**n * (1 - q) ** (size - n) for n in range(size + 1)]
    drawn = Mixture(weights=tuple(weights), centres=tuple(map(float, counts)))
    mirrored = replace(drawn, centres=tuple(-float(count) for count in counts))
    noise = mechanism.noise_multiplier
    return [Pair(p=drawn, q=_ZERO, noise=noise), Pair(p=_ZERO, q=mirrored, noise=noise)]


def _halves(mechanism: Mechanism, size: int) -> list[_Half]:
    if size > 1:
        return [_Half(pair=pair) for pair in _group(mechanism, size)]
    q, noise = mechanism.sampling_probability, mechanism.noise_multiplier
    replaced = mechanism.neighbouring_relation is NeighbouringRelation.REPLACE
    if mechanism.sampling is Sampling.WITHOUT_REPLACEMENT:
        removed, added = _joined(q, noise / 2)
        if mechanism.neighbouring_relation is NeighbouringRelation.ADD_REMOVE:
            return [_Half(pair=removed), _Half(pair=added)]
        return [_Half(pair=removed, below=added)]
    pairs = [_replaced(q, noise)] if replaced else _joined(q, noise)
    if mechanism.sampling is Sampling.TRUNCATED_POISSON:
        cut, drawn = _cut(mechanism)
        if cut > 0:
            other = _replaced(drawn, noise / 2)
            return [_Half(pair=pair, cut=cut, when_cut=other) for pair in pairs]
    return [_Half(pair=pair) for pair in pairs]


def _attained(mechanism: Mechanism) -> list[Pair]:
    q, noise = mechanism.sampling_probability, mechanism.noise_multiplier
    if mechanism.sampling is Sampling.WITHOUT_REPLACEMENT:
        # All others have the gradient −1, the person +1 (and, zeroed, 0: all others have 0).
        zeroed = mechanism.neighbouring_relation is NeighbouringRelation.ZERO_OUT
        return _joined(q, noise if zeroed else noise / 2)
    if mechanism.sampling is Sampling.TRUNCATED_POISSON:
        q = _kept(mechanism)  # all others have the gradient 0
    if mechanism.neighbouring_relation is NeighbouringRelation.REPLACE:
        return [_replaced(q, noise)]
    return _joined(q, noise)


def _joined(q: float, noise: float) -> list[Pair]:
    """Removing a person, and adding one."""
    drawn = Mixture(weights=(1 - q, q), centres=(0.0, 1.0))
    mirrored = Mixture(weights=(1 - q, q), centres=(0.0, -1.0))
    return [Pair(p=drawn, q=_ZERO, noise=noise), Pair(p=_ZERO, q=mirrored, noise=noise)]


def _replaced(q: float, noise: float) -> Pair:
    return Pair(
        p=Mixture(weights=(1 - q, q), centres=(0.0, 1.0)),
        q=Mixture(weights=(1 - q, q), centres=(0.0, -1.0)),
        noise=noise,
    )


def _cut(mechanism: Mechanism) -> tuple[float, float]:
    """Probability that a batch with the person is cut, and that the person is in a cut batch."""
    people, most, q = mechanism.data_budget, mechanism.largest_batch, mechanism.sampling_probability
    cut = binomial_tail(most - 1, people - 1, q)
    if cut == 0:
        return 0.0, q
    return cut, min(binomial_tail(most, people, q) * most / (cut * people), 1.0)


def _kept(mechanism: Mechanism) -> float:
    """Probability that the person is in a batch after cutting."""
    people, most, q = mechanism.data_budget, mechanism.largest_batch, mechanism.sampling_probability
    whole = q * (1 - binomial_tail(most - 1, people - 1, q))
    return whole + binomial_tail(most, people, q) * most / people


def _above(half: _Half, cell: float, tail: float) -> LatticeLoss:
    found = loss_above(half.pair, cell, tail)
    if half.below is not None:
        return _spliced(found, loss_above(half.below, cell, tail))
    if half.when_cut is not None:
        return _mixed(found, loss_above(half.when_cut, cell, tail), half.cut)
    return found


def _spliced(above: LatticeLoss, below: LatticeLoss) -> LatticeLoss:
    """The losses from 0 up of one, those under 0 of the other, and what is left at 0."""
    first = min(below.first, 0)
    last = max(above.first + above.probabilities.size - 1, 0)
    joined: FloatArray = np.zeros(last - first + 1)
    for part, keeps in ((above, np.greater), (below, np.less)):
        index = part.first + np.arange(part.probabilities.size)
        inside = keeps(index, 0)
        joined[index[inside] - first] += part.probabilities[inside]
    joined[-first] = max(1 - joined.sum() - above.infinite, 0.0)
    return replace(above, first=first, probabilities=joined)


def _mixed(usual: LatticeLoss, cut: LatticeLoss, probability: float) -> LatticeLoss:
    first = min(usual.first, cut.first)
    last = max(part.first + part.probabilities.size for part in (usual, cut))
    joined: FloatArray = np.zeros(last - first)
    for part, weight in ((usual, 1 - probability), (cut, probability)):
        start = part.first - first
        joined[start : start + part.probabilities.size] += weight * part.probabilities
    infinite = (1 - probability) * usual.infinite + probability * cut.infinite
    return replace(usual, first=first, probabilities=joined, infinite=infinite)

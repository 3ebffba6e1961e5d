"""Poisson sampling of people: the batch that the privacy guarantee is about.

Each unit joins each step independently with probability q = B/N, as amplification by sampling
assumes (Abadi et al., CCS 2016; Zhu and Wang, AISTATS 2019). The batch is therefore of random size,
and may be empty; B stays the denominator of the mean. A unit that joins gives one example: a
uniform document of its own, then a uniform window of it, so that its gradient is clipped as a whole
and its contribution is at most 1, however much text it has. Or up to k windows, of as many
different documents: their gradients' mean is clipped as a whole, and the contribution is the same.

A batch is compared with an integer threshold, q·2^64 rounded down: the probability is never above
the certified one. Returns indices; no text passes here. Private draws look at a unit's first byte
and draw the other seven only where it decides nothing, which is the same comparison: ten million
people take a few hundredths of a second. (Geometric gaps would be faster still, and exact only up
to the rounding of a logarithm.)

**Truncated**: of a batch above a largest size a uniformly random subset of that size stays, so that
no step needs more room; the certificate counts it.

**Groups that take turns** (for noise that is correlated over b steps): each unit is put into one of
b groups by a draw of its own, for the whole training, and step t draws from group t mod b only. So
two steps of one unit are a multiple of b apart, and adding or removing a unit moves no other one.
Groups differ in size by chance; the probability does not depend on that, so a step's expected
batch is B on average over the groups, and B stays the denominator.

Assumes that the units' number is no secret (add-or-remove neighbours: q is fixed by the settings,
not by the data at hand). Drawn batch sizes depend on nobody's text, but are not logged in private
runs: nobody needs them.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.pilot.dpsgd.noise import NoiseSource, Purpose, uniforms


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A step's people, and uniforms in (0, 1) that choose document and window of each."""

    units: np.ndarray
    """Positions 0 … N-1 among the training units, rising."""
    documents: np.ndarray
    windows: np.ndarray
    """Both (n,), or (n, k) where a unit gives up to k windows."""
    masks: np.ndarray | None = None
    """Key of what a masked model must guess of each unit, (n,) uint64; None for a decoder."""

    @property
    def size(self) -> int:
        return self.units.size


class Groups:
    """Which units may join a step: those whose group's turn it is."""

    def __init__(self, group_of: np.ndarray, bands: int) -> None:
        """``group_of``: group 0 … bands − 1 of each unit, shape (units,)."""
        if group_of.size and not 0 <= group_of.min() <= group_of.max() < bands:
            raise InputError("Expected units in {bands} groups, got other ones.", bands=bands)
        self.group_of = group_of.astype(np.int16)
        self._members = [np.flatnonzero(group_of == group) for group in range(bands)]

    @classmethod
    def drawn(cls, noise: NoiseSource, *, units: int, bands: int) -> "Groups":
        """Each unit's group, uniform and independent of all others'."""
        bits = noise.bits(0, Purpose.GROUPS, units)
        return cls((bits % np.uint64(bands)).astype(np.int64), bands)

    def members(self, turn: int) -> np.ndarray:
        """Positions of the units that may join step ``turn``, rising."""
        return self._members[turn % len(self._members)]


def draw(
    noise: NoiseSource,
    step: int,
    *,
    units: int,
    probability: float,
    groups: Groups | None = None,
    largest: int | None = None,
    windows: int = 1,
    is_masked: bool = False,
) -> Batch:
    """The batch of ``step`` from ``units`` people, or from those whose turn it is; cut at
    ``largest`` where that is given; with uniforms for up to ``windows`` windows of each, and for a
    masked model with the keys of their masks."""
    if groups is None:
        joined = poisson(noise, step, units=units, probability=probability)
    else:
        members = groups.members(step)
        joined = members[poisson(noise, step, units=members.size, probability=probability)]
    if largest is not None and joined.size > largest:
        order = np.argsort(noise.bits(step, Purpose.CUTS, joined.size), kind="stable")
        joined = np.sort(joined[order[:largest]])
    size, shape = joined.size * windows, (joined.size, windows) if windows > 1 else (joined.size,)
    return Batch(
        units=joined,
        documents=uniforms(noise.bits(step, Purpose.DOCUMENTS, size)).reshape(shape),
        windows=uniforms(noise.bits(step, Purpose.WINDOWS, size)).reshape(shape),
        masks=noise.bits(step, Purpose.MASKS, joined.size) if is_masked else None,
    )


def distinct(counts: np.ndarray, picks01: np.ndarray) -> np.ndarray:
    """Of 0 … counts_i − 1 as many different ones as there are, at most k, all sets of them alike.

    Shapes: counts (n,), uniforms (n, k) -> (n, k), −1 where there is no further one.
    """
    counts = np.asarray(counts)
    chosen = np.full(picks01.shape, -1, dtype=np.int64)
    for place in range(picks01.shape[1]):
        left = counts - place
        pick = np.minimum((picks01[:, place] * left).astype(np.int64), left - 1)
        # The pick counts those that are left: it moves up past each earlier one, smallest first.
        for earlier in np.sort(chosen[:, :place], axis=1).T:
            pick += (earlier <= pick) & (earlier >= 0)
        chosen[:, place] = np.where(left > 0, pick, -1)
    return chosen


def poisson(noise: NoiseSource, step: int, *, units: int, probability: float) -> np.ndarray:
    """Who joins: each of ``units`` with ``probability``, independently."""
    if not 0 < probability <= 1:
        raise InputError(
            "Expected a batch size between 1 and the number of people, got a share of {value}: "
            "lower the batch size.",
            value=f"{probability:g}",
        )
    if probability == 1:
        return np.arange(units)
    threshold = math.floor(math.ldexp(probability, 64))
    if noise.secret:  # nobody repeats these draws: they may be made in another order
        return _by_first_byte(noise, step, units=units, threshold=threshold)
    return np.flatnonzero(noise.bits(step, Purpose.UNITS, units) < np.uint64(threshold))


def _by_first_byte(noise: NoiseSource, step: int, *, units: int, threshold: int) -> np.ndarray:
    """Whose 64 bits are below ``threshold``, seven bytes of which only one in 256 needs."""
    first = noise.bits(step, Purpose.UNITS, -(-units // 8)).view(np.uint8)[:units]
    high, low = divmod(threshold, 2**56)
    undecided = np.flatnonzero(first == high)
    rest = noise.bits(step, Purpose.UNITS, undecided.size) >> np.uint64(8)
    joined = first < high
    joined[undecided] = rest < np.uint64(low)
    return np.flatnonzero(joined)

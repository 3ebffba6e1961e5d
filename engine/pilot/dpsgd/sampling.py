"""Poisson sampling of people: the batch that the privacy guarantee is about.

Each unit joins each step independently with probability q = B/N, as amplification by sampling
assumes (Abadi et al., CCS 2016; Zhu and Wang, AISTATS 2019). The batch is therefore of random size,
and may be empty; B stays the denominator of the mean. A unit that joins gives one example: a
uniform document of its own, then a uniform window of it, so that its gradient is clipped as a whole
and its contribution is at most 1, however much text it has.

A batch is compared with an integer threshold, q·2^64 rounded down: the probability is never above
the certified one. Returns indices; no text passes here.

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
) -> Batch:
    """The batch of ``step`` from ``units`` people, or from those whose turn it is; cut at
    ``largest`` where that is given."""
    if groups is None:
        joined = poisson(noise, step, units=units, probability=probability)
    else:
        members = groups.members(step)
        joined = members[poisson(noise, step, units=members.size, probability=probability)]
    if largest is not None and joined.size > largest:
        order = np.argsort(noise.bits(step, Purpose.CUTS, joined.size), kind="stable")
        joined = np.sort(joined[order[:largest]])
    return Batch(
        units=joined,
        documents=uniforms(noise.bits(step, Purpose.DOCUMENTS, joined.size)),
        windows=uniforms(noise.bits(step, Purpose.WINDOWS, joined.size)),
    )


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
    threshold = np.uint64(math.floor(math.ldexp(probability, 64)))
    return np.flatnonzero(noise.bits(step, Purpose.UNITS, units) < threshold)

"""Poisson sampling of people: the batch that the privacy guarantee is about.

Each unit joins each step independently with probability q = B/N, as amplification by sampling
assumes (Abadi et al., CCS 2016; Zhu and Wang, AISTATS 2019). The batch is therefore of random size,
and may be empty; B stays the denominator of the mean. A unit that joins gives one example: a
uniform document of its own, then a uniform window of it, so that its gradient is clipped as a whole
and its contribution is at most 1, however much text it has.

A batch is compared with an integer threshold, q·2^64 rounded down: the probability is never above
the certified one. Returns indices; no text passes here.

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


def draw(noise: NoiseSource, step: int, *, units: int, probability: float) -> Batch:
    """The batch of ``step`` from ``units`` people."""
    joined = poisson(noise, step, units=units, probability=probability)
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

"""Random draws of every figure, the same ones each time, so that a change shows alone.

Each name has its own stream, seeded by the name: changing one figure redraws that figure only, and
two plans compared meet the same future. Standard draws are kept, because they cost more than all
the arithmetic after them.
"""

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from engine.errors import InputError
from engine.interval import FloatArray
from engine.roi.assumptions import Assumption, Assumptions, Distribution

_Number = TypeVar("_Number", np.float64, np.int64)

DRAWS = 20_000
SEED = 0
"""Of every stream of the return that is shown."""
_NORMAL_95 = 1.6448536269514722
_PERT_WEIGHT = 4.0
_WIDEST_T = 0.995
"""Draws of t are cut at its 0.5 % and 99.5 % points: with three pairs its tails have no mean."""


def draw(table: Assumptions, count: int = DRAWS, *, seed: int = 0) -> dict[str, FloatArray]:
    """``count`` draws of each figure; a certain one has shape (1,)."""
    if count < 1:
        raise InputError("Expected at least 1 draw, got {value}.", value=count)
    return {row.name: drawn(row, count, seed) for row in table.rows}


def drawn(row: Assumption, count: int, seed: int = 0) -> FloatArray:
    """Draws of one figure, shape (count,), or (1,) if it is certain."""
    if not row.uncertain:
        return np.array([row.value])
    if row.distribution is Distribution.LOGNORMAL:
        spread = math.log(row.high / row.low) / (2 * _NORMAL_95)
        return row.value * np.exp(spread * standard_normal(row.name, count, seed))
    width = row.high - row.low
    alpha = 1 + _PERT_WEIGHT * (row.value - row.low) / width
    # Rounded, so that a range that moves in proportion finds its draws again.
    return row.low + width * _beta(row.name, round(alpha, 9), count, seed)


def mean(row: Assumption) -> float:
    """The exact mean of a figure's distribution."""
    if not row.uncertain:
        return row.value
    if row.distribution is Distribution.LOGNORMAL:
        spread = math.log(row.high / row.low) / (2 * _NORMAL_95)
        return row.value * math.exp(spread**2 / 2)
    return (row.low + _PERT_WEIGHT * row.value + row.high) / (_PERT_WEIGHT + 2)


@lru_cache(maxsize=64)
def standard_normal(name: str, count: int, seed: int = 0) -> FloatArray:
    """Standard normal draws of a stream; read-only."""
    return _kept(_stream(name, seed).standard_normal(count))


@lru_cache(maxsize=16)
def student_t(name: str, degrees: int, count: int, seed: int = 0) -> FloatArray:
    """(2, count) draws of a standard bivariate t, for a line's intercept and slope; read-only."""
    rng = _stream(name, seed)
    scale = np.sqrt(rng.chisquare(degrees, count) / degrees)
    widest = stdtrit(degrees, _WIDEST_T)
    return _kept(np.clip(rng.standard_normal((2, count)) / scale, -widest, widest))


@lru_cache(maxsize=16)
def uniform_index(name: str, size: int, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Draws of an index below ``size``; read-only."""
    return _kept(_stream(name, seed).integers(0, size, count))


@lru_cache(maxsize=256)
def _beta(name: str, alpha: float, count: int, seed: int) -> FloatArray:
    return _kept(_stream(name, seed).beta(alpha, 2 + _PERT_WEIGHT - alpha, count))


def _stream(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _kept(values: NDArray[_Number]) -> NDArray[_Number]:
    values.setflags(write=False)
    return values


@dataclass(frozen=True, kw_only=True)
class LossForecast:
    """What the law says about the loss of one plan, nats of the evidence's token or byte.

    ``resampled``: the loss under each resample of the law, (resamples,); ``scatter``, ``drift`` and
    ``transfer`` are standard deviations of ln loss: of one run, of the law so far from its
    evidence, and of the law on another text and architecture than those of its evidence;
    ``ceiling`` is ln vocabulary. Forecasts of one law are drawn together: the same resample, drift
    and transfer for all plans, scatter of its own for each.
    """

    name: str
    value: float
    resampled: tuple[float, ...] = ()
    scatter: float = 0.0
    drift: float = 0.0
    transfer: float = 0.0
    ceiling: float = math.inf

    def draw(self, count: int = DRAWS, *, seed: int = 0) -> FloatArray:
        """Losses, shape (count,); (1,) where nothing is uncertain."""
        log_loss = math.log(self.value) + self.shared(count, seed=seed)
        if self.drift:
            log_loss = log_loss + self.drift * standard_normal("law-drift", count, seed)
        if self.scatter:
            own = standard_normal(f"run-{self.name}", count, seed)
            log_loss = log_loss + self.scatter * own
        if not (self.resampled or self.drift or self.scatter or self.transfer):
            return np.array([self.value])
        losses: FloatArray = np.minimum(np.exp(log_loss), self.ceiling)
        return losses

    def shared(self, count: int = DRAWS, *, seed: int = 0) -> FloatArray:
        """By how much ln loss differs from the law's in what a small training of the same text
        would show too: the resample and the transfer; (count,), or (1,) where both are certain."""
        found = np.zeros(1)
        if self.resampled:
            index = uniform_index("law", len(self.resampled), count, seed)
            found = np.log(np.array(self.resampled) / self.value)[index]
        if self.transfer:
            found = found + self.transfer * standard_normal("law-transfer", count, seed)
        return found

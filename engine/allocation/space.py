"""Where the search may look, and how far an answer lies from what was measured.

The law interpolates between runs; beyond them its error grows with distance, as its ranges say. The
search may go beyond the evidence by the factors below, answers there are marked
(:mod:`engine.allocation.reach`), an optimum at the end of them is a bound, and a question whose
answer lies farther than :data:`REFUSED_DECADES` is refused.
"""

import math
from dataclasses import dataclass

import pandas as pd

from engine.allocation.result import Extrapolation
from engine.config import TrainingConfig
from engine.errors import InputError

MARGIN = 1.2
"""Factor beyond the smallest and largest model and iterations of the evidence: about as far as the
longest training tried in the paper (128,000 steps) lies beyond the longest of its Table 2."""
LARGER, LONGER = 30.0, 2.0
"""Factors beyond the largest model and the most iterations of the evidence that the search may
choose: a drift of 2 % an e-fold leaves the loss known within 11 and 2 % there (at 90 %)."""
CLIMBED = 10.0
"""Factor beyond the largest model of the evidence that a pilot may train: it measures what it
tries, and says how far the law has gone."""
REFUSED_DECADES = 3.0


@dataclass(frozen=True, kw_only=True)
class Space:
    """Least and greatest of each coordinate of the law over the evidence.

    ``model_size`` in parameters, ``iterations`` in steps, ``noise_batch_ratio`` = σ/B > 0.
    """

    model_size: tuple[float, float]
    iterations: tuple[float, float]
    noise_batch_ratio: tuple[float, float]
    sequence_length: int
    vocabulary_size: int
    largest_model: float | None = None
    """Parameters above which nothing is searched; None: :data:`LARGER` times the evidence's."""

    @property
    def searched_model_size(self) -> tuple[float, float]:
        """Parameters of the smallest and the largest model that the search may choose."""
        largest = self.model_size[1] * LARGER if self.largest_model is None else self.largest_model
        return self.model_size[0] / MARGIN, largest

    @property
    def searched_iterations(self) -> tuple[float, float]:
        """Fewest and most steps that the search may choose."""
        return max(self.iterations[0] / MARGIN, 10.0), min(self.iterations[1] * LONGER, 1e6)

    @property
    def tried_model_size(self) -> tuple[float, float]:
        """Parameters of the smallest and the largest model that a pilot may train."""
        return self.model_size[0] / MARGIN, self.model_size[1] * CLIMBED

    @property
    def tried_iterations(self) -> tuple[float, float]:
        """Fewest and most steps that a pilot may train."""
        return max(self.iterations[0] / MARGIN, 10.0), min(self.iterations[1] * LONGER, 1e6)

    def decades(self, config: TrainingConfig, noise_batch_ratio: float) -> dict[str, float]:
        """Powers of ten outside the evidence, by coordinate; 0 inside.

        Only noise above the measured range counts: below it, losses approach the noiseless curve.
        The batch does not count: a law that counts what drawing a batch adds
        (:mod:`engine.law.step_noise`) needs it only where noise is small.
        """
        return {
            "model_size": _outside(config.model_size, *self.model_size),
            "iterations": _outside(config.iterations, *self.iterations),
            "noise_batch_ratio": _outside(noise_batch_ratio, 0.0, self.noise_batch_ratio[1]),
        }


def space_of(frame: pd.DataFrame) -> Space:
    """The space of an evidence's frame (see :mod:`engine.runs.evidence`).

    Raises :class:`InputError` where runs of several sequence lengths or vocabularies are mixed.
    """
    noisy = frame.loc[frame["noise_batch_ratio"] > 0, "noise_batch_ratio"]
    return Space(
        model_size=_range(frame["model_size"]),
        iterations=_range(frame["iterations"]),
        noise_batch_ratio=_range(noisy),
        sequence_length=_only(frame, "sequence_length"),
        vocabulary_size=_only(frame, "vocabulary_size"),
    )


def refuse_if_absurd(extrapolation: Extrapolation) -> None:
    """Raise :class:`InputError` beyond :data:`REFUSED_DECADES` from the evidence."""
    name, decades = extrapolation.farthest
    if decades > REFUSED_DECADES:
        raise InputError(
            "The configuration lies {factor} times outside the evidence in {name}, farther than "
            "any law can be trusted ({limit} times): ask for more data, a larger epsilon or a "
            "compute budget nearer to what was measured.",
            factor=f"{10**decades:,.0f}",
            name=name,
            limit=f"{10**REFUSED_DECADES:,.0f}",
        )


def _range(values: pd.Series) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _only(frame: pd.DataFrame, name: str) -> int:
    values = frame[name].unique()
    if len(values) != 1:
        raise InputError(
            "Expected one {name} in the evidence, got {values}: choose runs that share it.",
            name=name,
            values=", ".join(f"{value:g}" for value in values),
        )
    return int(values[0])


def _outside(value: float, low: float, high: float) -> float:
    if value < low:
        return math.log10(low / value)
    return max(math.log10(value / high), 0.0)

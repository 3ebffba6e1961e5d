"""How far a question and its answer lie from what was measured, as one distance and in words.

A run is a point in ln M, ln T, ln σ̄ and ln B; off the ridge on which runs lie counts as far as
beyond its ends. The distance of an answer is the Euclidean one from the nearest run, in e-folds.
To it the budget that was asked about adds how far it exceeds what any run spent of compute, or drew
on of people. Batch, compute and people count half: a law takes them to matter through σ̄ alone,
which is an assumption that gets weaker the farther they lie from the runs' own. A plan whose noise
is correlated is as far as it lies from the trainings that measured what correlation does, too.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from engine.allocation.points import Points
from engine.allocation.result import Reach, Word
from engine.allocation.search import Budgets
from engine.config import Budget, TrainingConfig
from engine.interval import BoolArray, FloatArray
from engine.law.correlated import correlation

MEASURED, NEAR, EXTRAPOLATED = 0.7, 1.6, 4.7
"""Greatest distance of each word, e-folds: factors of 2, 5 and 110."""
_HALF = 0.5
_NAMES = ("model_size", "iterations", "noise_batch_ratio", "batch_size")


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Where an evidence's runs lie."""

    runs: tuple[tuple[float, float, float, float], ...]
    """ln parameters, ln steps, ln σ̄ and ln expected examples of each run."""
    least_noise: float
    """Smallest positive σ̄: below, noise hardly matters any more."""
    compute_flops: float
    """The most that a run spent."""
    data_budget: float
    """The most people that a run drew on; infinite where the runs do not say."""

    def reach(
        self, config: TrainingConfig, noise_batch_ratio: float, asked: Budget | None = None
    ) -> Reach:
        """The distance of a configuration, and of the budget that asked for it."""
        figures = config.model_size, config.iterations, noise_batch_ratio, config.batch_size
        gaps = self._gaps(*(np.array(float(figure)) for figure in figures))
        nearest = np.abs(gaps[np.argmin((gaps**2).sum(axis=-1))])
        parts = dict(zip(_NAMES, nearest.tolist(), strict=True))
        if asked is not None:
            beyond = {
                "compute_flops": asked.compute_flops / self.compute_flops,
                "data_budget": asked.data_budget / self.data_budget,
            }
            for name, factor in beyond.items():
                parts[name] = _HALF * math.log(factor) if factor > 1 else 0.0
        distance = math.sqrt(sum(part**2 for part in parts.values()))
        return Reach(
            word=word_of(distance),
            distance=distance,
            farthest=max(parts, key=lambda name: parts[name]),
        )

    def distances(self, points: Points, asked: Budgets) -> FloatArray:
        """The distances of many plans, as :meth:`reach` has each; NaN where there is none."""
        gaps = self._gaps(
            points.model_size, points.iterations, points.noise_batch_ratio, points.batch_size
        )
        squares = (gaps**2).sum(axis=-1).min(axis=-1)
        for values, most in (
            (asked.compute_flops, self.compute_flops),
            (asked.data_budget, self.data_budget),
        ):
            squares = squares + (_HALF * np.log(np.maximum(values / most, 1.0))) ** 2
        found: FloatArray = np.maximum(np.sqrt(squares), _of_correlation(points, asked))
        return found

    def comparable(self, points: Points, asked: Budgets) -> BoolArray:
        """Whether each plan may be compared with another: none that is unknown may."""
        near: BoolArray = self.distances(points, asked) <= EXTRAPOLATED
        return near

    def _gaps(
        self,
        model_size: FloatArray,
        iterations: FloatArray,
        noise_batch_ratio: FloatArray,
        batch_size: FloatArray,
    ) -> FloatArray:
        """(..., runs, 4) weighted e-folds from each run."""
        noise = np.maximum(noise_batch_ratio, self.least_noise)
        where = np.log(np.stack([model_size, iterations, noise, batch_size], axis=-1))
        gaps: FloatArray = (self._runs - where[..., None, :]) * (1.0, 1.0, 1.0, _HALF)
        return gaps

    @cached_property
    def _runs(self) -> FloatArray:
        return np.array(self.runs)


def distance_of_correlation(config: TrainingConfig, data_budget: float) -> float:
    """E-folds from the trainings that measured what correlated noise does to a loss."""
    probability = config.batch_size / data_budget
    return float(correlation().distance(config.model_size, config.iterations, probability))


def _of_correlation(points: Points, asked: Budgets) -> FloatArray:
    """The same of many plans; 0 where noise is independent."""
    if not np.any(points.doubt > 0):
        return np.zeros(points.doubt.shape)
    probability = points.batch_size / asked.data_budget
    distances = correlation().distance(points.model_size, points.iterations, probability)
    return np.where(points.doubt > 0, distances, 0.0)


def word_of(distance: float) -> Word:
    """The word for a distance in e-folds."""
    if distance <= MEASURED:
        return Word.MEASURED
    if distance <= NEAR:
        return Word.NEAR
    return Word.EXTRAPOLATED if distance <= EXTRAPOLATED else Word.UNKNOWN


def coverage_of(frame: pd.DataFrame) -> Coverage:
    """The coverage of an evidence's frame (see :mod:`engine.runs.evidence`)."""
    noise = frame["noise_batch_ratio"].to_numpy(float)
    least = float(noise[noise > 0].min())
    columns = [
        frame["model_size"].to_numpy(float),
        frame["iterations"].to_numpy(float),
        np.maximum(noise, least),
        frame["batch_size"].to_numpy(float),
    ]
    people = frame["data_budget"].to_numpy(float)
    points = np.unique(np.round(np.log(columns).T, 2), axis=0)
    return Coverage(
        runs=tuple((a, b, c, d) for a, b, c, d in points.tolist()),
        least_noise=least,
        compute_flops=float(frame["compute_flops"].max()),
        data_budget=float(np.nanmax(people)) if np.isfinite(people).any() else math.inf,
    )

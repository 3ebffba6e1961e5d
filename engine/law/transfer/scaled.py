"""A law of one family times one factor: the least that a few runs of another family can teach.

    L(M, T, σ̄) = min(f·L_source(M, T, σ̄), ln V)

ln f is the mean over runs of their mean ln(observed/predicted). It is what pooling is compared with
(:mod:`engine.law.transfer.study`): where constants differ between families in one way only,
no more is needed.

*Interval.* Student's t (Gelman et al. 2013, chapter 3) for one new run: the runs' own squared
errors and, worth :data:`engine.law.transfer.pool.PRIOR_RUNS` runs, those that pooling expects of
another family; the error of f; and the source's drift away from its evidence.

Not covered: a vocabulary other than the source's, whose losses are no multiple of it.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.fit import FitResult
from engine.law.observations import observations_of, point_of
from engine.law.transfer.pool import PRIOR_RUNS, first_scatter


@dataclass(frozen=True, kw_only=True)
class ScaledLaw:
    """``source`` times exp(``log_factor``)."""

    source: FitResult
    log_factor: float
    runs: int
    scatter: float
    """Standard deviation of ln L of one new run around it."""

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Nats per token, at most ln vocabulary."""
        law = self.source.law
        loss = math.exp(self.log_factor) * law.cross_entropy(
            model_size, iterations, noise_batch_ratio, batch_size
        )
        return np.minimum(loss, law.log_vocabulary)

    def interval(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
        *,
        level: float = 0.9,
    ) -> tuple[FloatArray, FloatArray]:
        """(low, high) of the loss of one new run, nats per token."""
        point = model_size, iterations, noise_batch_ratio, batch_size
        away = self.source.level_drift * self.source.distance(*point)
        noise = np.hypot(self.scatter * math.sqrt(1 + 1 / self.runs), away)
        width = stdtrit(PRIOR_RUNS + self.runs - 1, (1 + level) / 2) * noise
        loss = self.cross_entropy(*point)
        return loss * np.exp(-width), np.minimum(
            loss * np.exp(width), self.source.law.log_vocabulary
        )


def scale(source: FitResult, frame: pd.DataFrame) -> ScaledLaw:
    """``source`` scaled to the runs in ``frame``, one or more, of the same vocabulary.

    Raises :class:`InputError` without rows, for another vocabulary, or rows that cannot be true.
    """
    law = source.law
    counts = law.batch_size is not None
    observations = observations_of(frame, reference=law.reference, counts_drawing=counts)
    if observations.vocabulary_size != source.law.vocabulary_size:
        raise InputError(
            "Expected runs of {expected} tokens of vocabulary, got {value}.",
            expected=source.law.vocabulary_size,
            value=observations.vocabulary_size,
        )
    errors = observations.log_loss - np.log(source.law.cross_entropy(*point_of(frame)))
    runs = int(observations.groups.max()) + 1
    points = np.bincount(observations.groups)
    log_factor = float((np.bincount(observations.groups, errors) / points).mean())
    squares = np.bincount(observations.groups, (errors - log_factor) ** 2) / points
    expected = PRIOR_RUNS * first_scatter(source) ** 2
    return ScaledLaw(
        source=source,
        log_factor=log_factor,
        runs=runs,
        scatter=math.sqrt((expected + squares.sum()) / (PRIOR_RUNS + runs - 1)),
    )

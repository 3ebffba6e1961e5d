"""The noise of many configurations, and what a loss takes it for; the one place that knows both.

Of independent noise one σ says all: a law knows it as σ̄ = σ/B. Noise that is correlated over b
steps (:class:`~engine.config.Sampling` ``banded``) needs a larger σ, that of b groups of people who
take turns, and acts on the loss like less of it: its *effect* is the share of its own σ that
independent noise would have. The law of the effect, and how far it may be out, is measured
(:mod:`engine.law.correlated`); the error that noise leaves in the sums of gradients is planned.

A banded plan takes of 1, 4, 16 and 64 steps those that leave the least planned error. One step is
independent noise: where groups would be too small, or amplify too little, that is the answer.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from engine.accounting.domain import MOST_ITERATIONS
from engine.accounting.search import noise_multiplier
from engine.accounting.strategy import error, strategy
from engine.config import DATA_RANGE, Sampling, TrainingConfig
from engine.interval import FloatArray
from engine.law.correlated import correlation

PLANNED_BANDS = (4, 16, 64)
"""Steps over which a plan may correlate its noise, beside one."""
_LONGEST_STRATEGY = 4_096
"""Steps for which coefficients are optimised; longer trainings take the same ones."""
_ERRORS = np.geomspace(4, MOST_ITERATIONS, 12)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """The noise of configurations; arrays that broadcast with them.

    ``multiplier``: σ of what is drawn, which the certificate is about. ``effect``: the share of it
    that independent noise of the same loss has; 1 for independent noise. ``share``: that noise's σ
    over the one that independent noise needs at the same ε. ``doubt``: standard deviation of ln
    effect; 0 for independent noise. ``bands``: steps it is correlated over.
    """

    multiplier: FloatArray
    effect: FloatArray
    share: FloatArray
    doubt: FloatArray
    bands: FloatArray

    @property
    def equal(self) -> FloatArray:
        """σ of the independent noise that the loss is that of."""
        return self.multiplier if self.effect is _ONE else self.multiplier * self.effect


_ONE, _ZERO = np.ones(()), np.zeros(())


def noise_of(
    *,
    data_budget: ArrayLike,
    batch_size: ArrayLike,
    iterations: ArrayLike,
    epsilon: ArrayLike,
    delta: float,
    sampling: Sampling,
) -> Noise:
    """The noise that keeps ε at ``delta`` for N people, batch B and T steps; arrays broadcast.

    By the search path, to steer and not to promise. Raises :class:`InputError` outside the domain
    of :mod:`engine.accounting.domain`.
    """
    drawn_by = Sampling.POISSON if sampling is Sampling.BANDED else sampling
    white = noise_multiplier(
        data_budget=data_budget,
        batch_size=batch_size,
        iterations=iterations,
        epsilon=epsilon,
        delta=delta,
        sampling=drawn_by,
    )
    if sampling is not Sampling.BANDED:
        return Noise(multiplier=white, effect=_ONE, share=_ONE, doubt=_ZERO, bands=_ONE)
    people, batch, steps = (
        np.asarray(value, dtype=float) for value in (data_budget, batch_size, iterations)
    )
    planned, multiplier, chosen = np.ones(white.shape), white, np.ones(white.shape)
    for count in PLANNED_BANDS:
        grouped = in_groups(
            count,
            white,
            data_budget=people,
            batch_size=batch,
            iterations=steps,
            epsilon=epsilon,
            delta=delta,
        )
        if grouped is None:
            continue
        sigma, left = grouped
        better = left < planned
        planned = np.where(better, left, planned)
        multiplier = np.where(better, sigma, multiplier)
        chosen = np.where(better, float(count), chosen)
    measured = correlation()
    share = planned**measured.exponent.value
    return Noise(
        multiplier=multiplier,
        effect=white * share / multiplier,
        share=share,
        doubt=np.where(chosen > 1, measured.doubt(planned), 0.0),
        bands=chosen,
    )


def in_groups(
    bands: int,
    white: FloatArray,
    *,
    data_budget: FloatArray,
    batch_size: FloatArray,
    iterations: FloatArray,
    epsilon: ArrayLike,
    delta: float,
) -> tuple[FloatArray, FloatArray] | None:
    """σ of noise that is correlated over ``bands`` steps, and the planned error that it leaves over
    that of independent noise of ``white``, both inf where no plan is possible; None: nowhere.

    So many groups of whole people take turns, each drawn from by Poisson sampling: a batch fits
    into one, every group has a turn, and none is smaller than any data may be.
    """
    group = np.floor(data_budget / bands)
    possible = (batch_size <= group) & (iterations >= bands) & (group >= DATA_RANGE[0])
    if not possible.any():
        return None
    sigma = noise_multiplier(
        data_budget=np.maximum(group, DATA_RANGE[0]),
        batch_size=np.where(possible, batch_size, 1.0),
        iterations=np.ceil(iterations / bands),
        epsilon=epsilon,
        delta=delta,
    )
    left = sigma / white * planned_error(bands, iterations)
    return np.where(possible, sigma, np.inf), np.where(possible, left, np.inf)


def bands_of(config: TrainingConfig, *, data_budget: float, epsilon: float, delta: float) -> int:
    """Over how many steps the noise of one banded configuration is correlated."""
    found = noise_of(
        data_budget=data_budget,
        batch_size=config.batch_size,
        iterations=config.iterations,
        epsilon=epsilon,
        delta=delta,
        sampling=Sampling.BANDED,
    )
    return int(found.bands)


def planned_error(bands: int, iterations: FloatArray) -> FloatArray:
    """Error in the sums of gradients at the same σ, over that of independent noise."""
    logs = np.interp(np.log(iterations), np.log(_ERRORS), _log_errors(bands))
    found: FloatArray = np.exp(logs)
    return found


@lru_cache(maxsize=8)
def _log_errors(bands: int) -> tuple[float, ...]:
    """ln error after each of :data:`_ERRORS` steps."""
    found = []
    for steps in np.maximum(np.round(_ERRORS), bands).astype(int).tolist():
        coefficients = strategy(bands=bands, iterations=max(min(steps, _LONGEST_STRATEGY), bands))
        both = error(coefficients, iterations=steps), (steps + 1) / 2
        found.append(0.5 * math.log(both[0] / both[1]))
    return tuple(found)

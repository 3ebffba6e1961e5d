"""What the accounting answers for, and the facts that both paths share.

Inputs: N people in [100, 2e10], B in [1, N], T in [1, 1e6], ε in [0.01, 128], δ in [1e-12, 1e-2]:
for N and ε twice what a budget may hold, since "what if we doubled it" is one of the questions.
"""

import numpy as np
from scipy.special import betainc

from engine.config import (
    DATA_RANGE,
    DEFAULT_DELTA,
    DELTA_RANGE,
    EPSILON_RANGE,
    Sampling,
    require_integer,
)
from engine.errors import InputError

SMALLEST_NOISE_MULTIPLIER = 0.3
"""σ is never set below this: more noise than needed is safe, and below it the accountants' loss
grids grow without bound (at σ = 0.1 already gigabytes)."""

MOST_ITERATIONS = 1_000_000
MOST_BANDS = 1024
"""Steps over which noise may be correlated: past noises that a training holds, and one more."""
_HARDLY_EVER = 1e-15


def validate(
    data_budget: np.ndarray | float,
    batch_size: np.ndarray | float,
    iterations: np.ndarray | float,
    epsilon: np.ndarray | float,
    delta: np.ndarray | float,
) -> None:
    """Raise :class:`InputError`, naming the first offender, unless every value is in the domain."""
    _require("data_budget", data_budget, DATA_RANGE[0], 2 * DATA_RANGE[1])
    _require("batch_size", batch_size, 1, np.inf)
    _require("iterations", iterations, 1, MOST_ITERATIONS)
    require_promise(epsilon, delta)
    if np.any(np.asarray(batch_size) > np.asarray(data_budget)):
        batch, people = np.broadcast_arrays(batch_size, data_budget)
        worst = np.argmax(batch > people)
        raise InputError(
            "Expected {name} of at most the {people} people, got {value}: take a smaller batch or "
            "more people.",
            name="batch_size",
            people=f"{people.flat[worst]:g}",
            value=f"{batch.flat[worst]:g}",
        )


def require_promise(epsilon: np.ndarray | float, delta: np.ndarray | float) -> None:
    """Raise :class:`InputError` for an ε or δ outside the domain."""
    _require("epsilon", epsilon, EPSILON_RANGE[0], 2 * EPSILON_RANGE[1])
    _require("delta", delta, *DELTA_RANGE)


def participations(data_budget: int, batch_size: int, iterations: int) -> int:
    """How often fixed batches in turn see one person at the most: ⌈T·B/N⌉, in exact integers."""
    return -(-int(iterations) * int(batch_size) // int(data_budget))


def require_bands(bands: int, iterations: int) -> None:
    """Raise :class:`InputError` for a number of bands that no strategy over T steps has."""
    steps = require_integer("iterations", iterations)
    if not 1 <= steps <= MOST_ITERATIONS:
        raise InputError(
            "Expected 1 to {most} steps, got {value}.", most=MOST_ITERATIONS, value=steps
        )
    if not 1 <= require_integer("bands", bands) <= min(steps, MOST_BANDS):
        raise InputError(
            "Expected 1 to {most} bands for {steps} steps, got {value}: noise is correlated over "
            "no more steps than there are.",
            most=min(steps, MOST_BANDS),
            steps=steps,
            value=bands,
        )


def require_sampling(sampling: Sampling, bands: int) -> None:
    """Raise :class:`InputError` for a sampling under which correlated noise is not certified."""
    if bands > 1 and sampling is not Sampling.POISSON:
        raise InputError(
            "No certified bound is known here for correlated noise under {sampling} sampling: "
            "with more than one band, groups take turns and are sampled by poisson.",
            sampling=str(sampling),
        )


def group_size(data_budget: int, bands: int) -> int:
    """People of a group where ``bands`` groups take turns: ⌊N/b⌋. Where b does not divide N the
    probability of being drawn, B of so many, is rounded up."""
    return int(data_budget) // int(bands)


def turns(iterations: int, bands: int) -> int:
    """How often a group's turn comes at the most: ⌈T/b⌉."""
    return -(-int(iterations) // int(bands))


def require_groups(data_budget: int, batch_size: int, bands: int) -> None:
    """Raise :class:`InputError` where ``bands`` groups hold fewer people than a batch expects."""
    if group_size(data_budget, bands) < batch_size:
        raise InputError(
            "Expected groups of at least the {batch_size} people of a batch, got {people} people "
            "in {bands} groups: take fewer bands, a smaller batch or more people.",
            batch_size=batch_size,
            people=data_budget,
            bands=bands,
        )


def largest_batch(data_budget: int, batch_size: int) -> int:
    """The batch size at which truncated Poisson cuts unless told otherwise: larger ones are drawn
    with a probability below 1e-15 a step, so that cutting costs nothing that could be printed."""
    low, high = int(batch_size) - 1, int(data_budget)
    while high - low > 1:
        middle = (low + high) // 2
        rare = binomial_tail(middle, data_budget, batch_size / data_budget) <= _HARDLY_EVER
        low, high = (low, middle) if rare else (middle, high)
    return high


def binomial_tail(count: int, draws: int, probability: float) -> float:
    """Probability of more than ``count`` successes in ``draws``."""
    if count >= draws:
        return 0.0
    if count < 0:
        return 1.0
    return float(betainc(count + 1, draws - count, probability))


def people_published_whole(data_budget: float, delta: float) -> int:
    """How many people's data a δ allows to be published whole: ⌊δ·N⌋, 0 where δ is below 1/N.

    Publishing the data of a random share δ of the people keeps (0, δ) for each of them.

    >>> people_published_whole(10**10, 1e-8), people_published_whole(10**6, 1e-8)
    (100, 0)
    """
    return int(data_budget * delta * (1 + 1e-12))


def proposed_delta(data_budget: float) -> float:
    """The δ to take for N people: min(1e-8, 1/(10·N)), within the domain.

    >>> proposed_delta(1_000), proposed_delta(10**9)
    (1e-08, 1e-10)
    """
    return max(min(DEFAULT_DELTA, 1 / (10 * data_budget)), DELTA_RANGE[0])


def _require(name: str, value: np.ndarray | float, low: float, high: float) -> None:
    values = np.asarray(value, dtype=float)
    # Least and greatest, one of them NaN where any is: two passes, in the search's inner loop.
    if values.size and not (values.min() >= low and values.max() <= high):
        wrong = ~((values >= low) & (values <= high))
        raise InputError(
            "Expected {name} between {low} and {high}, got {value}: choose a value inside.",
            name=name,
            low=f"{low:g}",
            high=f"{high:g}",
            value=f"{values[wrong].flat[0]:g}",
        )

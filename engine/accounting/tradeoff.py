r"""δ at given ε for attacks: the whole curve of the subsampled Gaussian after T steps, untilted.

The counterpart of :mod:`engine.accounting.profile`, which aims at tiny δ and tilts towards it. An
attack lives where δ is large, so here the losses are composed as they are: put on a grid by a
six-point Lagrange kernel that keeps their first five moments, raised to the power T in Fourier
space, and summed, δ(ε) = Σ_{l > ε} (1 − e^{ε − l})·p(l). Errors are absolute, about 1e-5 in δ; no
promise rests on it.

>>> subsampled_delta(0.022, 6.0, 11_000, [0.0, 0.5, 1.0]).round(3)
array([0.153, 0.023, 0.001])
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engine.accounting.grid import (
    RATES,
    FloatArray,
    Resolution,
    choose_cell,
    compose,
    decayed_sum,
    span,
)
from engine.accounting.profile import WIDEST_LOSS, step_losses

RESOLUTION = Resolution(
    cells_per_deviation=60, cells_per_hump=60, finest=2e-5, coarsest=2e-2, coarsest_hump=2e-2
)
_LARGEST_GRID = 2**19
_MANY = 64
_FEW_RATES = RATES[::4]
"""For bounds that make a grid somewhat wider than it need be."""


def subsampled_delta(
    sampling_probability: float,
    noise_multiplier: float,
    iterations: int,
    epsilons: Sequence[float] | FloatArray,
) -> FloatArray:
    """δ at each of ``epsilons`` >= 0 after ``iterations`` steps; about 5 ms.

    Shapes: epsilons (n,) -> (n,), falling. The larger of removing and adding a person; Poisson
    sampling, unit sensitivity. δ is 1 where the losses may lie beyond ``WIDEST_LOSS``: no
    protection is claimed that was not computed.
    """
    wanted = np.asarray(epsilons, dtype=float)
    directions = step_losses(sampling_probability, noise_multiplier)
    deltas: FloatArray = np.maximum.reduce(
        [_composed_delta(loss, weight, iterations, wanted) for loss, weight in directions]
    )
    return deltas


@lru_cache(maxsize=4096)
def total_variation(sampling_probability: float, noise_multiplier: float, iterations: int) -> float:
    """δ at ε = 0: how far apart the results with and without a person are; about 2 ms.

    As :func:`subsampled_delta`, to some 1e-5. The distance is the same in both directions, and that
    of adding a person, whose losses are half as many, is taken where there are steps enough to
    smooth the end that those losses have.
    """
    if iterations < _MANY:
        return float(subsampled_delta(sampling_probability, noise_multiplier, iterations, [0.0])[0])
    _, (loss, weight) = step_losses(sampling_probability, noise_multiplier)
    return float(_composed_delta(loss, weight, iterations, np.zeros(1), rates=_FEW_RATES)[0])


def _composed_delta(
    loss: FloatArray,
    weight: FloatArray,
    iterations: int,
    wanted: FloatArray,
    *,
    rates: FloatArray = RATES,
) -> FloatArray:
    within = span(loss, weight, iterations, rates=rates)
    if max(within) > WIDEST_LOSS:
        return np.ones(wanted.shape)
    cell = choose_cell(loss, weight, weight, iterations, RESOLUTION)
    position, density = compose(
        loss, weight, iterations, cell, within=within, largest=_LARGEST_GRID
    )
    delta = decayed_sum(density, 0.0) - decayed_sum(density, position[1])
    delta = np.maximum.accumulate(np.clip(delta, 0.0, 1.0)[::-1])[::-1]
    # δ is convex in ε, so that a chord lies above it.
    return np.interp(wanted, position, delta)

"""The search path: σ for thousands of configurations in milliseconds, to steer, never to promise.

Poisson sampling is read from the shipped table (:mod:`engine.accounting.table`) by cubic
interpolation; fixed batches are Gaussian mechanisms and need none. Within 0.5 % of a fine PLD over
the domain (tests/accounting), and never below σ = 0.3. Below the table's smallest sampling probability
(1e-6) and number of steps (10) its edge is used, which asks for more noise than is needed.

>>> sigma = noise_multiplier(
...     data_budget=1e7, batch_size=[110_000, 220_000], iterations=11_000, epsilon=4, delta=1e-8
... )
>>> sigma.round(2)
array([1.88, 3.44])
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from engine.accounting.domain import SMALLEST_NOISE_MULTIPLIER, validate
from engine.accounting.gaussian import gaussian_mu
from engine.accounting.table import Table, load
from engine.config import Sampling

_CHUNK = 20_000
"""Points interpolated at a time: 256 weights each, 80 MB in all."""


def noise_multiplier(
    *,
    data_budget: ArrayLike,
    batch_size: ArrayLike,
    iterations: ArrayLike,
    epsilon: ArrayLike,
    delta: ArrayLike,
    sampling: Sampling = Sampling.POISSON,
) -> np.ndarray:
    """σ that keeps ε at ``delta`` for N people, expected batch B and T steps; arrays broadcast.

    Raises :class:`InputError` outside the domain of :mod:`engine.accounting.domain`.
    """
    people, batch, steps, eps, dlt = (
        np.asarray(value, dtype=float)
        for value in (data_budget, batch_size, iterations, epsilon, delta)
    )
    validate(people, batch, steps, eps, dlt)
    if sampling is Sampling.POISSON:
        sigma = _poisson(batch / people, steps, eps, dlt)
    elif sampling is Sampling.DETERMINISTIC:
        sigma = _deterministic(batch / people, steps, eps, dlt)
    else:
        sigma = np.minimum(
            _poisson(batch / people, steps, eps, dlt),
            _deterministic(batch / people, steps, eps, dlt),
        )
    return np.maximum(sigma, SMALLEST_NOISE_MULTIPLIER)


def better_sampling(
    *,
    data_budget: float,
    batch_size: float,
    iterations: float,
    epsilon: float,
    delta: float,
) -> Sampling:
    """Which scheme ``Sampling.BEST`` uses for one configuration."""
    probability = np.asarray(batch_size / data_budget)
    question = (probability, np.asarray(iterations), np.asarray(epsilon), np.asarray(delta))
    if _deterministic(*question) < _poisson(*question):
        return Sampling.DETERMINISTIC
    return Sampling.POISSON


def _deterministic(
    probability: np.ndarray, steps: np.ndarray, epsilon: np.ndarray, delta: np.ndarray
) -> np.ndarray:
    # A product that should be whole must not be lifted to the next participation by rounding.
    participations = np.ceil(probability * steps * (1 - 1e-12))
    return np.sqrt(np.maximum(participations, 1.0)) / gaussian_mu(epsilon, delta)


def _poisson(
    probability: np.ndarray, steps: np.ndarray, epsilon: np.ndarray, delta: np.ndarray
) -> np.ndarray:
    table = _table()
    shape = np.broadcast_shapes(probability.shape, steps.shape, epsilon.shape, delta.shape)
    if epsilon.size == 1 and delta.size == 1:
        # One slider position asks about one (ε, δ): contract these axes once.
        plane = _contracted(float(epsilon.ravel()[0]), float(delta.ravel()[0]))
        axes = (table.log_sampling_probability, table.log_iterations)
        values = _interpolate(plane, axes, (np.log(probability), np.log(steps)), shape)
    else:
        axes = (
            table.log_sampling_probability,
            table.log_iterations,
            table.log_epsilon,
            table.log_delta,
        )
        points = tuple(np.log(x) for x in (probability, steps, epsilon, delta))
        values = _interpolate(table.log_sigma, axes, points, shape)
    return np.exp(values)


@lru_cache(maxsize=1)
def _table() -> Table:
    return load()


@lru_cache(maxsize=256)
def _contracted(epsilon: float, delta: float) -> np.ndarray:
    """The table at one (ε, δ), shape (q, T)."""
    table = _table()
    rows, weight = _stencil(table.log_epsilon, np.log(np.array([epsilon])))
    columns, share = _stencil(table.log_delta, np.log(np.array([delta])))
    block = table.log_sigma[:, :, rows[0]][:, :, :, columns[0]]
    return np.einsum("qtij,i,j->qt", block, weight[0], share[0])


def _interpolate(
    values: np.ndarray,
    axes: tuple[np.ndarray, ...],
    points: tuple[np.ndarray, ...],
    shape: tuple[int, ...],
) -> np.ndarray:
    """Tensor product of four-point Lagrange interpolation; points beyond an axis take its edge."""
    flat = [np.broadcast_to(point, shape).ravel() for point in points]
    found = np.empty(flat[0].size)
    for start in range(0, found.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        found[part] = _interpolate_chunk(values, axes, [point[part] for point in flat])
    return found.reshape(shape)


def _interpolate_chunk(
    values: np.ndarray, axes: tuple[np.ndarray, ...], points: list[np.ndarray]
) -> np.ndarray:
    stencils = [_stencil(axis, point) for axis, point in zip(axes, points, strict=True)]
    strides = [int(np.prod(values.shape[d + 1 :])) for d in range(values.ndim)]
    index = stencils[0][0] * strides[0]
    weight = stencils[0][1]
    for (rows, share), stride in zip(stencils[1:], strides[1:], strict=True):
        index = (index[:, :, None] + rows[:, None, :] * stride).reshape(index.shape[0], -1)
        weight = (weight[:, :, None] * share[:, None, :]).reshape(weight.shape[0], -1)
    return np.einsum("pk,pk->p", values.ravel()[index], weight)


def _stencil(axis: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices and weights of the four nodes around each point, shape (points, 4) each."""
    point = np.clip(point, axis[0], axis[-1])
    first = np.clip(np.searchsorted(axis, point, side="right") - 2, 0, axis.size - 4)
    rows = first[:, None] + np.arange(4)
    nodes = axis[rows]
    weight = np.ones(rows.shape)
    for i in range(4):
        for j in range(4):
            if i != j:
                weight[:, i] *= (point - nodes[:, j]) / (nodes[:, i] - nodes[:, j])
    return rows, weight

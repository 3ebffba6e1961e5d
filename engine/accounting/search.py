"""The search path: σ for thousands of configurations in milliseconds, to steer, never to promise.

Poisson sampling is read from the shipped table (:mod:`engine.accounting.table`) by cubic
interpolation, and where one ε is asked about at hundreds of configurations by a spline through
such readings; fixed batches are Gaussian mechanisms and need none. Within 0.5 % of the near-exact
accountant for q from 1e-6, T from 10 and ε to 64 (tests/accounting), and never below σ = 0.3.
Beyond the table (q below 1e-6, fewer than 6 steps, ε above 126) its edge is used, which asks for
more noise than is needed; δ above 3e-5 is read at the ε that asks the same of a Gaussian.

>>> sigma = noise_multiplier(
...     data_budget=1e7, batch_size=[110_000, 220_000], iterations=11_000, epsilon=4, delta=1e-8
... )
>>> sigma.round(2)
array([1.77, 3.32])
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RectBivariateSpline

from engine.accounting.domain import SMALLEST_NOISE_MULTIPLIER, validate
from engine.accounting.gaussian import FloatArray, gaussian_epsilon, gaussian_mu
from engine.accounting.table import NoiseTable, load
from engine.config import Sampling
from engine.errors import InputError

_CHUNK = 4_000
"""Points interpolated at a time: 64 weights each, which stay in the processor's cache."""
_MANY = 300
"""Points of one ε from which a spline through a lattice takes the place of one reading each."""
_LATTICE_ITERATIONS = 100.0, 3e5
"""Steps within which the lattice is as good as a reading: away from the table's edges."""
_MARGIN = 3.6
"""Factor of steps by which the lattice goes on beyond them."""
_ACROSS = 0.115
"""Spacing of the lattice, in ln, across the surface's knee."""


def noise_multiplier(
    *,
    data_budget: ArrayLike,
    batch_size: ArrayLike,
    iterations: ArrayLike,
    epsilon: ArrayLike,
    delta: ArrayLike,
    sampling: Sampling = Sampling.POISSON,
) -> FloatArray:
    """σ that keeps ε at ``delta`` for N people, expected batch B and T steps; arrays broadcast.

    Raises :class:`InputError` outside the domain of :mod:`engine.accounting.domain`.
    """
    people, batch, steps, eps, dlt = (
        np.asarray(value, dtype=float)
        for value in (data_budget, batch_size, iterations, epsilon, delta)
    )
    validate(people, batch, steps, eps, dlt)
    if sampling is Sampling.BANDED:
        raise InputError(
            "Expected a sampling with independent noise, got {sampling}: the σ of correlated noise "
            "depends on the number of bands.",
            sampling=str(sampling),
        )
    if sampling in (Sampling.POISSON, Sampling.TRUNCATED_POISSON):
        sigma = _poisson(batch / people, steps, eps, dlt)
    elif sampling is Sampling.DETERMINISTIC:
        sigma = _deterministic(batch / people, steps, eps, dlt)
    else:
        sigma = np.minimum(
            _poisson(batch / people, steps, eps, dlt),
            _deterministic(batch / people, steps, eps, dlt),
        )
    enough: FloatArray = np.maximum(sigma, SMALLEST_NOISE_MULTIPLIER)
    return enough


def beyond_table(sampling_probability: float, iterations: float, delta: float) -> bool:
    """Whether the search answers from the table's edge, with more noise than is needed."""
    table = _table()
    return bool(
        np.log(sampling_probability) < table.log_sampling_probability[0]
        or np.log(iterations) < table.log_iterations[0]
        or np.log(delta) > table.log_delta[-1]
    )


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
    probability: FloatArray, steps: FloatArray, epsilon: FloatArray, delta: FloatArray
) -> FloatArray:
    # A product that should be whole must not be lifted to the next participation by rounding.
    participations = np.ceil(probability * steps * (1 - 1e-12))
    sigma: FloatArray = np.sqrt(np.maximum(participations, 1.0)) / gaussian_mu(epsilon, delta)
    return sigma


def _poisson(
    probability: FloatArray, steps: FloatArray, epsilon: FloatArray, delta: FloatArray
) -> FloatArray:
    shape = np.broadcast_shapes(probability.shape, steps.shape, epsilon.shape, delta.shape)
    epsilon, delta = _within_deltas(epsilon, delta)
    asked = np.unique(epsilon) if epsilon.size > 1 else epsilon.ravel()
    low, high = _LATTICE_ITERATIONS
    points_each = math.prod(shape) / asked.size if asked.size else 0
    if points_each >= _MANY and delta.size == 1 and low <= steps.min() and steps.max() <= high:
        return _by_lattice(probability, steps, epsilon, float(delta.ravel()[0]), asked)
    points = [
        np.broadcast_to(np.log(x), shape).ravel() for x in (probability, steps, epsilon, delta)
    ]
    found = np.empty(points[0].size)
    for start in range(0, found.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        found[part] = _interpolate(*(point[part] for point in points), one_delta=delta.size == 1)
    return np.exp(found).reshape(shape)


def _by_lattice(
    probability: FloatArray, steps: FloatArray, epsilon: FloatArray, delta: float, asked: FloatArray
) -> FloatArray:
    """σ of many points under few ε (``asked``, the values of ``epsilon``)."""
    log_q, half = np.log(probability), 0.5 * np.log(steps)
    low, high = _table().log_sampling_probability[[0, -1]]
    log_q = np.clip(log_q, low, high)
    log_q, knee, epsilon = np.broadcast_arrays(log_q, log_q + half, epsilon)
    if asked.size == 1:
        return np.exp(_lattice(float(asked[0]), delta).ev(log_q, knee))
    found = np.empty(log_q.shape)
    for value in asked:
        those = epsilon == value
        found[those] = np.exp(_lattice(float(value), delta).ev(log_q[those], knee[those]))
    return found


@lru_cache(maxsize=128)
def _lattice(epsilon: float, delta: float) -> RectBivariateSpline:
    """ln σ at one (ε, δ) over (ln q, ln q + ½ ln T): cubic in both.

    One axis runs along the surface's knee, which so lies at one place of the other, finer one.
    """
    log_q = _table().log_sampling_probability
    low, high = _LATTICE_ITERATIONS
    ends = log_q[0] + 0.5 * np.log(low / _MARGIN), log_q[-1] + 0.5 * np.log(high * _MARGIN)
    knee = np.linspace(*ends, round((ends[1] - ends[0]) / _ACROSS))
    nodes = np.repeat(np.arange(log_q.size), knee.size)
    log_steps = 2.0 * (np.tile(knee, log_q.size) - log_q[nodes])
    same = np.ones(nodes.size)
    read = _read(
        (nodes[:, None], same[:, None], np.zeros((nodes.size, 1))),
        log_steps,
        same * np.log(epsilon),
        same * np.log(delta),
        one_delta=True,
    )
    return RectBivariateSpline(log_q, knee, read.reshape(log_q.size, knee.size))


def _within_deltas(epsilon: FloatArray, delta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(ε, δ) above the table's largest δ as the pair at it that asks the same of a Gaussian."""
    largest = float(np.exp(_table().log_delta[-1]))
    if not np.any(delta > largest):
        return epsilon, delta
    equal = gaussian_epsilon(gaussian_mu(epsilon, delta), largest)
    return np.where(delta > largest, equal, epsilon), np.minimum(delta, largest)


def _interpolate(
    log_q: FloatArray,
    log_steps: FloatArray,
    log_epsilon: FloatArray,
    log_delta: FloatArray,
    *,
    one_delta: bool,
) -> FloatArray:
    """ln σ at points, shape (n,): cubic Lagrange in every coordinate, sheared in ε.

    The surface has a knee where the bulk of the loss takes over from rare large losses, at an ε
    that grows like q√T. So neighbours in q and T are read at the ε that lies as far from their
    own knee as the point does from its: interpolation then never crosses the knee askew. Where
    that would leave the table, neighbours are read at the point's own ε.
    """
    axis = _table().log_sampling_probability
    rows, row_share = _stencil("log_sampling_probability", log_q)
    shift = axis[rows] - np.clip(log_q, axis[0], axis[-1])[:, None]
    return _read((rows, row_share, shift), log_steps, log_epsilon, log_delta, one_delta=one_delta)


def _read(
    along_q: tuple[NDArray[np.intp], FloatArray, FloatArray],
    log_steps: FloatArray,
    log_epsilon: FloatArray,
    log_delta: FloatArray,
    *,
    one_delta: bool,
) -> FloatArray:
    """As :func:`_interpolate`; ``along_q``: rows of the table, their weights, and how far in ln q
    they lie from the point, (n, k) each."""
    table = _table()
    rows, row_share, row_shift = along_q
    columns, column_share = _stencil("log_iterations", log_steps)
    nearest_steps = np.clip(log_steps, *table.log_iterations[[0, -1]])
    shift = (
        row_shift[:, :, None]
        + 0.5 * (table.log_iterations[columns] - nearest_steps[:, None])[:, None, :]
    )
    low, high = table.log_epsilon[[0, -1]]
    sheared = log_epsilon[:, None, None] + shift
    leaves = ((sheared < low) | (sheared > high)).any(axis=(1, 2))
    sheared[leaves] = log_epsilon[leaves, None, None]

    depth, depth_share = _stencil("log_epsilon", sheared.ravel())
    depth = depth.reshape(*sheared.shape, 4)
    share = (
        row_share[:, :, None, None]
        * column_share[:, None, :, None]
        * depth_share.reshape(*sheared.shape, 4)
    )
    strides = table.log_iterations.size * table.log_epsilon.size, table.log_epsilon.size
    index = rows[:, :, None, None] * strides[0] + columns[:, None, :, None] * strides[1] + depth
    index, share = index.reshape(len(rows), -1), share.reshape(len(rows), -1)
    if one_delta:
        values = np.take(_at_delta(float(log_delta[0])), index)
        read: FloatArray = np.einsum("pk,pk->p", values, share)
        return read
    layers, layer_share = _stencil("log_delta", log_delta)
    profiles = table.log_sigma.reshape(-1, table.log_delta.size)
    found = np.zeros(len(rows))
    for k in range(4):
        found += layer_share[:, k] * np.einsum(
            "pk,pk->p", profiles[index, layers[:, k][:, None]], share
        )
    return found


@lru_cache(maxsize=1)
def _table() -> NoiseTable:
    return load()


@lru_cache(maxsize=32)
def _at_delta(log_delta: float) -> FloatArray:
    """The table at one δ, flattened over (q, T, ε): budgets share their δ."""
    table = _table()
    layers, share = _stencil("log_delta", np.array([log_delta]))
    return np.ascontiguousarray(table.log_sigma[..., layers[0]] @ share[0]).ravel()


def _stencil(name: str, point: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Indices and Lagrange weights of the four nodes around each point, shape (points, 4) each.

    ``name``: the table's axis. Points beyond it take its edge.
    """
    axis, divisors = getattr(_table(), name), _table().divisors[name]
    point = np.clip(point, axis[0], axis[-1])
    first = np.clip(np.searchsorted(axis, point, side="right") - 2, 0, axis.size - 4)
    a, b, c, d = (point - axis[first + k] for k in range(4))
    weights = np.empty((point.size, 4))
    for k, part in enumerate((b * c * d, a * c * d, a * b * d, a * b * c)):
        np.divide(part, divisors[k, first], out=weights[:, k])
    return first[:, None] + np.arange(4), weights

"""The loss of every configuration under one (N, ε, δ), on a lattice of quarter octaves.

Model size, iterations, batch size and compute all step by the factor 2^¼, so that configurations
of equal compute C = 6·M·B·T·S are the points of one *rung*, i + j − k = r, and σ̄ is needed only
once per (T, B). Batches count down from the whole data set; model sizes are shifted so that the
budget's compute is exactly a rung. Between lattice points the optimum is found by one Newton step
on the 3 × 3 neighbours, so that answers move smoothly with the sliders.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.accounting.domain import MOST_ITERATIONS
from engine.accounting.search import noise_multiplier
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, Sampling
from engine.errors import InputError
from engine.law.fit import FitResult

RUNGS_PER_OCTAVE = 4
_STEP = math.log(2) / RUNGS_PER_OCTAVE


@dataclass(frozen=True, kw_only=True)
class Points:
    """Configurations of one budget line, arrays of one length; NaN where there is none."""

    compute_flops: np.ndarray
    model_size: np.ndarray
    batch_size: np.ndarray
    iterations: np.ndarray
    noise_multiplier: np.ndarray
    cross_entropy: np.ndarray

    @property
    def noise_batch_ratio(self) -> np.ndarray:
        return self.noise_multiplier / self.batch_size

    def take(self, index: np.ndarray) -> "Points":
        """The points at ``index``."""
        return Points(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is held fixed while configurations vary: people, ε, δ and the sampling."""

    data_budget: float
    epsilon: float
    delta: float
    sampling: Sampling

    def noise_multiplier(self, batch_size: np.ndarray, iterations: np.ndarray) -> np.ndarray:
        """σ by the search path; broadcasts."""
        return noise_multiplier(
            data_budget=self.data_budget,
            batch_size=batch_size,
            iterations=iterations,
            epsilon=self.epsilon,
            delta=self.delta,
            sampling=self.sampling,
        )

    def points(
        self,
        fit: FitResult,
        model_size: np.ndarray,
        batch_size: np.ndarray,
        iterations: np.ndarray,
        sequence_length: int,
    ) -> Points:
        """Noise and loss of given configurations."""
        # Coordinates come back from logarithms: no batch may exceed the data by rounding.
        batch_size = np.clip(batch_size, 1.0, self.data_budget)
        iterations = np.clip(iterations, 1.0, MOST_ITERATIONS)
        model_size, batch_size, iterations = np.broadcast_arrays(model_size, batch_size, iterations)
        sigma = self.noise_multiplier(batch_size, iterations)
        tokens = batch_size * iterations * sequence_length
        return Points(
            compute_flops=FLOPS_PER_PARAMETER_AND_TOKEN * model_size * tokens,
            model_size=model_size,
            batch_size=batch_size,
            iterations=iterations,
            noise_multiplier=sigma,
            cross_entropy=fit.law.cross_entropy(model_size, iterations, sigma / batch_size),
        )


def resampled_losses(fit: FitResult, points: Points) -> np.ndarray:
    """Loss of each point under each resample of the law, shape (resamples, points)."""
    return fit.resampled_cross_entropy(
        points.model_size, points.iterations, points.noise_batch_ratio
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """The best that each compute buys: ``points[r]`` needs at most ``allowed_flops[r]``.

    Where a larger budget buys nothing (all of the data in every batch, the longest training, the
    largest model), the point repeats the best one below it, with the compute that it needs.
    """

    allowed_flops: np.ndarray
    points: Points
    at: int
    """Index of the budget that was asked about."""

    @property
    def chosen(self) -> Points:
        """The one point of the budget that was asked about."""
        return self.points.take(np.array([self.at]))


def best_by_compute(fit: FitResult, terms: Terms, space: Space, compute_flops: float) -> Line:
    """The best configuration at each rung of compute, one of which is ``compute_flops``.

    Raises :class:`InputError` when the budget is too small for any configuration.
    """
    lattice = _lattice(fit, terms, space, compute_flops)
    order, starts, rungs = _by_rung(lattice.loss.shape)
    flat = lattice.loss.ravel()[order]
    ends = np.append(starts[1:], flat.size)
    winners = order[
        [start + np.argmin(flat[start:end]) for start, end in zip(starts, ends, strict=True)]
    ]
    points = _refined(fit, terms, space, lattice, np.unravel_index(winners, lattice.loss.shape))
    allowed = compute_flops * np.exp((rungs - lattice.rung_of_budget) * _STEP)
    if lattice.rung_of_budget < rungs[0]:
        raise InputError(
            "Expected a compute budget of at least {least} FLOPs, which one example a step of the "
            "smallest model takes, got {value}: choose a larger one.",
            least=f"{allowed[0]:.1e}",
            value=f"{compute_flops:.1e}",
        )
    running = np.minimum.accumulate(points.cross_entropy)
    holder = np.maximum.accumulate(
        np.where(points.cross_entropy <= running, np.arange(running.size), 0)
    )
    at = min(lattice.rung_of_budget - int(rungs[0]), running.size - 1)
    return Line(allowed_flops=allowed, points=points.take(holder), at=at)


@dataclass(frozen=True, kw_only=True)
class _Lattice:
    log_model_size: np.ndarray
    log_iterations: np.ndarray
    log_batch_size: np.ndarray
    loss: np.ndarray
    rung_of_budget: int


def _lattice(fit: FitResult, terms: Terms, space: Space, compute_flops: float) -> _Lattice:
    iterations_low, iterations_high = np.log(space.searched_iterations)
    size_low, size_high = np.log(space.searched_model_size)
    log_iterations = np.arange(iterations_low, iterations_high + 1e-9, _STEP)
    batches = int(math.log(terms.data_budget) / _STEP) + 1
    log_batch = math.log(terms.data_budget) - _STEP * np.arange(batches)
    # Shift the sizes so that ln C − ln(6·S·N·T_0) − ln M_0 is a whole number of steps.
    unit = math.log(FLOPS_PER_PARAMETER_AND_TOKEN * space.sequence_length)
    needed = math.log(compute_flops) - unit - iterations_low - log_batch[0]
    size_low += (needed - size_low) % _STEP
    log_size = np.arange(size_low, size_high + 1e-9, _STEP)

    batch = np.clip(np.exp(log_batch), 1.0, terms.data_budget)
    iterations = np.minimum(np.exp(log_iterations), MOST_ITERATIONS)
    ratio = terms.noise_multiplier(batch, iterations[:, None]) / batch
    shape = (log_size.size, log_iterations.size, log_batch.size)
    loss = fit.law.cross_entropy(
        np.broadcast_to(np.exp(log_size)[:, None, None], shape).ravel(),
        np.broadcast_to(iterations[:, None], shape).ravel(),
        np.broadcast_to(ratio, shape).ravel(),
    ).reshape(shape)
    return _Lattice(
        log_model_size=log_size,
        log_iterations=log_iterations,
        log_batch_size=log_batch,
        loss=loss,
        rung_of_budget=round((needed - size_low) / _STEP),
    )


@lru_cache(maxsize=64)
def _by_rung(shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat indices sorted by rung, where each rung starts, and the rungs, ascending."""
    i, j, k = np.ogrid[: shape[0], : shape[1], : shape[2]]
    rung = (i + j - k).ravel()
    order = np.argsort(rung, kind="stable")
    rungs, starts = np.unique(rung[order], return_index=True)
    return order, starts, rungs


def _refined(
    fit: FitResult,
    terms: Terms,
    space: Space,
    lattice: _Lattice,
    index: tuple[np.ndarray, ...],
) -> Points:
    """Configurations moved off the lattice, along their rung, to the minimum of a quadratic."""
    i, j, k = index
    di, dj = _newton(lattice.loss, i, j, k)
    log_size = lattice.log_model_size[i]
    log_iterations = lattice.log_iterations[j]
    log_batch = lattice.log_batch_size[k]
    moved = terms.points(
        fit,
        np.exp(log_size + di * _STEP),
        np.exp(log_batch - (di + dj) * _STEP),
        np.exp(log_iterations + dj * _STEP),
        space.sequence_length,
    )
    # The staircase of deterministic batches can make the quadratic's minimum a worse place.
    worse = moved.cross_entropy > lattice.loss[i, j, k]
    if not worse.any():
        return moved
    di, dj = np.where(worse, 0.0, di), np.where(worse, 0.0, dj)
    return terms.points(
        fit,
        np.exp(log_size + di * _STEP),
        np.exp(log_batch - (di + dj) * _STEP),
        np.exp(log_iterations + dj * _STEP),
        space.sequence_length,
    )


def _newton(
    loss: np.ndarray, i: np.ndarray, j: np.ndarray, k: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Step (in cells of size and iterations, batch taking up the rest) to the local minimum."""
    inside = np.ones(i.shape, dtype=bool)
    for position, length, reach in zip((i, j, k), loss.shape, (1, 1, 2), strict=True):
        inside &= (position >= reach) & (position < length - reach)
    i, j, k = (np.where(inside, position, 2) for position in (i, j, k))
    if min(loss.shape) < 5:
        return np.zeros(i.shape), np.zeros(i.shape)

    def at(a: int, b: int) -> np.ndarray:
        return loss[i + a, j + b, k + a + b]

    gradient_i, gradient_j = (at(1, 0) - at(-1, 0)) / 2, (at(0, 1) - at(0, -1)) / 2
    curve_i = at(1, 0) - 2 * at(0, 0) + at(-1, 0)
    curve_j = at(0, 1) - 2 * at(0, 0) + at(0, -1)
    mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    determinant = curve_i * curve_j - mixed**2
    convex = inside & (curve_i > 0) & (determinant > 0)
    safe = np.where(convex, determinant, 1.0)
    step_i = np.where(convex, (mixed * gradient_j - curve_j * gradient_i) / safe, 0.0)
    step_j = np.where(convex, (mixed * gradient_i - curve_i * gradient_j) / safe, 0.0)
    return np.clip(step_i, -1, 1), np.clip(step_j, -1, 1)

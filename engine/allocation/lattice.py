"""The loss of every configuration under one (N, ε, δ), on a lattice of quarter octaves.

Model size, iterations, batch size and compute all step by the factor 2^¼, so that configurations
of equal compute C = 6·M·B·T·S are the points of one *rung*, i + j − k = r, and σ̄ is needed only
once per (T, B). Batches count down from the whole data set; model sizes are shifted so that the
budget's compute is exactly a rung. A compass search then polishes each rung's winner off the
lattice, so that answers move smoothly with the sliders and reach the borders of the space.
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
_COMPASS = np.array([[a, b] for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b], dtype=float)
_POLISHES = 8
"""Halvings of the compass step: the last one is 0.1 % in size and iterations."""
_ROUNDING = 1e-9


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
        model_size, batch_size, iterations = np.broadcast_arrays(model_size, batch_size, iterations)
        sigma = self.noise_multiplier(batch_size, iterations)
        tokens = batch_size * iterations * sequence_length
        return Points(
            compute_flops=FLOPS_PER_PARAMETER_AND_TOKEN * model_size * tokens,
            model_size=model_size,
            batch_size=batch_size,
            iterations=iterations,
            noise_multiplier=sigma,
            cross_entropy=fit.law.cross_entropy(
                model_size, iterations, sigma / batch_size, batch_size
            ),
        )


def resampled_losses(fit: FitResult, points: Points) -> np.ndarray:
    """Loss of each point under each resample of the law, shape (resamples, points)."""
    return fit.resampled_cross_entropy(
        points.model_size, points.iterations, points.noise_batch_ratio, points.batch_size
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
    i, j, k = np.unravel_index(winners, lattice.loss.shape)
    points = _polished(fit, terms, space, lattice, i, j, k)
    # Pulling the smallest configurations back into the space made some of them dearer.
    allowed = compute_flops * np.exp((rungs - lattice.rung_of_budget) * _STEP)
    affordable = points.compute_flops <= allowed * (1 + _ROUNDING)
    first = int(np.argmax(affordable))
    if lattice.rung_of_budget < rungs[first]:
        raise _too_small(float(allowed[first]), compute_flops)
    loss = np.where(affordable, points.cross_entropy, np.inf)[first:]
    holder = np.maximum.accumulate(
        np.where(loss <= np.minimum.accumulate(loss), np.arange(loss.size), 0)
    )
    # A budget beyond the largest configuration buys that one.
    beyond = max(lattice.rung_of_budget - int(rungs[-1]), 0)
    holder = np.append(holder, np.full(beyond, holder[-1]))
    return Line(
        allowed_flops=allowed[first] * np.exp(np.arange(holder.size) * _STEP),
        points=points.take(holder + first),
        at=lattice.rung_of_budget - int(rungs[first]),
    )


def best_at(fit: FitResult, terms: Terms, space: Space, compute_flops: float) -> Points:
    """The best configuration within ``compute_flops``, one point: a line's ``chosen``, cheaper.

    Raises as :func:`best_by_compute`.
    """
    lattice = _lattice(fit, terms, space, compute_flops)
    order, starts, rungs = _by_rung(lattice.loss.shape)
    affordable = int(np.searchsorted(rungs, lattice.rung_of_budget, side="right"))
    if not affordable:
        least = compute_flops * math.exp((rungs[0] - lattice.rung_of_budget) * _STEP)
        raise _too_small(least, compute_flops)
    end = starts[affordable] if affordable < starts.size else order.size
    winner = order[np.argmin(lattice.loss.ravel()[order[:end]])]
    i, j, k = (np.array([x]) for x in np.unravel_index(winner, lattice.loss.shape))
    return _polished(fit, terms, space, lattice, i, j, k)


def _too_small(least: float, compute_flops: float) -> InputError:
    return InputError(
        "Expected a compute budget of at least {least} FLOPs, which one example a step of the "
        "smallest model takes, got {value}: choose a larger one.",
        least=f"{least:.1e}",
        value=f"{compute_flops:.1e}",
    )


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
    # One cell more on every side: polishing pulls what lies outside back to the border.
    log_iterations = np.arange(iterations_low, iterations_high + _STEP, _STEP)
    batches = int(math.log(terms.data_budget) / _STEP) + 1
    log_batch = math.log(terms.data_budget) - _STEP * np.arange(batches)
    # Shift the sizes so that ln C − ln(6·S·N·T_0) − ln M_0 is a whole number of steps.
    unit = math.log(FLOPS_PER_PARAMETER_AND_TOKEN * space.sequence_length)
    needed = math.log(compute_flops) - unit - iterations_low - log_batch[0]
    size_low -= _STEP - (needed - size_low) % _STEP
    log_size = np.arange(size_low, size_high + _STEP, _STEP)

    batch = np.clip(np.exp(log_batch), 1.0, terms.data_budget)
    iterations = np.minimum(np.exp(log_iterations), MOST_ITERATIONS)
    ratio = terms.noise_multiplier(batch, iterations[:, None]) / batch
    shape = (log_size.size, log_iterations.size, log_batch.size)
    loss = fit.law.cross_entropy(
        np.broadcast_to(np.exp(log_size)[:, None, None], shape).ravel(),
        np.broadcast_to(iterations[:, None], shape).ravel(),
        np.broadcast_to(ratio, shape).ravel(),
        np.broadcast_to(batch, shape).ravel(),
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


def _polished(
    fit: FitResult,
    terms: Terms,
    space: Space,
    lattice: _Lattice,
    i: np.ndarray,
    j: np.ndarray,
    k: np.ndarray,
) -> Points:
    """Configurations moved off the lattice to the best nearby, at their own compute.

    A compass search on all points at once, model size and iterations moving, batch taking up the
    rest: unlike a Newton step it is at home on the borders of the space, where many answers lie,
    and on the staircase of deterministic batches.
    """
    log_size, log_iterations = lattice.log_model_size[i], lattice.log_iterations[j]
    log_examples = log_size + log_iterations + lattice.log_batch_size[k]
    size_low, size_high = np.log(space.searched_model_size)
    steps_low, steps_high = np.log(space.searched_iterations)
    most = math.log(terms.data_budget)

    def loss_at(size: np.ndarray, steps: np.ndarray) -> np.ndarray:
        batch = log_examples - size - steps
        possible = (batch >= -_ROUNDING) & (batch <= most + _ROUNDING)
        examples = np.clip(np.exp(batch), 1.0, terms.data_budget)
        iterations = np.minimum(np.exp(steps), MOST_ITERATIONS)
        ratio = terms.noise_multiplier(examples, iterations) / examples
        loss = fit.law.cross_entropy(np.exp(size), iterations, ratio, examples)
        return np.where(possible, loss, np.inf)

    size = np.clip(log_size, size_low, size_high)
    steps = np.clip(log_iterations, steps_low, steps_high)
    best = loss_at(size, steps)
    for step in _STEP * 0.5 ** np.arange(_POLISHES):
        tried_size = np.clip(size + step * _COMPASS[:, :1], size_low, size_high)
        tried_steps = np.clip(steps + step * _COMPASS[:, 1:], steps_low, steps_high)
        loss = loss_at(tried_size, tried_steps)
        winner = np.argmin(loss, axis=0)[None, :]
        found = np.take_along_axis(loss, winner, 0)[0]
        better = found < best
        size = np.where(better, np.take_along_axis(tried_size, winner, 0)[0], size)
        steps = np.where(better, np.take_along_axis(tried_steps, winner, 0)[0], steps)
        best = np.where(better, found, best)
    batch = np.clip(np.exp(log_examples - size - steps), 1.0, terms.data_budget)
    iterations = np.minimum(np.exp(steps), MOST_ITERATIONS)
    return terms.points(fit, np.exp(size), batch, iterations, space.sequence_length)

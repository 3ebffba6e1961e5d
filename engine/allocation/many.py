"""The best plan of many budgets at once.

:mod:`engine.allocation.lattice` answers one question with a whole line over compute; a map asks a few
hundred questions, so here all of them share one search: a coarse grid of model size and iterations
for every budget, the batch taking what compute is left (at most all of the data), then a compass
search on all of them together. It agrees with :func:`engine.decision.decide.decide` within 0.1 % of the loss
under Poisson sampling (fixed batches are a staircase: there within 1 %); configurations are not
rounded to whole numbers and carry no interval.

A budget beyond the largest useful configuration buys that one, so infinite compute is a question
like any other: the best attainable loss.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.accounting.domain import MOST_ITERATIONS
from engine.accounting.search import noise_multiplier
from engine.allocation.lattice import Points
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, Sampling
from engine.law.fit import FitResult

BUDGETS = ("compute_flops", "data_budget", "epsilon")
"""The three that may vary."""
_CELL = math.log(2)
"""Least width, in ln, of a cell of the coarse grid."""
_SHRINK = (0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.06, 0.06, 0.03)
"""Compass steps in cells: two of each, since the valley of equal losses runs askew."""
_COMPASS = np.array([[a, b] for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b], dtype=float)


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Many budgets, arrays of one shape (n,); compute may be infinite. δ and sampling are shared."""

    compute_flops: np.ndarray
    data_budget: np.ndarray
    epsilon: np.ndarray
    delta: float
    sampling: Sampling

    def with_values(self, name: str, values: np.ndarray | float) -> "Budgets":
        """The same with other values of one budget."""
        return replace(self, **{name: np.broadcast_to(values, self.epsilon.shape)})

    def take(self, index: np.ndarray) -> "Budgets":
        """The budgets at ``index``."""
        return replace(self, **{name: getattr(self, name)[index] for name in BUDGETS})


def budgets(
    compute_flops: np.ndarray | float,
    data_budget: np.ndarray | float,
    epsilon: np.ndarray | float,
    *,
    delta: float,
    sampling: Sampling,
) -> Budgets:
    """Budgets from what broadcasts, flattened."""
    shaped = np.broadcast_arrays(
        *(np.asarray(value, dtype=float) for value in (compute_flops, data_budget, epsilon))
    )
    flat = dict(zip(BUDGETS, (array.ravel() for array in shaped), strict=True))
    return Budgets(**flat, delta=delta, sampling=sampling)


def best_of(fit: FitResult, space: Space, asked: Budgets) -> Points:
    """The best configuration of each budget, arrays of shape (n,); NaN where there is none."""
    low = np.log([space.searched_model_size[0], space.searched_iterations[0]])
    high = np.log([space.searched_model_size[1], space.searched_iterations[1]])
    counts = np.maximum(np.ceil((high - low) / _CELL).astype(int), 2) + 1
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts, strict=True)]
    cells = (high - low) / (counts - 1)

    def loss_at(size: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return _evaluated(fit, space, asked, size, steps).cross_entropy

    size, steps = (x.reshape(-1, 1) for x in np.meshgrid(*axes, indexing="ij"))
    coarse = np.nan_to_num(loss_at(size, steps), nan=np.inf)
    winner = np.argmin(coarse, axis=0)
    best = coarse[winner, np.arange(winner.size)]
    size, steps = size[winner, 0], steps[winner, 0]
    for shrink in _SHRINK:
        tried_size = np.clip(size + shrink * cells[0] * _COMPASS[:, :1], low[0], high[0])
        tried_steps = np.clip(steps + shrink * cells[1] * _COMPASS[:, 1:], low[1], high[1])
        loss = np.nan_to_num(loss_at(tried_size, tried_steps), nan=np.inf)
        row, column = np.argmin(loss, axis=0), np.arange(size.size)
        better = loss[row, column] < best
        size = np.where(better, tried_size[row, column], size)
        steps = np.where(better, tried_steps[row, column], steps)
        best = np.where(better, loss[row, column], best)
    return _evaluated(fit, space, asked, size, steps)


def _evaluated(
    fit: FitResult, space: Space, asked: Budgets, log_size: np.ndarray, log_steps: np.ndarray
) -> Points:
    """Points of given sizes and iterations, shape (…, n) or (…, 1); NaN below one example a step."""
    size, iterations = np.exp(log_size), np.minimum(np.exp(log_steps), MOST_ITERATIONS)
    one = FLOPS_PER_PARAMETER_AND_TOKEN * size * iterations * space.sequence_length
    batch = np.minimum(asked.compute_flops / one, asked.data_budget)
    nan = np.where(batch >= 1 - 1e-9, 1.0, np.nan)
    batch = np.maximum(batch, 1.0)
    sigma = noise_multiplier(
        data_budget=asked.data_budget,
        batch_size=batch,
        iterations=iterations,
        epsilon=asked.epsilon,
        delta=asked.delta,
        sampling=asked.sampling,
    )
    size, iterations = np.broadcast_to(size, batch.shape), np.broadcast_to(iterations, batch.shape)
    return Points(
        compute_flops=one * batch * nan,
        model_size=size * nan,
        batch_size=batch * nan,
        iterations=iterations * nan,
        noise_multiplier=sigma * nan,
        cross_entropy=fit.law.cross_entropy(size, iterations, sigma / batch, batch) * nan,
    )

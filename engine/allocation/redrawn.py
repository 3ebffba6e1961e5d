"""Every answer found anew in each draw of the law: what the ranges rest on.

A range of what is best cannot be read off the losses of one configuration: in another law another
one is best, at another size and another saturation. So the best of each draw (a form, its
parameters, and a smooth error such as the hold-outs leave) is searched for, on a coarse grid of
model size and iterations with one vertex of a paraboloid, and compared with the same grid's answer
for the centre, so that the grid's own error drops out of the ratio.

A draw whose answer lies where the search ends, and would go on, is *censored*: it says "beyond".
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.allocation.batch_bounds import largest_batch
from engine.allocation.noise import noise_of
from engine.allocation.search import Budgets
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.interval import BoolArray, FloatArray, IntArray
from engine.law.fit import FittedLaw

FINE, COARSE = math.log(1.45), math.log(2)
"""Greatest widths, in ln, of a cell of the grid."""
_OFFSETS = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)], dtype=float)


@dataclass(frozen=True, kw_only=True)
class Optima:
    """The best of n questions in each of R draws and, first, in their geometric mean.

    Arrays of shape (R + 1, n): ln of the least loss, ln model size and ln iterations where it is.
    """

    log_loss: FloatArray
    log_size: FloatArray
    log_steps: FloatArray
    unsettled: BoolArray
    """Whether the last cell of the grid, in size or steps, still lowered the loss by more than a
    quarter of a per cent: beyond, it would fall on."""

    def take(self, index: list[int]) -> "Optima":
        """The questions at ``index``."""
        return Optima(
            log_loss=self.log_loss[:, index],
            log_size=self.log_size[:, index],
            log_steps=self.log_steps[:, index],
            unsettled=self.unsettled[:, index],
        )


_UNSETTLED = 0.0025


def optima(
    fit: FittedLaw,
    space: Space,
    asked: Budgets,
    *,
    cell: float = FINE,
    drift: float | None = None,
) -> Optima:
    """The best configuration of each budget in every draw of ``fit``; see :class:`Optima`.

    ``cell``: greatest width, in ln, of a cell of the grid. ``drift``: that of the smooth errors, by
    default the fit's for what is best; where the height of the least loss is asked for,
    :attr:`FittedLaw.level_drift`.
    """
    sizes, steps = (
        _grid(bounds, cell) for bounds in (space.searched_model_size, space.searched_iterations)
    )
    size, step = np.exp(sizes)[:, None], np.exp(steps)[None, :]
    one = FLOPS_PER_PARAMETER_AND_TOKEN * space.sequence_length * size * step
    batch = largest_batch(asked.compute_flops[:, None, None], one, asked.data_budget[:, None, None])
    possible = batch >= 1.0
    batch = np.maximum(batch, 1.0)
    noise = noise_of(
        data_budget=asked.data_budget[:, None, None],
        batch_size=batch,
        iterations=step,
        epsilon=asked.epsilon[:, None, None],
        delta=asked.delta,
        sampling=asked.sampling,
    )
    drift = fit.drift if drift is None else drift
    mean, draws = log_losses(fit, size, step, noise.equal / batch, batch, drift=drift)
    losses = np.where(possible, np.concatenate([mean[None], draws]), np.inf)
    return _refined(losses, sizes, steps)


def log_losses(
    fit: FittedLaw,
    model_size: FloatArray,
    iterations: FloatArray,
    noise_batch_ratio: FloatArray,
    batch_size: FloatArray,
    *,
    drift: float,
) -> tuple[FloatArray, FloatArray]:
    """ln loss: the mean over the draws of form and parameters, and that of each draw, with what it
    misses (see :meth:`FittedLaw.discrepancy`), at most ln vocabulary; shapes (*broadcast) and
    (R, *broadcast)."""
    point = model_size, iterations, noise_batch_ratio, batch_size
    losses = np.log(fit.resampled_cross_entropy(*point))
    mean: FloatArray = losses.mean(axis=0)
    losses += fit.discrepancy(*point, drift=drift)
    return mean, np.minimum(losses, math.log(fit.law.log_vocabulary), out=losses)


def _grid(bounds: tuple[float, float], cell: float) -> FloatArray:
    low, high = np.log(bounds)
    return np.linspace(low, high, max(math.ceil((high - low) / cell), 2) + 1)


def _refined(losses: FloatArray, sizes: FloatArray, steps: FloatArray) -> Optima:
    """The vertex of the paraboloid around the best grid point, where it has one, else that of a
    parabola along one axis, else the grid point."""
    shape, (rows, columns) = losses.shape[:2], losses.shape[2:]
    flat = losses.reshape(-1, rows, columns)
    at = np.argmin(flat.reshape(len(flat), -1), axis=1)
    i, j = np.clip(at // columns, 1, rows - 2), np.clip(at % columns, 1, columns - 2)
    which = np.arange(len(flat))
    stencil = np.stack([flat[which, i + int(a), j + int(b)] for a, b in _OFFSETS])
    a, b = _OFFSETS.T
    design = np.linalg.pinv(np.stack([np.ones(9), a, b, a * a / 2, b * b / 2, a * b], axis=1))
    with np.errstate(all="ignore"):
        level, by_a, by_b, aa, bb, ab = design @ stencil
        determinant = aa * bb - ab * ab
        da, db = (ab * by_b - bb * by_a) / determinant, (ab * by_a - aa * by_b) / determinant
        lowest = level + (by_a * da + by_b * db) / 2
        inside = (determinant > 0) & (aa > 0) & (np.maximum(np.abs(da), np.abs(db)) <= 1.0)
        inside &= np.isfinite(lowest) & (lowest <= stencil.min(axis=0))
    best = flat.reshape(len(flat), -1)[which, at]
    # At a border of one axis, or on a kink, the other axis may still have a least point.
    row, column = at // columns, at % columns
    by_size = _parabola_vertex(flat, row, column, (1, 0))
    by_steps = _parabola_vertex(flat, row, column, (0, 1))
    along = by_size[1] <= by_steps[1]
    lowest = np.where(inside, lowest, np.where(along, by_size[1], by_steps[1]))
    da = np.where(inside, da, row - i + np.where(along, by_size[0], 0.0))
    db = np.where(inside, db, column - j + np.where(along, 0.0, by_steps[0]))
    cell_size, cell_steps = sizes[1] - sizes[0], steps[1] - steps[0]
    unsettled = np.zeros(len(flat), dtype=bool)
    for at_end, others in (
        (row == rows - 1, flat[:, :-1]),
        (column == columns - 1, flat[:, :, :-1]),
    ):
        those = np.flatnonzero(at_end)
        without = others[those].min(axis=(1, 2))
        unsettled[those] |= without - best[those] > _UNSETTLED
    return Optima(
        log_loss=lowest.reshape(shape),
        log_size=(sizes[i] + da * cell_size).reshape(shape),
        log_steps=(steps[j] + db * cell_steps).reshape(shape),
        unsettled=unsettled.reshape(shape),
    )


def _parabola_vertex(
    losses: FloatArray, row: IntArray, column: IntArray, axis: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Where the parabola through each grid point and its neighbours along ``axis`` is least, in
    cells, and that loss; 0 and the point's own where the point has no two neighbours."""
    which, (rows, columns) = np.arange(len(losses)), losses.shape[1:]
    a, b = axis
    within = (row >= a) & (row < rows - a) & (column >= b) & (column < columns - b)
    here = losses[which, row, column]
    before = losses[which, np.maximum(row - a, 0), np.maximum(column - b, 0)]
    after = losses[which, np.minimum(row + a, rows - 1), np.minimum(column + b, columns - 1)]
    with np.errstate(all="ignore"):
        slope, bend = (after - before) / 2, after + before - 2 * here
        moved, lower = -slope / bend, here - slope**2 / (2 * bend)
    usable = within & (bend > 0) & np.isfinite(lower)
    return np.where(usable, moved, 0.0), np.where(usable, lower, here)

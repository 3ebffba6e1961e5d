"""The paper's semi-parametric surface: measured curves, smoothed, interpolated, and prolonged.

McKenna et al. (arXiv 2501.18914, section 4) read the loss L(M, T, σ̄) off their measurements:

* isotonic regression makes the loss of each model fall with T and rise with σ̄ (least squares over
  both orders at once, by Dykstra's alternating projections; their published code smooths in turn);
* beyond a curve's last iteration L = E + A/T^α, with E that of the model's noiseless curve and α
  that of the curve's last factor of 8 in T, as they fit the last 16k to 128k iterations. Here the
  prolongation starts from the last smoothed loss, so that the surface has no step there;
* in between, linear interpolation of L in ln M, ln T and ln σ̄; below the least positive σ̄ of a
  model, linear in σ̄ towards its noiseless curve.

Prolonged curves may cross; at each T a curve counts at least what the quieter ones say, so that the
loss never rises with T and never falls with σ̄. The rolling mean of 10 is not taken here:
:mod:`engine.runs.curves` smooths before it thins out. Models need not share iterations or noises.

Not covered: the surface refuses (NaN) rather than guesses outside what was trained: a model size or
a σ̄ beyond the largest or below the smallest, T before a curve's first point, and T beyond the last
of a curve of one or two points. It has no interval.

>>> import pandas as pd
>>> frame = pd.DataFrame(
...     [(m, t, s, 1.5 + 30 / m**0.3 + (2 + 800 * s) / t**0.3)
...      for m in (1e4, 1e5) for t in (64.0, 128.0, 256.0) for s in (0.0, 2**-10, 2**-8)],
...     columns=["model_size", "iterations", "noise_batch_ratio", "cross_entropy"],
... ).assign(vocabulary_size=256)
>>> surface = fit_surface(frame)
>>> surface.cross_entropy(1e4, [64, 1024], 2**-10).round(3)
array([4.192, 3.741])
>>> surface.cross_entropy(1e6, 128, 0.0)
array(nan)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression, minimize_scalar

from engine.interval import FloatArray
from engine.law.observations import observations_of

TAIL = 8.0
"""The last factor of T whose slope prolongs a curve (the paper: 16k to 128k iterations)."""
_LEAST_POINTS = 3
"""A shorter curve is not prolonged, and tells no floor (E = 0 where the noiseless one is short)."""
_FLOORS = np.linspace(0.0, 0.995, 200)
"""First grid of E, as shares of the lowest loss."""
_PROJECTIONS = 200
_SETTLED = 1e-9
"""Nats: alternating projections end when a round changes nothing by more."""
_SAME = 1e-9
"""Relative difference below which two noises, or two sizes, are one."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Losses of one (model_size, σ̄), never rising with T, and how they go on."""

    noise_batch_ratio: float
    log_iterations: tuple[float, ...]
    losses: tuple[float, ...]
    floor: float
    """E, nats per token: the limit for T → ∞, shared by all curves of the model."""
    exponent: float
    """α ≥ 0 of the prolongation; NaN for a curve of one or two points, which has none."""

    def cross_entropy(self, log_iterations: FloatArray) -> FloatArray:
        """Nats per token; NaN before the first point."""
        last, end = self.losses[-1], self.log_iterations[-1]
        beyond = np.maximum(log_iterations - end, 0.0)
        tail = self.floor + (last - self.floor) * np.exp(-self.exponent * beyond)
        inside = np.interp(log_iterations, self.log_iterations, self.losses, left=np.nan)
        return np.where(beyond > 0, tail, inside)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """L(M, T, σ̄) of one family as its curves tell it; ``curves`` by model and rising σ̄."""

    model_sizes: tuple[float, ...]
    """Parameters, rising."""
    curves: tuple[tuple[Curve, ...], ...]
    """For each model size."""

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Nats per token at M parameters, T iterations and σ̄; the arrays broadcast, and the
        batch has no say.

        NaN outside the sizes and noises that were trained, and before a curve's first point.
        """
        size, steps, noise = np.broadcast_arrays(
            *(np.asarray(x, dtype=float) for x in (model_size, iterations, noise_batch_ratio))
        )
        log_size, log_steps = np.log(size).ravel(), np.log(steps).ravel()
        by_model = np.stack([_across(c, log_steps, noise.ravel()) for c in self.curves])
        loss = _between(np.log(self.model_sizes), by_model, log_size)
        return loss.reshape(size.shape)


def fit_surface(frame: pd.DataFrame) -> Surface:
    """The surface of ``frame`` (columns in :func:`engine.law.observations.observations_of`).

    Rows of one (model_size, noise_batch_ratio, iterations) count by their mean. Raises
    :class:`InputError` as ``fit`` does.
    """
    observations_of(frame)  # refuses what no law can be read from
    sizes = np.unique(frame["model_size"].to_numpy(float))
    models = [_curves(frame[frame["model_size"] == size]) for size in sizes]
    return Surface(model_sizes=tuple(sizes.tolist()), curves=tuple(models))


def _curves(rows: pd.DataFrame) -> tuple[Curve, ...]:
    table = rows.pivot_table(
        index="noise_batch_ratio", columns="iterations", values="cross_entropy", aggfunc="mean"
    )
    log_steps = np.log(table.columns.to_numpy(float))
    smooth = _monotone(table.to_numpy(float))
    measured = np.isfinite(smooth)
    quietest = measured[0]
    lowest = float(np.nanmin(smooth))
    floor = _floor(log_steps[quietest], smooth[0, quietest], lowest)
    return tuple(
        Curve(
            noise_batch_ratio=float(noise),
            log_iterations=tuple(log_steps[there].tolist()),
            losses=tuple(losses[there].tolist()),
            floor=floor,
            exponent=_exponent(log_steps[there], losses[there], floor),
        )
        for noise, losses, there in zip(table.index, smooth, measured, strict=True)
    )


def _monotone(losses: FloatArray) -> FloatArray:
    """The nearest table that falls along its rows (T) and rises down its columns (σ̄); NaN stays."""
    fitted, by_steps, by_noise = (x.copy() for x in (losses, losses * 0.0, losses * 0.0))
    for _ in range(_PROJECTIONS):
        before = fitted
        falling = _isotonic(fitted + by_steps, increasing=False)
        by_steps += fitted - falling
        fitted = _isotonic((falling + by_noise).T, increasing=True).T
        by_noise += falling - fitted
        if np.nanmax(np.abs(fitted - before)) < _SETTLED and not np.any(
            falling - fitted > _SETTLED
        ):
            break
    for row in fitted:
        there = np.isfinite(row)
        row[there] = np.minimum.accumulate(row[there])
    return fitted


def _isotonic(table: FloatArray, *, increasing: bool) -> FloatArray:
    out = table.copy()
    for row in out:
        there = np.isfinite(row)
        if there.any():
            row[there] = isotonic_regression(row[there], increasing=increasing).x
    return out


def _floor(log_steps: FloatArray, losses: FloatArray, lowest: float) -> float:
    """E in [0, lowest) of the best L = E + A/T^α, least squares of relative errors."""
    if len(losses) < _LEAST_POINTS:
        return 0.0

    def misfit(share: float) -> float:
        above = losses - share * lowest
        slope, level = _line(log_steps, np.log(above), above / losses)
        power = np.exp(level + min(slope, 0.0) * log_steps)
        return float(np.sum(((power - above) / losses) ** 2))

    k = int(np.argmin([misfit(share) for share in _FLOORS]))
    around = _FLOORS[max(k - 1, 0)], _FLOORS[min(k + 1, len(_FLOORS) - 1)]
    found = minimize_scalar(misfit, bounds=around, method="bounded", options={"xatol": 1e-10})
    return float(found.x * lowest)


def _exponent(log_steps: FloatArray, losses: FloatArray, floor: float) -> float:
    """α ≥ 0 over the last factor of ``TAIL``, and over three points where those lie wider."""
    if len(losses) < _LEAST_POINTS:
        return float("nan")
    start = min(log_steps[-1] - np.log(TAIL) - _SAME, log_steps[-_LEAST_POINTS])
    late = log_steps >= start
    above = losses[late] - floor
    slope, _ = _line(log_steps[late], np.log(above), above / losses[late])
    return max(-slope, 0.0)


def _line(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Slope and level of the weighted least-squares line (weights multiply residuals)."""
    w = weights**2 / np.sum(weights**2)
    centre, height = np.sum(w * x), np.sum(w * y)
    slope = np.sum(w * (x - centre) * (y - height)) / np.sum(w * (x - centre) ** 2)
    return float(slope), float(height - slope * centre)


def _across(curves: Sequence[Curve], log_steps: FloatArray, noise: FloatArray) -> FloatArray:
    """Loss of one model at each (T, σ̄), interpolated between its curves."""
    # The running maximum passes NaN on: a curve before its first point leaves no noisier one alone.
    losses = np.maximum.accumulate([curve.cross_entropy(log_steps) for curve in curves], axis=0)
    knots = np.array([curve.noise_batch_ratio for curve in curves])
    if knots[0] > 0:
        return _between(np.log(knots), losses, _log(noise))
    if len(knots) == 1:
        return np.where(noise == 0, losses[0], np.nan)
    quiet = _between(knots[:2], losses[:2], noise)
    return np.where(noise <= knots[1], quiet, _between(np.log(knots[1:]), losses[1:], _log(noise)))


def _log(noise: FloatArray) -> FloatArray:
    return np.log(np.where(noise > 0, noise, np.nan))


def _between(knots: FloatArray, values: FloatArray, x: FloatArray) -> FloatArray:
    """(n,) linear interpolation of ``values`` (knots, n), each column at its own x; NaN outside."""
    low = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, max(len(knots) - 2, 0))
    high = np.minimum(low + 1, len(knots) - 1)
    gap = knots[high] - knots[low]
    share = (x - knots[low]) / np.where(gap > 0, gap, 1.0)
    inside = (share >= -_SAME) & (share <= 1 + _SAME) & ((gap > 0) | (np.abs(share) <= _SAME))
    points = np.arange(len(x))
    below, above = values[low, points], values[high, points]
    # At a knot its neighbour has no say, not even that it does not know.
    mixed = below + np.clip(share, 0.0, 1.0) * (above - below)
    mixed = np.where(share <= _SAME, below, np.where(share >= 1 - _SAME, above, mixed))
    return np.where(inside, mixed, np.nan)

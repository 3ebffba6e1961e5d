"""Estimates under other row weights: from a grid of starts, on resamples, and with rows left out.

All of them are the same robust fit (:mod:`engine.law.solve`) with other weights, so they run as
one batch. A left-out row is predicted by a fit that saw nothing of its configuration.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from engine.errors import InputError
from engine.interval import FloatArray, IntArray
from engine.law.form import Form
from engine.law.observations import MINIMUM_ROWS, Observations
from engine.law.residuals import residuals, row_of_residual
from engine.law.solve import solve

DECADES = (10.0, 100.0, 1000.0)
"""The largest 1, 2 and 3 decades of compute are left out in turn to learn the drift."""
_FOLDS = 40
"""Most fits spent on leaving groups out; beyond, several groups leave together."""
_LEAST_DRIFT = 0.01
"""One per cent per e-fold: a lucky hold-out must not promise free extrapolation."""
_FEW_STARTS = 8
_AGREEMENT = 0.1
"""Starts whose objective is within this of the best ended at the same place for any purpose."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Predictions of rows by fits that did not see them; k entries, one a prediction."""

    rows: IntArray
    """(k,) which row of the frame."""
    errors: FloatArray
    """(k,) ln(predicted) − ln(observed)."""
    distances: FloatArray
    """(k,) e-folds to the nearest row that the fit saw."""
    theta: FloatArray
    """(k, p) what the fit that predicted the row had found."""
    conditions: FloatArray
    """What left-out rows say beside their loss, in units of its tolerance: 0 where it held."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Every kind of row left out, and what a law without it said."""

    single: LeftOut
    """One configuration, or run, at a time."""
    large: tuple[LeftOut, ...]
    """The largest one, two and three decades of compute, where enough remains."""
    off_ridge: LeftOut | None
    """All rows that are not reported as the best at their compute, where others are."""

    @property
    def scatter(self) -> float:
        """Root mean square log error between what was measured."""
        return float(np.sqrt(np.mean(self.single.errors**2)))

    @property
    def far(self) -> list[LeftOut]:
        """What tells the drift."""
        return [*self.large, *([self.off_ridge] if self.off_ridge else [])]

    @property
    def drift(self) -> float:
        """Standard deviation per e-fold away from what was measured."""
        return drift_of(self.scatter, self.far)


def held_out(form: Form, observations: Observations, theta: FloatArray) -> HeldOut:
    """Leave rows out of a fit that found ``theta`` (p,), in every way that the rows allow."""
    large = (leave_largest_out(form, observations, theta, decade) for decade in DECADES)
    return HeldOut(
        single=leave_groups_out(form, observations, theta),
        large=tuple(part for part in large if part is not None),
        off_ridge=leave_off_ridge_out(form, observations, theta),
    )


def best(
    form: Form,
    observations: Observations,
    weights: FloatArray | None = None,
    *,
    near: FloatArray | None = None,
) -> tuple[FloatArray, float, float]:
    """θ (p,), objective and share of agreeing starts, from the grid of starts of ``form``.

    ``near``: a θ that other rows gave; then a few starts beside it are enough.
    """
    starts = np.array(list(itertools.product(*(p.starts for p in form.parameters))))
    if near is not None:
        starts = np.vstack([near, starts[:: max(1, len(starts) // _FEW_STARTS)]])
    rows = np.ones(len(observations.u)) if weights is None else weights
    theta, value = solve(form, observations, starts, np.tile(rows, (len(starts), 1)))
    first = int(np.argmin(value))
    if not np.isfinite(value[first]):
        raise InputError(
            "No start of the form {form} gave a finite loss: check the evidence for "
            "extreme values.",
            form=form.name,
        )
    return theta[first], float(value[first]), float(np.mean(value <= value[first] + _AGREEMENT))


def resample(
    form: Form, observations: Observations, theta: FloatArray, resamples: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """θ (resamples, p) refitted from ``theta``, and the row weights (resamples, n) they saw."""
    rng = np.random.default_rng(seed)
    groups = int(observations.groups.max()) + 1
    counts = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=resamples)
    mean, width = np.array([p.prior for p in form.parameters]).T
    centres = rng.normal(mean, width, size=(resamples, len(mean)))
    weights = counts[:, observations.groups].astype(float)
    if not resamples:
        return np.empty((0, len(mean))), weights
    starts = np.tile(theta, (resamples, 1))
    return solve(form, observations, starts, weights, centres=centres)[0], weights


def leave_groups_out(form: Form, observations: Observations, theta: FloatArray) -> LeftOut:
    """Every row predicted by a fit without its group (its configuration, or its run)."""
    folds = observations.groups % _FOLDS
    labels = np.unique(folds)
    weights = (folds[None] != labels[:, None]).astype(float)
    refitted, _ = solve(form, observations, np.tile(theta, (len(labels), 1)), weights)
    parts = [_left_out(form, observations, refitted[i], weights[i]) for i in range(len(labels))]
    return LeftOut(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("rows", "errors", "distances", "theta", "conditions")
        }
    )


def leave_largest_out(
    form: Form, observations: Observations, theta: FloatArray, decade: float = DECADES[0]
) -> LeftOut | None:
    """Rows of more than the largest compute / ``decade``, predicted by the smaller ones alone.

    None where fewer than 8 rows would remain, or none would leave.
    """
    keep = observations.log_compute <= observations.log_compute.max() - np.log(decade)
    if keep.sum() < MINIMUM_ROWS or len(np.unique(observations.u[keep])) < 2:
        return None
    rows = keep.astype(float)
    return _left_out(form, observations, best(form, observations, rows, near=theta)[0], rows)


def leave_off_ridge_out(
    form: Form, observations: Observations, theta: FloatArray
) -> LeftOut | None:
    """All rows that no search found best, predicted by those that one did: optima lie on a ridge,
    which says little of what is beside it. None where either kind is missing."""
    keep = observations.optimal
    if keep.all() or keep.sum() < MINIMUM_ROWS or len(np.unique(observations.u[keep])) < 2:
        return None
    rows = keep.astype(float)
    return _left_out(form, observations, best(form, observations, rows, near=theta)[0], rows)


def drift_of(scatter: float, parts: list[LeftOut]) -> float:
    """Standard deviation per e-fold that explains the errors beyond ``scatter``; at least 1 %."""
    if not parts:
        return _LEAST_DRIFT
    squares = np.concatenate([part.errors**2 for part in parts]) - scatter**2
    reach = np.concatenate([part.distances**2 for part in parts])
    if not reach.any():
        # Every row left out lay on one that was kept: nothing is known of the distance.
        return _LEAST_DRIFT
    return float(np.sqrt(max(squares.sum() / reach.sum(), _LEAST_DRIFT**2)))


def _left_out(
    form: Form, observations: Observations, theta: FloatArray, weights: FloatArray
) -> LeftOut:
    rows = np.flatnonzero(weights == 0)
    predicted = form.cross_entropy(
        theta,
        observations.u[rows],
        observations.v[rows],
        observations.s[rows],
        observations.log_vocabulary,
    )
    points = coordinates(observations.u, observations.v, observations.s, observations.least_noise)
    distances = np.asarray(KDTree(points[weights > 0]).query(points[rows])[0])
    return LeftOut(
        rows=rows,
        errors=np.log(predicted) - observations.log_loss[rows],
        distances=distances,
        theta=np.tile(theta, (len(rows), 1)),
        conditions=_conditions(form, observations, theta, rows),
    )


def _conditions(
    form: Form, observations: Observations, theta: FloatArray, rows: IntArray
) -> FloatArray:
    """Residuals of ``rows`` beyond that of the loss, which comes first."""
    of_row = row_of_residual(observations)[len(observations.u) :]
    found: FloatArray = residuals(form, theta[None], observations)[0, len(observations.u) :]
    return found[np.isin(of_row, rows)]


def coordinates(u: FloatArray, v: FloatArray, s: FloatArray, least: float) -> FloatArray:
    """(..., 3): ln M, ln T and a ln σ̄ that stops falling below the least noise seen."""
    return np.stack([u, v, 0.5 * np.log(s**2 + least**2)], axis=-1)

"""Robust least squares for many weightings of the same rows at once, in NumPy alone.

Resamples, hold-outs and starts differ only in row weights and first guess, so one batched
Levenberg–Marquardt iteration serves them all; that makes 200 resamples cost about as much as ten
separate fits. The objective is the *sum* (not the mean, whose small values stop optimisers early)
of Huber losses plus the squared deviations from the priors. No randomness.
"""

import numpy as np

from engine.interval import FloatArray, IntArray
from engine.law.form import Form
from engine.law.observations import Observations
from engine.law.residuals import LOSS_TOLERANCE, loss_slopes, residuals, row_of_residual

HUBER = 1.345
"""Residuals beyond this many tolerances count linearly: 95 % efficiency on normal errors."""
_DIFFERENCE = 1e-6
_LEAST_GAIN = 1e-8
_ELEMENTS = 200_000
"""Numbers of one Jacobian held in memory at a time (1.6 MB: a processor's cache)."""


def solve(
    form: Form,
    observations: Observations,
    starts: FloatArray,
    weights: FloatArray,
    *,
    centres: FloatArray | None = None,
    precision: FloatArray | None = None,
    shifts: FloatArray | None = None,
    iterations: int = 80,
) -> tuple[FloatArray, FloatArray]:
    """Minimise from ``starts`` (R, p) under row ``weights`` (R, n).

    ``centres`` (R, p) replaces the priors' means, ``precision`` (p, p), an inverse covariance,
    their widths, and ``shifts`` (R, n) are added to ln of the rows' predicted losses: a draw of
    their errors. Returns θ (R, p) and the objective (R,). Bounds hold exactly; a row of weight 0
    has no say.
    """
    if centres is None:
        centres = np.tile([p.prior[0] for p in form.parameters], (len(starts), 1))
    if precision is None:
        precision = prior_precision(form)
    moved = np.zeros((len(starts), len(row_of_residual(observations))))
    if shifts is not None:
        moved[:, : shifts.shape[1]] = shifts / LOSS_TOLERANCE
    per_problem = moved.shape[1] * starts.shape[1]
    chunk = max(1, _ELEMENTS // per_problem)
    results = []
    for first in range(0, len(starts), chunk):
        some = slice(first, first + chunk)
        results.append(
            _solve(
                form,
                observations,
                starts[some],
                weights[some],
                centres[some],
                moved[some],
                precision,
                iterations,
            )
        )
    return np.concatenate([r[0] for r in results]), np.concatenate([r[1] for r in results])


def one_step(
    form: Form, observations: Observations, theta: FloatArray, part: IntArray, parts: int
) -> tuple[FloatArray, FloatArray]:
    """Where one Gauss–Newton step from the estimate ``theta`` (p,) leads without each part of the
    rows, numbered by ``part`` (n,): moves (parts, p), and the (p, p) matrix of the objective."""
    jacobian, missed, bend = _linearised(form, observations, theta)
    normal: FloatArray = (jacobian * bend[:, None]).T @ jacobian + prior_precision(form)
    of_residual = part[row_of_residual(observations)]
    gradient, lost = np.zeros((parts, len(theta))), np.zeros((parts, *normal.shape))
    np.add.at(gradient, of_residual, jacobian * (bend * missed)[:, None])
    for k in range(len(theta)):
        np.add.at(lost[:, k], of_residual, jacobian * (bend * jacobian[:, k])[:, None])
    moves = np.linalg.solve(normal - lost, gradient[:, :, None])[:, :, 0]
    return moves.astype(np.float64), normal


def normal_matrix(
    form: Form, observations: Observations, theta: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """(p, p) of the objective at ``theta`` (p,), priors included: its inverse is the covariance of
    the estimate if errors are as large as their tolerances. ``weights`` (n,) of the rows: ones."""
    jacobian, _, bend = _linearised(form, observations, theta, weights)
    found: FloatArray = (jacobian * bend[:, None]).T @ jacobian + prior_precision(form)
    return found


def group_scores(
    form: Form, observations: Observations, theta: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """(groups, p): half the slope of the objective at ``theta`` (p,) that the rows of each group
    make, priors aside. Rows of a group err together (:attr:`Observations.groups`). ``weights`` (n,)
    of the rows: ones."""
    jacobian, missed, bend = _linearised(form, observations, theta, weights)
    found = np.zeros((int(observations.groups.max()) + 1, len(theta)))
    of_residual = observations.groups[row_of_residual(observations)]
    np.add.at(found, of_residual, jacobian * (bend * missed)[:, None])
    return found


def _linearised(
    form: Form, observations: Observations, theta: FloatArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Slopes (m, p), residuals (m,) and how far each counts (m,) at one θ."""
    high = np.array([p.high for p in form.parameters])
    data = residuals(form, theta[None], observations)
    jacobian = _jacobian(form, observations, theta[None], data, high)[0]
    bend = np.minimum(1.0, HUBER / np.maximum(np.abs(data[0]), 1e-12))
    if weights is not None:
        bend = bend * weights[row_of_residual(observations)]
    return jacobian, data[0], bend


def prior_precision(form: Form) -> FloatArray:
    """(p, p) inverse covariance of the form's own weak priors: they are independent."""
    return np.diag([p.prior[1] ** -2.0 for p in form.parameters])


def huber(residual: FloatArray) -> FloatArray:
    """ρ(r) = r² inside the Huber limit, linear outside, for each residual."""
    size = np.abs(residual)
    return np.where(size <= HUBER, size**2, HUBER * (2.0 * size - HUBER))


def _solve(
    form: Form,
    observations: Observations,
    starts: FloatArray,
    weights: FloatArray,
    centres: FloatArray,
    shifts: FloatArray,
    precision: FloatArray,
    iterations: int,
) -> tuple[FloatArray, FloatArray]:
    low, high = (np.array([getattr(p, end) for p in form.parameters]) for end in ("low", "high"))
    weights = weights[:, row_of_residual(observations)]

    def total(
        theta: FloatArray, data: FloatArray, rows: FloatArray, mean: FloatArray
    ) -> FloatArray:
        off = theta - mean
        value = (rows * huber(data)).sum(axis=-1) + ((off @ precision) * off).sum(axis=-1)
        return np.where(np.isfinite(value), value, np.inf)

    theta = np.clip(starts, low, high)
    data = residuals(form, theta, observations) + shifts
    value = total(theta, data, weights, centres)
    damping = np.full(len(theta), 1e-2)
    slopes = _jacobian(form, observations, theta, data - shifts, high)
    live, moved = np.arange(len(theta)), np.arange(0)
    for _ in range(iterations):
        here, r, w, mean = theta[live], data[live], weights[live], centres[live]
        if len(moved):
            slopes[moved] = _jacobian(
                form, observations, theta[moved], data[moved] - shifts[moved], high
            )
        jacobian = slopes if len(live) == len(slopes) else slopes[live]
        bend = w * np.minimum(1.0, HUBER / np.maximum(np.abs(r), 1e-12))
        weighted = (jacobian * bend[:, :, None]).transpose(0, 2, 1)
        gradient = (weighted @ r[:, :, None])[:, :, 0] + (here - mean) @ precision
        normal = weighted @ jacobian + precision
        pinned = ((here <= low) & (gradient > 0)) | ((here >= high) & (gradient < 0))
        gradient = np.where(pinned, 0.0, gradient)
        normal = np.where(pinned[:, :, None] | pinned[:, None, :], 0.0, normal)
        diagonal = np.einsum("rpp->rp", normal)
        diagonal += damping[live, None] * diagonal + pinned
        move = np.linalg.solve(normal, -gradient[:, :, None])[:, :, 0]
        tried = np.clip(here + move, low, high)
        tried_data = residuals(form, tried, observations) + shifts[live]
        tried_value = total(tried, tried_data, w, mean)
        gain = value[live] - tried_value
        better = gain > 0
        moved = live[better]
        theta[moved], data[moved], value[moved] = (
            tried[better],
            tried_data[better],
            tried_value[better],
        )
        # A strongly damped step gains little anywhere: only a bold one that gains little is an end.
        bold = damping[live] <= 1.0
        done = (better & bold & (gain < _LEAST_GAIN * (1.0 + tried_value))) | (damping[live] > 1e9)
        damping[live] = np.where(better, damping[live] / 4.0, damping[live] * 6.0)
        live, moved = live[~done], live[better & ~done]
        if not len(live):
            break
    return theta, value


def _jacobian(
    form: Form, observations: Observations, theta: FloatArray, data: FloatArray, high: FloatArray
) -> FloatArray:
    """(R, m, p): exact where rows say their losses alone, else by forward differences (the slopes
    inside the residuals are exact already)."""
    if not observations.optimal.any():
        return loss_slopes(form, theta, observations)
    jacobian = np.empty((*data.shape, theta.shape[1]))
    for k in range(theta.shape[1]):
        # Step towards the inside of the box, where the form is defined.
        step = np.where(theta[:, k] + _DIFFERENCE <= high[k], _DIFFERENCE, -_DIFFERENCE)
        moved = theta.copy()
        moved[:, k] += step
        jacobian[:, :, k] = (residuals(form, moved, observations) - data) / step[:, None]
    return jacobian


def prior_share(
    form: Form,
    observations: Observations,
    theta: FloatArray,
    *,
    weights: FloatArray | None = None,
    precision: FloatArray | None = None,
) -> FloatArray:
    """(p,) variance left after seeing the evidence over the prior's variance: 1 learnt nothing.

    ``weights`` (n,) of the rows and ``precision`` of the prior as in :func:`solve`.
    """
    if precision is None:
        precision = prior_precision(form)
    jacobian, _, bend = _linearised(form, observations, theta, weights)
    normal = (jacobian * bend[:, None]).T @ jacobian + precision
    return np.diag(np.linalg.inv(normal)) / np.diag(np.linalg.inv(precision))

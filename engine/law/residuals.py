"""What a form's numbers miss of the evidence, in units of what may be missed.

Every row says a loss; a row reported as the best at its compute says two slopes more, and one that
is the smallest compute within 1 % of the best says that nothing beyond is better
(:mod:`engine.law.observations`).
"""

import math

import numpy as np

from engine.interval import FloatArray, IntArray
from engine.law.form import Form
from engine.law.observations import Observations

LOSS_TOLERANCE = 0.02
"""Scale of ln L residuals: two digits of rounding and what any short formula leaves."""
SLOPE_TOLERANCE = 0.015
"""Scale of the conditions, d ln L per e-fold: a search grid of factors near 2 and losses known to
1 % leave an optimum this blurred."""
SATURATION = 0.01
"""The share of the best loss within which a row's compute was called enough."""
SATURATION_TOLERANCE = 0.01
_BLUR = 0.0005
"""Width in ln L of the smooth minimum over probes."""


def residuals(form: Form, theta: FloatArray, observations: Observations) -> FloatArray:
    """(R, m) residuals in units of their tolerances for θ of (R, p); see
    :func:`row_of_residual`."""
    loss, slopes = form.surface(
        theta,
        observations.u,
        observations.v,
        observations.s,
        observations.log_vocabulary,
        bool(observations.optimal.any()),
    )
    parts = [(np.log(loss) - observations.log_loss) / LOSS_TOLERANCE]
    if observations.optimal.any():
        mask = observations.optimal
        by_size, by_steps, by_noise = ((slope / loss)[:, mask] for slope in slopes)
        size = observations.size_slope * by_size - observations.slope_batch * by_noise
        steps = by_steps + (observations.slope_iterations - observations.slope_batch) * by_noise
        # At the smallest size tried a smaller one might be better still, and so on.
        size = np.where(observations.smallest, np.minimum(size, 0.0), size)
        size = np.where(observations.largest, np.maximum(size, 0.0), size)
        steps = np.where(observations.longest, np.maximum(steps, 0.0), steps)
        parts += [size / SLOPE_TOLERANCE, steps / SLOPE_TOLERANCE]
    if observations.saturated.any():
        reach = form.cross_entropy(theta, *observations.probes, observations.log_vocabulary)
        # A smooth minimum (at most 0.1 % below the true one): a kink would stop the solver early.
        least = reach.min(axis=-2, keepdims=True)
        blur = _BLUR * np.log(((reach / least) ** (-1.0 / _BLUR)).sum(axis=-2))
        best = np.log(least[..., 0, :]) - blur + math.log1p(SATURATION)
        parts.append(
            np.maximum(observations.log_loss[observations.saturated] - best, 0.0)
            / SATURATION_TOLERANCE
        )
    return np.concatenate(parts, axis=-1)


def loss_slopes(form: Form, theta: FloatArray, observations: Observations) -> FloatArray:
    """(R, n, p) slopes of the residuals of the losses, the first n of :func:`residuals`, by θ."""
    points = observations.u, observations.v, observations.s
    loss, slopes = form.loss_and_gradient(theta, *points, observations.log_vocabulary)
    scale = 1.0 / (loss * LOSS_TOLERANCE)
    # What a fit sums over, the rows, lies together.
    found = np.empty((len(loss), len(slopes), loss.shape[1]))
    for k, slope in enumerate(slopes):
        np.multiply(slope, scale, out=found[:, k])
    return found.transpose(0, 2, 1)


def row_of_residual(observations: Observations) -> IntArray:
    """(m,) the row that each residual belongs to, so that a row's weight reaches all it says."""
    rows = np.arange(len(observations.u))
    parts = [rows]
    if observations.optimal.any():
        parts += [rows[observations.optimal]] * 2
    if observations.saturated.any():
        parts.append(rows[observations.saturated])
    return np.concatenate(parts)

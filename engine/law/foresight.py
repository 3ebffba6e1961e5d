"""What one run more would do to the range of a prediction, without a fit of it.

The range of ln L at a plan (:mod:`engine.law.fit`) has three parts, and a run elsewhere, whatever
it turns out to show, changes them as a refit would:

* within a form, its parameters: with the matrix H of the objective at the estimate, priors
  included, and the slopes j of ln L over its tolerance, Var(p) = jₚᵀ·H⁻¹·jₚ falls by
  (jₚᵀ·H⁻¹·j)²/(1 + jᵀ·H⁻¹·j) (Sherman and Morrison). The share that it falls by is taken off the
  form's own draws; how far the forms differ among each other stays;
* the drift, where the run lies nearer to the plan than any run does;
* the scatter of runs left out stays: one run more does not make runs scatter less.

Not covered: that the weights of the forms, scatter and drift are found anew in a refit.
"""

import numpy as np
import pandas as pd

from engine.interval import FloatArray
from engine.law.fit import FitResult
from engine.law.forms import form_of
from engine.law.observations import Observations, observations_of
from engine.law.residuals import LOSS_TOLERANCE
from engine.law.solve import normal_matrix
from engine.law.stack import StackedFit

_STEP = 1e-5

Point = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""M, T, σ̄ and B, arrays of one length."""


def narrowing(
    fit: StackedFit, frame: pd.DataFrame | None, plan: Point, runs: Point
) -> tuple[float, FloatArray]:
    """Standard deviation of ln L at ``plan`` (one point), and the share of it (k,) that each of
    ``runs`` (k points) is expected to take away.

    ``frame`` is what ``fit`` was made from; None where its rows are not all of it (a pooled law):
    then only the drift is known to fall.
    """
    point = tuple(np.append(run, one) for run, one in zip(runs, plan, strict=True))
    where, nearest = fit.coordinates(*point), fit.distance(*point)
    near = np.minimum(nearest[-1], np.linalg.norm(where[:-1] - where[-1], axis=-1))
    drawn = np.log(fit.resampled_cross_entropy(*plan).astype(float))[:, 0]
    falls = np.zeros(len(near))
    if frame is not None and len(drawn):
        observations = observations_of(
            frame,
            capacity=fit.law.capacity,
            reference=fit.law.reference,
            counts_drawing=fit.law.batch_size is not None,
        )
        falls = _falls(fit, observations, point, drawn)
    before = float(drawn.var() if len(drawn) else 0.0) + fit.scatter**2
    after = before - falls + (fit.drift * near) ** 2
    before += float((fit.drift * nearest[-1]) ** 2)
    return float(np.sqrt(before)), 1.0 - np.sqrt(after / before)


def _falls(
    fit: StackedFit, observations: Observations, point: tuple[FloatArray, ...], drawn: FloatArray
) -> FloatArray:
    """(k,) variance of ln L at the last of the points that each other takes off the draws."""
    parts = fit.law.relative(*point)
    first, total = 0, np.zeros(len(point[0]) - 1)
    for one in fit.members:
        own = drawn[first : first + one.draws]
        first += one.draws
        if len(own) > 1:
            total += len(own) / len(drawn) * own.var() * learnt(one, observations, parts)
    return total


def learnt(
    one: FitResult, observations: Observations, parts: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """(k,) share of the variance at the last of k + 1 points that a run at each other takes away,
    within one form; ``parts`` as the form takes them."""
    form, theta = form_of(one.law.form), np.array(one.law.theta)
    high = np.array([each.high for each in form.parameters])
    steps = np.diag(np.where(theta + _STEP <= high, _STEP, -_STEP))
    moved = form.cross_entropy(
        np.vstack([theta, theta + steps]), *parts, observations.log_vocabulary
    )
    slopes = (np.log(moved[1:]) - np.log(moved[0])).T / np.diag(steps) / LOSS_TOLERANCE
    inverse = np.linalg.inv(normal_matrix(form, observations, theta))
    plan, runs = slopes[-1], slopes[:-1]
    own = np.einsum("kp,pq,kq->k", runs, inverse, runs)
    found: FloatArray = (runs @ inverse @ plan) ** 2 / (1.0 + own) / (plan @ inverse @ plan)
    return found

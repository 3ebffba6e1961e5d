"""What one run more would do to the range of a prediction, without a fit of it.

The range of ln L at a plan (:mod:`engine.law.fit`) has three parts, and a run elsewhere, whatever
it turns out to show, changes them as a refit would:

* within a form, its parameters: with the matrix H of the objective at the estimate, priors
  included, and the slopes j of ln L over its tolerance, Var(p) = jₚᵀ·H⁻¹·jₚ falls by
  (jₚᵀ·H⁻¹·j)²/(1 + jᵀ·H⁻¹·j) (Sherman and Morrison). The share that it falls by is taken off the
  form's own draws; how far the forms differ among each other stays;
* the drift, where the run lies nearer to the plan than any run does;
* the scatter of runs left out stays: one run more does not make runs scatter less.

What one run does (:func:`narrowing`) is said of the range of the loss, and reckons with that
range's drift (:attr:`FittedLaw.level_drift`). Several runs in turn (:func:`in_turn`) are put in
order by the whole drift (:attr:`FittedLaw.drift`), which also holds what is not known of where the
best plan lies: a run tells both. After each, H gains its row and the drift its place, so that the
next is chosen for what is then still open.

Not covered: that the weights of the forms, scatter and drift are found anew in a refit.
"""

from dataclasses import dataclass

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
    """Standard deviation of ln L at ``plan`` (one point) as its range has it, and the share of it
    (k,) that each of ``runs`` (k points) is expected to take away.

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
        for one in _open(fit, observations, fit.law.relative(*point), drawn):
            falls += one.falls()
    before = float(drawn.var() if len(drawn) else 0.0) + fit.scatter**2
    after = before - falls + (fit.level_drift * near) ** 2
    before += float((fit.level_drift * nearest[-1]) ** 2)
    return float(np.sqrt(before)), 1.0 - np.sqrt(after / before)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One run of a sequence: which, and what it does to the deviation that is then left."""

    index: int
    narrowing: float
    """Share of the deviation before it that it is expected to take away."""
    deviation: float
    """Standard deviation of ln L at the plan after it, with the whole drift."""


def in_turn(
    fit: StackedFit,
    frame: pd.DataFrame,
    plan: Point,
    runs: Point,
    prices: FloatArray,
) -> tuple[float, list[Turn]]:
    """The deviation of ln L at ``plan`` (one point) with the whole drift as it stands, and the
    ``runs`` (k points) in the order in which they narrow it most per price, each foreseen with
    those before it."""
    point = tuple(np.append(run, one) for run, one in zip(runs, plan, strict=True))
    where, distance = fit.coordinates(*point), float(fit.distance(*point)[-1])
    away = np.linalg.norm(where[:-1] - where[-1], axis=-1)
    drawn = np.log(fit.resampled_cross_entropy(*plan).astype(float))[:, 0]
    observations = observations_of(
        frame,
        capacity=fit.law.capacity,
        reference=fit.law.reference,
        counts_drawing=fit.law.batch_size is not None,
    )
    members = _open(fit, observations, fit.law.relative(*point), drawn)
    fixed = float(drawn.var()) - sum(one.variance for one in members) + fit.scatter**2
    left, turns = np.ones(len(away), dtype=bool), []
    now = fixed + sum(one.variance for one in members) + (fit.drift * distance) ** 2
    before = now
    while left.any():
        falls = sum((one.falls() for one in members), start=np.zeros(len(away)))
        after = fixed + sum(one.variance for one in members) - falls
        after = after + (fit.drift * np.minimum(distance, away)) ** 2
        narrowed = np.where(left, 1.0 - np.sqrt(np.minimum(after / now, 1.0)), 0.0)
        chosen = int(np.argmax(np.where(left, narrowed / prices, -1.0)))
        now, left[chosen] = float(after[chosen]), False
        distance = min(distance, float(away[chosen]))
        for one in members:
            one.learn(chosen)
        turns.append(
            Turn(index=chosen, narrowing=float(narrowed[chosen]), deviation=float(np.sqrt(now)))
        )
    return float(np.sqrt(before)), turns


@dataclass
class _Open:
    """What a form leaves open at the plan, and what each run would say of it."""

    variance: float
    inverse: FloatArray
    """(p, p) of the objective's matrix."""
    slopes: FloatArray
    """(k + 1, p), the plan's last."""

    def falls(self) -> FloatArray:
        """(k,) variance that each run takes away."""
        return self.variance * _shares(self.inverse, self.slopes)

    def learn(self, index: int) -> None:
        """Take the run into the matrix."""
        self.variance *= 1.0 - float(_shares(self.inverse, self.slopes)[index])
        row = self.inverse @ self.slopes[index]
        self.inverse = self.inverse - np.outer(row, row) / (1.0 + self.slopes[index] @ row)


def _open(
    fit: StackedFit,
    observations: Observations,
    parts: tuple[FloatArray, FloatArray, FloatArray],
    drawn: FloatArray,
) -> list[_Open]:
    """The forms that were drawn more than once, each with its share of the variance within."""
    first, found = 0, []
    for one in fit.members:
        own = drawn[first : first + one.draws]
        first += one.draws
        if len(own) > 1:
            inverse, slopes = _inverse_and_slopes(one, observations, parts)
            variance = len(own) / len(drawn) * float(own.var())
            found.append(_Open(variance=variance, inverse=inverse, slopes=slopes))
    return found


def learnt(
    one: FitResult, observations: Observations, parts: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """(k,) share of the variance at the last of k + 1 points that a run at each other takes away,
    within one form; ``parts`` as the form takes them."""
    return _shares(*_inverse_and_slopes(one, observations, parts))


def _shares(inverse: FloatArray, slopes: FloatArray) -> FloatArray:
    """(k,) share of the last point's variance that each other takes away."""
    plan, runs = slopes[-1], slopes[:-1]
    own = np.einsum("kp,pq,kq->k", runs, inverse, runs)
    found: FloatArray = (runs @ inverse @ plan) ** 2 / (1.0 + own) / (plan @ inverse @ plan)
    return found


def _inverse_and_slopes(
    one: FitResult, observations: Observations, parts: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """(p, p) H⁻¹ of a form, and (k + 1, p) slopes of ln L over its tolerance at each point."""
    form, theta = form_of(one.law.form), np.array(one.law.theta)
    high = np.array([each.high for each in form.parameters])
    steps = np.diag(np.where(theta + _STEP <= high, _STEP, -_STEP))
    moved = form.cross_entropy(
        np.vstack([theta, theta + steps]), *parts, observations.log_vocabulary
    )
    slopes: FloatArray = (np.log(moved[1:]) - np.log(moved[0])).T / np.diag(steps) / LOSS_TOLERANCE
    inverse = np.asarray(np.linalg.inv(normal_matrix(form, observations, theta)), np.float64)
    return inverse, slopes

"""A fit with each run left out in turn, from where it stands: the approximation and its screen.

A run is all rows of one ``run_id``: every point of a curve, every learning rate of a configuration.
Each form is refitted under the rows that are left, from its parameters with all of them, all runs
as one batch (:func:`engine.law.solve.solve`). Held as they were: the weights of the forms, scatter
and drift, and the shape of the resampled cloud, which moves along with its centre. A refit in full
finds those anew, at the price of a fit a run (:func:`engine.law.stack.fit_stack`).

Where runs are many, one Gauss–Newton step a run says which are worth that: the step's length in
units of the estimate's own doubt, Cook's distance of the whole fit, priors and conditions included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.interval import BoolArray, FloatArray
from engine.law.fit import FitResult, evidence_points
from engine.law.form import Form
from engine.law.forms import form_of
from engine.law.observations import Observations, observations_of
from engine.law.solve import one_step, solve
from engine.law.stack import StackedFit

_LEAST_SIZES = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Without:
    """The fit without one run."""

    run_id: str
    fit: StackedFit
    rows: BoolArray
    """(n,) of the frame: those that are left."""


def runs_of(frame: pd.DataFrame) -> list[str]:
    """The runs of a frame, in its order, each once."""
    return [str(name) for name in pd.unique(frame["run_id"])]


def distances(fit: StackedFit, frame: pd.DataFrame) -> dict[str, float]:
    """Run -> how far the fit would move without it, by one step: the mean over forms, by weight, of
    Cook's distance Δθᵀ·H·Δθ/p."""
    observations, names = _observations(fit, frame), runs_of(frame)
    of_row = pd.Categorical(frame["run_id"].astype(str), categories=names).codes.astype(int)
    total = np.zeros(len(names))
    for one, weight in zip(fit.members, fit.weights, strict=True):
        moved, normal = one_step(
            form_of(one.law.form), observations, np.array(one.law.theta), of_row, len(names)
        )
        total += weight * np.einsum("gp,pq,gq->g", moved, normal, moved) / moved.shape[1]
    return dict(zip(names, total.tolist(), strict=True))


def without_each(fit: StackedFit, frame: pd.DataFrame, runs: Sequence[str]) -> list[Without]:
    """``fit`` (of ``frame``) without each of ``runs`` in turn; seconds for a few hundred.

    A run without which the frame would have fewer than two sizes or no noise is left out of the
    answer: nothing can be fitted to what remains.
    """
    observations = _observations(fit, frame)
    of_row = frame["run_id"].astype(str).to_numpy()
    kept = {run: of_row != run for run in runs}
    kept = {run: rows for run, rows in kept.items() if _carries(observations, rows)}
    if not kept:
        return []
    weights = np.array([rows.astype(float) for rows in kept.values()])
    found = [_moved(one, observations, weights) for one in fit.members]
    return [
        Without(run_id=run, fit=_with(fit, observations, rows, parts), rows=rows)
        for (run, rows), parts in zip(kept.items(), zip(*found, strict=True), strict=True)
    ]


def _observations(fit: StackedFit, frame: pd.DataFrame) -> Observations:
    law = fit.law
    return observations_of(
        frame,
        capacity=law.capacity,
        reference=law.reference,
        counts_drawing=law.batch_size is not None,
    )


def _carries(observations: Observations, rows: BoolArray) -> bool:
    sizes = np.unique(observations.u[rows]).size
    return sizes >= _LEAST_SIZES and bool((observations.s[rows] > 0).any())


def _moved(one: FitResult, observations: Observations, weights: FloatArray) -> list[FitResult]:
    form, theta = form_of(one.law.form), np.array(one.law.theta)
    refitted, objective = solve(form, observations, np.tile(theta, (len(weights), 1)), weights)
    return [
        replace(
            one,
            law=replace(one.law, theta=tuple(here.tolist())),
            resampled=_shifted(form, one, here - theta),
            objective=float(value),
        )
        for here, value in zip(refitted, objective, strict=True)
    ]


def _shifted(form: Form, one: FitResult, by: FloatArray) -> tuple[tuple[float, ...], ...]:
    """The cloud about the new centre, within the form's box."""
    if not one.draws:
        return ()
    low, high = (np.array([getattr(p, end) for p in form.parameters]) for end in ("low", "high"))
    return tuple(map(tuple, np.clip(np.array(one.resampled) + by, low, high).tolist()))


def _with(
    fit: StackedFit, observations: Observations, rows: BoolArray, members: tuple[FitResult, ...]
) -> StackedFit:
    noise = observations.s[rows]
    return replace(
        fit,
        members=members,
        points=evidence_points(observations, rows),
        least_noise=float(noise[noise > 0].min()),
        rows=int(rows.sum()),
    )

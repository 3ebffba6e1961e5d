"""Partial pooling: a handful of runs of a new family move its constants, a larger
evidence the shape.

The new family's θ gets the normal prior of :mod:`engine.law.transfer.family_prior`: near the
source's where the shape is shared, wide where a constant is the family's own (Gelman & Hill 2007,
chapters 12 and 13: partial pooling, here of two groups).

*Rows.* Points of one run share its luck, its text and the form's error there: correlation ½ is
assumed, so n of them weigh like 2n/(n + 1) (Kish 1965), and a row's unit is the scatter.

*Scatter.* Without runs, the source's and :data:`FORM_SCATTER` (in another family the form errs
elsewhere) in quadrature. Where the prior holds, the least objective is about χ² with as many
degrees as rows count; what exceeds them scales the scatter up (Birge 1932), and beyond the 99th
percentile a status says that the families hardly share the shape (Box 1980). From the fourth run
on, errors on runs left out count too, one degree of freedom each beside :data:`PRIOR_RUNS` of that
(scaled inverse χ²): fewer would measure the constants again, which the resamples already hold. The
drift stays the source's.

*Interval.* Each resample draws its centre from the prior and errors for the runs from the
scatter, and minimises again ("randomise, then optimise", Bardsley et al. 2014): exact where the
form is linear, and, unlike drawing runs with replacement, not blind with one run. Without runs it
is the prior itself.

Not covered: a family trained in another way (optimizer, clipping, learning rates not tuned), whose
shape is not shared; a change of sequence length; the source is not moved by the new runs.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import chdtri

from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.fit import Caveat, FitResult
from engine.law.law import Law
from engine.law.observations import Observations, observations_of
from engine.law.residuals import LOSS_TOLERANCE
from engine.law.selection.holdout import coordinates
from engine.law.solve import prior_share, solve
from engine.law.transfer.family_prior import FamilyPrior, family_prior

FORM_SCATTER = 0.01
"""Standard deviation of ln L that the source's form adds in a family it was not chosen for."""
PRIOR_RUNS = 5.0
_FREE_RUNS = 3
_CORRELATION = 0.5
"""Of the errors of two points of one run."""
_RARE = 0.01
_LEAST_SCATTER = 0.005
_STARTS = 8
_AGREEMENT = 0.1
_POINT_GRID = 10.0

TRANSFERRED = "Transferred from the law of another family: of this one there are no runs yet."
DISAGREES = (
    "The runs lie farther from the pooled law than the other family's from theirs: either the "
    "shape is not shared, or they scatter more."
)
POOLED = "Pooled with the law of another family: of this one there are {runs} runs."


def pool(
    source: FitResult,
    frame: pd.DataFrame,
    *,
    vocabulary_size: int | None = None,
    resamples: int = 200,
    seed: int = 0,
) -> FitResult:
    """The law of a new family from the few runs in ``frame`` and the ``source`` of another family.

    ``frame`` has the columns of :func:`engine.law.observations.observations_of`, of which any
    number of rows will do: one point of one run, or none, and then ``vocabulary_size`` says the
    family's (default: the source's). The result's first status says that it was transferred or
    pooled, and ``rows`` counts the new family's rows alone. Deterministic given ``seed``. Raises
    :class:`InputError` for rows that cannot be true.
    """
    rng = np.random.default_rng(seed)
    if frame.empty:
        return _transferred(source, vocabulary_size or source.law.vocabulary_size, resamples, rng)
    law = source.law
    counts = law.batch_size is not None
    observations = observations_of(frame, reference=law.reference, counts_drawing=counts)
    if vocabulary_size not in (None, observations.vocabulary_size):
        raise InputError(
            "Expected runs of {expected} tokens of vocabulary, got {value}.",
            expected=vocabulary_size,
            value=observations.vocabulary_size,
        )
    prior = family_prior(source, observations.vocabulary_size)
    form, precision = prior.form, prior.precision
    starts = np.vstack([prior.centre[None], prior.draws(rng, _STARTS - 1)])
    scatter = first_scatter(source)
    tried, values = _solve(prior, observations, starts, _weights(observations, scatter))
    # What the rows count for in units of that scatter: their objective should be about as much.
    counted = _weights(observations, LOSS_TOLERANCE).sum()
    disagrees = values.min() > chdtri(counted, _RARE)
    scatter *= math.sqrt(max(values.min() / counted, 1.0))
    scatter = _scatter(prior, observations, tried[np.argmin(values)], scatter)
    weights = _weights(observations, scatter)
    tried, values = _solve(prior, observations, tried, weights)
    theta = tried[np.argmin(values)]
    drawn = np.empty((0, len(theta)))
    if resamples:
        shifts = _errors(observations, scatter, rng, resamples)
        centres = prior.draws(rng, resamples)
        from_best = np.tile(theta, (resamples, 1))
        drawn, _ = _solve(prior, observations, from_best, weights, centres=centres, shifts=shifts)
    statuses = [Caveat(template=POOLED, values=(("runs", str(observations.groups.max() + 1)),))]
    if disagrees:
        statuses.append(Caveat(template=DISAGREES))
    shares = prior_share(form, observations, theta, weights=weights, precision=precision)
    return replace(
        source,
        law=_law(source, theta, observations.vocabulary_size),
        resampled=tuple(map(tuple, drawn.tolist())),
        scatter=scatter,
        points=_points(source, observations),
        objective=float(values.min()),
        starts_agreeing=float(np.mean(values <= values.min() + _AGREEMENT)),
        prior_shares=tuple(shares.tolist()),
        rows=len(observations.u),
        statuses=tuple(statuses),
    )


def _transferred(
    source: FitResult, vocabulary_size: int, resamples: int, rng: np.random.Generator
) -> FitResult:
    """The source's law with the interval that another family deserves."""
    prior = family_prior(source, vocabulary_size)
    return replace(
        source,
        law=_law(source, prior.centre, vocabulary_size),
        resampled=tuple(map(tuple, prior.draws(rng, resamples).tolist())),
        scatter=first_scatter(source),
        objective=0.0,
        starts_agreeing=1.0,
        prior_shares=(1.0,) * len(prior.centre),
        rows=0,
        statuses=(Caveat(template=TRANSFERRED),),
    )


def _law(source: FitResult, theta: FloatArray, vocabulary_size: int) -> Law:
    return replace(source.law, theta=tuple(theta.tolist()), vocabulary_size=vocabulary_size)


def _solve(
    prior: FamilyPrior,
    observations: Observations,
    starts: FloatArray,
    weights: FloatArray,
    *,
    centres: FloatArray | None = None,
    shifts: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """:func:`engine.law.solve.solve` under the family's prior; ``weights`` (n,) or (R, n)."""
    count = len(starts)
    return solve(
        prior.form,
        observations,
        starts,
        np.broadcast_to(weights, (count, len(observations.u))),
        centres=np.tile(prior.centre, (count, 1)) if centres is None else centres,
        precision=prior.precision,
        shifts=shifts,
    )


def first_scatter(source: FitResult) -> float:
    """Standard deviation of ln L that is expected of a family before it has runs."""
    return float(np.hypot(source.scatter, FORM_SCATTER))


def _weights(observations: Observations, scatter: float) -> FloatArray:
    """(n,): what a row is worth in units of the solver's tolerance, its
    run's points being alike."""
    points = np.bincount(observations.groups)[observations.groups].astype(float)
    weights: FloatArray = (LOSS_TOLERANCE / scatter) ** 2 / (1.0 + (points - 1.0) * _CORRELATION)
    return weights


def _scatter(
    prior: FamilyPrior, observations: Observations, theta: FloatArray, first: float
) -> float:
    """Standard deviation of ln L, ``first`` until runs can be left out that the others predict."""
    runs = int(observations.groups.max()) + 1
    degrees = runs - _FREE_RUNS
    if degrees < 1:
        return first
    others = observations.groups[None] != np.arange(runs)[:, None]
    refitted, _ = _solve(
        prior, observations, np.tile(theta, (runs, 1)), others * _weights(observations, first)
    )
    predicted = prior.form.cross_entropy(
        refitted, observations.u, observations.v, observations.s, observations.log_vocabulary
    )
    squares = np.where(others, 0.0, np.log(predicted) - observations.log_loss) ** 2
    by_run = squares.sum(axis=1) / (~others).sum(axis=1)
    own = (PRIOR_RUNS * first**2 + degrees * by_run.mean()) / (PRIOR_RUNS + degrees)
    return max(float(np.sqrt(own)), _LEAST_SCATTER)


def _errors(
    observations: Observations, scatter: float, rng: np.random.Generator, count: int
) -> FloatArray:
    """(count, n) errors of ln L such as the scatter makes: one part a run, one a point."""
    runs = rng.normal(size=(count, int(observations.groups.max()) + 1))[:, observations.groups]
    single = rng.normal(size=(count, len(observations.u)))
    errors: FloatArray = np.sqrt(_CORRELATION) * runs + np.sqrt(1.0 - _CORRELATION) * single
    return scatter * errors


def _points(
    source: FitResult, observations: Observations
) -> tuple[tuple[float, float, float], ...]:
    """Where the shape was seen, in either family."""
    own = coordinates(observations.u, observations.v, observations.s, source.least_noise)
    points = np.vstack([np.array(source.points), np.round(own * _POINT_GRID) / _POINT_GRID])
    return tuple(map(tuple, np.unique(points, axis=0).tolist()))

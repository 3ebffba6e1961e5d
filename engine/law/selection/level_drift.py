"""How far a law's *level* drifts, beside what draws of it differ by already.

What a hold-out of the largest compute misses is in part what refits to the rest differ by among
themselves, and so do the forms. A range that is made of such draws, and of a drift that was read
off the errors alone (:func:`engine.law.selection.holdout.drift_of`), counts that part twice. So for
the height of the loss, drift is what is left: the least under which the held-out errors, each over
its own variance, are as large as they may be.

What looks *best* depends on how the error tilts the law from one plan to the next. Draws of smooth
surfaces tilt too little for their height, and there the whole drift stands in for it
(docs/method.md, section Audit).
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from engine.interval import FloatArray
from engine.law.form import Form
from engine.law.observations import Observations
from engine.law.selection.holdout import HeldOut, LeftOut
from engine.law.solve import group_scores, normal_matrix, prior_precision

LEAST_LEVEL_DRIFT = 0.005
"""Half a per cent per e-fold: a lucky hold-out must not promise free extrapolation."""
_MOST = 10.0
_AT_BOUND = 1e-9


def level_drift(
    held: Sequence[tuple[Form, HeldOut]],
    weights: FloatArray,
    observations: Observations,
    scatter: float,
    drift: float,
) -> float:
    """Standard deviation of ln L per e-fold away from the evidence that explains what the forms,
    by ``weights`` (k,) of sum 1, missed of the rows ``held`` out, beside ``scatter``, the spread of
    each form's refits and the forms' own differences; at least half a per cent.

    ``drift``, the whole, where nothing far was left out: then nothing tells the two apart.
    """
    errors, known, distances = [], [], []
    for parts in zip(*(one.far for _, one in held), strict=True):
        missed = np.stack([part.errors for part in parts])
        spread = np.stack(
            [
                refit_spread(form, observations, part)
                for (form, _), part in zip(held, parts, strict=True)
            ]
        )
        mean = weights @ missed
        errors.append(mean)
        known.append(weights @ (spread**2 + (missed - mean) ** 2))
        distances.append(parts[0].distances)
    if not errors or not np.concatenate(distances).any():
        return drift
    squares = np.concatenate(errors) ** 2
    variance = scatter**2 + np.concatenate(known)
    reach = np.concatenate(distances) ** 2

    def excess(tried: float) -> float:
        return float((squares / (variance + tried**2 * reach)).sum()) - len(squares)

    if excess(LEAST_LEVEL_DRIFT) <= 0:
        return LEAST_LEVEL_DRIFT
    if excess(_MOST) > 0:
        return drift  # Rows that lay on others alone miss too much: no distance explains it.
    return float(brentq(excess, LEAST_LEVEL_DRIFT, _MOST, xtol=1e-9))


def refit_spread(form: Form, observations: Observations, part: LeftOut) -> FloatArray:
    """(k,) standard deviation of ln L of the k held-out predictions over resamples of the fit that
    made them, linearised: groups of rows and the priors' centres are drawn, as in
    :func:`engine.law.selection.holdout.resample`."""
    theta = part.theta[0]
    rows = np.ones(len(observations.u))
    rows[part.rows] = 0.0
    low, high = np.array([(p.low, p.high) for p in form.parameters]).T
    free = (theta > low + _AT_BOUND) & (theta < high - _AT_BOUND)
    inside = np.ix_(free, free)
    scores = group_scores(form, observations, theta, rows)
    drawn = (scores.T @ scores + prior_precision(form))[inside]
    inverse = np.linalg.inv(normal_matrix(form, observations, theta, rows)[inside])
    u, v, s = (x[part.rows] for x in (observations.u, observations.v, observations.s))
    loss, slopes = form.loss_and_gradient(theta[None], u, v, s, observations.log_vocabulary)
    by = np.stack(np.broadcast_arrays(*slopes), axis=-1)[0][:, free] / loss[0][:, None]
    found: FloatArray = np.sqrt(np.einsum("kp,pq,kq->k", by, inverse @ drawn @ inverse, by))
    return found

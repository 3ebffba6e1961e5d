"""Estimation of a law from a frame of runs: one best θ, resampled θ, and prediction intervals.

The estimate minimises a sum of Huber losses (see :mod:`engine.law.solve`) over what the rows say
(see :mod:`engine.law.observations`) from a fixed grid of starts. The interval has three parts, and
none is the in-sample residual, which flatters a form of seven numbers fitted to twenty rows:

* *parameters*: whole groups of rows are resampled and the priors' centres redrawn, so that what
  the evidence cannot decide stays as wide as the prior;
* *scatter*: root mean square log error on rows left out, one configuration at a time;
* *drift*: what leaving out the largest compute costs per e-fold of distance from the evidence.

Not covered: error of a form that no hold-out reveals, and correlation between new points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial import KDTree
from scipy.special import ndtri

from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.form import Form
from engine.law.forms import DEFAULT_FORM, form_of
from engine.law.law import Law
from engine.law.observations import observations_of
from engine.law.selection.holdout import (
    DECADES,
    best,
    coordinates,
    drift_of,
    leave_groups_out,
    leave_largest_out,
    resample,
)
from engine.law.solve import prior_share

_AT_BOUND = 1e-6
_POINT_GRID = 10.0
"""Evidence points are kept to a tenth of an e-fold for the distance; runs of thousands thin out."""


@dataclass(frozen=True, kw_only=True)
class Caveat:
    """A soft problem of a fit: the sentence ``template`` with ``values`` in its braces."""

    template: str
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.template.format(**dict(self.values))


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """A law with what the evidence leaves open about it."""

    law: Law
    resampled: tuple[tuple[float, ...], ...]
    """θ of each resample."""
    scatter: float
    """Standard deviation of ln L inside the evidence, from left-out rows."""
    drift: float
    """Further standard deviation of ln L per e-fold away from the evidence."""
    points: tuple[tuple[float, float, float], ...]
    """Where evidence lies, in the coordinates of the distance (e-folds)."""
    least_noise: float
    """Smallest positive σ̄ seen, over the reference: below, noise hardly matters any more."""
    objective: float
    starts_agreeing: float
    """Share of the starts that ended at the best objective."""
    prior_shares: tuple[float, ...]
    """For each parameter, variance left over prior variance: near 1 the prior alone decides."""
    rows: int
    statuses: tuple[Caveat, ...]

    def distance(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """e-folds (Euclidean in ln M, ln T, ln σ̄) from the nearest evidence."""
        point = model_size, iterations, noise_batch_ratio, batch_size
        u, v, s = np.broadcast_arrays(*self.law.relative(*point))
        return np.asarray(self._tree.query(coordinates(u, v, s, self.least_noise))[0])

    def resampled_cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Loss under each resample of the law, nats per token, shape (resamples, *broadcast)."""
        point = model_size, iterations, noise_batch_ratio, batch_size
        u, v, s = np.broadcast_arrays(*self.law.relative(*point))
        form = form_of(self.law.form)
        return form.cross_entropy(np.array(self.resampled), u, v, s, self.law.log_vocabulary)

    def interval(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
        *,
        level: float = 0.9,
    ) -> tuple[FloatArray, FloatArray]:
        """(low, high) of the loss of one new run, nats per token, in (0, ln vocabulary]. The point
        is as in :meth:`Law.cross_entropy`.

        Raises :class:`InputError` unless 0 < level < 1.
        """
        if not 0 < level < 1:
            raise InputError("Expected level between 0 and 1, got {value}.", value=level)
        point = model_size, iterations, noise_batch_ratio, batch_size
        centre = np.log(self.law.cross_entropy(*point))
        noise = np.hypot(self.scatter, self.drift * self.distance(*point))
        below = above = np.zeros(noise.shape)
        if self.resampled:
            spread = np.log(self.resampled_cross_entropy(*point)) - centre
            below, above = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2], axis=0)
        width = ndtri((1 + level) / 2) * noise
        low = np.exp(centre - np.hypot(np.minimum(below, 0.0), width))
        high = np.exp(centre + np.hypot(np.maximum(above, 0.0), width))
        return low, np.minimum(high, self.law.log_vocabulary)

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(np.array(self.points))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` gives an equal result back."""
        return {
            "law": self.law.to_dict(),
            "resampled": [list(theta) for theta in self.resampled],
            "scatter": self.scatter,
            "drift": self.drift,
            "points": [list(point) for point in self.points],
            "least_noise": self.least_noise,
            "objective": self.objective,
            "starts_agreeing": self.starts_agreeing,
            "prior_shares": list(self.prior_shares),
            "rows": self.rows,
            "statuses": [{"template": s.template, "values": dict(s.values)} for s in self.statuses],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "FitResult":
        """Inverse of :meth:`to_dict`."""
        return cls(
            **{
                **data,
                "law": Law.from_dict(data["law"]),
                "resampled": tuple(tuple(theta) for theta in data["resampled"]),
                "points": tuple(tuple(point) for point in data["points"]),
                "prior_shares": tuple(data["prior_shares"]),
                "statuses": tuple(
                    Caveat(template=s["template"], values=tuple(s["values"].items()))
                    for s in data["statuses"]
                ),
            }
        )


def fit(
    frame: pd.DataFrame, *, form: str = DEFAULT_FORM, resamples: int = 200, seed: int = 0
) -> FitResult:
    """Fit ``form`` to ``frame`` (one row a run; columns in
    :func:`engine.law.observations.observations_of`).

    Deterministic: the same frame, form, resamples and seed give the same bits on one machine.
    Raises :class:`InputError` where the evidence cannot carry a fit; soft problems are statuses.
    """
    shape, observations = form_of(form), observations_of(frame)
    theta, objective, agreeing = best(shape, observations)
    single = leave_groups_out(shape, observations, theta)
    large = [leave_largest_out(shape, observations, theta, decade) for decade in DECADES]
    scatter = float(np.sqrt(np.mean(single.errors**2)))
    resampled, _ = resample(shape, observations, theta, resamples, seed)
    shares = prior_share(shape, observations, theta)
    points = coordinates(observations.u, observations.v, observations.s, observations.least_noise)
    points = np.unique(np.round(points * _POINT_GRID) / _POINT_GRID, axis=0)
    return FitResult(
        law=Law(
            form=form,
            theta=tuple(theta.tolist()),
            vocabulary_size=observations.vocabulary_size,
            reference=observations.reference,
            batch_size=observations.batch_size,
        ),
        resampled=tuple(map(tuple, resampled.tolist())),
        scatter=scatter,
        drift=drift_of(scatter, [part for part in large if part is not None]),
        points=tuple(map(tuple, points.tolist())),
        least_noise=observations.least_noise,
        objective=objective,
        starts_agreeing=agreeing,
        prior_shares=tuple(shares.tolist()),
        rows=len(observations.u),
        statuses=_statuses(shape, theta, agreeing, shares),
    )


def _statuses(
    form: Form, theta: FloatArray, agreeing: float, shares: FloatArray
) -> tuple[Caveat, ...]:
    found = []
    for parameter, value, share in zip(form.parameters, theta, shares, strict=True):
        if min(value - parameter.low, parameter.high - value) < _AT_BOUND:
            found.append(
                Caveat(
                    template="The parameter {name} ended at its bound {value}.",
                    values=(("name", parameter.name), ("value", f"{value:g}")),
                )
            )
        elif share > 0.5:
            found.append(
                Caveat(
                    template="The evidence says little about {name}: {share} of its variance is "
                    "the prior's.",
                    values=(("name", parameter.name), ("share", f"{min(share, 1.0):.0%}")),
                )
            )
    if agreeing < 0.5:
        found.append(
            Caveat(
                template="Only {share} of the starts agree on the best fit.",
                values=(("share", f"{agreeing:.0%}"),),
            )
        )
    return tuple(found)

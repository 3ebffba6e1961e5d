"""Estimation of a law from a frame of runs: one best θ, resampled θ, and prediction intervals.

The estimate minimises a sum of Huber losses (see :mod:`engine.law.solve`) over what the rows say
(see :mod:`engine.law.observations`) from a fixed grid of starts. The interval has three parts, and
none is the in-sample residual, which flatters a form of seven numbers fitted to twenty rows:

* *parameters*: whole groups of rows are resampled and the priors' centres redrawn, so that what
  the evidence cannot decide stays as wide as the prior;
* *scatter*: root mean square log error on rows left out, one configuration at a time;
* *drift*: what leaving out the largest compute costs per e-fold of distance from the evidence,
  less what the resamples themselves differ by there (:mod:`engine.law.selection.level_drift`).

Not covered: error of a form that no hold-out reveals, and correlation between new points.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from scipy.special import ndtri

from engine.errors import InputError
from engine.interval import BoolArray, FloatArray
from engine.law.capacity import Capacity
from engine.law.discrepancy import Discrepancy
from engine.law.form import Form, Reference
from engine.law.forms import DEFAULT_FORM, form_of
from engine.law.law import Law
from engine.law.observations import Observations, observations_of
from engine.law.selection.holdout import (
    HeldOut,
    best,
    coordinates,
    held_out,
    resample,
)
from engine.law.selection.level_drift import level_drift
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


class LossLaw(Protocol):
    """A loss surface: one form with its numbers, or a stack of several."""

    @property
    def vocabulary_size(self) -> int:
        """Tokens."""

    @property
    def reference(self) -> Reference:
        """Where coordinates are measured from."""

    @property
    def batch_size(self) -> float | None:
        """See :attr:`engine.law.law.Law.batch_size`."""

    @property
    def capacity(self) -> Capacity | None:
        """Shapes of the family, where known."""

    @property
    def log_vocabulary(self) -> float:
        """ln vocabulary_size."""

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Loss as :meth:`engine.law.law.Law.cross_entropy`."""

    def relative(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coordinates as :meth:`engine.law.law.Law.relative`."""


class FittedLaw(ABC):
    """A law with what the evidence leaves open about it."""

    if TYPE_CHECKING:  # fields of those who inherit: an attribute here would be their default

        @property
        def law(self) -> LossLaw:
            """The centre: what is expected of a configuration."""

        @property
        def scatter(self) -> float:
            """Standard deviation of ln L inside the evidence, from left-out rows."""

        @property
        def drift(self) -> float:
            """Further standard deviation of ln L per e-fold away from the evidence, for what is
            best: the smooth errors of draws tilt with it."""

        @property
        def level_drift(self) -> float:
            """The same for the height of the loss, without what the draws differ by already."""

        @property
        def points(self) -> tuple[tuple[float, float, float], ...]:
            """Where evidence lies, in the coordinates of the distance (e-folds)."""

        @property
        def least_noise(self) -> float:
            """Smallest positive σ̄ seen, over the reference: below, noise hardly matters."""

        @property
        def rows(self) -> int:
            """Rows of evidence."""

        @property
        def statuses(self) -> tuple[Caveat, ...]:
            """Soft problems of the fit."""

        @property
        def draws(self) -> int:
            """How many laws are drawn from what the evidence leaves open."""

    @abstractmethod
    def resampled_cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Loss under each draw of form and parameters, shape (draws, *broadcast); in single
        precision, since draws are for ranges."""

    def distance(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """e-folds (Euclidean in ln M, ln T, ln σ̄) from the nearest evidence."""
        return self._distance(
            self.coordinates(model_size, iterations, noise_batch_ratio, batch_size)
        )

    def discrepancy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
        *,
        drift: float,
    ) -> FloatArray:
        """What each draw of the law misses, in ln L: a smooth surface with the standard deviation
        of scatter and of ``drift`` (:attr:`drift` or :attr:`level_drift`), shape
        (draws, *broadcast); in single precision."""
        where = self.coordinates(model_size, iterations, noise_batch_ratio, batch_size)
        error = np.hypot(self.scatter, drift * self._distance(where))
        return np.asarray(
            error.astype(np.float32) * Discrepancy(count=self.draws).at(where), dtype=np.float32
        )

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
        noise = np.hypot(self.scatter, self.level_drift * self.distance(*point))
        below = above = np.zeros(noise.shape)
        if self.draws:
            spread = np.log(self.resampled_cross_entropy(*point)) - centre
            below, above = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2], axis=0)
        width = ndtri((1 + level) / 2) * noise
        low = np.exp(centre - np.hypot(np.minimum(below, 0.0), width))
        high = np.exp(centre + np.hypot(np.maximum(above, 0.0), width))
        return low, np.minimum(high, self.law.log_vocabulary)

    def coordinates(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """(*broadcast, 3): ln M, ln T and ln σ̄ in e-folds, as :attr:`points` are."""
        point = model_size, iterations, noise_batch_ratio, batch_size
        u, v, s = np.broadcast_arrays(*self.law.relative(*point))
        return coordinates(u, v, s, self.least_noise)

    def _distance(self, where: FloatArray) -> FloatArray:
        return np.asarray(self._tree.query(where)[0])

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(np.array(self.points))


@dataclass(frozen=True, kw_only=True)
class FitResult(FittedLaw):
    """A law of one form with what the evidence leaves open about it."""

    law: Law
    resampled: tuple[tuple[float, ...], ...]
    """θ of each resample."""
    scatter: float
    drift: float
    level_drift: float
    points: tuple[tuple[float, float, float], ...]
    least_noise: float
    objective: float
    starts_agreeing: float
    """Share of the starts that ended at the best objective."""
    prior_shares: tuple[float, ...]
    """For each parameter, variance left over prior variance: near 1 the prior alone decides."""
    rows: int
    statuses: tuple[Caveat, ...]

    @property
    def draws(self) -> int:
        return len(self.resampled)

    def resampled_cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        point = model_size, iterations, noise_batch_ratio, batch_size
        u, v, s = np.broadcast_arrays(*self.law.relative(*point))
        form = form_of(self.law.form)
        return form.cross_entropy(self.theta_drawn, u, v, s, self.law.log_vocabulary)

    @cached_property
    def theta_drawn(self) -> NDArray[np.float32]:
        """θ of each resample, shape (draws, parameters), in single precision."""
        return np.array(self.resampled, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` gives an equal result back."""
        return {
            "law": self.law.to_dict(),
            "resampled": [list(theta) for theta in self.resampled],
            "scatter": self.scatter,
            **drifts_to_dict(self),
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
                **drifts_of(data),
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
    frame: pd.DataFrame,
    *,
    form: str = DEFAULT_FORM,
    capacity: Capacity | None = None,
    resamples: int = 200,
    seed: int = 0,
) -> FitResult:
    """Fit ``form`` to ``frame`` (one row a run; columns in
    :func:`engine.law.observations.observations_of`), sizes counted by ``capacity``.

    Deterministic: the same frame, form, resamples and seed give the same bits on one machine.
    Raises :class:`InputError` where the evidence cannot carry a fit; soft problems are statuses.
    """
    shape, observations = form_of(form), observations_of(frame, capacity=capacity)
    found = best(shape, observations)
    held = held_out(shape, observations, found[0])
    return fitted(
        shape, observations, found, held, capacity=capacity, resamples=resamples, seed=seed
    )


def fitted(
    form: Form,
    observations: Observations,
    found: tuple[FloatArray, float, float],
    held: HeldOut,
    *,
    capacity: Capacity | None,
    resamples: int,
    seed: int,
) -> FitResult:
    """The fit that ``found`` (of :func:`engine.law.selection.holdout.best`) and ``held`` make."""
    theta, objective, agreeing = found
    resampled, _ = resample(form, observations, theta, resamples, seed)
    shares = prior_share(form, observations, theta)
    return FitResult(
        law=Law(
            form=form.name,
            theta=tuple(theta.tolist()),
            vocabulary_size=observations.vocabulary_size,
            reference=observations.reference,
            batch_size=observations.batch_size,
            capacity=capacity,
        ),
        resampled=tuple(map(tuple, resampled.tolist())),
        scatter=held.scatter,
        drift=held.drift,
        level_drift=level_drift([(form, held)], np.ones(1), observations, held.scatter, held.drift),
        points=evidence_points(observations),
        least_noise=observations.least_noise,
        objective=objective,
        starts_agreeing=agreeing,
        prior_shares=tuple(shares.tolist()),
        rows=len(observations.u),
        statuses=_statuses(form, theta, agreeing, shares),
    )


def drifts_to_dict(one: FittedLaw) -> dict[str, float]:
    """Both drifts for JSON. Laws kept before Kessai told them apart have one, and keep their name:
    a fit whose two are equal is written as those were."""
    plain = {"drift": one.drift}
    return plain if one.level_drift == one.drift else plain | {"level_drift": one.level_drift}


def drifts_of(data: Mapping[str, Any]) -> dict[str, float]:
    """Inverse of :func:`drifts_to_dict`."""
    return {"drift": data["drift"], "level_drift": data.get("level_drift", data["drift"])}


def redrawn(one: FitResult, frame: pd.DataFrame, *, resamples: int, seed: int = 0) -> FitResult:
    """The same fit to the same ``frame`` with so many resamples, for the ranges of its numbers.

    A form of little weight in a stack is drawn a few times only, which no range can be read from.
    """
    observations = observations_of(frame, capacity=one.law.capacity)
    theta = np.array(one.law.theta)
    drawn, _ = resample(form_of(one.law.form), observations, theta, resamples, seed)
    return replace(one, resampled=tuple(map(tuple, drawn.tolist())))


def evidence_points(
    observations: Observations, rows: BoolArray | None = None
) -> tuple[tuple[float, float, float], ...]:
    """Where the rows lie, or some of them, thinned out to a tenth of an e-fold."""
    points = coordinates(observations.u, observations.v, observations.s, observations.least_noise)
    points = points if rows is None else points[rows]
    points = np.unique(np.round(points * _POINT_GRID) / _POINT_GRID, axis=0)
    return tuple(map(tuple, points.tolist()))


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

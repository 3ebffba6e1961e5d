"""Fits of the forms of :mod:`engine.law.fine_tuning.forms`, stacked, with ranges from resamples.

Each form is fitted by robust least squares of ln L (``scipy.optimize.least_squares``, soft L1)
with weak normal priors. What it is worth is found by leaving out: a tenth of the configurations at
a time, the largest starts, the longest trainings, and the most noise; the errors of the first give
its scatter, those of the others how it drifts with distance, and both the weights under which the
forms' predictive densities are stacked (:mod:`engine.law.selection.stacking`, the one that laws
from nothing use). A range is made of resampled configurations, refitted, each with a Student error
of the form's scatter and drift.

Not covered: how a law from models of a million parameters carries over to those of billions; the
distance says so, and beyond :data:`~engine.law.fine_tuning.fit.FARTHEST` nothing is answered.

Source of the stacking: Yao et al., Bayesian Analysis 2018.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial import KDTree

from engine.errors import InputError
from engine.interval import FloatArray, IntArray, Interval
from engine.law.fine_tuning.forms import FORMS, TuningForm
from engine.law.fine_tuning.points import Configurations, Measured, Origin, places
from engine.law.selection.holdout import HeldOut, LeftOut
from engine.law.selection.stacking import DEGREES, stack_weights

LEVEL = 0.9
DRAWS = 60
"""Resamples of each form."""
LEAST_CELLS = 12
"""Configurations below which nothing is fitted."""
FARTHEST = 4.7
"""e-folds beyond which a loss is called unknown: as for laws from nothing."""
_FOLDS = 10
_TOLERANCE = 0.01
"""Of ln L: where the soft L1 loss turns from square to straight."""
_DIFFERENCE = 1e-7
_ERRORS = 16
"""Student errors for each resample, so that 60 resamples make a smooth range."""
_SEED = 19


@dataclass(frozen=True, kw_only=True, eq=False)
class FormFit:
    """One form, fitted to all points."""

    form: TuningForm
    theta: FloatArray
    resampled: FloatArray
    """(R, p)."""
    held_out: HeldOut
    weight: float

    def spread(self, distances: FloatArray) -> FloatArray:
        """(n,) standard deviation of ln L so many e-folds from what was measured."""
        found: FloatArray = np.hypot(self.held_out.scatter, self.held_out.drift * distances)
        return found


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the law says of one configuration."""

    cross_entropy: Interval
    """Nats of a token or byte."""
    share_taken: float
    """1 − L/L₀ of the value."""
    distance: float
    """e-folds from the nearest point of the evidence."""

    @property
    def known(self) -> bool:
        """Whether the distance lets anything be said."""
        return self.distance <= FARTHEST


@dataclass(frozen=True, kw_only=True, eq=False)
class TuningFit:
    """The law of fine-tuning: a stack of forms over one evidence."""

    points: Measured
    origin: Origin
    forms: tuple[FormFit, ...]
    """By falling weight, those of no weight left out."""

    @cached_property
    def _least_noise(self) -> float:
        return float(self.points.step_noise.min())

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(places(self.points, self._least_noise))

    def distances(self, at: Configurations) -> FloatArray:
        """(n,) e-folds from the nearest measured point."""
        return _distances(self._tree, places(at, self._least_noise))

    def cross_entropy(self, at: Configurations) -> FloatArray:
        """(n,) nats: the forms' weighted mean."""
        coordinates = self.origin.coordinates(at)
        taken = sum(one.weight * one.form.share_taken(one.theta, coordinates) for one in self.forms)
        found: FloatArray = at.start_cross_entropy * (1.0 - taken)
        return found

    def within(self, at: Configurations, farthest: float) -> FloatArray:
        """(n,) the losses of what lies at most ``farthest`` e-folds away, infinite elsewhere."""
        near = self.distances(at) <= farthest
        losses: FloatArray = np.where(near, self.cross_entropy(at), np.inf)
        return losses

    def predict(self, at: Configurations, level: float = LEVEL) -> list[Prediction]:
        """A loss with its range for each configuration; see :attr:`Prediction.known`."""
        values, distances = self.cross_entropy(at), self.distances(at)
        draws, weights = self._drawn(at, distances)
        low, high = (
            _quantile(draws, weights, q) for q in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
        )
        return [
            Prediction(
                cross_entropy=Interval(value=float(v), low=float(a), high=float(b), level=level),
                share_taken=float(1.0 - v / start),
                distance=float(d),
            )
            for v, a, b, start, d in zip(
                values, low, high, at.start_cross_entropy, distances, strict=True
            )
        ]

    def log_ratio(
        self,
        at: Configurations,
        beside: Configurations,
        level: float = LEVEL,
        *,
        drifting: bool = False,
    ) -> Interval:
        """ln of the loss of one configuration over that of another of the same start, whose own
        loss falls out. The range is that of the forms' resampled numbers; ``drifting`` adds what
        :meth:`predict` adds, scatter and the drift with distance, to each of the two as if their
        errors had nothing in common, which is the wider way."""
        rng = np.random.default_rng(_SEED)
        found, weights = [], []
        for one in self.forms:
            both = [
                np.log1p(
                    -np.stack([one.form.share_taken(t, coordinates)[0] for t in one.resampled])
                )
                for coordinates in (
                    self.origin.coordinates(at),
                    self.origin.coordinates(beside),
                )
            ]
            ratios = both[0] - both[1]
            if drifting:
                for side in (at, beside):
                    spread = one.spread(self.distances(side))
                    errors = rng.standard_t(DEGREES, size=(_ERRORS, len(both[0]))) * spread
                    ratios = ratios + errors
            found.append(ratios.ravel())
            weights.append(np.full(found[-1].size, one.weight / found[-1].size))
        draws, shares = np.concatenate(found)[:, None], np.concatenate(weights)
        low, value, high = (
            float(_quantile(draws, shares, q)[0])
            for q in ((1.0 - level) / 2.0, 0.5, (1.0 + level) / 2.0)
        )
        return Interval(value=value, low=low, high=high, level=level)

    def _drawn(self, at: Configurations, distances: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Draws (R, n) of the losses and the weight (R,) of each."""
        rng = np.random.default_rng(_SEED)
        coordinates = self.origin.coordinates(at)
        drawn, weights = [], []
        for one in self.forms:
            spread = one.spread(distances)
            means = np.log1p(
                -np.stack([one.form.share_taken(t, coordinates) for t in one.resampled])
            )
            errors = rng.standard_t(DEGREES, size=(_ERRORS, len(means), 1)) * spread
            drawn.append((means + errors).reshape(-1, len(distances)))
            weights.append(np.full(len(drawn[-1]), one.weight / len(drawn[-1])))
        losses: FloatArray = at.start_cross_entropy * np.exp(np.concatenate(drawn))
        return losses, np.concatenate(weights)


def fit_tuning(
    points: Measured, *, forms: Sequence[TuningForm] = FORMS, draws: int = DRAWS
) -> TuningFit:
    """The stacked law of these points.

    Raises :class:`InputError` for fewer than :data:`LEAST_CELLS` configurations.
    """
    cells = len(np.unique(points.cell))
    if cells < LEAST_CELLS:
        raise InputError(
            "Expected at least {least} configurations that were fine-tuned, got {found}: run more "
            "of data/fine-tuning.toml.",
            least=LEAST_CELLS,
            found=cells,
        )
    origin = Origin.of(points)
    fitted = [_fit(form, points, origin) for form in forms]
    held = [
        _hold_out(form, theta, points, origin) for form, theta in zip(forms, fitted, strict=True)
    ]
    weights = stack_weights(held)
    found = [
        FormFit(
            form=form,
            theta=theta,
            resampled=_resample(form, theta, points, origin, draws),
            held_out=one,
            weight=float(weight),
        )
        for form, theta, one, weight in zip(forms, fitted, held, weights, strict=True)
        if weight > 0
    ]
    found.sort(key=lambda one: -one.weight)
    return TuningFit(points=points, origin=origin, forms=tuple(found))


def _fit(
    form: TuningForm, points: Measured, origin: Origin, *, begin: FloatArray | None = None
) -> FloatArray:
    at = origin.coordinates(points)
    wanted = np.log(points.cross_entropy / points.start_cross_entropy)
    middle, spread = np.array([p.prior for p in form.parameters]).T
    low = np.array([p.low for p in form.parameters])
    high = np.array([p.high for p in form.parameters])

    def residuals(theta: FloatArray) -> FloatArray:
        missed = (np.log1p(-form.share_taken(theta, at)) - wanted) / _TOLERANCE
        return np.concatenate([missed, (theta - middle) / spread])

    def slopes(theta: FloatArray) -> FloatArray:
        # Forward differences of all numbers at once: a fifth of the time of one by one.
        moved = theta[:, None, None] + _DIFFERENCE * np.eye(len(theta))[:, :, None]
        here = np.log1p(-form.share_taken(theta, at))
        change = (np.log1p(-form.share_taken(moved, at)) - here) / (_DIFFERENCE * _TOLERANCE)
        return np.vstack([change.T, np.diag(1.0 / spread)])

    starts = [middle if begin is None else begin]
    if begin is None:
        starts += [middle + spread * sign for sign in (-0.5, 0.5)]
    found = [
        least_squares(
            residuals,
            jac=slopes,
            x0=np.clip(one, low + 1e-6, high - 1e-6),
            bounds=(low, high),
            loss="soft_l1",
            max_nfev=200 if begin is None else 30,
        )
        for one in starts
    ]
    best: FloatArray = min(found, key=lambda one: one.cost).x
    return best


def _resample(
    form: TuningForm, theta: FloatArray, points: Measured, origin: Origin, draws: int
) -> FloatArray:
    """(R, p) refits to configurations drawn with replacement."""
    rng = np.random.default_rng(_SEED)
    names = np.unique(points.cell)
    rows = {name: np.flatnonzero(points.cell == name) for name in names}
    found = []
    for _ in range(draws):
        chosen = np.concatenate([rows[name] for name in rng.choice(names, size=len(names))])
        found.append(_fit(form, points.only(chosen), origin, begin=theta))
    return np.array(found)


def _hold_out(form: TuningForm, theta: FloatArray, points: Measured, origin: Origin) -> HeldOut:
    """Configurations a tenth at a time, and everything at each end of the evidence."""
    rng = np.random.default_rng(_SEED)
    names = rng.permutation(np.unique(points.cell))
    folds = [np.isin(points.cell, part) for part in np.array_split(names, _FOLDS)]
    single = [_leave_out(form, theta, points, origin, fold) for fold in folds]
    far = [_leave_out(form, theta, points, origin, part) for part in ends(points).values()]
    return HeldOut(single=_joined(single), large=tuple(far), off_ridge=None)


def ends_of(fit: TuningFit) -> dict[str, FloatArray]:
    """ln(predicted) − ln(measured) of what the stack's forms did not see, by what was left out:
    the weighted mean of the forms' errors."""
    names = ["a tenth of the configurations", *ends(fit.points)]
    found = {}
    for place, name in enumerate(names):
        parts = [
            one.weight * (one.held_out.single, *one.held_out.large)[place].errors
            for one in fit.forms
        ]
        found[name] = np.sum(parts, axis=0)
    return found


def ends(points: Measured) -> dict[str, np.ndarray]:
    """Masks of the points at each end of the evidence, where enough remains without them."""
    noise = points.noise_batch_ratio
    parts = {
        "the largest starts": points.model_size == points.model_size.max(),
        "the longest trainings": points.iterations > 0.5 * points.iterations.max(),
        "the most noise": noise == noise.max(),
    }
    return {
        name: part
        for name, part in parts.items()
        if part.any() and len(np.unique(points.cell[~part])) >= LEAST_CELLS
    }


def _leave_out(
    form: TuningForm, theta: FloatArray, points: Measured, origin: Origin, part: np.ndarray
) -> LeftOut:
    seen, unseen = points.only(~part), points.only(part)
    found = _fit(form, seen, origin, begin=theta)
    taken = form.share_taken(found, origin.coordinates(unseen))
    predicted = np.log(unseen.start_cross_entropy) + np.log1p(-taken)
    rows: IntArray = np.flatnonzero(part)
    least = float(seen.step_noise.min())
    return LeftOut(
        rows=rows,
        errors=predicted - np.log(unseen.cross_entropy),
        distances=_distances(KDTree(places(seen, least)), places(unseen, least)),
        theta=np.tile(found, (len(rows), 1)),
        conditions=np.zeros(0),
    )


def _distances(tree: KDTree, at: FloatArray) -> FloatArray:
    found: FloatArray = np.asarray(tree.query(at)[0], dtype=float)
    return found


def _joined(parts: Sequence[LeftOut]) -> LeftOut:
    return LeftOut(
        rows=np.concatenate([part.rows for part in parts]),
        errors=np.concatenate([part.errors for part in parts]),
        distances=np.concatenate([part.distances for part in parts]),
        theta=np.concatenate([part.theta for part in parts]),
        conditions=np.zeros(0),
    )


def _quantile(draws: FloatArray, weights: FloatArray, q: float) -> FloatArray:
    """(n,) weighted quantiles of the draws (R, n)."""
    order = np.argsort(draws, axis=0)
    sums = np.cumsum(weights[order], axis=0)
    place = np.argmax(sums >= q * sums[-1], axis=0)
    found: FloatArray = np.take_along_axis(draws, order, axis=0)[place, np.arange(draws.shape[1])]
    return found

"""Several forms fitted to the same evidence, each with its weight: the law that pages rest on.

No form is the truth, and the best of a close race would be sure of what its rivals deny. So all
forms that the hold-outs leave standing have the say that
:mod:`engine.law.selection.stacking` gives them. The centre is the weighted geometric mean of their
losses; a draw is one form, chosen by weight, with parameters of its own.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engine.interval import FloatArray
from engine.law.capacity import Capacity
from engine.law.fit import (
    Caveat,
    FitResult,
    FittedLaw,
    drifts_of,
    drifts_to_dict,
    evidence_points,
    fitted,
)
from engine.law.form import Reference
from engine.law.forms import FORMS, form_of
from engine.law.law import Law, in_chunks
from engine.law.observations import observations_of
from engine.law.selection.holdout import HeldOut, LeftOut, best, held_out
from engine.law.selection.level_drift import level_drift
from engine.law.selection.stacking import (
    FormsBeforehand,
    pooled_weights,
    stack_weights,
)
from engine.law.shapes import Evaluate

T = TypeVar("T")
STACKED: tuple[str, ...] = tuple(
    name for name in FORMS if name not in ("signal_share", "signal_power")
)
"""Forms that are weighed: all but two that differ from ``signal_onset`` in nothing that the
evidence tells, whose say would only be counted three times."""
Progress = Callable[[int, int], None]
"""Told how much of a fit is done, and of how much; what it raises ends the fit."""
_EFFORT = {"best": 2, "held": 4, "drawn": 1}
"""What each part of a form's fit costs beside the others, about: for what is told of progress."""
_HOPELESS = 40.0
"""A form whose least objective exceeds the best one's by more is not held to anything further: at
two for each nat of log-likelihood its densities would be worth nothing."""


@dataclass(frozen=True, kw_only=True)
class StackedLaw:
    """L(M, T, σ̄): the weighted geometric mean of several laws of one reference."""

    laws: tuple[Law, ...]
    weights: tuple[float, ...]
    """Positive, of sum 1."""

    @property
    def vocabulary_size(self) -> int:
        """Tokens."""
        return self.laws[0].vocabulary_size

    @property
    def reference(self) -> Reference:
        """Where coordinates are measured from."""
        return self.laws[0].reference

    @property
    def batch_size(self) -> float | None:
        """See :attr:`engine.law.law.Law.batch_size`."""
        return self.laws[0].batch_size

    @property
    def capacity(self) -> Capacity | None:
        """Shapes of the family, where known."""
        return self.laws[0].capacity

    @property
    def log_vocabulary(self) -> float:
        """ln vocabulary_size."""
        return self.laws[0].log_vocabulary

    def relative(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coordinates as :meth:`engine.law.law.Law.relative`: the same for every law."""
        return self.laws[0].relative(model_size, iterations, noise_batch_ratio, batch_size)

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Loss as :meth:`engine.law.law.Law.cross_entropy`; the arrays broadcast."""
        parts = self.relative(model_size, iterations, noise_batch_ratio, batch_size)
        ceiling, terms = self.log_vocabulary, self._terms

        def mean(u: FloatArray, v: FloatArray, s: FloatArray) -> FloatArray:
            total = np.zeros(())
            for weight, evaluate, theta in terms:
                total = total + weight * np.log(evaluate(theta, u, v, s, ceiling, False)[0])
            return np.exp(total)

        return in_chunks(mean, parts)

    @cached_property
    def _terms(self) -> list[tuple[float, Evaluate, tuple[FloatArray, ...]]]:
        """Weight, evaluator and θ of each law: the search comes here a hundred times a question."""
        return [
            (weight, form_of(law.form).evaluate, tuple(np.asarray(law.theta, dtype=float)))
            for weight, law in zip(self.weights, self.laws, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class StackedFit(FittedLaw):
    """Fits of several forms to one evidence, by falling weight."""

    members: tuple[FitResult, ...]
    weights: tuple[float, ...]
    """Positive, of sum 1."""
    scatter: float
    drift: float
    level_drift: float
    points: tuple[tuple[float, float, float], ...]
    least_noise: float
    rows: int
    held: Mapping[str, float] = field(default_factory=dict)
    """Mean error in ln L of what the stack had not seen: ``configurations`` left out one at a time,
    the ``largest`` decade of compute, and all rows ``off_ridge``; without those that the evidence
    does not allow."""
    beforehand: FormsBeforehand | None = None
    """What another evidence said of the forms, where this one cannot tell them apart off the ridge
    of optima."""

    @cached_property
    def law(self) -> StackedLaw:
        """The centre of all forms."""
        return StackedLaw(laws=tuple(one.law for one in self.members), weights=self.weights)

    @property
    def forms(self) -> dict[str, float]:
        """Form -> weight."""
        return {
            one.law.form: weight for one, weight in zip(self.members, self.weights, strict=True)
        }

    @property
    def leading(self) -> FitResult:
        """The fit of the form with the most say."""
        return self.members[0]

    @property
    def draws(self) -> int:
        return sum(self._counts)

    @property
    def statuses(self) -> tuple[Caveat, ...]:
        """Soft problems of the leading form's fit."""
        return self.leading.statuses

    def resampled_cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        parts = self.law.relative(model_size, iterations, noise_batch_ratio, batch_size)
        shape = np.broadcast_shapes(*(part.shape for part in parts))
        losses = np.empty((self.draws, *shape), dtype=np.float32)
        first = 0
        for one, count in zip(self.members, self._counts, strict=True):
            if count:
                form = form_of(one.law.form)
                losses[first : first + count] = form.cross_entropy(
                    one.theta_drawn, *_expanded(parts, len(shape)), self.law.log_vocabulary
                )
            first += count
        return losses

    @property
    def _counts(self) -> tuple[int, ...]:
        """Draws of each form, by weight."""
        return tuple(one.draws for one in self.members)

    def mapped(self, change: Callable[[FitResult], FitResult]) -> "StackedFit":
        """Every member changed alike, weights kept: a law transferred to another family, say.

        Scatter, drifts and rows are those that the changed members state, by weight.
        """
        members = tuple(map(change, self.members))
        scatter, drift, level = (
            float(np.dot(self.weights, [getattr(one, name) for one in members]))
            for name in ("scatter", "drift", "level_drift")
        )
        first = members[0]
        return replace(
            self,
            members=members,
            scatter=scatter,
            drift=drift,
            level_drift=level,
            points=first.points,
            least_noise=first.least_noise,
            rows=first.rows,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` gives an equal result back."""
        return {
            "members": [one.to_dict() for one in self.members],
            "weights": list(self.weights),
            "scatter": self.scatter,
            **drifts_to_dict(self),
            "points": [list(point) for point in self.points],
            "least_noise": self.least_noise,
            "rows": self.rows,
            "held": dict(self.held),
            **({"beforehand": self.beforehand.to_dict()} if self.beforehand else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "StackedFit":
        """Inverse of :meth:`to_dict`."""
        return cls(
            members=tuple(FitResult.from_dict(one) for one in data["members"]),
            weights=tuple(data["weights"]),
            scatter=data["scatter"],
            **drifts_of(data),
            points=tuple((point[0], point[1], point[2]) for point in data["points"]),
            least_noise=data["least_noise"],
            rows=data["rows"],
            held=data["held"],
            beforehand=FormsBeforehand(**data["beforehand"]) if "beforehand" in data else None,
        )


def fit_stack(
    frame: pd.DataFrame,
    *,
    forms: Sequence[str] = STACKED,
    capacity: Capacity | None = None,
    resamples: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
    beforehand: FormsBeforehand | None = None,
) -> StackedFit:
    """Fit every form to ``frame`` (columns in
    :func:`engine.law.observations.observations_of`) and weigh them by what they predict unseen.

    ``progress`` is told before the first and after each part of each form's fit. ``beforehand``:
    what another evidence says of the forms, for rows that all lie on the ridge of optima
    (:func:`engine.law.observations.lies_on_ridge`). Deterministic as
    :func:`engine.law.fit.fit`; raises :class:`InputError` as that does.
    """
    observations, told = observations_of(frame, capacity=capacity), _Told(forms, progress)
    found = {name: told.after("best", best(form_of(name), observations)) for name in forms}
    least = min(objective for _, objective, _ in found.values())
    tried = [name for name in forms if found[name][1] <= least + _HOPELESS]
    told.spared("held", len(forms) - len(tried))
    held = [
        told.after("held", held_out(form_of(name), observations, found[name][0])) for name in tried
    ]
    weights = pooled_weights(tried, held, beforehand) if beforehand else stack_weights(held)
    order = [k for k in np.argsort(-weights, kind="stable").tolist() if weights[k] > 0]
    told.spared("drawn", len(forms) - len(order))
    together = _mean([held[k] for k in order], weights[order])
    return StackedFit(
        members=tuple(
            told.after(
                "drawn",
                fitted(
                    form_of(tried[k]),
                    observations,
                    found[tried[k]],
                    held[k],
                    capacity=capacity,
                    resamples=count,
                    seed=seed + k,
                ),
            )
            for k, count in zip(order, _shares(weights[order], resamples), strict=True)
        ),
        weights=tuple(weights[order].tolist()),
        scatter=together.scatter,
        drift=together.drift,
        level_drift=level_drift(
            [(form_of(tried[k]), held[k]) for k in order],
            weights[order],
            observations,
            together.scatter,
            together.drift,
        ),
        points=evidence_points(observations),
        least_noise=observations.least_noise,
        rows=len(observations.u),
        held=_errors(together),
        beforehand=beforehand,
    )


class _Told:
    """How much of a fit is done; parts that turn out to be needless count as done."""

    def __init__(self, forms: Sequence[str], progress: Progress | None) -> None:
        self._progress = progress
        self._of = len(forms) * sum(_EFFORT.values())
        self._done = 0
        if progress is not None:
            progress(0, self._of)

    def after(self, part: str, found: T) -> T:
        """What a part found, and one more of it done."""
        self.spared(part, 1)
        return found

    def spared(self, part: str, count: int) -> None:
        """So many of a part are done."""
        self._done += _EFFORT[part] * count
        if self._progress is not None and count:
            self._progress(self._done, self._of)


def _errors(held: HeldOut) -> dict[str, float]:
    parts = {
        "configurations": held.single,
        "largest": held.large[0] if held.large else None,
        "off_ridge": held.off_ridge,
    }
    return {
        name: float(np.abs(part.errors).mean()) for name, part in parts.items() if part is not None
    }


def _shares(weights: FloatArray, total: int) -> list[int]:
    """``total`` draws by weight."""
    ends = np.round(np.cumsum(weights) * total).astype(int).tolist()
    return [after - before for before, after in itertools.pairwise([0, *ends])]


def _mean(held: Sequence[HeldOut], weights: FloatArray) -> HeldOut:
    """What the stack itself says of the rows left out."""

    def mean(parts: Sequence[LeftOut]) -> LeftOut:
        first = parts[0]
        errors = weights @ np.stack([part.errors for part in parts])
        return LeftOut(
            rows=first.rows,
            errors=errors,
            distances=first.distances,
            theta=np.empty((len(errors), 0)),
            conditions=first.conditions,
        )

    off_ridge = [one.off_ridge for one in held if one.off_ridge is not None]
    return HeldOut(
        single=mean([one.single for one in held]),
        large=tuple(mean(parts) for parts in zip(*(one.large for one in held), strict=True)),
        off_ridge=mean(off_ridge) if off_ridge else None,
    )


def _expanded(
    parts: tuple[FloatArray, FloatArray, FloatArray], dimensions: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The parts with as many axes each, so that parameters can be put before them."""
    u, v, s = (part.reshape((1,) * (dimensions - part.ndim) + part.shape) for part in parts)
    return u, v, s

"""The profile of one number of a form: how much worse the law fits where the number is held.

The number is held at each of a row of values, all others are fitted anew, and the rise of the
objective over its least is kept. Where it stays below a threshold the value is as good as the
estimate: that is the interval. Unlike one from a standard deviation it may lie askew, and unlike
one from resamples it shows where the evidence says nothing: a side on which the rise never reaches
the threshold is open up to the form's own bound.

The threshold is χ² with one degree of freedom, times what the sandwich covariance of the number is
over the plain one, which takes errors to be as large as their tolerances and apart from each other:
the points of one curve err together (Chandler and Bate 2007, Biometrika 94(1), 167–183, there for
the value of the log-likelihood). Never less than once, for with few groups a sandwich comes out too
small. The weak prior is part of the objective, as it is of the fit.

Not covered: a second minimum far from those of the starts; that another form would have other
numbers.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import ndtri

from engine.errors import InputError
from engine.interval import FloatArray, Interval
from engine.law.fit import FitResult
from engine.law.form import Form, Parameter
from engine.law.forms import form_of
from engine.law.observations import Observations, observations_of
from engine.law.solve import group_scores, normal_matrix, solve

LEVEL = 0.9
_STEPS = 8
"""Values on each side of the estimate."""
_REACH = 3.5
"""Standard deviations on each side that are looked at first."""
_FURTHER = (2.0, 4.0, 8.0, 16.0)
"""Times that, as long as the rise stays below the threshold."""
_FEW_STARTS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """What the evidence and the prior say of one number."""

    form: str
    name: str
    estimate: float
    held: FloatArray
    """(n,) rising; where the number was held."""
    rise: FloatArray
    """(n,) of the objective over its least, in units of the threshold: up to 1 a value is within
    the interval."""
    low: float | None
    """End of the interval; None where the rise stays below 1 down to the form's own bound."""
    high: float | None
    bounds: tuple[float, float]
    """What the form allows."""
    clustering: float
    """How many times the plain χ² the threshold is."""
    missed: float
    """By how much, in units of the threshold, a refit was better than the fit itself; 0 or tiny."""
    level: float = LEVEL

    @property
    def interval(self) -> Interval:
        """With the form's own bound on a side that is open."""
        low = self.bounds[0] if self.low is None else self.low
        high = self.bounds[1] if self.high is None else self.high
        return Interval(
            value=self.estimate,
            low=min(low, self.estimate),
            high=max(high, self.estimate),
            level=self.level,
        )


def profile(one: FitResult, frame: pd.DataFrame, name: str) -> Profile:
    """The profile of the number ``name`` of a fit to ``frame``; some 17 refits, seconds.

    Raises :class:`InputError` for a name that the form does not have.
    """
    form = form_of(one.law.form)
    if name not in form.names:
        raise InputError(
            "Expected a number of the form {form} ({known}), got {value}.",
            form=form.name,
            known=", ".join(form.names),
            value=name,
        )
    observations = observations_of(frame, capacity=one.law.capacity)
    theta, place = np.array(one.law.theta), form.names.index(name)
    held = _Held(form, observations, theta, place)
    plain, robust = _variances(form, observations, theta, place)
    clustering = max(1.0, robust / plain)
    threshold = float(ndtri((1 + LEVEL) / 2) ** 2 * clustering)
    sides = [
        _side(held, end, math.sqrt(clustering * plain), threshold)
        for end in (form.parameters[place].low, form.parameters[place].high)
    ]
    points = {float(theta[place]): held.base, **sides[0], **sides[1]}
    values = np.array(sorted(points))
    objective = np.array([points[value] for value in values])
    least = float(objective.min())
    rise = (objective - least) / threshold
    return Profile(
        form=form.name,
        name=name,
        estimate=float(theta[place]),
        held=values,
        rise=rise,
        low=_end(values, rise, int(objective.argmin()), -1),
        high=_end(values, rise, int(objective.argmin()), 1),
        bounds=(form.parameters[place].low, form.parameters[place].high),
        clustering=clustering,
        missed=(held.base - least) / threshold,
    )


class _Held:
    """Refits with one number held, each begun where the one before ended."""

    def __init__(
        self, form: Form, observations: Observations, theta: FloatArray, place: int
    ) -> None:
        self.form, self.observations, self.theta, self.place = form, observations, theta, place
        every = np.array(np.meshgrid(*(p.starts for p in form.parameters))).reshape(len(theta), -1)
        self.starts = every.T[:: max(1, every.shape[1] // _FEW_STARTS)]
        self.base = self.at(float(theta[place]), theta)[1]

    def at(self, value: float, near: FloatArray) -> tuple[FloatArray, float]:
        """θ (p,) and the least objective with the number at ``value``."""
        parameters = list(self.form.parameters)
        parameters[self.place] = _pinned(parameters[self.place], value)
        starts = np.vstack([near, self.theta, self.starts])
        starts[:, self.place] = value
        weights = np.ones((len(starts), len(self.observations.u)))
        pinned = replace(self.form, parameters=tuple(parameters))
        found, objective = solve(pinned, self.observations, starts, weights)
        best = int(np.argmin(objective))
        return found[best], float(objective[best])


def _pinned(parameter: Parameter, value: float) -> Parameter:
    return replace(parameter, low=value, high=value)


def _side(held: _Held, end: float, deviation: float, threshold: float) -> dict[float, float]:
    """Value -> objective on one side, out to where the rise is well beyond the threshold, or to the
    form's own bound."""
    estimate, near = float(held.theta[held.place]), held.theta
    room, sign = abs(end - estimate), math.copysign(1.0, end - estimate)
    found: dict[float, float] = {}
    reach = min(_REACH * deviation, room)
    offsets = list(reach * np.arange(1, _STEPS + 1) / _STEPS)
    offsets += [min(reach * factor, room) for factor in _FURTHER]
    for offset in (*offsets, room):
        value = estimate + sign * offset
        if offset <= 0 or value in found:
            continue
        near, found[value] = held.at(value, near)
        if found[value] - held.base > 2.0 * threshold:
            break
    return found


def _variances(
    form: Form, observations: Observations, theta: FloatArray, place: int
) -> tuple[float, float]:
    """Of the number: plain, and with the rows of a group erring together. Priors count in both."""
    normal = normal_matrix(form, observations, theta)
    prior = np.diag([p.prior[1] ** -2.0 for p in form.parameters])
    inverse = np.linalg.inv(normal)
    scores = group_scores(form, observations, theta)
    robust = inverse @ (scores.T @ scores + prior) @ inverse
    return float(inverse[place, place]), float(robust[place, place])


def _end(values: FloatArray, rise: FloatArray, least: int, step: int) -> float | None:
    """Where the rise first reaches 1 on one side, between two refits along its root, which is
    nearly straight; None where it never does."""
    root = np.sqrt(np.maximum(rise, 0.0))
    places = range(least, len(values) if step > 0 else -1, step)
    for before, here in pairwise(places):
        if root[here] >= 1.0:
            share = (1.0 - root[before]) / (root[here] - root[before])
            return float(values[before] + share * (values[here] - values[before]))
    return None

"""Stacks of laws made by hand: no fit is needed to ask what a stack says."""

import numpy as np

from engine.law.capacity import Capacity
from engine.law.fit import FitResult
from engine.law.form import Reference
from engine.law.forms import FORMS
from engine.law.law import Law
from engine.law.stack import StackedFit

REFERENCE = Reference(model_size=3e7, iterations=1e4, noise_batch_ratio=1e-5)
ONSET = (0.3, -3.0, 0.42, 2.2, 0.2, 0.25, -2.0, -4.5)
LIMITS = (0.3, -3.0, 0.4, -2.0, 0.2, 0.4, -1.5, 0.6, 0.5, 2.0)


def made_fit(
    form: str = "signal_onset",
    theta: tuple[float, ...] = ONSET,
    *,
    draws: int = 0,
    spread: float = 0.05,
    capacity: Capacity | None = None,
) -> FitResult:
    """A fit whose resamples lie ``spread`` around ``theta``, those of a seed."""
    moved = np.random.default_rng(len(form)).normal(theta, spread, size=(draws, len(theta)))
    parameters = FORMS[form].parameters
    low, high = np.array([(p.low, p.high) for p in parameters]).T
    law = Law(
        form=form, theta=theta, vocabulary_size=30_522, reference=REFERENCE, capacity=capacity
    )
    return FitResult(
        law=law,
        resampled=tuple(map(tuple, np.clip(moved, low, high).tolist())),
        scatter=0.01,
        drift=0.02,
        level_drift=0.01,
        points=((0.0, 0.0, 0.0), (1.0, 1.0, -1.0)),
        least_noise=1e-3,
        objective=20.0,
        starts_agreeing=1.0,
        prior_shares=(0.1,) * len(theta),
        rows=20,
        statuses=(),
    )


def made_stack(
    *members: FitResult,
    weights: tuple[float, ...],
    scatter: float = 0.01,
    drift: float = 0.02,
    level_drift: float = 0.01,
) -> StackedFit:
    """These fits, with these weights."""
    first = members[0]
    return StackedFit(
        members=members,
        weights=weights,
        scatter=scatter,
        drift=drift,
        level_drift=level_drift,
        points=first.points,
        least_noise=first.least_noise,
        rows=first.rows,
    )

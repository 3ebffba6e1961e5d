"""How a law of fine-tuning predicts what it never saw: everything anew without an end of the
evidence, scatter, drift and weights of the forms included, then asked about that end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.law.fine_tuning.fit import LEVEL, TuningFit, ends, fit_tuning
from engine.law.fine_tuning.points import Measured

_DRAWS = 30


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The predictions of one end."""

    left_out: str
    points: int
    median_error: float
    """Of |predicted/measured − 1|."""
    worst_error: float
    inside: float
    """Share of the points in their range of :data:`~engine.law.fine_tuning.fit.LEVEL`."""
    width: float
    """Median width of those ranges over the loss."""


def judge(points: Measured) -> Iterator[Judgement]:
    """Every end of the evidence in turn; seconds each. Raises :class:`InputError` for too few
    configurations."""
    for name, part in ends(points).items():
        unseen = points.only(part)
        yield _judged(name, fit_tuning(points.only(~part), draws=_DRAWS), unseen)


def _judged(name: str, fit: TuningFit, unseen: Measured) -> Judgement:
    ranges = [one.cross_entropy for one in fit.predict(unseen, LEVEL)]
    value, low, high = (
        np.array([getattr(one, part) for one in ranges]) for part in ("value", "low", "high")
    )
    errors = np.abs(value / unseen.cross_entropy - 1.0)
    return Judgement(
        left_out=name,
        points=unseen.size,
        median_error=float(np.median(errors)),
        worst_error=float(errors.max()),
        inside=float(np.mean((low <= unseen.cross_entropy) & (unseen.cross_entropy <= high))),
        width=float(np.median((high - low) / unseen.cross_entropy)),
    )

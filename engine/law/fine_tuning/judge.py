"""How a law of fine-tuning predicts what it never saw: everything anew without an end of the
evidence, scatter, drift and weights of the forms included, then asked about that end.

Beside the errors stands the regret of whoever follows such a law: where several ways of training
(all weights, ranks) were tried at one size, length and noise that it has not seen, the measured
loss of the way that it takes for best, over that of the best.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.interval import FloatArray
from engine.law.fine_tuning.fit import LEAST_CELLS, LEVEL, TuningFit, ends, fit_tuning
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
    choices: int
    """Places with several ways, where one was to be chosen."""
    regret: float | None
    """Mean of measured loss of the chosen way / that of the best − 1; None: no choices."""
    worst_regret: float | None


def judge(points: Measured) -> Iterator[Judgement]:
    """Every end of the evidence in turn, and what lies some 3 and 10 times beyond what is left;
    seconds each. Raises :class:`InputError` for too few configurations."""
    for name, (seen, asked) in _splits(points).items():
        yield _judged(name, fit_tuning(points.only(seen), draws=_DRAWS), points.only(asked))


def _splits(points: Measured) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Masks of what a law is made of and what it is asked about."""
    found = {name: (~part, part) for name, part in ends(points).items()}
    size, steps = points.model_size, points.iterations
    large = size == size.max()
    found[f"starts above {size.min():,.0f}, asked {size.max() / size.min():.2g} times larger"] = (
        size == size.min(),
        large,
    )
    # A long training is left out whole, its first steps too.
    longest = {cell: steps[points.cell == cell].max() for cell in np.unique(points.cell)}
    of_cell = np.array([longest[cell] for cell in points.cell])
    usual = of_cell == of_cell.min()
    for length in np.unique(of_cell[~usual]):
        times = length / of_cell.min()
        found[f"trainings above {of_cell.min():,.0f} steps, asked {times:.2g} times longer"] = (
            usual,
            (of_cell == length) & (steps == length),
        )
    return {
        name: (seen, asked)
        for name, (seen, asked) in found.items()
        if asked.any() and len(np.unique(points.cell[seen])) >= LEAST_CELLS
    }


def _judged(name: str, fit: TuningFit, unseen: Measured) -> Judgement:
    ranges = [one.cross_entropy for one in fit.predict(unseen, LEVEL)]
    value, low, high = (
        np.array([getattr(one, part) for one in ranges]) for part in ("value", "low", "high")
    )
    errors = np.abs(value / unseen.cross_entropy - 1.0)
    regrets = _regrets(unseen, value)
    return Judgement(
        left_out=name,
        points=unseen.size,
        median_error=float(np.median(errors)),
        worst_error=float(errors.max()),
        inside=float(np.mean((low <= unseen.cross_entropy) & (unseen.cross_entropy <= high))),
        width=float(np.median((high - low) / unseen.cross_entropy)),
        choices=len(regrets),
        regret=float(regrets.mean()) if regrets.size else None,
        worst_regret=float(regrets.max()) if regrets.size else None,
    )


def _regrets(unseen: Measured, predicted: FloatArray) -> FloatArray:
    """Of each choice between ways: what the predicted best lost beside the best."""
    places = np.stack([unseen.model_size, unseen.iterations, unseen.noise_batch_ratio], axis=1)
    found = []
    for place in np.unique(places, axis=0):
        here = np.flatnonzero((places == place).all(axis=1))
        if len(np.unique(unseen.trainable_size[here])) > 1:
            chosen = unseen.cross_entropy[here[np.argmin(predicted[here])]]
            found.append(chosen / unseen.cross_entropy[here].min() - 1.0)
    return np.array(found)

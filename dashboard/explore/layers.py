"""What a map of Explore colours: a quantity, at which values its lines run, and how they are
written.

Quantities that span decades are drawn by their logarithm; the writing is always the quantity's own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.api.decisions import BudgetMap
from engine.api.money import CostAssumptions, cost
from engine.text import figures, formats, labels
from engine.text.i18n import Words

_LEVELS = 9
"""Lines of a map, at most about so many."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What is coloured: values as drawn (logarithms where they span decades), and its writing."""

    z: np.ndarray
    levels: np.ndarray
    texts: list[str]
    title: str
    better_low: bool = False


def layer(found: BudgetMap, quantity: str, assumptions: CostAssumptions, words: Words) -> Layer:
    """The quantity of the map that is coloured."""
    language = words.language
    if quantity == "loss":
        levels = _linear(found.cross_entropy)
        texts = [formats.loss(level) for level in levels]
        title = labels.expected_loss(words)
        return Layer(
            z=found.cross_entropy, levels=levels, texts=texts, title=title, better_low=True
        )
    if quantity == "size":
        return _decades(
            found.model_size,
            lambda v: formats.amount(v, language),
            words.say("Best model size (parameters)"),
        )
    if quantity == "saving":
        if found.saving is None:
            raise ValueError("Expected a map with the saving over the usual rule.")
        known = np.where(np.isfinite(found.saving), found.saving, np.nan)
        title = words.say("Compute of the usual rule over this plan's")
        return _decades(known, lambda v: labels.times(v, words), title)
    flops = found.compute_flops if found.reaching is None else found.reaching
    price = flops * cost(1.0, assumptions).jpy
    title = words.say("Cost of the training")
    return _decades(price, lambda v: figures.money(v, words), title)


def _linear(z: np.ndarray) -> np.ndarray:
    known = z[np.isfinite(z)]
    if not known.size:
        return np.array([])
    span = max(float(np.ptp(known)), 1e-6)
    step = next(s for s in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if span / s <= _LEVELS)
    return np.arange(math.ceil(known.min() / step), math.floor(known.max() / step) + 1) * step


def _decades(values: np.ndarray, write: Callable[[float], str], title: str) -> Layer:
    with np.errstate(divide="ignore"):
        z = np.log10(values)
    known = z[np.isfinite(z)]
    levels = np.array([])
    if known.size:
        span = max(float(np.ptp(known)), 0.1)
        within = next((w for w in ((1, 2, 5), (1, 3), (1,)) if span * len(w) <= _LEVELS), (1,))
        powers = range(math.floor(known.min()), math.ceil(known.max()) + 1)
        every = np.array([power + math.log10(m) for power in powers for m in within])
        levels = every[(every >= known.min() - 1e-9) & (every <= known.max() + 1e-9)]
    texts = [write(10.0**level) for level in levels]
    return Layer(z=z, levels=levels, texts=texts, title=title)


def _distance(middle: float, row: int) -> float:
    return abs(row - middle)


_ROWS = (0.58, 0.42, 0.74, 0.26)
"""Where values are written, as shares of the map."""


def crossing(
    found: BudgetMap, z: np.ndarray, level: float, index: int
) -> tuple[float, float] | None:
    """A point on a line of equal value: along a row near the middle, another one for another
    ``index``, else along a column; away from the edges where it can be."""
    rows, columns = (
        (z, found.x_values, found.y_values, False),
        (z.T, found.y_values, found.x_values, True),
    )
    for values, along, across, flip, edge in ((*rows, 1), (*columns, 1), (*rows, 0), (*columns, 0)):
        inner = range(1, values.shape[0] - 1)
        middle = values.shape[0] * _ROWS[index % len(_ROWS)]
        for row in sorted(inner, key=partial(_distance, middle)):
            line = values[row]
            with np.errstate(invalid="ignore"):
                hits = np.flatnonzero((line[:-1] - level) * (line[1:] - level) <= 0)
            hits = hits[(hits >= edge) & (hits < line.size - 1 - edge)]
            if not hits.size:
                continue
            at = int(hits[0])
            step = line[at + 1] - line[at]
            share = (level - line[at]) / step if step else 0.5
            place = float(along[at] * (along[at + 1] / along[at]) ** share)
            other = float(across[row])
            return (other, place) if flip else (place, other)
    return None

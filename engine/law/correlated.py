r"""What correlated noise does to the loss: to what share of σ̄ it is equal, measured here.

A law knows noise as σ̄ = σ/B, independent from step to step. Noise correlated over b steps (BandMF,
:mod:`engine.accounting.strategy`) leaves less of itself in the sums of gradients: its *planned*
share is the error of those sums, over that of independent noise at the same ε. Whether the loss
follows was measured: small decoders were trained with both, and independent noise with less of it
as well, which says to what share of σ̄ the correlated noise was *equal*
(``python -m tests.golden.make_bands``; every cell at its own best learning rate, two seeds).

ln equal = κ · ln planned, with κ and the scatter between cells fitted to them. What is not covered:
any size, number of steps or participation but those measured; how far a question lies from them is
:attr:`Correlation.reach`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from engine.interval import FloatArray, Interval
from engine.untrusted.texts import json_value

PATH = Path(__file__).parents[2] / "data" / "correlated-noise.json"
LEVEL = 0.9
_SEEDS = 2


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One size, ε and number of bands at the best learning rate; losses in nats per byte."""

    model_size: int
    epsilon: float
    bands: int
    learning_rate: float
    at_edge: bool
    """Whether the best rate was the least or the largest tried."""
    loss: float
    half_difference: float
    """Half the difference of the two seeds."""
    gain: float
    """By how much the loss is lower than with independent noise."""
    planned: float
    """Error of the sums, over that of independent noise."""
    equal: float
    """Share of σ̄ with which independent noise reaches the same loss."""
    bound: bool
    """Whether :attr:`equal` is at most that: less noise was not tried."""


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """The law of the equal share, and the cells that it rests on."""

    cells: tuple[Cell, ...]
    exponent: Interval
    """κ."""
    scatter: float
    """Standard deviation of ln equal between cells."""
    iterations: int
    sampling_probability: float
    """Of one step, without groups."""

    def equal_share(self, planned: float, *, level: float = LEVEL) -> Interval:
        """The share of σ̄ that a planned error is equal to, with its prediction interval."""
        far = self.far(float(self.doubt(np.array(planned))), level=level)
        middle = self.exponent.value * math.log(planned)
        return Interval(
            value=math.exp(middle),
            low=math.exp(middle - far),
            high=min(math.exp(middle + far), 1.0),
            level=level,
        )

    def doubt(self, planned: FloatArray) -> FloatArray:
        """Standard deviation of ln equal of a training with each planned error."""
        logs = np.array([math.log(cell.planned) for cell in self.cells])
        found: FloatArray = self.scatter * np.sqrt(1 + np.log(planned) ** 2 / float(logs @ logs))
        return found

    def far(self, doubt: float, *, level: float = LEVEL) -> float:
        """Half the width of the range of ln equal that belongs to a standard deviation."""
        return float(stdtrit(len(self.cells) - 1, (1 + level) / 2)) * doubt

    def distance(
        self, model_size: ArrayLike, iterations: ArrayLike, probability: ArrayLike
    ) -> FloatArray:
        """How far trainings lie from the measured ones in ln size, ln steps and ln B/N,
        e-folds; broadcasts."""
        sizes = np.log(sorted({cell.model_size for cell in self.cells}))
        size = np.log(np.asarray(model_size, dtype=float))
        nearest = np.abs(size[..., None] - sizes).min(axis=-1)
        steps = np.log(np.asarray(iterations, dtype=float) / self.iterations)
        drawn = np.log(np.asarray(probability, dtype=float) / self.sampling_probability)
        found: FloatArray = np.sqrt(nearest**2 + steps**2 + drawn**2)
        return found


@lru_cache(maxsize=1)
def correlation() -> Correlation:
    """The law of the trainings that ship."""
    made = json_value(PATH.read_text(encoding="utf-8"))
    return fitted(
        cells_of(made["runs"]),
        iterations=made["iterations"],
        sampling_probability=made["batch_size"] / made["people"],
    )


def fitted(
    cells: Sequence[Cell], *, iterations: int, sampling_probability: float, level: float = LEVEL
) -> Correlation:
    """Least squares of ln equal on ln planned, through the origin: no correlation, no gain."""
    x, y = (np.log([getattr(cell, name) for cell in cells]) for name in ("planned", "equal"))
    value = float(x @ y / (x @ x))
    scatter = math.sqrt(float(np.sum((y - value * x) ** 2)) / (len(cells) - 1))
    far = float(stdtrit(len(cells) - 1, (1 + level) / 2)) * scatter / math.sqrt(float(x @ x))
    return Correlation(
        cells=tuple(cells),
        exponent=Interval(value=value, low=value - far, high=value + far, level=level),
        scatter=scatter,
        iterations=iterations,
        sampling_probability=sampling_probability,
    )


def cells_of(runs: Iterable[dict[str, Any]]) -> list[Cell]:
    """The cells of trainings that were tried with both seeds, but those of one band."""
    best = _best_rates(runs)
    found = []
    for (size, epsilon, bands, share), (rate, edge, losses, error) in sorted(best.items()):
        independent = {
            kept: sum(other[2]) / _SEEDS
            for (s, e, b, kept), other in best.items()
            if (s, e, b) == (size, epsilon, 1)
        }
        if bands == 1 or share != 1 or 1.0 not in independent:
            continue
        loss = sum(losses) / _SEEDS
        fewer = sorted((other, math.log(kept)) for kept, other in independent.items())
        losses_of, logs = [other for other, _ in fewer], [log for _, log in fewer]
        kept = math.exp(float(np.interp(loss, losses_of, logs)))
        found.append(
            Cell(
                model_size=size,
                epsilon=epsilon,
                bands=bands,
                learning_rate=rate,
                at_edge=edge,
                loss=loss,
                half_difference=abs(losses[0] - losses[1]) / 2,
                gain=independent[1.0] - loss,
                planned=error / best[size, epsilon, 1, 1.0][3],
                equal=kept,
                bound=loss < fewer[0][0],
            )
        )
    return found


_Key = tuple[int, float, int, float]


def _best_rates(
    runs: Iterable[dict[str, Any]],
) -> dict[_Key, tuple[float, bool, list[float], float]]:
    """(size, ε, bands, share of σ) -> best rate, whether it is the least or largest tried, the
    seeds' losses at it, and the error of the sums."""
    losses: dict[_Key, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    errors: dict[_Key, float] = {}
    for run in runs:
        key = run["model_size"], run["epsilon"], run["bands"], run["share"]
        losses[key][run["learning_rate"]].append(run["cross_entropy"])
        errors[key] = run["error"]
    found = {}
    for key, rates in losses.items():
        whole = {rate: seen for rate, seen in rates.items() if len(seen) == _SEEDS}
        if whole:
            rate = min(whole, key=lambda rate: sum(whole[rate]))
            found[key] = rate, rate in (min(whole), max(whole)), whole[rate], errors[key]
    return found

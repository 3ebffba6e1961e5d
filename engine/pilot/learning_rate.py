"""Which learning rate a pilot trains with: a rule fitted to trainings on public text.

Choosing a learning rate by trying several on private data spends privacy that no accountant of a
single run knows of (Papernot and Steinke, arXiv 2110.03620). So pilots never try: the rule comes
from sweeps on public text, where for each cell (model size, noise, iterations) the best rate of a
ladder is the vertex of a parabola through the best and its neighbours. Over the cells,

    log₂ η = a + b·log₂ M + c·log₂ r + d·log₂ T,    r = √(1/B + M·σ̄²),

by least squares, over cells with noise: without it the best rate of a small model hardly falls with
further steps, which no pilot needs to know (``data/CAMPAIGN.md``). r is the norm of all noise on
the mean of clipped gradients, whose norms are at most 1: that of drawing B examples plus that of DP
in M dimensions. A rule fitted at one physical batch is assumed to serve another through it.

Not covered: optimisers other than DP-Adam, other clipping than normalised, schedules that decay.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.runs.curves import FIRST_ITERATION, has_curve, noise_of, vertex
from engine.runs.record import RunRecord

_Cell = tuple[int, int, float]
"""Model size, batch size, noise-batch ratio."""
MINIMUM_CELLS = 6
LEAST_RATES = 3


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """The best rate of one cell; ``at_end`` where the ladder of rates ended before it turned."""

    model_size: int
    batch_size: int
    noise_batch_ratio: float
    iterations: int
    learning_rate: float
    cross_entropy: float
    at_end: bool


@dataclass(frozen=True, kw_only=True)
class LearningRateRule:
    """Fitted (a, b, c, d); ``spread`` is the residual standard deviation in octaves."""

    coefficients: tuple[float, float, float, float]
    spread: float
    cells: int
    lowest: float
    highest: float
    """Range of the rates that were tried: the rule never leaves it."""

    def learning_rate(
        self, *, model_size: float, batch_size: float, noise_batch_ratio: float, iterations: float
    ) -> float:
        """η for a training, rounded to a 32nd of an octave so that it prints short."""
        row = _features(model_size, batch_size, noise_batch_ratio, iterations)
        octaves = round(32 * float(np.dot(self.coefficients, row))) / 32
        return float(np.clip(2.0**octaves, self.lowest, self.highest))


def fit_rule(records: Iterable[RunRecord]) -> LearningRateRule:
    """The rule from a family's sweeps with noise. Raises :class:`InputError` for fewer than 6 cells
    in which the best rate lies between two others."""
    records = [record for record in records if record.noise_batch_ratio != 0]
    found = [optimum for optimum in optima(records) if not optimum.at_end]
    cells = {(o.model_size, o.noise_batch_ratio) for o in found}
    if len(cells) < MINIMUM_CELLS:
        raise InputError(
            "Expected at least {minimum} pairs of model size and noise with the best learning rate "
            "between two others, found {count}: sweep further rates.",
            minimum=MINIMUM_CELLS,
            count=len(cells),
        )
    rows = np.array(
        [_features(o.model_size, o.batch_size, o.noise_batch_ratio, o.iterations) for o in found]
    )
    # statsmodels is slow to load, and this module is imported for its types by many.
    from statsmodels.regression.linear_model import OLS

    fitted = OLS(np.log2([o.learning_rate for o in found]), rows).fit()
    a, b, c, d = (float(value) for value in fitted.params)
    tried = [record.learning_rate for record in records if record.learning_rate]
    return LearningRateRule(
        coefficients=(a, b, c, d),
        spread=math.sqrt(fitted.mse_resid) if fitted.df_resid > 0 else math.inf,
        cells=len(cells),
        lowest=min(tried),
        highest=max(tried),
    )


def optima(records: Iterable[RunRecord]) -> list[Optimum]:
    """The best rate at every iteration that three rates of a cell recorded, mean over seeds."""
    cells: defaultdict[_Cell, defaultdict[float, list[dict[int, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for record in records:
        if record.learning_rate and has_curve(record):
            key = record.model_size, record.batch_size, noise_of(record)
            cells[key][record.learning_rate].append(dict(record.curve))
    found = []
    for (size, batch, noise), by_rate in sorted(cells.items()):
        steps = sorted({step for curves in by_rate.values() for curve in curves for step in curve})
        for step in steps:
            if step < FIRST_ITERATION:
                continue
            tried = {
                rate: float(np.mean([curve[step] for curve in curves if step in curve]))
                for rate, curves in sorted(by_rate.items())
                if any(step in curve for curve in curves)
            }
            if len(tried) < LEAST_RATES:
                continue
            best = vertex(np.log2(list(tried)).tolist(), list(tried.values()))
            found.append(
                Optimum(
                    model_size=size,
                    batch_size=batch,
                    noise_batch_ratio=noise,
                    iterations=step,
                    learning_rate=2.0**best.octaves,
                    cross_entropy=best.cross_entropy,
                    at_end=best.at_end,
                )
            )
    return found


def _features(
    model_size: float, batch_size: float, noise_batch_ratio: float, iterations: float
) -> tuple[float, float, float, float]:
    noise = math.sqrt(1.0 / batch_size + model_size * noise_batch_ratio**2)
    return 1.0, math.log2(model_size), math.log2(noise), math.log2(iterations)

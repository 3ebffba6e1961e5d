"""The constants of the step's model, what set them, and how far it is off where nothing set it.

Three constants (:class:`engine.cluster.step.Constants`) are fitted to the rows of
``data/published/large_runs.csv`` whose role is calibration, each source with equal weight: least
squares of the logarithm of the utilisation on a grid, since the best layout jumps. The runs that
are held out set none of them. Their errors, reported over predicted hours, give the range of a
forecast: as if its own error came from the same distribution, by Student's t with the error of the
mean. There are two ranges, for what matters most is whether the software computes activations
again: *told*, the forecast knows it of each run from its paper; *untold*, it supposes that they are
kept where they fit, as it does for a plan of which nobody has said. The form of the model was
chosen with these runs in view, so that the ranges are a little too narrow for a run of another
kind, and all of them are runs that succeeded and were told of.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtrit

from engine.cluster.failures import losses, save_hours
from engine.cluster.published import Kind, LargeRun, Role, large_runs
from engine.cluster.step import Constants, Step, best_step, utilisation
from engine.interval import Interval

FITTED = Constants(efficiency=0.51, narrow=50.0, exposed=1.0)
"""What :func:`fit` finds: wide matrices reach 51 % of the peak, and no exchange of gradients is
hidden. A test fits again."""
EFFICIENCIES = tuple(round(0.44 + 0.01 * n, 2) for n in range(17))
NARROWS = (0.0, 50.0, 100.0, 200.0, 400.0)
EXPOSED = (0.0, 0.25, 0.5, 0.75, 1.0)
LEVEL = 0.80
"""Of the range of a forecast."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A published row beside what the model says of it."""

    run: LargeRun
    step: Step
    utilisation: float
    """Predicted share of the peak, time lost to failures included for a whole run."""
    hours: float | None
    """Predicted device hours; None for a speed of steps."""

    @property
    def error(self) -> float | None:
        """Reported over predicted time, minus one; None where nothing is reported."""
        reported = self.run.utilisation
        return None if reported is None else self.utilisation / reported - 1


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Errors of the held-out runs: how many, the factor of their mean, the range of a new one."""

    told: bool
    """Whether the forecast knew which of them computed activations again."""
    runs: int
    factor: Interval
    """Reported over predicted hours of a new run."""
    one_share: float
    """Root mean square of the log error, were each run predicted by the mean utilisation of the
    others."""
    root_mean_square: float
    """Of the log error of this model."""
    sizes: tuple[float, float]
    """Fewest and most parameters that they trained."""
    devices: tuple[int, int]
    """Fewest and most devices that they used."""


def check(run: LargeRun, constants: Constants = FITTED, *, told: bool = True) -> Check:
    """What the model says of one published row. Raises as :func:`best_step` does."""
    again = run.recompute if told else None
    step = best_step(run.training, run.machine, run.devices, constants, recompute=again)
    share = utilisation(run.training, run.machine, run.devices, step.seconds)
    hours = None
    if run.kind is Kind.RUN:
        share *= losses(
            devices=run.devices, save_hours=save_hours(run.training.model_size, run.devices)
        ).kept
        hours = run.training.flops / (3600 * run.machine.peak_flops * share)
    return Check(run=run, step=step, utilisation=share, hours=hours)


@lru_cache(maxsize=2)
def checks(told: bool = True) -> tuple[Check, ...]:
    """Every published row, in the file's order."""
    return tuple(check(run, told=told) for run in large_runs())


def fit(runs: tuple[LargeRun, ...]) -> Constants:
    """The constants with the least mean square of the log error, each source with equal weight.

    Raises :class:`ValueError` without a row to fit.
    """
    if not runs:
        raise ValueError("no row to fit")
    sources = [run.url for run in runs]
    weights = np.array([1 / sources.count(source) for source in sources])
    grid = [
        Constants(efficiency, narrow, exposed)
        for efficiency in EFFICIENCIES
        for narrow in NARROWS
        for exposed in EXPOSED
    ]
    return min(grid, key=lambda constants: _square(runs, weights, constants))


@lru_cache(maxsize=2)
def spread(told: bool) -> Spread:
    """The range that the held-out runs leave to a new one."""
    held = [
        found for found in checks(told)
        if found.run.role is Role.HELD_OUT and found.run.kind is Kind.RUN
    ]  # fmt: skip
    errors = np.log([1 + found.error for found in held if found.error is not None])
    shares = np.log([found.run.utilisation for found in held if found.run.utilisation is not None])
    sizes = [found.run.training.model_size for found in held]
    counts = [found.run.devices for found in held]
    count = len(errors)
    middle, scatter = float(errors.mean()), float(errors.std(ddof=1))
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * scatter * math.sqrt(1 + 1 / count)
    others = (shares.sum() - shares) / (count - 1)
    return Spread(
        told=told,
        runs=count,
        factor=Interval(
            value=math.exp(middle),
            low=math.exp(middle - half),
            high=math.exp(middle + half),
            level=LEVEL,
        ),
        one_share=float(np.sqrt(np.mean((shares - others) ** 2))),
        root_mean_square=float(np.sqrt(np.mean(errors**2))),
        sizes=(min(sizes), max(sizes)),
        devices=(min(counts), max(counts)),
    )


def _square(runs: tuple[LargeRun, ...], weights: np.ndarray, constants: Constants) -> float:
    errors = [math.log1p(check(run, constants).error or 0.0) for run in runs]
    return float(np.average(np.square(errors), weights=weights))

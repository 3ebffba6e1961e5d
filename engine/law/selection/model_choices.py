"""What a law may choose among, all of it trained: model sizes at equal compute and equal noise.

A choice has a target compute C*, a σ̄ and a batch. Its candidates are the model sizes of which a
curve of these passes C*, that is, has points on both sides of it, at most a factor 2 apart. All
then spend C* FLOPs exactly, and their measured loss is ln L interpolated linearly in ln T. The law
picks the candidate whose loss it predicts least, of those that it gives a loss for; the *regret* is
the measured loss of its pick over the least measured loss among the candidates, minus 1.

Why at equal σ̄: the noise that budgets buy depends on B and T, and with one physical batch a model
size fixes T at C*. Not covered: the choice of σ̄ and T together under accounting
(:func:`engine.law.selection.form_selection.regret` asks that), and the scatter of the measured
losses: the least of several is flattered, so that even the true law may have a small regret.

>>> frame = pd.DataFrame({
...     "model_size": [1e4, 1e4, 2e4, 2e4], "iterations": [100, 200, 50, 100],
...     "noise_batch_ratio": 0.0, "compute_flops": [1e6, 2e6, 1e6, 2e6],
...     "cross_entropy": [4.0, 3.0, 3.8, 2.9],
... })
>>> choices(frame, 2e6)[0].round(2)
   model_size  iterations  noise_batch_ratio  drawn_batch_size  cross_entropy
0     10000.0       200.0                0.0               NaN            3.0
1     20000.0       100.0                0.0               NaN            2.9
"""

import math
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engine.interval import FloatArray
from engine.law.observations import point_of

_NEIGHBOURS = 2.0
"""Most that two points of a curve may lie apart in T for a loss between
them to count as measured."""
_ROUNDING = 1e-9
_COLUMNS = ["model_size", "iterations", "noise_batch_ratio", "drawn_batch_size", "cross_entropy"]


@runtime_checkable
class Predicts(Protocol):
    """A fitted law, as far as a choice needs it."""

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Nats per token; NaN where the law gives no answer."""
        ...


@runtime_checkable
class PredictsInterval(Predicts, Protocol):
    """A law that says how sure it is."""

    def interval(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """(low, high) of the loss of one new run at 90 %, nats per token."""
        ...


def choices(frame: pd.DataFrame, target: float) -> list[pd.DataFrame]:
    """For each σ̄ of ``frame`` its candidates at ``target`` FLOPs, where there are two or more.

    Rows are model_size, iterations (not whole), noise_batch_ratio, drawn_batch_size (NaN where the
    frame does not have it) and the measured cross_entropy. Only trainings of one batch compete.
    """
    here = math.log(target)
    found: dict[tuple[float, float], list[tuple[float, ...]]] = {}
    if "drawn_batch_size" not in frame:
        frame = frame.assign(drawn_batch_size=math.nan)
    names = ["model_size", "noise_batch_ratio", "drawn_batch_size"]
    for _, rows in frame.groupby(names, dropna=False):
        size, noise, drawn = rows[names].to_numpy(float)[0].tolist()
        curve = rows.groupby("iterations")[["compute_flops", "cross_entropy"]].mean()
        compute = np.log(curve["compute_flops"].to_numpy())
        after = int(np.searchsorted(compute, here - _ROUNDING))
        on_a_point = after < len(curve) and abs(compute[after] - here) <= _ROUNDING
        between = 0 < after < len(curve)
        if not on_a_point and not (
            between and compute[after] - compute[after - 1] <= math.log(_NEIGHBOURS) + _ROUNDING
        ):
            continue
        steps = np.interp(here, compute, np.log(curve.index.to_numpy(float)))
        loss = np.interp(here, compute, np.log(curve["cross_entropy"].to_numpy()))
        key = noise, -1.0 if math.isnan(drawn) else drawn
        found.setdefault(key, []).append((size, math.exp(steps), noise, drawn, math.exp(loss)))
    return [pd.DataFrame(rows, columns=_COLUMNS) for rows in found.values() if len(rows) > 1]


def regret_of_pick(law: Predicts, candidates: pd.DataFrame) -> tuple[float, float] | None:
    """(regret of the law's pick, mean regret of all candidates), as shares of the loss.

    None where the law gives no loss for any candidate.
    """
    predicted = np.asarray(law.cross_entropy(*point_of(candidates)), dtype=float)
    measured = candidates["cross_entropy"].to_numpy(float)
    if not np.isfinite(predicted).any():
        return None
    regrets = measured / measured.min() - 1.0
    return float(regrets[np.nanargmin(predicted)]), float(regrets.mean())

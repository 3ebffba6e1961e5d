"""Two families that share exponents and noise scale and differ in their constants, at pilot scale.

The shape is away from what the forms' weak priors expect, so that a few runs alone do not guess it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from engine.law.form import Reference
from engine.law.law import Law

SIZES = (30_400, 101_000, 302_000)
NOISES = (0.0, 2**-12, 2**-10, 2**-9, 2**-8, 2**-7, 2**-6)
STEPS = tuple(round(64 * 2 ** (k / 2)) for k in range(9))
POINT = ["model_size", "iterations", "noise_batch_ratio"]
LARGER = Law(
    form="signal_onset",
    theta=(0.8, -2.0, 0.55, 0.5, 0.28, 0.28, 0.0, -3.0),
    vocabulary_size=256,
    reference=Reference(model_size=1e5, iterations=256, noise_batch_ratio=2**-8),
)
NEW = replace(LARGER, theta=(0.55, -1.5, 0.55, 0.9, 0.28, 0.28, 0.0, -3.0))


def sweep(law: Law, *, seed: int, scatter: float = 0.004) -> pd.DataFrame:
    """21 runs of 9 points; errors of ln L: ``scatter`` a run, and as much a point."""
    rng = np.random.default_rng(seed)
    grid = [(m, t, s) for m in SIZES for s in NOISES for t in STEPS]
    frame = pd.DataFrame(grid, columns=POINT)
    run = np.repeat(np.arange(len(SIZES) * len(NOISES)), len(STEPS))
    errors = rng.normal(0, scatter, run.max() + 1)[run] + rng.normal(0, scatter, len(frame))
    loss = law.cross_entropy(*(frame[name] for name in POINT)) * np.exp(errors)
    return frame.assign(
        run_id=[f"run-{k}" for k in run],
        cross_entropy=np.minimum(loss, law.log_vocabulary),
        vocabulary_size=law.vocabulary_size,
    )


def some(frame: pd.DataFrame, count: int, *, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``count`` runs chosen at random, and the rest."""
    order = np.random.default_rng(seed).permutation(frame["run_id"].unique())
    known = frame["run_id"].isin(order[:count])
    return frame[known], frame[~known]


def error(result, frame: pd.DataFrame) -> float:
    """Mean |ln(predicted/observed)|."""
    predicted = result.law.cross_entropy(*(frame[name] for name in POINT))
    return float(np.abs(np.log(predicted / frame["cross_entropy"])).mean())


def width(result, frame: pd.DataFrame) -> float:
    """Mean ln(high/low) of the 90 % interval."""
    low, high = result.interval(*(frame[name] for name in POINT))
    return float(np.log(high / low).mean())


def coverage(result, frame: pd.DataFrame) -> float:
    """Share of points inside the 90 % interval."""
    low, high = result.interval(*(frame[name] for name in POINT))
    return float(((low <= frame["cross_entropy"]) & (frame["cross_entropy"] <= high)).mean())

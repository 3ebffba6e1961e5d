"""A known law at pilot scale and frames of its curves, as engine.runs.evidence makes them."""

import numpy as np
import pandas as pd

from engine.law.form import Reference
from engine.law.law import Law

TRUTH = Law(
    form="signal_onset",
    theta=(0.8, -1.2, 0.6, 1.0, 0.35, 0.8, -0.5, -3.0),
    vocabulary_size=256,
    reference=Reference(model_size=1e5, iterations=256, noise_batch_ratio=2**-8),
)
"""At equal compute the best size falls with σ̄ (at 2.2e12 FLOPs: 3e5, 1e5, 3e4), so that a choice is
one."""
SIZES = (1e4, 3e4, 1e5, 3e5)
NOISES = (0.0, 2**-11, 2**-9, 2**-7)
STEPS = tuple(64 * 2 ** (k / 2) for k in range(11))
FLOPS = 6 * 128 * 64


def frame_of(loss, *, sizes=SIZES, noises=NOISES, steps=STEPS, scatter=0.0, seed=0) -> pd.DataFrame:
    """``loss(M, T, σ̄)`` at every combination, each (M, σ̄) a run of its own."""
    points = [(m, t, s) for m in sizes for s in noises for t in steps]
    size, iterations, noise = np.array(points, dtype=float).T
    errors = np.random.default_rng(seed).normal(0.0, scatter, len(points))
    return pd.DataFrame(
        {
            "run_id": [f"{m:g}-{s:g}" for m, _, s in points],
            "model_size": size,
            "iterations": iterations,
            "noise_batch_ratio": noise,
            "cross_entropy": loss(size, iterations, noise) * np.exp(errors),
            "vocabulary_size": 256,
            "compute_flops": FLOPS * size * iterations,
            "compute_optimal": False,
        }
    )

"""The arrays that a fit needs from a frame of runs, checked once, and what each row
says of the law.

A run says what loss it reached. A row that is reported as the *best at its compute*
(``compute_optimal``) says more. With u = ln M, v = ln T, w = ln B, equal compute is
u + v + w = const, and at an optimum one Lagrange multiplier serves all three directions:

    ∂lnL/∂u = ∂lnL/∂v + s·slope_iterations = s·slope_batch,   s = ∂lnL/∂ln σ̄,

slope_batch = ∂ln σ̄/∂ln B and slope_iterations = ∂ln σ̄/∂ln T from accounting at fixed (N, ε, δ).
Where the row sits at an end of what was tried the equality is one-sided. A row that is moreover
the *smallest compute within 1 % of the best* (``saturation_noise_batch_ratio`` given: σ̄ of its T
at full batches, B = N) says that nothing in the range tried, whatever the compute, is more than
1 % better; with full batches σ̄ at T' is σ̄·√(T'/T), Gaussian composition without sampling.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.interval import BoolArray, FloatArray, IntArray
from engine.law.capacity import Capacity
from engine.law.form import Reference
from engine.law.law import relative, require_vocabulary
from engine.law.step_noise import step_noise

_EDGE_SIZE = 1.05
"""A model size within 5 % of the smallest or largest counts as that one (4.5e6 prints as 4.6e6)."""
_EDGE_ITERATIONS = 1.25
"""Steps within 25 % of the most tried: the search had no grid point left to go to."""
MINIMUM_ROWS = 8
NEEDED = ("model_size", "iterations", "noise_batch_ratio", "cross_entropy", "vocabulary_size")


@dataclass(frozen=True, kw_only=True, eq=False)
class Observations:
    """n rows; arrays of optimal rows are masked by ``optimal`` and ``saturated`` (n,) bool."""

    reference: Reference
    vocabulary_size: int
    batch_size: float | None
    """Examples drawn a step, on geometric mean, where every row says how many; ``s`` then counts
    what drawing adds (:mod:`engine.law.step_noise`). None where it does not."""
    u: FloatArray
    """ln of the capacity over the reference's: of the parameters without embeddings where the
    family's shapes are known, of all otherwise."""
    v: FloatArray
    s: FloatArray
    log_loss: FloatArray
    log_compute: FloatArray
    """ln FLOPs, or ln(M·T) where a row has none: only its order matters."""
    groups: IntArray
    """(n,) int: rows that leave and enter a resample together."""
    optimal: BoolArray
    size_slope: FloatArray
    """d ln(capacity)/d ln(model_size): compute counts all parameters."""
    slope_batch: FloatArray
    slope_iterations: FloatArray
    smallest: BoolArray
    largest: BoolArray
    longest: BoolArray
    saturated: BoolArray
    probes: tuple[FloatArray, FloatArray, FloatArray]
    """u, v, s of shape (9, number of saturated rows)."""

    @property
    def log_vocabulary(self) -> float:
        """ln vocabulary_size."""
        return math.log(self.vocabulary_size)

    @property
    def least_noise(self) -> float:
        """Smallest positive σ̄ seen, over the reference."""
        return float(self.s[self.s > 0].min())


def observations_of(
    frame: pd.DataFrame,
    *,
    capacity: Capacity | None = None,
    reference: Reference | None = None,
    counts_drawing: bool | None = None,
) -> Observations:
    """Check ``frame`` (one row a run) and turn it into arrays.

    Needs model_size (parameters), iterations, noise_batch_ratio (σ/B, 0 allowed), cross_entropy
    (nats per token) and one vocabulary_size; reads compute_optimal with slope_batch and
    slope_iterations, saturation_noise_batch_ratio, compute_flops, batch_size, drawn_batch_size
    (examples that a step really drew) and run_id if there.
    Raises :class:`InputError` on missing columns, fewer than 8 rows, values that are not finite or
    not positive, losses above ln vocabulary, one model size only, or one noise only.

    With the ``reference`` of a law to pool with (:mod:`engine.law.transfer.pool`), rows are
    measured from there, and one row is enough: what a few cannot say, that law does.
    ``counts_drawing``: whether that law counts what drawing a batch adds to the noise; without a
    reference the rows decide (two batches or more tell what drawing them adds).
    """
    minimum = 1 if reference else MINIMUM_ROWS
    missing = [name for name in NEEDED if name not in frame]
    if missing:
        raise InputError("Expected the columns {names} in the evidence.", names=", ".join(missing))
    if len(frame) < minimum:
        raise InputError(
            "Expected at least {minimum} rows of evidence, got {count}: add runs.",
            minimum=minimum,
            count=len(frame),
        )
    for name in NEEDED:
        values = _column(frame, name)
        allowed = values >= 0 if name == "noise_batch_ratio" else values > 0
        bad = int((~(allowed & np.isfinite(values))).sum())
        if bad:
            raise InputError(
                "Expected positive finite {name}, found {count} rows without.", name=name, count=bad
            )
    vocabularies = frame["vocabulary_size"].unique()
    if len(vocabularies) > 1:
        raise InputError(
            "Expected one vocabulary_size in the evidence, got {values}: losses of "
            "several tokenizers cannot be compared.",
            values=", ".join(str(int(value)) for value in vocabularies),
        )
    vocabulary_size = int(vocabularies[0])
    require_vocabulary(vocabulary_size)
    worst = float(frame["cross_entropy"].max())
    if worst > math.log(vocabulary_size):
        raise InputError(
            "Expected losses of at most ln(vocabulary) = {limit} nats, got {value}: check the unit "
            "and vocabulary_size.",
            limit=f"{math.log(vocabulary_size):.2f}",
            value=f"{worst:.2f}",
        )
    if reference:
        return _arrays(frame, vocabulary_size, capacity, reference, bool(counts_drawing))
    if frame["model_size"].nunique() < 2:
        raise InputError(
            "Expected runs of at least two model sizes: one says nothing of how the "
            "loss depends on it."
        )
    if frame["noise_batch_ratio"].nunique() < 2:
        raise InputError(
            "Expected runs at two or more noise-batch ratios: one says nothing of how "
            "the loss depends on it."
        )
    counts = tells_drawing(frame)
    centre = _centre(frame, capacity, counts)
    return _arrays(frame, vocabulary_size, capacity, centre, counts)


def noise_of(frame: pd.DataFrame, counts_drawing: bool) -> FloatArray:
    """(n,) σ̄ of the rows, or σ̄' with what drawing their batch added.

    Raises :class:`InputError` where a row that must say how many examples it drew does not.
    """
    noise = _column(frame, "noise_batch_ratio")
    if not counts_drawing:
        return noise
    drawn = _column(frame, "drawn_batch_size")
    if not np.isfinite(drawn).all():
        raise InputError(
            "Expected the examples that each run drew a step: import runs that say so."
        )
    return step_noise(noise, _column(frame, "model_size"), drawn)


def _centre(frame: pd.DataFrame, capacity: Capacity | None, counts_drawing: bool) -> Reference:
    size, steps = (_column(frame, name) for name in NEEDED[:2])
    size = size if capacity is None else capacity.of(size)
    noise = noise_of(frame, counts_drawing)
    return Reference(
        model_size=float(np.exp(np.log(size).mean())),
        iterations=float(np.exp(np.log(steps).mean())),
        noise_batch_ratio=float(np.exp(np.log(noise[noise > 0]).mean())),
    )


def _arrays(
    frame: pd.DataFrame,
    vocabulary_size: int,
    capacity: Capacity | None,
    reference: Reference,
    counts_drawing: bool,
) -> Observations:
    size, steps, loss = (
        _column(frame, name) for name in ("model_size", "iterations", "cross_entropy")
    )
    noise = noise_of(frame, counts_drawing)
    drawn = np.log(_column(frame, "drawn_batch_size"))
    other = size if capacity is None else capacity.of(size)
    size_slope = np.ones(len(size)) if capacity is None else capacity.slope(size)
    u, v, s = relative(reference, other, steps, noise)
    slope_batch, slope_iterations = (_column(frame, n) for n in ("slope_batch", "slope_iterations"))
    optimal = reported_optimal(frame) & np.isfinite(slope_batch + slope_iterations)
    full = _column(frame, "saturation_noise_batch_ratio")
    saturated = optimal & np.isfinite(full)
    shares = np.array([0.0, 0.5, 1.0])[:, None]
    up, along = (
        x[saturated] + shares * (x[optimal].max(initial=-np.inf) - x[saturated]) for x in (u, v)
    )
    # Never noisier than the row itself: rounding of the two accountings must not say so.
    base = np.minimum(full[saturated] / reference.noise_batch_ratio, s[saturated])
    quiet = base * np.exp(0.5 * (along - v[saturated]))
    probes = (np.repeat(up, 3, axis=0), np.tile(along, (3, 1)), np.tile(quiet, (3, 1)))
    flops = _column(frame, "compute_flops")
    # What was tried is what the search behind these rows tried: other rows say nothing of it.
    tried_size, tried_steps = size[optimal], steps[optimal]
    return Observations(
        reference=reference,
        vocabulary_size=vocabulary_size,
        batch_size=float(np.exp(drawn.mean())) if counts_drawing else None,
        u=u,
        v=v,
        s=s,
        log_loss=np.log(loss),
        log_compute=np.log(flops) if np.isfinite(flops).all() else np.log(size * steps),
        groups=_groups(frame, optimal),
        optimal=optimal,
        size_slope=size_slope[optimal],
        slope_batch=slope_batch[optimal],
        slope_iterations=slope_iterations[optimal],
        smallest=tried_size <= tried_size.min(initial=np.inf) * _EDGE_SIZE,
        largest=tried_size >= tried_size.max(initial=0.0) / _EDGE_SIZE,
        longest=tried_steps >= tried_steps.max(initial=0.0) / _EDGE_ITERATIONS,
        saturated=saturated,
        probes=probes,
    )


def point_of(frame: pd.DataFrame) -> tuple[FloatArray, ...]:
    """M, T and σ̄ of the rows as laws take them, and the examples drawn
    where all rows say how many."""
    point = tuple(_column(frame, name) for name in NEEDED[:3])
    return (*point, _column(frame, "drawn_batch_size")) if _all_say_drawn(frame) else point


def tells_drawing(frame: pd.DataFrame) -> bool:
    """Whether the rows can tell what drawing a batch adds to the noise: two batches at least, for
    with one it is a function of model size alone, which capacity would hide. Not where rows are
    reported as optimal: what they say of slopes is of σ̄ alone."""
    several = np.unique(_column(frame, "drawn_batch_size")).size > 1
    return several and _all_say_drawn(frame) and not reported_optimal(frame).any()


def _all_say_drawn(frame: pd.DataFrame) -> bool:
    drawn = _column(frame, "drawn_batch_size")
    return bool(drawn.size and np.isfinite(drawn).all())


def reported_optimal(frame: pd.DataFrame) -> BoolArray:
    """(n,) bool: rows reported as the best at their compute; absent or missing means no."""
    if "compute_optimal" not in frame:
        return np.zeros(len(frame), dtype=bool)
    return frame["compute_optimal"].fillna(False).astype(bool).to_numpy()


def lies_on_ridge(frame: pd.DataFrame) -> bool:
    """Whether every row is reported as the best at its compute: then none says what the loss is
    beside the ridge of optima."""
    return bool(len(frame)) and bool(reported_optimal(frame).all())


def _column(frame: pd.DataFrame, name: str) -> FloatArray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(float, na_value=np.nan)


def _groups(frame: pd.DataFrame, optimal: BoolArray) -> IntArray:
    """Points of one run are correlated, and one configuration may answer several budgets.

    Rows reported as optimal belong together when they name the same configuration; others by
    ``run_id``, or, without one, by model size and noise.
    """
    batch = frame["batch_size"] if "batch_size" in frame else frame["noise_batch_ratio"]
    names = frame["run_id"] if "run_id" in frame else [None] * len(frame)
    keys = [
        (True, size, steps, examples) if best else (False, *((name,) if name else (size, noise)))
        for best, name, size, steps, examples, noise in zip(
            optimal,
            names,
            frame["model_size"],
            frame["iterations"],
            batch,
            frame["noise_batch_ratio"],
            strict=True,
        )
    ]
    return pd.factorize(pd.Series(keys))[0]

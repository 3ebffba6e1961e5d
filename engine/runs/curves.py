"""Learning curves as points of a law: what a family's best training reaches after T iterations.

A training at a constant learning rate is, at each point of its curve, a training of that many
iterations, as in McKenna et al. (arXiv 2501.18914, section 4): one run answers for many T. The law
is of well-tuned training, so of the learning rates tried for one configuration (model size, batch,
sequence length, noise-batch ratio: a *cell*) the best at each T counts, after the mean over seeds.
Where it lies between two others, that is the vertex of the parabola through the three in log₂ of
the rate: a ladder of octaves misses the best rate by up to half of one, and the loss by as much as
runs scatter. A neighbour that diverged is no arm of a parabola; then the measured least counts.

Points of one cell are correlated; they carry one ``run_id`` (that of the cell's best run), so that
hold-outs and resamples take a cell as a whole.

Not covered: schedules that end in a decay (only their last point would count), and the small
optimism of a minimum over learning rates that each scatter.

>>> vertex([-8.0, -7.0, -6.0], [2.6, 2.5, 2.7]).cross_entropy
2.495833...
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.interval import IntArray
from engine.runs.record import RunRecord

FIRST_ITERATION = 256
"""Before, warm-up and initialisation decide, which no law here describes: laws fitted to points
from here on err by a third less about the campaign's larger runs than from 64 on
(``data/CAMPAIGN.md``)."""
LADDER = 1.39
"""Least factor between two points of a cell: neighbours say the same again. Just below √2, the step
of the curves that pilots and sweeps record."""
CLIFF = 1.1
"""Least factor between the losses of neighbouring rates that is no curvature any more. Below it,
the vertex of an octave's ladder lies at most an 80th below what was measured; of another ladder, no
more is believed."""
SMOOTHED = 0.05
"""A point is the mean of its curve over the last 5 % of iterations: single evaluations of a dense
curve scatter (the paper takes a rolling mean of 10). On the ladder of √2 it is the point itself."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Loss (nats per token or byte) of a cell after ``iterations``; ``best`` is
    the run that came nearest."""

    best: RunRecord
    run_id: str
    iterations: int
    cross_entropy: float
    noise_batch_ratio: float
    learning_rate: float | None


@dataclass(frozen=True, kw_only=True)
class Vertex:
    """Where the loss is least over learning rates; ``at_end`` where the
    ladder ended before it turned."""

    octaves: float
    """log₂ of the learning rate."""
    cross_entropy: float
    """Nats per token, at most the least that was measured."""
    at_end: bool


def vertex(octaves: Sequence[float], losses: Sequence[float]) -> Vertex:
    """The least loss over rising log₂ rates: of the parabola through the best and its neighbours,
    looked for up to half-way to them."""
    best = int(np.argmin(losses))
    x, y = np.asarray(octaves, dtype=float), np.asarray(losses, dtype=float)
    at_end = best in (0, y.size - 1)
    near = slice(best - 1, best + 2)
    if at_end or max(y[near]) > CLIFF * y[best]:
        return Vertex(octaves=float(x[best]), cross_entropy=float(y[best]), at_end=at_end)
    square, line, _ = np.polyfit(x[near] - x[best], y[near] - y[best], 2)
    offset = -line / (2 * square) if square > 0 else 0.0
    offset = float(np.clip(offset, (x[best - 1] - x[best]) / 2, (x[best + 1] - x[best]) / 2))
    gain = float(np.clip(square * offset**2 + line * offset, (1 - CLIFF) / 8 * y[best], 0.0))
    return Vertex(octaves=x[best] + offset, cross_entropy=float(y[best] + gain), at_end=False)


def has_curve(record: RunRecord) -> bool:
    """Whether the record states its noise, and its curve goes on to where a law holds."""
    stated = record.noise_batch_ratio is not None or record.noise_multiplier is not None
    return stated and bool(record.curve) and record.curve[-1][0] >= FIRST_ITERATION


def is_too_short(record: RunRecord) -> bool:
    """Whether the record's curve ends before a law holds: then it says nothing of any."""
    return bool(record.curve) and record.curve[-1][0] < FIRST_ITERATION


def noise_of(record: RunRecord) -> float:
    """σ̄ = σ/B of a record that states it."""
    if record.noise_batch_ratio is not None:
        return record.noise_batch_ratio
    if record.noise_multiplier is not None:
        return record.noise_multiplier / record.batch_size
    raise ValueError(f"Expected a run that states its noise, got {record.run_id}.")


def points(records: Iterable[RunRecord], *, first: int = FIRST_ITERATION) -> list[Point]:
    """The cells' points from ``first`` steps on, by cell and iterations, whatever the order of
    ``records``.

    Every record must satisfy :func:`has_curve`, or go on to ``first`` steps. Losses are held to
    ln(vocabulary): a model that learnt nothing can always say so.
    """
    cells = defaultdict(list)
    for record in records:
        cells[_cell(record)].append(record)
    found = []
    for cell in sorted(cells):
        found += _cell_points(sorted(cells[cell], key=lambda record: record.run_id), first)
    return found


def _cell(record: RunRecord) -> tuple[float, ...]:
    return (
        record.model_size,
        record.batch_size,
        record.sequence_length,
        record.vocabulary_size,
        noise_of(record),
    )


def _cell_points(runs: list[RunRecord], first: int) -> list[Point]:
    by_rate: dict[float | None, list[RunRecord]] = defaultdict(list)
    for run in runs:
        by_rate[run.learning_rate].append(run)
    reached = np.unique(np.concatenate([run.points.iterations for run in runs]))
    ladder = _ladder(reached, first)
    smoothed = {run.run_id: _smoothed(run, ladder) for run in runs}
    found = []
    for step in ladder.tolist():
        candidates = []
        for group in by_rate.values():
            there = [curve[step] for run in group if step in (curve := smoothed[run.run_id])]
            if there:
                candidates.append((float(np.mean(there)), group[0]))
        loss, best = min(candidates, key=lambda pair: (pair[0], pair[1].run_id))
        rates = sorted(
            (math.log2(run.learning_rate), mean) for mean, run in candidates if run.learning_rate
        )
        if len(rates) == len(candidates):
            loss = vertex(*zip(*rates, strict=True)).cross_entropy
        found.append((step, loss, best))
    if not found:
        return []
    name = found[-1][2].run_id
    return [
        Point(
            best=run,
            run_id=name,
            iterations=step,
            cross_entropy=min(loss, math.log(run.vocabulary_size)),
            noise_batch_ratio=noise_of(run),
            learning_rate=run.learning_rate,
        )
        for step, loss, run in found
    ]


def _smoothed(run: RunRecord, ladder: IntArray) -> dict[int, float]:
    """Mean of the curve over its last iterations, at those steps of ``ladder`` that it has."""
    steps, losses = run.points.iterations, run.points.losses
    places = np.searchsorted(steps, ladder)
    places = places[steps[np.minimum(places, steps.size - 1)] == ladder]
    total = np.concatenate([[0.0], np.cumsum(losses)])
    starts = np.searchsorted(steps, steps[places] * (1 - SMOOTHED), side="right")
    ends = places + 1
    means = (total[ends] - total[starts]) / (ends - starts)
    return dict(zip(steps[places].tolist(), means.tolist(), strict=True))


def _ladder(steps: IntArray, first: int) -> IntArray:
    """From the longest down, so that what took most is always there."""
    kept: list[int] = []
    for step in steps[steps >= first][::-1].tolist():
        if not kept or step * LADDER <= kept[-1]:
            kept.append(step)
    return np.array(kept[::-1], dtype=np.int64)

"""Which of the waiting trainings to run, in which order: by what they tell of today's decision.

Each waiting run is foreseen to narrow what is not known of today's plan, its loss and where it
lies: the deviation of ln L there with the whole drift (:func:`engine.law.foresight.in_turn`), which
is wider than the range of the loss. The runs come in the order in which they do so most for what
they cost, each with those before it taken as done. Those that would narrow it by less than
:data:`LEAST` by then are left out: whatever they showed, the decision would hardly move.

The foresight knows neither what a run will show nor that forms get other weights: with some runs
done, ask again: a sweep does so after each run that ends, and stops those that have become
needless (:class:`Judgement`), where they stand. Where a budget ends before the order does
(:func:`within`), the runs after it wait.
``python -m tests.benchmarks.replay_schedule`` and ``replay_stops`` replay the shipped campaign.

Not covered: money and time beside the computing, and a plan that moves far while runs come in.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.config import TrainingConfig
from engine.decision.decide import decide
from engine.decision.fitted import FittedEvidence, fit_selection, selection_of
from engine.decision.question import Question
from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.foresight import Point, Turn, in_turn
from engine.runs.imports.selection import Carries

LEAST = 0.01
"""Share of the deviation that the runs which are left out would take away together, at the most."""

SETTLED = 3
"""Judgements in a row, each after a run that ended, in which the plan must not have moved."""
MOVED = 0.01
"""Share of the loss that a plan may lose by the newest law and count as the same decision."""
_FAR = 1e9
"""How much dearer than one under way a run is that waits, so that it comes after it."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A training that could be run."""

    config: TrainingConfig
    noise_batch_ratio: float


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A training that is worth running: its place in what was asked, and what it tells."""

    index: int
    narrowing: float
    """Share of the deviation that is left then which it is expected to take away."""
    deviation: float
    """Standard deviation of ln L at today's plan after it, with the whole drift."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The order of the waiting trainings."""

    deviation: float
    """Standard deviation of ln L at today's plan now, with the whole drift."""
    scatter: float
    """The part of it that no run takes away."""
    runs: tuple[Scheduled, ...]
    """In order."""
    left_out: tuple[int, ...]
    """Places of those that could hardly move the decision any more."""
    beyond: tuple[int, ...] = ()
    """Places of those that would tell, but that the budget does not reach."""

    @property
    def narrowing(self) -> float:
        """Share of the deviation that all of them are expected to take away together."""
        return 1.0 - (self.runs[-1].deviation if self.runs else self.deviation) / self.deviation


def schedule(
    question: Question, waiting: Sequence[Waiting], prices: Sequence[float] | None = None
) -> Schedule:
    """The order for today's question, by the law of the runs as they stand.

    ``prices``: what each run costs, in seconds or money alike; its FLOPs unless said.

    Raises :class:`InputError` for a question without an answer, and for a law whose noise comes
    from another evidence.
    """
    return schedule_with(question, *_law_of(question), waiting, prices)


def _law_of(question: Question, *, on_record: bool = True) -> tuple[FittedEvidence, pd.DataFrame]:
    """The law of the runs as they stand, and their rows; :class:`InputError` as
    :func:`schedule`."""
    selection = selection_of(question.evidence_id)
    if selection.carries is not Carries.LAW:
        raise InputError(
            "Expected an evidence with noise of its own, got {evidence}: what a run would tell is "
            "not known for a pooled law.",
            evidence=question.evidence_id,
        )
    return fit_selection(selection, on_record=on_record), selection.evidence.frame


def within(
    order: Schedule, seconds: Sequence[float], most: float, *, processes: int = 1
) -> Schedule:
    """The order up to the first run that does not end within ``most`` seconds, where each of
    ``processes`` side by side takes the next run as soon as it has ended one."""
    free_at = [0.0] * processes
    count = 0
    for one in order.runs:
        ends = free_at[0] + seconds[one.index]
        if ends > most:
            break
        heapq.heapreplace(free_at, ends)
        count += 1
    return replace(
        order,
        runs=order.runs[:count],
        beyond=tuple(one.index for one in order.runs[count:]),
    )


class Judgement:
    """Which results could hardly move a decision any more, asked again as runs come in.

    Laws of few runs claim what more runs take back: replayed without care, a plan far beyond the
    runs was stopped at 37 % regret. So nothing is needless before the decision has settled: by the
    newest law the plans of the :data:`SETTLED` judgements before lose less than :data:`MOVED`.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._plans: list[tuple[TrainingConfig, float]] = []

    def needless(self, under_way: Sequence[Waiting], waiting: Sequence[Waiting]) -> frozenset[int]:
        """Places, in ``under_way`` and then ``waiting``, of those that are, by the law of the runs
        as they stand. Raises :class:`InputError` as :func:`schedule`."""
        return self.needless_by(*_law_of(self._question, on_record=False), under_way, waiting)

    def needless_by(
        self,
        fitted: FittedEvidence,
        frame: pd.DataFrame,
        under_way: Sequence[Waiting],
        waiting: Sequence[Waiting],
    ) -> frozenset[int]:
        """The same under a law that was fitted to ``frame``.

        What a run under way has cost is spent, so that those are foreseen first, as if nothing
        waited: those that would take less than :data:`LEAST` away together are needless. Then
        come those that wait, with the others under way taken as done.
        """
        if not self._has_settled(fitted):
            return frozenset()
        alike = [1.0] * len(under_way)
        stopped = schedule_with(self._question, fitted, frame, under_way, alike).left_out
        kept = [one for place, one in enumerate(under_way) if place not in stopped]
        prices = [
            float(one.config.compute_flops) * (1.0 if place < len(kept) else _FAR)
            for place, one in enumerate([*kept, *waiting])
        ]
        later = schedule_with(self._question, fitted, frame, [*kept, *waiting], prices).left_out
        first, last = len(kept), len(under_way)
        return frozenset(stopped) | {place - first + last for place in later if place >= first}

    def _has_settled(self, fitted: FittedEvidence) -> bool:
        """Take the newest law's plan in, and compare those before with it."""
        asked = self._question
        plan = decide(
            asked.budget, fitted, sampling=asked.sampling, assumptions=asked.prices
        ).recommendation
        before = self._plans[-SETTLED:]
        self._plans.append((plan.config, plan.noise_batch_ratio))
        if len(before) < SETTLED:
            return False
        losses = fitted.fit.law.cross_entropy(
            *_points([Waiting(config=config, noise_batch_ratio=noise) for config, noise in before])
        )
        return bool(np.max(losses) < (1.0 + MOVED) * plan.cross_entropy.value)


def schedule_with(
    question: Question,
    fitted: FittedEvidence,
    frame: pd.DataFrame,
    waiting: Sequence[Waiting],
    prices: Sequence[float] | None = None,
) -> Schedule:
    """The same under a law that was fitted to ``frame``."""
    plan = decide(
        question.budget, fitted, sampling=question.sampling, assumptions=question.prices
    ).recommendation
    at_plan = _points([Waiting(config=plan.config, noise_batch_ratio=plan.noise_batch_ratio)])
    if prices is None:
        prices = [float(one.config.compute_flops) for one in waiting]
    deviation, turns = in_turn(
        fitted.fit, frame, at_plan, _points(waiting), np.array(prices, dtype=float)
    )
    turns = _worthwhile(turns, deviation)
    chosen = {turn.index for turn in turns}
    return Schedule(
        deviation=deviation,
        scatter=fitted.fit.scatter,
        runs=tuple(
            Scheduled(index=turn.index, narrowing=turn.narrowing, deviation=turn.deviation)
            for turn in turns
        ),
        left_out=tuple(k for k in range(len(waiting)) if k not in chosen),
    )


def _worthwhile(turns: list[Turn], deviation: float) -> list[Turn]:
    """Without the last ones that together take away less than :data:`LEAST`."""
    end = turns[-1].deviation if turns else deviation
    before = [deviation, *(turn.deviation for turn in turns[:-1])]
    for count, left in enumerate(before):
        if left - end < LEAST * deviation:
            return turns[:count]
    return turns


def _points(runs: Sequence[Waiting]) -> Point:
    """M, T, σ̄ and B of each run."""

    def column(values: Iterable[float]) -> FloatArray:
        return np.array(list(values), dtype=float)

    return (
        column(run.config.model_size for run in runs),
        column(run.config.iterations for run in runs),
        column(run.noise_batch_ratio for run in runs),
        column(run.config.batch_size for run in runs),
    )

"""How far each run of the evidence moves the decision: today's question asked without it.

Every run is left out in turn and the question asked again: recommended size, steps and batch, the
loss to expect, the worth, the verdict. All are asked of the approximation first
(:mod:`engine.law.jackknife`: forms refitted from where they stand, their weights held). Then the
law is fitted anew in full, form weights and all, the runs that seem to move it most first, for as
long as the time given; :class:`Method` says of each run which of the two it is. The approximation
is close where the weights stay (a tenth of a per cent of the loss on both evidences that ship) and
misses what a run does to them: one of 42 cells of our own campaign moves the loss by 1.2 % through
the weights, and by 0.1 % by the approximation.

``regret`` is what deciding without the run would cost: the plan so found, judged by the law with
all runs, over the best plan of that law. A plan may move far and cost nothing, for optima are flat.

The runs are those of the law in use: of the version that was made the current one, if any. Where
other code kept that version, its runs are fitted anew first (:attr:`Influence.is_refit`), so that
all fits are the same code's. Answers are those with estimated noise
(:mod:`engine.decision.answer`): all of them alike, so that the differences are the runs' own. Not
covered: several runs left out together.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import pandas as pd

from engine.allocation.reach import coverage_of
from engine.allocation.result import Allocation
from engine.allocation.space import space_of
from engine.decision.answer import Answer, answer
from engine.decision.fitted import (
    FittedEvidence,
    fit_selection,
    fitted_evidence,
    is_kept,
    standing_selection,
)
from engine.decision.question import Question
from engine.decision.verdict import Verdict
from engine.errors import InputError
from engine.law.fit import FittedLaw
from engine.law.jackknife import Without, distances, runs_of, without_each
from engine.law.version import fit_version
from engine.runs.imports.selection import Carries, Selection

MOST_RUNS = 200
"""Runs that are left out: the most influential by one step, where there are more."""
SECONDS = 60.0
"""Of fitting in full, by default. What was fitted before is on disk, and takes none."""
Progress = Callable[[int, int], None]
"""Told how many steps are done, and of how many; what it raises ends the work."""


class Method(StrEnum):
    """How the law without a run was found."""

    APPROXIMATE = "approximate"
    REFITTED = "refitted"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What a law says to the question."""

    plan: Allocation
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class RunInfluence:
    """One run, and the decision without it."""

    run_id: str
    model_size: float
    """Parameters."""
    iterations: float
    """Steps at its last point."""
    noise_batch_ratio: float
    rows: int
    """Points of it in the evidence."""
    method: Method
    without: Stand | None
    """None where the question has no answer without the run."""
    refusal: InputError | None
    """Why it has none."""
    loss_change: float
    """Expected loss without it over that with it, less 1; NaN without an answer."""
    regret: float
    """Loss, by the law of all runs, of the plan without it over that of today's, less 1."""
    turns: bool
    """Whether the verdict is another, or there is no answer."""

    @property
    def shift(self) -> tuple[bool, float]:
        """What runs are ranked by: a verdict that turns, then the change of the loss."""
        return self.turns, float("inf") if self.without is None else abs(self.loss_change)


@dataclass(frozen=True, kw_only=True)
class Influence:
    """Every run's part in the decision."""

    question: Question
    today: Stand
    runs: tuple[RunInfluence, ...]
    """Those that move it most first."""
    of: int
    """Runs in the evidence."""
    unfit: tuple[str, ...]
    """Runs without which nothing can be fitted at all: of too few sizes, or no noise."""
    evidence_hash: str
    law: str
    """Version of the law of all runs that the others are compared with."""
    law_in_use: str
    """Version that answers on pages."""

    @property
    def is_refit(self) -> bool:
        """Whether today's code fits the runs of the law in use to another law than that."""
        return self.law != self.law_in_use

    @property
    def refitted(self) -> int:
        """Runs without which the law was fitted in full."""
        return sum(one.method is Method.REFITTED for one in self.runs)

    @property
    def turning(self) -> tuple[RunInfluence, ...]:
        """Runs without which the verdict would be another."""
        return tuple(one for one in self.runs if one.turns)


def influence(
    question: Question, *, seconds: float = SECONDS, progress: Progress | None = None
) -> Influence:
    """The part of each run in the answer to ``question``: a tenth of a second a run, and then
    ``seconds`` at most of fits in full, but for the last to be begun.

    Fits are kept on disk as all are, so that what was ended half-way goes on from there. Raises
    :class:`InputError` for a question without an answer, where runs of the law in use were deleted,
    and for runs without noise: their law is another family's as well, whose runs have the say.
    """
    selection = standing_selection(question.evidence_id, whole=True)
    if selection.carries is not Carries.LAW:
        raise InputError(
            "Expected an evidence whose own runs were trained with noise, got {family}: what noise "
            "does is taken from other runs there.",
            family=selection.evidence.family,
        )
    in_use, frame = fitted_evidence(question.evidence_id), selection.evidence.frame
    fitted = fit_selection(selection)
    today = answer(question, fitted)
    runs = runs_of(frame)
    if len(runs) > MOST_RUNS:
        moved = distances(fitted.fit, frame)
        runs = sorted(runs, key=lambda run: -moved[run])[:MOST_RUNS]
    kept = without_each(fitted.fit, frame, runs)
    steps, done = 2 * len(kept), 0

    def tell() -> None:
        if progress is not None:
            progress(done, steps)

    found = {}
    for one in kept:
        tell()
        found[one.run_id] = _asked(question, today, fitted, frame, one)
        done += 1
    until = time.monotonic() + seconds
    for run in _ranked(found):
        tell()
        less = _less(selection, run)
        if time.monotonic() < until or is_kept(less):
            found[run] = _refitted(question, today, fitted, frame, run, less)
        done += 1
    tell()
    return Influence(
        question=question,
        today=_stand(today),
        runs=tuple(found[run] for run in _ranked(found)),
        of=len(runs_of(frame)),
        unfit=tuple(run for run in runs if run not in found),
        evidence_hash=fitted.summary.hash,
        law=fit_version(fitted.fit),
        law_in_use=fit_version(in_use.fit),
    )


def _ranked(found: dict[str, RunInfluence]) -> list[str]:
    return sorted(found, key=lambda run: (found[run].shift, run), reverse=True)


def _asked(
    question: Question, today: Answer, fitted: FittedEvidence, frame: pd.DataFrame, one: Without
) -> RunInfluence:
    left = frame[one.rows]
    less = replace(fitted, fit=one.fit, space=space_of(left), coverage=coverage_of(left))
    return _compared(
        question, today, fitted.fit, frame, one.run_id, Method.APPROXIMATE, lambda: less
    )


def _less(selection: Selection, run: str) -> Selection:
    """The selection without the rows of one run."""
    frame = selection.evidence.frame
    left = frame[frame["run_id"].astype(str) != run].reset_index(drop=True)
    less = replace(selection.evidence, frame=left, runs=selection.evidence.runs - 1)
    return replace(selection, evidence=less)


def _refitted(
    question: Question,
    today: Answer,
    fitted: FittedEvidence,
    frame: pd.DataFrame,
    run: str,
    less: Selection,
) -> RunInfluence:
    return _compared(
        question, today, fitted.fit, frame, run, Method.REFITTED,
        lambda: fit_selection(less, on_record=False),
    )  # fmt: skip


def _compared(
    question: Question,
    today: Answer,
    law: FittedLaw,
    frame: pd.DataFrame,
    run: str,
    method: Method,
    fit: Callable[[], FittedEvidence],
) -> RunInfluence:
    without = refusal = None
    loss_change = regret = float("nan")
    plan = today.decision.recommendation
    try:
        without = _stand(answer(question, fit()))
    except InputError as error:
        refusal = error
    else:
        loss_change = without.plan.cross_entropy.value / plan.cross_entropy.value - 1.0
        regret = _loss(law, without.plan) / _loss(law, plan) - 1.0
    own = frame[frame["run_id"].astype(str) == run]
    return RunInfluence(
        run_id=run,
        model_size=float(own["model_size"].iloc[0]),
        iterations=float(own["iterations"].max()),
        noise_batch_ratio=float(own["noise_batch_ratio"].iloc[0]),
        rows=len(own),
        method=method,
        without=without,
        refusal=refusal,
        loss_change=loss_change,
        regret=regret,
        turns=without is None or without.verdict.code is not today.verdict.code,
    )


def _stand(found: Answer) -> Stand:
    return Stand(plan=found.decision.recommendation, verdict=found.verdict)


def _loss(law: FittedLaw, plan: Allocation) -> float:
    """Of a plan under a law, nats per token."""
    config = plan.config
    point = config.model_size, config.iterations, plan.noise_batch_ratio, config.batch_size
    return float(law.law.cross_entropy(*point))

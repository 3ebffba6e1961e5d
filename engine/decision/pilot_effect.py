"""What the last pilot changed for the decision: plan, worth and verdict without its runs and with.

A pilot trains small models on a text of its own; the decision rests on one evidence. So first it is
asked whether the law in use counts any run of the pilot; where it counts none, the answer says why.
Where it does, today's question is asked of the law without those runs and of the law in use. Both
answers have estimated noise (:mod:`engine.decision.answer`), so that what differs is the runs'
doing; a page's own figures, once certified, may differ from them in the third digit.

*Transfer.* A pilot's training is thousands of times smaller than the plan. It tests the law where
it stands; what it says of the plan comes through the law, whose range for the plan holds how far
that lies from the nearest run: the share of the range that stands for this distance is stated.

Not covered: what a pilot taught about the text, the machine or the people, which is no law's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from scipy.special import ndtri

from engine.allocation.result import Allocation
from engine.config import TrainingConfig
from engine.decision.answer import Answer, answer
from engine.decision.fitted import (
    FittedEvidence,
    fit_selection,
    run_log,
    selection_of,
)
from engine.decision.law_store import current
from engine.decision.question import Question
from engine.decision.verdict import Verdict
from engine.errors import InputError
from engine.pilot.running import standing
from engine.pilot.running.standing import Entry
from engine.pilot.running.status import State
from engine.runs.catalogue import stamp

NOTICEABLE = 0.005
"""Relative change of a loss or a worth below which it is called none: three digits show no more."""


class Unmoved(StrEnum):
    """Why the law in use counts no run of a pilot."""

    NO_RECORD = "no-record"
    """None of its trainings is in the run log: canaries, correlated noise, a loss that diverged,
    or runs that were deleted."""
    TUNED = "tuned"
    """It began from a public model, and the law is of trainings from nothing."""
    OTHER_TEXT = "other-text"
    """Its text is not the evidence's: losses of different texts do not compare."""
    TOO_SHORT = "too-short"
    """Its trainings ended before a law counts them."""
    PINNED = "pinned"
    """A kept version of the law answers, and was made without it."""
    NOT_REFITTED = "not-refitted"
    """The law in use was fitted before the pilot ended."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What a law says to the question."""

    plan: Allocation
    npv: float | None
    """JPY; None where no step leads from a loss to a value."""
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """How far the plan lies from what the pilot trained."""

    model_size: int
    """Parameters of the pilot's recommended model."""
    size_factor: float
    """The plan's over the pilot's."""
    compute_factor: float
    distance_share: float
    """Share of the half-width of the plan's range that stands for its distance from the nearest
    run, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class PilotEffect:
    """The last pilot, and the decision before and after it."""

    plan_id: str
    ended_at: datetime
    family: str
    """Of its text."""
    evidence_id: str
    """That the decision rests on."""
    trainings: int
    counted: int
    """Of them, those that the law in use counts."""
    unmoved: Unmoved | None
    """Why that is none; None where it is some."""
    before: Stand | None
    """Without its runs; None where none counts, or where the question has no answer without."""
    after: Stand
    transfer: Transfer
    apart: float | None
    """Probability with which its plan was to tell its recommendation and the usual rule apart; None
    where it compares none."""

    @property
    def plan_changed(self) -> bool:
        """Whether the recommended configuration is another."""
        return self.before is not None and self.before.plan.config != self.after.plan.config

    @property
    def verdict_changed(self) -> bool:
        """Whether something else is asked for."""
        return self.before is not None and self.before.verdict.code is not self.after.verdict.code

    @property
    def figures_changed(self) -> bool:
        """Whether the expected loss or the worth moved by what three digits show."""
        if self.before is None:
            return False
        moved = [self.after.plan.cross_entropy.value / self.before.plan.cross_entropy.value - 1.0]
        if self.before.npv and self.after.npv is not None:
            moved.append(self.after.npv / self.before.npv - 1.0)
        return max(map(abs, moved)) > NOTICEABLE

    @property
    def changed(self) -> bool:
        """Whether it changed anything of the decision."""
        lost = self.counted > 0 and self.before is None
        return lost or self.plan_changed or self.verdict_changed or self.figures_changed


def finished() -> tuple[Entry, ...]:
    """The pilots that have ended with results, the last one first. Raises :class:`InputError` where
    the folder of pilots cannot be read."""
    return tuple(
        entry
        for entry in standing.entries()
        if entry.plan is not None and entry.status.state is State.FINISHED and entry.results
    )


def unreadable() -> int:
    """Pilots of which nobody can tell whether they have ended, nor with what."""
    return sum(entry.plan is None for entry in standing.entries())


def last_effect(now: Answer, fitted: FittedEvidence, pilots: Sequence[Entry]) -> PilotEffect | None:
    """What the last of ``pilots`` changed whose runs the law in use counts, else why the last one
    changed nothing; None without pilots. ``now`` is the answer under that law.

    Where a pilot counts this takes as long as two answers, and a fit of some seconds the first
    time; elsewhere next to nothing.
    """
    if not pilots:
        return None
    used, newest = _used(fitted)
    mattering = next((one for one in pilots if used & _runs(one)), pilots[0])
    return _effect(now, fitted, mattering, used, newest)


def effect_of(now: Answer, fitted: FittedEvidence, pilot: Entry) -> PilotEffect:
    """What one finished pilot changed; as :func:`last_effect`."""
    return _effect(now, fitted, pilot, *_used(fitted))


def _used(fitted: FittedEvidence) -> tuple[frozenset[str], frozenset[str]]:
    """Ids of the runs that the law in use counts, and of those that one fitted now would."""
    sha256, newest = _newest(fitted.summary.id, stamp(run_log()))
    if fitted.summary.hash == sha256:
        return newest, newest
    chosen = current(fitted.summary.id, run_log().folder)
    return frozenset(chosen.run_ids if chosen is not None else ()), newest


@lru_cache(maxsize=8)
def _newest(evidence_id: str, _stamp: str) -> tuple[str, frozenset[str]]:
    """The hash and the runs of an evidence as it now stands; kept, since sliders ask."""
    evidence = selection_of(evidence_id).evidence
    return evidence.sha256, frozenset(evidence.run_ids)


def _runs(pilot: Entry) -> frozenset[str]:
    return frozenset(result.run_id for result in pilot.results if result.run_id is not None)


def _effect(
    now: Answer,
    fitted: FittedEvidence,
    pilot: Entry,
    used: frozenset[str],
    newest: frozenset[str],
) -> PilotEffect:
    assert pilot.plan is not None  # of finished ones alone
    counted = used & _runs(pilot)
    before, after = None, _stand(now)
    if counted:  # both alike, with estimated noise
        before = _without(now.question, sorted(counted & newest))
        after = _stand(answer(now.question, fitted))
    first = pilot.plan.arms[0].settings.config
    return PilotEffect(
        plan_id=pilot.plan_id,
        ended_at=max(datetime.fromisoformat(result.created_at) for result in pilot.results),
        family=pilot.plan.family,
        evidence_id=fitted.summary.id,
        trainings=len(pilot.results),
        counted=len(counted),
        unmoved=None if counted else _why(pilot, fitted, newest),
        before=before,
        after=after,
        transfer=_transfer(first, now, fitted),
        apart=pilot.plan.apart,
    )


def _why(pilot: Entry, fitted: FittedEvidence, newest: frozenset[str]) -> Unmoved:
    """Why the law in use counts none of a pilot's runs."""
    assert pilot.plan is not None
    own = _runs(pilot)
    if pilot.plan.start_cross_entropy is not None:
        return Unmoved.TUNED
    if not own:
        return Unmoved.NO_RECORD
    if pilot.plan.family != fitted.summary.id:
        return Unmoved.OTHER_TEXT
    if own & newest:
        is_pinned = current(fitted.summary.id, run_log().folder) is not None
        return Unmoved.PINNED if is_pinned else Unmoved.NOT_REFITTED
    logged = {record.run_id for record in run_log().records(family=pilot.plan.family)}
    return Unmoved.TOO_SHORT if own & logged else Unmoved.NO_RECORD


def _without(question: Question, runs: Sequence[str]) -> Stand | None:
    """The decision on the evidence less ``runs``; None where it then has no answer."""
    try:
        selection = selection_of(question.evidence_id, without=runs)
        return _stand(answer(question, fit_selection(selection, on_record=False)))
    except InputError:
        return None


def _stand(found: Answer) -> Stand:
    return Stand(
        plan=found.decision.recommendation,
        npv=None if found.study is None else found.study.appraisal.npv.value,
        verdict=found.verdict,
    )


def _transfer(pilot: TrainingConfig, now: Answer, fitted: FittedEvidence) -> Transfer:
    plan = now.decision.recommendation
    config, loss = plan.config, plan.cross_entropy
    distance = float(
        fitted.fit.distance(
            config.model_size, config.iterations, plan.noise_batch_ratio, config.batch_size
        )
    )
    drifted = -float(ndtri((1 - loss.level) / 2)) * fitted.fit.level_drift * distance
    half = math.log(loss.high / loss.low) / 2
    return Transfer(
        model_size=pilot.model_size,
        size_factor=config.model_size / pilot.model_size,
        compute_factor=config.compute_flops / pilot.compute_flops,
        # Parts add up in quadrature.
        distance_share=min((drifted / half) ** 2, 1.0) if half > 0 else 0.0,
    )

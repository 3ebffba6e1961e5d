"""Pilots and the law: which law steers a pilot, what it proposes, and what a pilot changes.

Fits and pilots do not know each other; here they meet.

A text of the evidence's own family is predicted by the evidence's law. Any other text is a family
of its own (so is a text in windows of another length, which see more of it before they guess), and
gets that law by partial pooling (:mod:`engine.law.transfer.pool`) with whatever
runs of it the run log holds, none at first: the more there are, the more they have the say. Pilots
are steered by the runs as they stand, whatever version of a law is the current one. A plan
freezes how many they were, and their hash, before its first step, so that no run ever has a part in
its own prediction.

*Privacy.* What moves the law of a text are its records: configurations, noise and losses on
held-out units; no word of the text, no loss on training units. Those losses come from models that
keep their ε, so that for whoever was trained on they are post-processing. Not covered: held-out
units, whose text has an influence on the losses and so on the next prediction and recommendation.
"""

from dataclasses import dataclass, replace

import pandas as pd

from engine.accounting.search import noise_multiplier
from engine.allocation.space import Space
from engine.config import TrainingConfig
from engine.decision.fitted import (
    MEASURED_GPT,
    FittedEvidence,
    evidence_of,
    newest_evidence,
    run_log,
)
from engine.interval import Interval
from engine.law.fit import FitResult
from engine.law.transfer.pool import pool
from engine.pilot.learning_rate import LearningRateRule, fit_rule
from engine.pilot.plan import SOURCE, PilotPlan, Transfer
from engine.pilot.prepared import Prepared
from engine.pilot.propose import expected, propose
from engine.pilot.question import PilotBudget, PilotLaw, PrivacyTerms
from engine.runs.curves import has_curve
from engine.runs.evidence import EvidenceSummary, content_hash, evidence
from engine.runs.record import RunRecord


def pilot_law(
    family: str = MEASURED_GPT,
    vocabulary_size: int | None = None,
    sequence_length: int | None = None,
    *,
    evidence_id: str = MEASURED_GPT,
) -> PilotLaw:
    """The law of our own trainings as it now stands, with the learning-rate rule of their sweeps;
    for another ``family``, of tokens out of ``vocabulary_size`` in windows of ``sequence_length``,
    as transferred to it.

    Raises :class:`InputError` where the run log holds too few runs of the evidence.
    """
    fitted = newest_evidence(evidence_id)
    rate = fit_rule(run_log().records(family=evidence_id))
    if family != evidence_id:
        return _transferred(fitted, rate, family, vocabulary_size, sequence_length)
    return PilotLaw(
        fit=fitted.fit,
        space=fitted.space,
        summary=fitted.summary,
        rate=rate,
        largest_flops=fitted.coverage.compute_flops,
        family=family,
    )


def _transferred(
    fitted: FittedEvidence,
    rate: LearningRateRule,
    family: str,
    vocabulary_size: int | None,
    sequence_length: int | None,
) -> PilotLaw:
    """Runs count that the law can read: those with a curve, of the window that is asked about."""
    log, source = run_log(), fitted.summary
    length = sequence_length or fitted.space.sequence_length
    runs = [record for record in log.records(family=family) if _is_read(record, length)]
    summary, frame = source, evidence_of(source.id).frame.iloc[:0]
    if runs:
        frame = evidence(runs, noise_multiplier).frame
        both = content_hash([*log.records(family=source.id), *runs])
        summary = EvidenceSummary(id=source.id, runs=source.runs, hash=both)
    return PilotLaw(
        fit=fitted.fit.mapped(lambda one: _pooled(one, frame, vocabulary_size)),
        space=replace(_widened(fitted.space, frame), sequence_length=length),
        summary=summary,
        rate=rate,
        largest_flops=max([fitted.coverage.compute_flops, *frame["compute_flops"]]),
        family=family,
        transferred_runs=len(runs),
    )


def _is_read(record: RunRecord, sequence_length: int) -> bool:
    """Whether a law that is transferred to the record's text counts it."""
    return has_curve(record) and record.sequence_length == sequence_length


def _widened(space: Space, frame: pd.DataFrame) -> Space:
    """The space of the evidence with the runs of ``frame``, which have climbed beyond it or not."""
    if frame.empty:
        return space

    def both(held: tuple[float, float], name: str) -> tuple[float, float]:
        return min(held[0], float(frame[name].min())), max(held[1], float(frame[name].max()))

    return replace(
        space,
        model_size=both(space.model_size, "model_size"),
        iterations=both(space.iterations, "iterations"),
    )


def _pooled(source: FitResult, frame: pd.DataFrame, vocabulary_size: int | None) -> FitResult:
    return pool(source, frame, vocabulary_size=vocabulary_size, resamples=source.draws)


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What the law said of a pilot's question before and says after it: the recommendation and its
    loss, nats per token or byte, with runs in the evidence."""

    before: TrainingConfig
    before_loss: Interval | None
    after: TrainingConfig
    after_loss: Interval | None
    same_loss: Interval
    """What the law now expects of the configuration that was trained."""
    runs: int
    """Of the evidence; those that moved its law to another family are ``transfer.runs``."""
    own: int
    """Of these or those, the pilot's own."""
    evidence_hash: str
    transfer: Transfer | None
    """Where the law comes from, if not from the family itself."""

    @property
    def moved(self) -> bool:
        """Whether the recommended configuration changed."""
        return self.before != self.after


def counted_runs(plan: PilotPlan) -> tuple[str, ...]:
    """Ids of the records of ``plan``'s trainings that the law of its text counts."""
    written = f"{SOURCE} {plan.plan_id}/"
    own = {
        record.run_id: record
        for record in run_log().records(family=plan.family)
        if record.source.startswith(written)
    }
    if not own:
        return ()
    if plan.transferred_runs is None:
        return tuple(sorted(own.keys() & set(evidence_of(plan.family).run_ids)))
    length = plan.arms[0].settings.config.sequence_length
    return tuple(sorted(name for name, record in own.items() if _is_read(record, length)))


def revise(plan: PilotPlan, prepared: Prepared) -> Revision:
    """Ask the pilot's question again of the law as it now stands, at the same compute.

    Raises as :func:`engine.pilot.propose.propose`.
    """
    first = plan.arms[0]
    shape = first.settings.shape
    law = pilot_law(
        plan.family,
        shape.vocabulary_size,
        shape.sequence_length,
        evidence_id=plan.evidence_id,
    )
    compute = first.settings.config.compute_flops
    again = propose(
        prepared,
        law,
        PrivacyTerms(epsilon=plan.epsilon, delta=plan.delta, privacy_unit=plan.privacy_unit),
        PilotBudget(compute_flops=compute),
        with_rule=False,
    ).arms[0]
    ratio = first.settings.noise_batch_ratio
    return Revision(
        before=first.settings.config,
        before_loss=first.predicted,
        after=again.settings.config,
        after_loss=again.predicted,
        same_loss=expected(law, first.settings.config, ratio),
        runs=law.summary.runs,
        own=len(counted_runs(plan)),
        evidence_hash=law.summary.hash,
        transfer=law.transfer,
    )

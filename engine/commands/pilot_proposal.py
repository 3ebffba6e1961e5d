"""The options of a pilot -> its plan: the text prepared, the plan proposed, what it can tell."""

import argparse
from dataclasses import dataclass, replace

from engine.commands import pilot_report as report
from engine.commands.pilot_following import failed, followed
from engine.commands.pilot_options import (
    asked_of,
    budget_of,
    canaries_of,
    held_by,
    repeats_of,
    require_canaries,
    start_of,
    terms_for,
    terms_of,
)
from engine.commands.text_options import source_of
from engine.decision.fine_tuning import tuning_basis
from engine.decision.pilot_law import pilot_law
from engine.errors import InputError
from engine.pilot.fine_tuning import propose_from_start, require_reading
from engine.pilot.people import People, people_of
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.prepared import Prepared
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.status import State
from engine.pilot.running.text_total import Promised, promised_on
from engine.pilot.starts import StartFile
from engine.pilot.statistical_power import Power, least_seconds, of_prediction, power


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A plan, what it can tell, and the least seconds with which it would tell enough."""

    plan: PilotPlan
    can: Power
    least: float | None


def plan_rows(found: Proposed) -> report.Rows:
    """The plan for a terminal, beside what other pilots promise on its text."""
    plan = found.plan
    return report.plan_rows(plan, _others(plan), people_in(plan), found.can, found.least)


def _others(plan: PilotPlan) -> Promised:
    return promised_on(plan.corpus_fingerprint, standing.entries(), other_than=plan.plan_id)


def people_in(plan: PilotPlan) -> People:
    """Whom the plan's ε covers, by its prepared text."""
    return people_of(plan, lifecycle.prepared(plan.corpus))


def prepared_text(source: CorpusSource, *, again: bool = False) -> Prepared:
    """The text, read and measured on this machine by a process that is followed. Raises
    :class:`InputError` where that failed or was interrupted."""
    lifecycle.prepare(source, again=again)
    ended = followed(lambda: lifecycle.poll_preparation(source))
    if ended is not None and ended.state is State.FAILED:
        raise failed(ended)
    found = lifecycle.prepared(source)
    if found is None or ended is None:
        raise InputError("Expected a prepared text, got none so far: prepare it and let that end.")
    return found


def proposed_for(options: argparse.Namespace) -> Proposed:
    """What the options of ``plan`` and ``run`` ask for. Raises :class:`InputError`."""
    # Refuse what is wrong with the question before the minutes that answering takes.
    budget, canaries, repeats = budget_of(options), canaries_of(options), repeats_of(options)
    start, source = start_of(options), source_of(options)
    asked = terms_of(options, source)
    if start is not None:
        budget.require_no_run()
        require_reading(start.name, source)
    pilot_law()  # without evidence there is nothing to prepare for
    found = lifecycle.prepared(source) or prepared_text(source)
    prepared = replace(found, recompute=options.recompute, held_by=held_by(options, found.device))
    law = pilot_law(prepared.family, prepared.vocabulary_size, prepared.sequence_length)
    terms = terms_for(prepared.units, asked, options)
    require_canaries(canaries, prepared.units)
    if start is not None:
        return _from_start(start, options, prepared, terms, budget)
    proposed = propose(
        prepared,
        law,
        terms,
        budget,
        with_rule=not options.no_rule,
        repeats=repeats,
        keep_weights=options.keep_weights,
    )
    can = power(proposed, law)
    return Proposed(
        # Canaries spend capacity: what was reckoned without them is not what it can tell.
        plan=replace(proposed, canaries=canaries, apart=None) if canaries else proposed,
        can=can,
        least=least_seconds(prepared, law, terms, repeats=repeats) if can.falls_short else None,
    )


def _from_start(
    start: StartFile,
    options: argparse.Namespace,
    prepared: Prepared,
    terms: PrivacyTerms,
    budget: PilotBudget,
) -> Proposed:
    """A plan that fine-tunes; without the usual rule beside it, which is one of trainings from
    nothing."""
    plan = propose_from_start(
        prepared,
        start,
        tuning_basis(),
        terms,
        budget,
        asked=asked_of(options),
        repeats=repeats_of(options),
        keep_weights=options.keep_weights,
    )
    return Proposed(plan=plan, can=of_prediction(plan), least=None)

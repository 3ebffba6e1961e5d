"""Kept plans of pilots, and what pilots did to the law and to answers."""

import math

import numpy as np
import streamlit as st

from dashboard.answers import law_cache, run_cache
from dashboard.answers.expected import Expected
from dashboard.answers.keys import BY_TEXT
from engine.api.decisions import FIRST_ITERATION, Answer, fitted
from engine.api.pilots import (
    Arm,
    Entry,
    PilotBudget,
    PilotEffect,
    PilotLaw,
    PilotPlan,
    Prepared,
    PrivacyTerms,
    TuningBasis,
    law_of_pilots,
    least_seconds,
    pilot_effects,
    propose,
    propose_from_start,
    standing,
    tuning_basis,
)
from engine.api.pilots import starts as starts_at_hand
from engine.errors import InputError


def unreadable_pilots() -> int:
    """Pilots that nobody can tell anything of. Raises :class:`engine.errors.InputError` where none
    can be read."""
    return _unreadable_pilots(standing.stamp())


@st.cache_resource(max_entries=1, show_spinner=False)
def _unreadable_pilots(stamp: str) -> int:
    return pilot_effects.unreadable()


def pilot_effect(now: Answer) -> PilotEffect | None:
    """What the last pilot changed for an answer; None where none has ended."""
    return _effect_of(now, None)


def effect_of_pilot(now: Answer, plan_id: str) -> PilotEffect | None:
    """What one pilot changed for an answer; None where it has not ended."""
    return _effect_of(now, plan_id)


def _effect_of(now: Answer, plan_id: str | None) -> PilotEffect | None:
    pilots = _finished_pilots(standing.stamp())
    chosen = tuple(one for one in pilots if plan_id in (None, one.plan_id))
    if not chosen:
        return None
    law = law_cache.fitted_evidence(now.question.evidence_id)
    names = tuple(one.plan_id for one in chosen)
    key = (
        now.question.in_yen(),
        now.provisional,
        names,
        law.summary.hash,
        run_cache.catalogue_version(),
    )
    return _pilot_effect(key, now, law, chosen)


@st.cache_resource(max_entries=1, show_spinner=False)
def _finished_pilots(stamp: str) -> tuple[Entry, ...]:
    return pilot_effects.finished()


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _pilot_effect(
    key: tuple[object, ...],
    _now: Answer,
    _law: fitted.FittedEvidence,
    _pilots: tuple[Entry, ...],
) -> PilotEffect | None:
    return pilot_effects.last_effect(_now, _law, _pilots)


def pilot_law(
    family: str = fitted.MEASURED_GPT,
    vocabulary_size: int | None = None,
    sequence_length: int | None = None,
) -> PilotLaw:
    """The law that steers pilots on a family's text, as the run log now stands."""
    return _pilot_law(fitted.run_log().version, family, vocabulary_size, sequence_length)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pilot_law(
    version: str, family: str, vocabulary_size: int | None, sequence_length: int | None
) -> PilotLaw:
    return law_of_pilots.pilot_law(family, vocabulary_size, sequence_length)


@st.cache_resource(max_entries=64, show_spinner=False)
def pilot_plan(
    prepared: Prepared,
    _law: PilotLaw,
    evidence_hash: str,
    terms: PrivacyTerms,
    budget: PilotBudget,
    with_rule: bool,
    repeats: int,
    keep_weights: bool,
) -> PilotPlan:
    """What would be tested; seconds, for the certificates. ``evidence_hash`` stands for the law."""
    return propose(
        prepared,
        _law,
        terms,
        budget,
        with_rule=with_rule,
        repeats=repeats,
        keep_weights=keep_weights,
    )


def pilot_from_start(
    prepared: Prepared, start: str, terms: PrivacyTerms, budget: PilotBudget, *, repeats: int
) -> PilotPlan:
    """What would be tested from a public start. Raises :class:`engine.errors.InputError` where it
    cannot be."""
    basis, file = tuning_basis(), starts_at_hand.read(start)
    return _pilot_from_start(
        prepared, file, file.sha256, basis, basis.evidence_hash, terms, budget, repeats
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _pilot_from_start(
    prepared: Prepared,
    _start: starts_at_hand.StartFile,
    sha256: str,
    _basis: TuningBasis,
    evidence_hash: str,
    terms: PrivacyTerms,
    budget: PilotBudget,
    repeats: int,
) -> PilotPlan:
    return propose_from_start(prepared, _start, _basis, terms, budget, repeats=repeats)


@st.cache_resource(max_entries=64, show_spinner=False)
def least_pilot_seconds(
    prepared: Prepared, _law: PilotLaw, evidence_hash: str, terms: PrivacyTerms, repeats: int
) -> float | None:
    """The least time in which a pilot would tell its arms apart. ``evidence_hash`` stands for the
    law."""
    return least_seconds(prepared, _law, terms, repeats=repeats)


@st.cache_resource(max_entries=32, show_spinner=False)
def pilot_expected(plan: PilotPlan, arm: Arm) -> Expected | None:
    """What the law expects of an arm on its way; None where another law than the plan's stands."""
    if arm.predicted is None:
        return None
    try:
        shape = arm.settings.shape
        law = pilot_law(plan.family, shape.vocabulary_size, shape.sequence_length)
    except InputError:
        return None
    if (law.summary.id, law.summary.hash) != (plan.evidence_id, plan.evidence_hash):
        return None
    config, first = arm.settings.config, FIRST_ITERATION
    steps = np.unique(np.geomspace(min(first, config.iterations), config.iterations, 40).round())
    point = (config.model_size, steps, arm.settings.noise_batch_ratio, config.batch_size)
    value = law.fit.law.cross_entropy(*point)
    if not math.isclose(value[-1], arm.predicted.value, rel_tol=1e-6):
        return None  # The same evidence, fitted by another version of Kessai.
    low, high = law.fit.interval(*point, level=arm.predicted.level)
    return Expected(iterations=steps, value=value, low=low, high=high)


@st.cache_resource(max_entries=16, show_spinner=False)
def pilot_revision(plan: PilotPlan, prepared: Prepared, version: str) -> law_of_pilots.Revision:
    """How the decision moves with the runs of the log's ``version``."""
    return law_of_pilots.revise(plan, prepared)

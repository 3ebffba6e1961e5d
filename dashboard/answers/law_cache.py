"""Kept laws of the evidence: fits, their tests and versions, and what runs do to them."""

import streamlit as st

from dashboard.answers.keys import BY_TEXT
from engine.api.decisions import Question, fitted
from engine.api.laws import (
    Choice,
    Comparison,
    Diagnostics,
    Influence,
    Inspection,
    LawVersion,
    NextRuns,
    Profile,
    Remaining,
    diagnose,
    influences,
    inspect,
    law_profile,
    law_versions,
    next_run,
)
from engine.errors import InputError

_KEPT_INFLUENCES = 16


def evidence_is_ready(evidence_id: str) -> bool:
    """Whether the law is fitted already, so that an answer, or a refusal, comes at once."""
    try:
        return _evidence_is_ready(evidence_id, fitted.state_of(evidence_id))
    except InputError:
        return True


@st.cache_resource(max_entries=8, show_spinner=False, validate=bool)
def _evidence_is_ready(evidence_id: str, state: str) -> bool:
    """Only a yes is kept."""
    return fitted.is_ready(evidence_id)


def fitted_evidence(evidence_id: str) -> fitted.FittedEvidence:
    """The law of an evidence; seconds the first time on a machine."""
    return _fitted_evidence(evidence_id, fitted.state_of(evidence_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _fitted_evidence(evidence_id: str, state: str) -> fitted.FittedEvidence:
    return fitted.fitted_evidence(evidence_id)


def inspection(evidence_id: str) -> Inspection:
    """The law of an evidence beside its runs."""
    return _inspection(evidence_id, fitted.state_of(evidence_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _inspection(evidence_id: str, state: str) -> Inspection:
    beside = fitted.standing_selection(evidence_id).evidence
    return inspect(fitted_evidence(evidence_id).fit, beside.frame)


def diagnostics(evidence_id: str) -> tuple[Diagnostics, ...]:
    """The tests of every form that has a say, by falling weight; a second or two."""
    return _diagnostics(evidence_id, fitted.state_of(evidence_id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _diagnostics(evidence_id: str, state: str) -> tuple[Diagnostics, ...]:
    frame = fitted.standing_selection(evidence_id).evidence.frame
    return tuple(diagnose(one.law, frame) for one in fitted_evidence(evidence_id).fit.members)


def profile(evidence_id: str, name: str) -> Profile:
    """The profile of a number of the leading form; seconds."""
    return _profile(evidence_id, fitted.state_of(evidence_id), name)


@st.cache_resource(max_entries=64, show_spinner=False)
def _profile(evidence_id: str, state: str, name: str) -> Profile:
    selection = fitted.standing_selection(evidence_id)
    return law_profile.profile_of(selection, fitted_evidence(evidence_id), name)


def law_versions_of(evidence_id: str) -> tuple[LawVersion, ...]:
    """The kept versions of an evidence's law, oldest first."""
    return _law_versions_of(evidence_id, law_versions.stamp())


@st.cache_resource(max_entries=8, show_spinner=False)
def _law_versions_of(evidence_id: str, stamp: str) -> tuple[LawVersion, ...]:
    return law_versions.kept(evidence_id)


def newest_is_ready(evidence_id: str) -> bool:
    """Whether :func:`law_now` answers without a fit. Raises as that does."""
    return _newest_is_ready(evidence_id, evidence_version())


@st.cache_resource(max_entries=8, show_spinner=False, validate=bool)
def _newest_is_ready(evidence_id: str, version: str) -> bool:
    """Only a yes is kept."""
    return fitted.is_newest_ready(evidence_id)


@st.cache_resource(max_entries=8, show_spinner=False)
def suspicious_runs(evidence_id: str, version: str) -> dict[str, str]:
    """Runs that are left out by themselves, with their flags, at a version of the catalogue."""
    return law_versions.suspicious(evidence_id)


def remaining(evidence_id: str, version: str, choice: Choice) -> Remaining:
    """What a choice leaves of an evidence, at a version of the catalogue."""
    return _remaining(evidence_id, version, repr(choice), choice)


@st.cache_resource(max_entries=64, show_spinner=False)
def _remaining(evidence_id: str, version: str, chosen: str, _choice: Choice) -> Remaining:
    return law_versions.remaining(evidence_id, _choice)


def law_now(evidence_id: str) -> LawVersion:
    """The law of an evidence as its runs stand, whether kept or not."""
    return _law_now(evidence_id, evidence_version())


@st.cache_resource(max_entries=8, show_spinner=False)
def _law_now(evidence_id: str, version: str) -> LawVersion:
    return law_versions.now(evidence_id)


def comparison(before: LawVersion, after: LawVersion, question: Question) -> Comparison:
    """What changed between two versions, also for the answer to a question."""
    return _comparison(before.version, after.version, question.in_yen(), before, after)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _comparison(
    before: str, after: str, question: Question, _before: LawVersion, _after: LawVersion
) -> Comparison:
    return law_versions.compare(_before, _after, question)


def next_runs(question: Question) -> NextRuns:
    """The runs that would narrow the range of today's plan."""
    return _next_runs(question.in_yen(), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _next_runs(question: Question, state: str) -> NextRuns:
    return next_run.next_runs(question)


def influence(question: Question, seconds: float, progress: influences.Progress) -> Influence:
    """What each run does to the decision; ``progress`` may end it, and then nothing is kept but
    the fits, which are on disk."""
    evidence_id = question.evidence_id
    key = (question.in_yen(), evidence_id, fitted.state_of(evidence_id), seconds)
    kept = _influences()
    found = kept.get(key)
    if found is None:
        found = influences.influence(question, seconds=seconds, progress=progress)
        kept[key] = found
        while len(kept) > _KEPT_INFLUENCES:
            kept.pop(next(iter(kept)))
    return found


@st.cache_resource(max_entries=1, show_spinner=False)
def _influences() -> dict[tuple[Question, str, str, float], Influence]:
    """Filled while a page draws its progress, which a cached function may not."""
    return {}


def evidence_version() -> str:
    """Changes with the run log."""
    return fitted.run_log().version


def forget() -> None:
    """Drop what rests on the law of before."""
    for kept in (
        _evidence_is_ready,
        _fitted_evidence,
        _inspection,
        _diagnostics,
        _influences,
        _profile,
        _law_now,
        _newest_is_ready,
        _next_runs,
    ):
        kept.clear()

"""Kept scenarios: as saved, and as they would be answered now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.answers import decision_cache, law_cache
from engine.api.decisions import Certificate, CertificateRequest, Question, fitted
from engine.api.laws import law_versions
from engine.api.runs import data_folder
from engine.api.scenarios import (
    Frozen,
    Saved,
    Since,
    Standing,
    State,
    Value,
    acts,
    frozen_figures,
    is_same_ground,
    saved,
    since,
    stamp_of_log,
    standings,
)
from engine.errors import InputError

PROPOSAL_WAITS, SAVE_WAITS = 60.0, 12.0
"""Seconds for a certificate: a proposal is refused without, a save keeps estimated figures. The one
that is under way and one's own take up to 5 s each."""


_FURTHEST = (State.APPROVED, State.PROPOSED, State.SUPERSEDED, State.DRAFT)


class NotYet(Exception):  # noqa: N818 (no error: the answer waits for this certificate)
    """What was asked for waits for a certificate that is not there yet."""

    def __init__(self, promise: CertificateRequest) -> None:
        self.promise = promise
        super().__init__(promise)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Every saved scenario with its state, and a refusal for each file that is none."""

    scenarios: tuple[Saved, ...]
    refused: tuple[InputError, ...]
    standings: Mapping[str, Standing]
    """By the scenario's name; empty where the log of decisions is not whole."""
    unknown: InputError | None
    """Why states are not shown."""
    missing: tuple[str, ...]
    """Approved ones whose files are gone."""

    def same(self, values: Mapping[str, Value]) -> Saved | None:
        """The one that asks what these values ask; of several the one that is furthest."""
        found = [one for one in self.scenarios if saved.asks(one, values)]
        return min(found, key=self._rank, default=None)

    def _rank(self, one: Saved) -> int:
        standing = self.standings.get(one.name)
        return len(_FURTHEST) if standing is None else _FURTHEST.index(standing.state)

    def chosen(
        self, values: Mapping[str, Value], names: Iterable[str]
    ) -> tuple[Saved | None, tuple[Saved, ...]]:
        """What the scenario on show is saved as, if it is, and those beside it that were chosen, in
        the order in which they were: what was chosen and is on show anyway stands once."""
        kept = {each.name: each for each in self.scenarios}
        found = [kept[name] for name in names if name in kept]
        own = next((one for one in found if saved.asks(one, values)), None)
        return own or self.same(values), tuple(one for one in found if one is not own)


def scenario_folder() -> Path:
    """Where scenarios are saved, beside the run log."""
    return saved.folder(fitted.run_log().folder)


def scenarios() -> Kept:
    """All that is saved, with states as the log of decisions says."""
    place = scenario_folder()
    return _scenarios(place, saved.stamp(place), stamp_of_log(data_folder()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _scenarios(place: Path, stamp: str, log: str) -> Kept:
    found, refused = saved.listed(place)
    try:
        book, unknown = standings(data_folder()), None
    except InputError as error:
        book, unknown = None, error
    return Kept(
        scenarios=tuple(found),
        refused=tuple(refused),
        standings={}
        if book is None
        else {one.name: book.of(one.name, one.version) for one in found},
        unknown=unknown,
        missing=() if book is None else acts.missing(found, book),
    )


def approved() -> list[tuple[Saved, Standing]]:
    """The scenarios that are approved and not superseded, the last decision first."""
    kept = scenarios()
    found = [
        (one, kept.standings[one.name])
        for one in kept.scenarios
        if one.name in kept.standings and kept.standings[one.name].state is State.APPROVED
    ]
    return sorted(found, key=lambda pair: _decided_at(pair[1]), reverse=True)


def _decided_at(standing: Standing) -> str:
    return "" if standing.decision is None else standing.decision.at


def frozen_now(question: Question, *, at: str, wait: float) -> Frozen:
    """What a question answers, for its scenario's file, and the law that it rests on is kept.

    Its certificate is made next, whoever else waits; after ``wait`` seconds the figures are those
    with estimated noise, and say so. Raises :class:`InputError` where there is no answer.
    """
    promise, desk = decision_cache.request(question), decision_cache.certificates()
    desk.ask_first(promise)
    desk.wait(wait, promise)
    found = decision_cache.answer(question)
    fitted_law = law_cache.fitted_evidence(question.evidence_id)
    frozen_figures.keep_law(fitted_law, data_folder())
    return frozen_figures.freeze(found, fitted_law, at=at)


def then_and_now(one: Saved) -> Since:
    """What became of a scenario with frozen figures. Raises :class:`NotYet` where it waits for a
    certificate, and :class:`InputError` where nothing was frozen, or it was changed."""
    state = fitted.state_of(one.evidence_id)
    return _then_and_now(one.version, state, law_versions.stamp(), one)


@st.cache_resource(max_entries=64, show_spinner=False)
def _then_and_now(version: str, state: str, laws: str, _one: Saved) -> Since:
    law = law_cache.fitted_evidence(_one.evidence_id)
    return since(_one, law, _certified, folder=data_folder())


def _certified(promise: CertificateRequest) -> Certificate:
    found = decision_cache.certificates().known(promise)
    if found is None:
        raise NotYet(promise)
    return found


def is_as_then(one: Saved) -> bool:
    """Whether law, code and assumptions are those that its frozen figures rest on, or nobody can
    tell before a law has been fitted; costs next to nothing."""
    evidence_id = one.evidence_id
    if one.frozen is None or not one.frozen.is_whole:
        return True
    if not law_cache.evidence_is_ready(evidence_id):
        return True
    return _is_as_then(one.version, fitted.state_of(evidence_id), one)


@st.cache_resource(max_entries=256, show_spinner=False)
def _is_as_then(version: str, state: str, _one: Saved) -> bool:
    law = law_cache.fitted_evidence(_one.evidence_id)
    then = _one.frozen
    return then is None or is_same_ground(then, _one, frozen_figures.law_of(law))


def forget() -> None:
    """Drop what rests on the law of before."""
    for kept in (_then_and_now, _is_as_then):
        kept.clear()

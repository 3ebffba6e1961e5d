"""What a meeting is shown: the answers of the caches, and what they rest on today."""

from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.answers import decision_cache, law_cache, pilot_cache, scenario_cache
from dashboard.compare import wording as compare_wording
from dashboard.compare.side import side
from dashboard.present.cover import Cover
from dashboard.present.deck import Material
from dashboard.present.options import Option
from dashboard.present.tables import Basis, Kept
from dashboard.state import address, link, session, widgets
from dashboard.state.scenario import Scenario
from engine.api.decisions import (
    MEASURED_GPT,
    Answer,
    Question,
    StartFindings,
    bridge,
    start_findings,
)
from engine.api.pilots import PilotEffect, code_version
from engine.api.reports import fit_version
from engine.api.scenarios import Saved
from engine.errors import InputError
from engine.text.i18n import Words

_LETTERS = "ABCDEF"


def material(now: Scenario) -> Material:
    """Everything that the deck of a scenario is made from; the certificate if it is there by now.

    Raises :class:`engine.errors.InputError` for a scenario without an answer.
    """
    answer = decision_cache.answer(now.question)
    return Material(
        answer=answer,
        options=_options(answer, now.words),
        start=_start(now.question),
        pilot=_pilot(answer),
        basis=Basis(
            fit_version=fit_version(law_cache.fitted_evidence(now.question.evidence_id).fit),
            code_version=code_version(),
            day=datetime.now(ZoneInfo(st.context.timezone or "UTC")).date(),
            address=address.copied_link(),
            made_up=session.value(link.TOUR) is not None,
            kept=_kept(),
            cover=Cover(
                **{field.name: widgets.typed("cover", field.name) for field in fields(Cover)}
            ),
        ),
    )


def _kept() -> Kept | None:
    """The saved scenario that asks what is on show, in whatever currency; of several the one that
    is furthest."""
    found = scenario_cache.scenarios()
    own, _ = _chosen()
    if own is None or own.name not in found.standings:
        return None
    standing = found.standings[own.name]
    return Kept(scenario=own, standing=standing, zone=st.context.timezone)


def _start(asked: Question) -> StartFindings | None:
    """The ways to begin; None while the law of the trainings that they rest on is being fitted."""
    return start_findings(asked) if law_cache.evidence_is_ready(MEASURED_GPT) else None


def _pilot(answer: Answer) -> PilotEffect | InputError | None:
    """What the last pilot changed, as Decide says it, or why nobody knows."""
    try:
        return pilot_cache.pilot_effect(answer)
    except InputError as error:
        return error


def evidence_beside() -> list[str]:
    """What the ways to begin rest on, and the scenarios that were chosen on Compare and are still
    kept, each once."""
    _, others = _chosen()
    return list(dict.fromkeys([*(one.evidence_id for one in others), MEASURED_GPT]))


def _chosen() -> tuple[Saved | None, tuple[Saved, ...]]:
    """What this scenario is saved as, and those chosen beside it."""
    names = link.names_of(session.value(link.WITH))
    return scenario_cache.scenarios().chosen(session.fields(), names)


def _options(first: Answer, words: Words) -> tuple[Option, ...]:
    """This scenario, by the name that it is saved under, and those that were chosen on Compare and
    are still kept; one without an answer is no option, nor is one whose law is still being
    fitted."""
    standings = scenario_cache.scenarios().standings
    own, others = _chosen()
    fields = session.fields()
    name = words.say("This scenario")
    if own is not None:
        name = compare_wording.named(own.name, standings, words)
    found = [Option(letter="A", name=name, answer=first)]
    for one in others:
        if not law_cache.evidence_is_ready(one.evidence_id):
            continue
        beside = side(one.name, {**fields, **one.values}, decision_cache.answer)
        if beside.answer is None:
            continue
        before = found[-1].answer.question
        found.append(
            Option(
                letter=_LETTERS[len(found)],
                name=compare_wording.named(one.name, standings, words),
                answer=beside.answer,
                bridge=bridge(before, beside.question, _worth),
            )
        )
    return tuple(found) if len(found) > 1 else ()


def _worth(asked: Question) -> float | None:
    study = decision_cache.answer(asked).study
    return None if study is None else study.appraisal.npv.value

"""What a meeting is shown: the answers of the caches, and what they rest on today."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.answers import decision_cache, law_cache, scenario_cache
from dashboard.compare import wording as compare_wording
from dashboard.compare.side import side
from dashboard.present.cover import Cover
from dashboard.present.deck import Material
from dashboard.present.options import Option
from dashboard.present.tables import Basis, Kept
from dashboard.state import address, link, session, widgets
from dashboard.state.scenario import Scenario
from engine.api.decisions import Answer, Question, bridge, start_findings
from engine.api.pilots import code_version
from engine.api.reports import fit_version
from engine.api.scenarios import Saved, State, saved
from engine.api.scenarios import fields as grammar
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
        start=start_findings(now.question),
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
    found, asked = scenario_cache.scenarios(), _asked(saved.texts(session.fields()))
    same = [
        Kept(scenario=one, standing=found.standings[one.name], zone=st.context.timezone)
        for one in found.scenarios
        if one.name in found.standings and _asked(one.fields) == asked
    ]
    rank = (State.APPROVED, State.PROPOSED, State.SUPERSEDED, State.DRAFT)
    return min(same, key=lambda each: rank.index(each.standing.state), default=None)


def _asked(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if key != grammar.CURRENCY.key}


def evidence_of_options() -> list[str]:
    """What the scenarios rest on that were chosen on Compare and are still kept, each once."""
    return list(dict.fromkeys(one.evidence_id for one in _chosen().values()))


def _chosen() -> dict[str, Saved]:
    kept = {each.name: each for each in scenario_cache.scenarios().scenarios}
    return {name: kept[name] for name in link.names_of(session.value(link.WITH)) if name in kept}


def _options(first: Answer, words: Words) -> tuple[Option, ...]:
    """This scenario and those that were chosen on Compare and are still kept; one without an answer
    is no option, nor is one whose law is still being fitted."""
    found_now, kept = scenario_cache.scenarios(), _chosen()
    fields = session.fields()
    found = [Option(letter="A", name=words.say("This scenario"), answer=first)]
    for name, one in kept.items():
        if not law_cache.evidence_is_ready(one.evidence_id):
            continue
        beside = side(name, {**fields, **one.values}, decision_cache.answer)
        if beside.answer is None:
            continue
        before = found[-1].answer.question
        found.append(
            Option(
                letter=_LETTERS[len(found)],
                name=compare_wording.named(name, found_now.standings, words),
                answer=beside.answer,
                bridge=bridge(before, beside.question, _worth),
            )
        )
    return tuple(found) if len(found) > 1 else ()


def _worth(asked: Question) -> float | None:
    study = decision_cache.answer(asked).study
    return None if study is None else study.appraisal.npv.value

"""Which scenarios are compared, with their answers, and what explains a difference."""

import streamlit as st

from dashboard.answers import decision_cache, first_fit, scenario_cache
from dashboard.compare import empty_state, wording
from dashboard.compare.example import wider
from dashboard.compare.side import Side, side
from dashboard.state import link, session, widgets
from engine.api.decisions import Explanation, explain
from engine.api.scenarios import fields as grammar
from engine.text.i18n import Words


def explained(first: Side, other: Side) -> Explanation | None:
    """None where one of them has no plan."""
    if first.answer is None or other.answer is None:
        return None
    return explain(first.question, other.question, decision_cache.decision_on)


def sides(found: scenario_cache.Kept, words: Words) -> list[Side]:
    """This scenario and those chosen; a worked example where none is. Those whose law is still
    being fitted, which is drawn, are left out, and all of them where this scenario's is."""
    fields = session.fields()
    kept = found.scenarios
    names = wording.names((each.name for each in kept), found.standings, words)
    chosen = st.multiselect(
        words.say("Compare this scenario with"),
        list(names),
        format_func=names.__getitem__,
        max_selections=link.MOST_BESIDE,
        placeholder=words.say("Saved scenarios"),
        **widgets.bind_names(names),
    )
    own, others = found.chosen(fields, chosen)
    named = [(each.name, {**fields, **each.values}) for each in others]
    if not named:
        itself = own.name if own is not None and own.name in chosen else None
        empty_state.draw(itself, bool(kept), words)
        named = [(wording.example(words), wider(fields))]
    everyone = [(words.say("This scenario") if own is None else own.name, fields), *named]
    saved = [own is not None, *([True] * len(others) or [False])]
    evidence = [grammar.question(values).evidence_id for _, values in everyone]
    there = {one: first_fit.is_there(one, words, f":{one}") for one in dict.fromkeys(evidence)}
    if not there[evidence[0]]:
        return []
    return [
        side(name, values, decision_cache.answer, is_saved=is_saved)
        for (name, values), is_saved, one in zip(everyone, saved, evidence, strict=True)
        if there[one]
    ]

"""Which scenarios are compared, with their plans, what these earn, and
what explains a difference."""

import streamlit as st

from dashboard.answers import cache
from dashboard.compare import charts, empty_state, explain, wording
from dashboard.compare.example import wider
from dashboard.compare.explain import Explanation, Side
from dashboard.state import link, saved, session
from dashboard.state import scenario as state_scenario
from engine.roi.study import Study
from engine.text.i18n import Words


def explained(first: Side, other: Side) -> Explanation | None:
    """None where one of them has no plan."""
    return explain.explain(first, other, cache.decision) if first.answer and other.answer else None


def _appraised(values: explain.Values) -> Study:
    now = state_scenario.asked(values, link.LANGUAGE.of(values) or "")
    plan = (now.budget, now.evidence_id, now.sampling, now.assumptions)
    return cache.study(*plan, now.table, now.curve)


def sides(kept: list[saved.Saved], words: Words) -> list[Side]:
    """This scenario and those chosen; a worked example where none is."""
    fields = session.fields()
    names = st.multiselect(
        words.say("Compare this scenario with"),
        [each.name for each in kept],
        max_selections=charts.MOST - 1,
        placeholder=words.say("Saved scenarios"),
        **session.bind_page("compare", "chosen"),
    )
    named = [(each.name, {**fields, **each.values}) for each in kept if each.name in names]
    if not named:
        empty_state.draw(bool(kept), words)
        named = [(wording.example(words), wider(fields))]
    everyone = [(words.say("This scenario"), fields), *named]
    return [explain.side(name, values, cache.decision, _appraised) for name, values in everyone]

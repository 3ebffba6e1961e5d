"""Which scenarios are compared, with their plans, what these earn, and what explains a difference."""

import streamlit as st

from dashboard import (
    cache,
    compare,
    compare_charts,
    compare_wording,
    question,
    saved,
    scenario,
    tour,
)
from dashboard.compare import Explanation, Side
from dashboard.i18n import Words
from dashboard.views import none_chosen
from engine.roi.study import Study


def explained(first: Side, other: Side) -> Explanation | None:
    """None where one of them has no plan."""
    return compare.explain(first, other, cache.decision) if first.answer and other.answer else None


def _appraised(values: compare.Values) -> Study:
    now = question.asked(values, values["lang"] or "")
    plan = (now.budget, now.evidence_id, now.sampling, now.assumptions)
    return cache.study(*plan, now.table, now.curve)


def sides(kept: list[saved.Saved], words: Words) -> list[Side]:
    """This scenario and those chosen; a worked example where none is."""
    fields = scenario.fields()
    names = st.multiselect(
        words.say("Compare this scenario with"),
        [each.name for each in kept],
        max_selections=compare_charts.MOST - 1,
        placeholder=words.say("Saved scenarios"),
        **scenario.bind_page("compare", "chosen"),
    )
    named = [(each.name, {**fields, **each.values}) for each in kept if each.name in names]
    if not named:
        none_chosen.draw(bool(kept), words)
        named = [(compare_wording.example(words), tour.wider(fields))]
    everyone = [(words.say("This scenario"), fields), *named]
    return [compare.side(name, values, cache.decision, _appraised) for name, values in everyone]

"""Explore: what pays most from here in a sentence, the three budgets as a map, plans along
compute."""

import streamlit as st

from dashboard.answers import decision_cache, first_fit, law_cache, map_cache, provisional
from dashboard.explore import map, plan_charts, plane, wording
from dashboard.glossary import lookup
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import palette
from engine.api.decisions import Decision
from engine.text.i18n import Words


def render(scenario: Scenario) -> None:
    """Draw the page."""
    words, colours = scenario.words, palette(st.context.theme.type)
    asked = scenario.question
    found = first_fit.answered(asked.evidence_id, lambda: decision_cache.answer(asked), words)
    if found is None:
        return
    answer = found.decision
    st.title(wording.headline(answer, words), anchor=False)
    provisional.mark([found], words)
    map.draw(scenario, answer, words, colours)
    _plans(scenario, answer, words)
    provisional.settle([found])


def _plans(scenario: Scenario, answer: Decision, words: Words) -> None:
    colours = palette(st.context.theme.type)
    space = law_cache.fitted_evidence(scenario.question.evidence_id).space
    lines = map_cache.plan_lines(
        scenario.budget.delta,
        scenario.question.evidence_id,
        scenario.question.sampling,
        plane.window("compute", scenario.budget, space),
        *plane.around(scenario.budget),
    )
    drawn = plan_charts.grid(lines, words, colours)
    blocks.chart(words.say("The best plan along compute"), drawn, height=620)
    st.caption(drawn.alt)
    drawn = plan_charts.ratio(lines, answer, words, colours)
    meaning = lookup.tips(words, "tokens_per_parameter", "token")
    blocks.chart(words.say("Tokens per parameter"), drawn, help=meaning)
    st.caption(drawn.alt)

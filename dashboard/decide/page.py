"""Decide: the decision in a sentence, the verdict, four figures, the chart that proves it,
detail."""

import streamlit as st

from dashboard.answers import cache, provisional
from dashboard.decide import charts, detail, facts, guarantee, wording
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette, palette
from engine.api.decisions import Answer, Decision
from engine.text import verdict
from engine.text.i18n import Words


def render(scenario: Scenario) -> None:
    """Draw the page."""
    words, colours = scenario.words, palette(st.context.theme.type)
    answer = _answer(scenario, words)
    if answer is None:
        return
    decision = answer.decision
    st.title(wording.headline(answer, words), anchor=False)
    st.markdown(f":material/gavel: **{verdict.sentence(answer, words)}**")
    st.header(wording.second_line(decision, words), anchor=False, help=blocks.tip("binding", words))
    promise = st.empty()
    provisional.mark([answer], words)
    detail.support(decision, words)
    _metrics(decision, words)
    _charts(decision, words, colours)
    statement = detail.draw(decision, words, colours)
    guarantee.draw(answer, promise, statement, words)
    provisional.settle([answer])


def _answer(scenario: Scenario, words: Words) -> Answer | None:
    note = st.empty()
    if not cache.evidence_is_ready(scenario.question.evidence_id):
        note.info(words.say("Fitting the law to the evidence: some seconds, this one time only."))
    answer = blocks.answered(lambda: cache.answer(scenario.question), words)
    note.empty()
    return answer


def _metrics(decision: Decision, words: Words) -> None:
    for column, metric in zip(st.columns(4), facts.metrics(decision, words), strict=True):
        with column.container(border=True, height="stretch", gap=None):
            st.metric(metric.label, metric.value, help=metric.help)
            st.caption(metric.detail)


def _charts(decision: Decision, words: Words, colours: Palette) -> None:
    wide, narrow = st.columns([13, 7], gap="medium")
    with wide:
        drawn = charts.frontier(decision, words, colours)
        blocks.chart(words.say("What compute buys"), drawn, help=blocks.tip("saturation", words))
        st.caption(wording.saving(decision, words))
    with narrow:
        blocks.chart(words.say("What doubling buys"), charts.doublings(decision, words, colours))

"""Decide: the decision in a sentence, four figures, the chart that proves it, then the detail."""

import streamlit as st

from dashboard.answers import cache
from dashboard.decide import charts, detail, facts, guarantee, wording
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette, palette
from engine.decision.answer import Decision
from engine.errors import InputError
from engine.text.i18n import Words


def render(scenario: Scenario) -> None:
    """Draw the page; the certificate comes last, so that the page is complete before it."""
    words, colours = Words(scenario.language), palette(st.context.theme.type)
    try:
        answer = _answer(scenario, words)
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        st.markdown(words.say("Move a slider or type another value; nothing else has changed."))
        return
    st.title(wording.decision(answer, words), anchor=False)
    st.header(wording.second_line(answer, words), anchor=False, help=blocks.tip("binding", words))
    promise = st.empty()
    detail.support(answer, words)
    _metrics(answer, words)
    _charts(answer, words, colours)
    statement = detail.draw(answer, words, colours)
    guarantee.draw(answer, promise, statement, words)


def _answer(scenario: Scenario, words: Words) -> Decision:
    note = st.empty()
    if not cache.evidence_is_ready(scenario.evidence_id):
        note.info(words.say("Fitting the law to the evidence: some seconds, this one time only."))
    with st.skeleton(height=420):
        answer = cache.decision(
            scenario.budget, scenario.evidence_id, scenario.sampling, scenario.assumptions
        )
    note.empty()
    return answer


def _metrics(answer: Decision, words: Words) -> None:
    for column, metric in zip(st.columns(4), facts.metrics(answer, words), strict=True):
        with column.container(border=True, height="stretch", gap=None):
            st.metric(metric.label, metric.value, help=metric.help)
            st.caption(metric.detail)


def _charts(answer: Decision, words: Words, colours: Palette) -> None:
    wide, narrow = st.columns([13, 7], gap="medium")
    with wide:
        drawn = charts.frontier(answer, words, colours)
        blocks.chart(words.say("What compute buys"), drawn, help=blocks.tip("saturation", words))
        st.caption(wording.saving(answer, words))
    with narrow:
        blocks.chart(words.say("What doubling buys"), charts.doublings(answer, words, colours))

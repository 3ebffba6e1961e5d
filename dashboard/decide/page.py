"""Decide: the verdict and a board's figures, what to do next Monday, then the plan that it is
about and the chart that proves it, then detail."""

from collections.abc import Sequence

import streamlit as st

from dashboard.answers import decision_cache, first_fit, last_pilot, provisional
from dashboard.decide import (
    approved,
    board,
    charts,
    correlated,
    detail,
    devices,
    facts,
    guarantee,
    next_steps,
    public_start,
    wording,
)
from dashboard.state import arrival
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette, palette
from dashboard.ui.metric import Metric
from engine.api.decisions import Answer, Decision
from engine.text import noise, verdict
from engine.text.i18n import Words


def render(scenario: Scenario) -> None:
    """Draw the page."""
    words, colours = scenario.words, palette(st.context.theme.type)
    answer = _answer(scenario, words)
    if answer is None:
        return
    decision = answer.decision
    with arrival.part(arrival.VERDICT):
        st.title(verdict.headline(answer, words), anchor=False)
    because = words.joined([verdict.why(answer, words), verdict.turning(answer, words)])
    st.markdown(f":material/gavel: {because}")
    hint, told = st.empty(), st.empty()
    provisional.mark([answer], words)
    _metrics(board.metrics(answer, words), 3)
    if sites := board.sites(answer, words):
        st.caption(sites)
    tested = st.container()
    steps = st.container()
    st.header(wording.headline(answer, words), anchor=False)
    if said := noise.sentence(answer, words):
        st.markdown(f":material/graphic_eq: {said}")
    st.markdown(wording.second_line(decision, words), help=blocks.tip("binding", words))
    st.caption(wording.in_plain_words(answer, words))
    promise = st.empty()
    detail.support(decision, words)
    _metrics(facts.of_plan(decision, words), 3)
    _charts(decision, words, colours)
    start = st.container()
    statement, room = detail.draw(answer, words, colours)
    guarantee.draw(answer, promise, statement, words)
    with steps:  # Last, since what would make it pay takes a search.
        next_steps.draw(answer, words)
    with start:
        public_start.draw(answer, hint, words)
        correlated.draw(answer, room, words)
        devices.draw(answer, words)
    with tested:
        last_pilot.draw(answer, words)
    waiting = approved.draw(told, words)  # Last too: it may ask the law of then.
    provisional.settle([answer], waiting)


def _answer(scenario: Scenario, words: Words) -> Answer | None:
    asked = scenario.question
    return first_fit.answered(asked.evidence_id, lambda: decision_cache.answer(asked), words)


def _metrics(metrics: Sequence[Metric], in_a_row: int) -> None:
    for first in range(0, len(metrics), in_a_row):
        row = metrics[first : first + in_a_row]
        for column, metric in zip(st.columns(in_a_row), row, strict=True):
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

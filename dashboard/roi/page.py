"""ROI: what it earns in a sentence, the figures with their origin, the charts, risk, the table."""

import streamlit as st

from dashboard.answers import decision_cache, first_fit, last_pilot, provisional
from dashboard.glossary import lookup
from dashboard.roi import (
    assumptions,
    attack_risk,
    charts,
    correlated,
    device_hour,
    headlines,
    metric_and_currency,
    public_start,
    targets,
    uses,
    wording,
)
from dashboard.state import arrival
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette, palette
from engine.api.decisions import Answer
from engine.api.money import Study
from engine.text import noise
from engine.text.i18n import Words


def render(scenario: Scenario) -> None:
    """Draw the page."""
    words, colours = scenario.words, palette(st.context.theme.type)
    asked = scenario.question
    answer = first_fit.answered(asked.evidence_id, lambda: decision_cache.answer(asked), words)
    if answer is None:
        metric_and_currency.draw(words)
        assumptions.draw(scenario, words)
        return
    found = answer.study
    st.title(wording.headline_of(answer, words), anchor=False)
    st.header(wording.second_line_of(answer, words), anchor=False)
    if said := noise.sentence(answer, words):
        st.markdown(f":material/graphic_eq: {said}")
    provisional.mark([answer], words)
    tested = st.container()
    metric_and_currency.draw(words)
    if found is not None:
        st.markdown(f":gray[:material/info:] {wording.curve(found, words)}")
    headlines.headlines(answer, words)
    if found is not None:
        _charts(answer, found, words, colours)
    else:
        headlines.reconciliation(answer, words)
    attack_risk.draw(answer, words, colours)
    targets.draw(scenario, answer, words)
    if found is not None:
        uses.draw(scenario, words)
    public_start.draw(answer.question, words)
    correlated.draw(answer, words)
    device_hour.draw(answer, words)
    assumptions.draw(scenario, words)
    with tested:
        last_pilot.draw(answer, words)
    provisional.settle([answer])


def _charts(answer: Answer, found: Study, words: Words, colours: Palette) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        blocks.chart(
            words.say("From value to net present value"),
            charts.waterfall(found, words, colours),
            help=lookup.tip("npv", words),
        )
    with right:
        drawn, meaning = charts.cash(found, words, colours), lookup.tip("interval", words)
        blocks.chart(words.say("Cash so far"), drawn, help=meaning)
    headlines.reconciliation(answer, words)
    blocks.chart(words.say("What it hangs on"), charts.tornado(found, words, colours))
    st.caption(wording.centre(found, words))
    headlines.break_evens(found, words)
    with arrival.part(arrival.STAGES):
        blocks.chart(words.say("Step by step"), charts.stages(found, words, colours), height=330)
        st.caption(wording.staged(found.staged, words))

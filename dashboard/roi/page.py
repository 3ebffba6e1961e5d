"""ROI: what it earns in a sentence, the figures with their origin, the charts, risk, the table."""

import streamlit as st

from dashboard.answers import cache
from dashboard.glossary import lookup
from dashboard.roi import (
    assumptions,
    charts,
    headlines,
    metric_and_currency,
    risk,
    targets,
    wording,
)
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette, palette
from engine.errors import InputError
from engine.roi.study import Study
from engine.text.i18n import Words


def render(scenario: Scenario) -> None:
    """Draw the page."""
    words, colours = scenario.words, palette(st.context.theme.type)
    asked = (scenario.budget, scenario.evidence_id, scenario.sampling, scenario.assumptions)
    try:
        with st.skeleton(height=420):
            certified = cache.certified(*asked)
            found = cache.study(*asked, scenario.table, scenario.curve, certified)
            attack, others = cache.risk(*asked, certified)
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        st.markdown(words.say("Move a slider or type another value; nothing else has changed."))
        metric_and_currency.draw(words)
        assumptions.draw(scenario, words)
        return
    st.title(wording.headline(found, words), anchor=False)
    st.header(wording.second_line(found, words), anchor=False)
    metric_and_currency.draw(words)
    st.markdown(f":gray[:material/info:] {wording.curve(found, words)}")
    headlines.headlines(found, attack, words)
    _charts(found, words, colours)
    risk.draw(scenario.budget.epsilon, found, attack, others, words, colours)
    targets.draw(scenario, found, words)
    assumptions.draw(scenario, words)


def _charts(found: Study, words: Words, colours: Palette) -> None:
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
    blocks.chart(words.say("What it hangs on"), charts.tornado(found, words, colours))
    st.caption(wording.centre(found, words))
    headlines.break_evens(found, words)
    blocks.chart(words.say("Step by step"), charts.stages(found, words, colours), height=330)
    st.caption(wording.staged(found.staged, words))

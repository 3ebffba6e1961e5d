"""ROI: what it earns in a sentence, the figures with their origin, the charts, risk, the table."""

import streamlit as st

from dashboard import cache, glossary, roi_charts, roi_wording
from dashboard.colours import Palette, palette
from dashboard.i18n import Words
from dashboard.scenario import Scenario
from dashboard.views import basis, business, parts, reverse, risk, trace
from engine.errors import InputError
from engine.roi.study import Study


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
        basis.draw(words)
        business.draw(scenario, words)
        return
    st.title(roi_wording.headline(found, words), anchor=False)
    st.header(roi_wording.second_line(found, words), anchor=False)
    basis.draw(words)
    st.markdown(f":gray[:material/info:] {roi_wording.curve(found, words)}")
    trace.headlines(found, attack, words)
    _charts(found, words, colours)
    risk.draw(scenario.budget.epsilon, found, attack, others, words, colours)
    reverse.draw(scenario, found, words)
    business.draw(scenario, words)


def _charts(found: Study, words: Words, colours: Palette) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        parts.chart(
            words.say("From value to net present value"),
            roi_charts.waterfall(found, words, colours),
            help=glossary.tip("npv", words),
        )
    with right:
        drawn, meaning = roi_charts.cash(found, words, colours), glossary.tip("interval", words)
        parts.chart(words.say("Cash so far"), drawn, help=meaning)
    parts.chart(words.say("What it hangs on"), roi_charts.tornado(found, words, colours))
    st.caption(roi_wording.centre(found, words))
    trace.break_evens(found, words)
    parts.chart(words.say("Step by step"), roi_charts.stages(found, words, colours), height=330)
    st.caption(roi_wording.staged(found.staged, words))

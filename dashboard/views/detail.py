"""The detail under the figures: configuration, guarantee, wiggle room, evidence."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import charts, facts, wording
from dashboard.colours import Palette
from dashboard.i18n import Words
from dashboard.views import parts
from engine.answers import Decision, Support

_ICON = {
    Support.INSIDE: ":green[:material/check_circle:]",
    Support.EDGE: ":gray[:material/adjust:]",
    Support.OUTSIDE: ":gray[:material/texture:]",
}


def draw(answer: Decision, words: Words, colours: Palette) -> DeltaGenerator:
    """Draw everything; returns the place where the privacy statement goes."""
    left, right = st.columns(2, gap="large")
    with left:
        parts.heading(words.say("Recommended configuration"))
        parts.table(facts.configuration(answer, words))
    with right:
        parts.heading(words.say("Privacy statement"))
        statement = st.empty()
    left, right = st.columns([13, 7], gap="medium")
    with left:
        parts.chart(
            words.say("Wiggle room: plans that are as good"),
            charts.wiggle_room(answer, words, colours),
        )
        st.caption(wording.wiggle(answer, words))
    with right:
        parts.heading(words.say("Evidence"))
        st.markdown(wording.support(answer, words))
        parts.table(facts.provenance(answer, words))
    return statement


def support(answer: Decision, words: Words) -> None:
    """One line on how far the evidence carries the answer."""
    where = answer.extrapolation.support
    with st.container(border=where is Support.OUTSIDE):
        st.markdown(f"{_ICON[where]} {wording.support(answer, words)}")

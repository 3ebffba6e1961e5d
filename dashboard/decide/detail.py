"""The detail under the figures: configuration, guarantee, wiggle room, evidence."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.decide import charts, facts, wording
from dashboard.glossary import lookup
from dashboard.ui import blocks
from dashboard.ui.colours import Palette
from engine.api.decisions import Answer, Decision, Support
from engine.text import sources
from engine.text.i18n import Words

_ICON = {
    Support.INSIDE: ":green[:material/check_circle:]",
    Support.EDGE: ":gray[:material/adjust:]",
    Support.OUTSIDE: ":gray[:material/texture:]",
}


_CONFIGURATION = ("model_size", "batch_size", "iterations", "sequence_length", "noise_batch_ratio")
_GUARANTEE = ("noise_multiplier", "privacy_unit", "neighbours", "certificate", "accountant")


def draw(whole: Answer, words: Words, colours: Palette) -> tuple[DeltaGenerator, ...]:
    """Draw everything; returns the places where the privacy statement goes, and what correlated
    noise would do to the wiggle room."""
    answer = whole.decision
    left, right = st.columns(2, gap="large")
    with left:
        meaning = lookup.tips(words, *_CONFIGURATION)
        blocks.heading(words.say("Recommended configuration"), meaning)
        blocks.table(facts.configuration(answer, words))
        st.caption(facts.ranges_note(answer, words))
    with right:
        meaning = lookup.tips(words, *_GUARANTEE)
        blocks.heading(words.say("Privacy statement"), meaning)
        statement = st.empty()
    left, right = st.columns([13, 7], gap="medium")
    with left:
        blocks.chart(
            words.say("Wiggle room: plans that are as good"),
            charts.wiggle_room(answer, words, colours),
            help=lookup.tip("wiggle_room", words),
        )
        st.caption(wording.wiggle(answer, words))
        room = st.empty()
    with right:
        blocks.heading(words.say("Evidence"), lookup.tip("evidence", words))
        st.markdown(wording.support(answer, words))
        blocks.table(facts.provenance(answer, words))
        st.caption(wording.limits(answer, words))
        if whole.study is not None:
            st.caption(sources.behind_money(whole.question.assumptions, words))
    return statement, room


def support(answer: Decision, words: Words) -> None:
    """One line on how far the evidence carries the answer."""
    where = answer.extrapolation.support
    with st.container(border=where is Support.OUTSIDE):
        meaning = lookup.tip("extrapolation", words)
        st.markdown(f"{_ICON[where]} {wording.support(answer, words)}", help=meaning)

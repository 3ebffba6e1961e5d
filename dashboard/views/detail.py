"""The detail under the figures: configuration, guarantee, wiggle room, evidence."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import charts, facts, wording
from dashboard.colours import Palette
from dashboard.i18n import Words
from engine.answers import Decision, Support

CHART_HEIGHT = 430
_ICON = {
    Support.INSIDE: ":green[:material/check_circle:]",
    Support.EDGE: ":gray[:material/adjust:]",
    Support.OUTSIDE: ":gray[:material/texture:]",
}


def draw(answer: Decision, words: Words, colours: Palette) -> DeltaGenerator:
    """Draw everything; returns the place where the privacy statement goes."""
    left, right = st.columns(2, gap="large")
    with left:
        _heading(words.say("Recommended configuration"))
        table(facts.configuration(answer, words))
    with right:
        _heading(words.say("Privacy statement"))
        statement = st.empty()
    left, right = st.columns([13, 7], gap="medium")
    with left:
        chart(
            words.say("Wiggle room: plans that are as good"),
            charts.wiggle_room(answer, words, colours),
        )
        st.caption(wording.wiggle(answer, words))
    with right:
        _heading(words.say("Evidence"))
        st.markdown(wording.support(answer, words))
        table(facts.provenance(answer, words))
    return statement


def chart(title: str, drawn: charts.Chart) -> None:
    """A titled figure with its alternative text."""
    _heading(title)
    st.plotly_chart(drawn.figure, alt=drawn.alt, config=charts.CONFIG, height=CHART_HEIGHT)


def table(rows: list[tuple[str, str]], place: DeltaGenerator | None = None) -> None:
    """Two columns, names and values."""
    names, values = zip(*rows, strict=True)
    (place or st).table(
        {"name": names, "value": values}, border="horizontal", hide_index=True, hide_header=True
    )


def support(answer: Decision, words: Words) -> None:
    """One line on how far the evidence carries the answer."""
    where = answer.extrapolation.support
    with st.container(border=where is Support.OUTSIDE):
        st.markdown(f"{_ICON[where]} {wording.support(answer, words)}")


def _heading(text: str) -> None:
    st.subheader(text, anchor=False)

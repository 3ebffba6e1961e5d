"""Building blocks of every page: a titled figure, a table of names and values, a heading."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.glossary.lookup import tip as tip
from dashboard.glossary.lookup import tips as tips
from dashboard.ui import phone_charts
from dashboard.ui.chart import CONFIG, Chart

CHART_HEIGHT = 430


def emphasis() -> str:
    """The type of the button that matters most. In the dark theme the primary one writes white on
    pale indigo, which is hard to read: there it is outlined like the others."""
    return "secondary" if st.context.theme.type == "dark" else "primary"


def heading(text: str, help: str | None = None) -> None:
    """``help``: the terms of what stands under it, from :mod:`dashboard.glossary.lookup`."""
    st.subheader(text, anchor=False, help=help)


def empty(sentence: str) -> None:
    """A place with nothing in it yet: what will be here, what for, and what fills it."""
    with st.container(border=True):
        st.markdown(f":gray[:material/inbox:] {sentence}")


def chart(
    title: str,
    drawn: Chart,
    *,
    height: int = CHART_HEIGHT,
    help: str | None = None,
) -> None:
    """A titled figure with its alternative text."""
    heading(title, help)
    plot(drawn, height)


def plot(drawn: Chart, height: int, **clicks: object) -> None:
    """A figure with its alternative text, drawn for a phone where there is one."""
    figure = drawn.figure
    if phone_charts.is_phone(st.context.headers.get("User-Agent")):
        figure, height = phone_charts.narrowed(figure, height)
    st.plotly_chart(figure, alt=drawn.alt, config=CONFIG, height=height, **clicks)


def columns(found: dict[str, list[str]]) -> None:
    """A table with a head, text in every cell."""
    st.table(found, border="horizontal", hide_index=True)


def table(rows: list[tuple[str, str]], place: DeltaGenerator | None = None) -> None:
    """Two columns, names and values."""
    names, values = zip(*rows, strict=True)
    (place or st).table(
        {"name": names, "value": values}, border="horizontal", hide_index=True, hide_header=True
    )

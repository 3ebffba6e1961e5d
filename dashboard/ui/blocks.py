"""Building blocks of every page: a titled figure, a table of names and values, a heading."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict, TypeVar, Unpack

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.glossary.lookup import tip as tip
from dashboard.glossary.lookup import tips as tips
from dashboard.ui import phone_charts, window
from dashboard.ui.chart import CONFIG, Chart
from engine.api.reports import japanese_face
from engine.api.tables import harmless
from engine.errors import InputError
from engine.text.i18n import Words

CHART_HEIGHT = 430
_ANSWER_HEIGHT = 420
"""Pixels of the skeleton that holds the place of an answer."""
T = TypeVar("T")

TABLE_MEGABYTES = 2
"""What an uploader of assumptions or of a scenario takes; the server's own limit is for runs."""


class Clicks(TypedDict, total=False):
    """Arguments of a chart that can be clicked (:func:`dashboard.state.widgets.bind_map`)."""

    key: str
    on_select: Callable[[], None]
    selection_mode: Literal["points"]


def emphasis() -> Literal["primary", "secondary"]:
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


def to_come(words: Words) -> None:
    """A place whose search waits until the sliders rest and the promise is certified."""
    sentence = words.say("Follows when the promise is certified.")
    st.caption(f":material/hourglass_top: {sentence}")


@st.fragment
def folded(label: str, key: str, draw: Callable[[], None]) -> None:
    """What ``draw`` draws, under a label. It is made when someone unfolds it, by a run of this
    part alone, so that no page waits for what nobody looks at."""
    place = st.expander(label, key=key, on_change="rerun")
    if place.open:
        with place:
            draw()


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


def plot(drawn: Chart, height: int, **clicks: Unpack[Clicks]) -> None:
    """A figure with its alternative text, drawn for a phone or a window as narrow."""
    if window.is_narrow() or phone_charts.is_phone(st.context.headers.get("User-Agent")):
        figure, height = phone_charts.narrowed(drawn.figure, height)
    else:
        figure = drawn.drawing.unchecked()
    st.plotly_chart(figure, alt=drawn.alt, config=CONFIG, height=height, **clicks)


def answered(ask: Callable[[], T], words: Words) -> T | None:
    """What ``ask`` answers, a skeleton in its place until then. Where it raises
    :class:`InputError`: the refusal and what to do about it are drawn, and the result is None."""
    try:
        with st.skeleton(height=_ANSWER_HEIGHT):
            return ask()
    except InputError as error:
        refused(error, words)
        st.markdown(words.say("Move a slider or type another value; nothing else has changed."))
        return None


def accepted(act: Callable[[], object], words: Words) -> bool:
    """Whether ``act`` was done; where it raises :class:`InputError`, the refusal is drawn."""
    try:
        act()
    except InputError as error:
        refused(error, words)
        return False
    return True


def refused(error: InputError, words: Words) -> None:
    """Why something was not done, in the reader's language."""
    st.error(words.refusal(error), icon=":material/block:")


def columns(found: dict[str, list[str]]) -> None:
    """A table with a head, text in every cell."""
    st.table(found, border="horizontal", hide_index=True)


def listing(found: Mapping[str, Sequence[object]]) -> None:
    """A table with a head that may have thousands of rows; no cell of it, taken away as a file, is
    a formula."""
    st.dataframe(_harmless(found), hide_index=True, placeholder="")


def choice(found: Mapping[str, Sequence[object]], key: str) -> list[int]:
    """Such a table whose rows can be chosen; the places of those that are."""
    state = st.dataframe(
        _harmless(found),
        hide_index=True,
        placeholder="",
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
    )
    return list(state["selection"]["rows"])


def _harmless(found: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
    return {
        name: [harmless(cell) if isinstance(cell, str) else cell for cell in cells]
        for name, cells in found.items()
    }


def table(rows: list[tuple[str, str]], place: DeltaGenerator | None = None) -> None:
    """Two columns, names and values."""
    names, values = zip(*rows, strict=True)
    (place or st).table(
        {"name": names, "value": values}, border="horizontal", hide_index=True, hide_header=True
    )


def attempt(action: Callable[[], object], done: str, refusal: Callable[[InputError], str]) -> None:
    """Do it, say that it is ``done`` and draw the page anew; or say why not."""
    try:
        action()
    except InputError as error:
        st.error(refusal(error), icon=":material/block:")
        return
    st.toast(done, icon=":material/check:")
    st.rerun()


def has_print_font(words: Words) -> bool:
    """Whether PDFs can be set here; says why not where they cannot."""
    try:
        japanese_face()
    except InputError as error:
        st.warning(words.refusal(error), icon=":material/font_download_off:")
        return False
    return True

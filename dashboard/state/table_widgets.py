"""Widgets of the table of assumptions: its editor, its uploader, and the measured pairs."""

from collections.abc import Callable
from typing import Literal

import streamlit as st
from streamlit.typing import UploadedFile

from dashboard.state import assumption_table, session
from dashboard.state.scenario import with_table
from dashboard.state.widgets import Bound
from engine.api.money import Assumptions, load
from engine.api.scenarios import figures
from engine.api.tables import Corrections, Detected, Mark
from engine.errors import InputError


def bind_table() -> Bound:
    """Arguments that tie the editor of the assumptions to the scenario.

    A refused edit stays in its cell; after an accepted one the editor starts from the new table.
    """
    name = f"table:{st.session_state.get('_table_version', 0)}"
    return {"key": name, "on_change": _take_edits, "args": (name,)}


def bind_file() -> Bound:
    """Arguments that tie an uploader to the table of assumptions."""
    return {"key": "table:file", "on_change": _take_file, "args": ()}


def bind_reading(correction: Literal["decimal", "encoding"]) -> Bound:
    """Arguments that tie a select box to how an uploaded table is read; a change reads it again."""
    return {"key": f"file:{correction}", "on_change": _take_file, "args": ()}


def file_reading() -> Detected | None:
    """How the uploaded table was read; None where none was, or it leaves no choice."""
    found = st.session_state.get("_reading")
    return found if isinstance(found, Detected) else None


def file_added() -> tuple[str, ...]:
    """Figures that the uploaded table lacked, since it is older than they are, and that are still
    what they were given: who changes one of them, or takes another table, has seen to it."""
    given: dict[str, object] = st.session_state.get("_added", {})
    table = session.current().question.assumptions
    return tuple(name for name, row in given.items() if table[name] == row)


def bind_pairs() -> Bound:
    """Arguments that tie a text area to the measured pairs of loss and metric."""
    state, name = st.session_state, f"pairs:{session.metric_kind()}"
    if state.get(name) is None:
        state[name] = figures.pairs_lines(state["_values"]["pairs"])
    return {"key": name, "on_change": _take_pairs, "args": (name,)}


def restore_table() -> None:
    """Return to the table and curve of a first visit."""
    st.session_state["_values"] |= {"figures": None, "pairs": None}
    st.session_state["_added"] = {}
    session.forget_figures()


def _take_edits(name: str) -> None:
    edits = st.session_state[name]["edited_rows"]
    now = session.current()
    _try(
        "table",
        lambda: _keep_table(assumption_table.edited(now.question.assumptions, edits, now.words)),
    )


def _take_file() -> None:
    file = st.session_state["table:file"]
    if isinstance(file, UploadedFile):  # None once removed; replaced meanwhile, it has no content.
        state = st.session_state
        state["_reading"], state["_added"] = None, {}

        def keep() -> None:
            decimal = state.get("file:decimal")
            loaded = load(
                file.name,
                file.getvalue(),
                Corrections(
                    encoding=state.get("file:encoding"),
                    decimal=None if decimal is None else Mark(decimal),
                ),
            )
            state["_reading"] = loaded.detected
            _keep_table(loaded.table)
            state["_added"] = {name: loaded.table[name] for name in loaded.added}

        _try("file", keep)


def _take_pairs(name: str) -> None:
    state, text = st.session_state, st.session_state[name] or ""

    def keep() -> None:
        pairs = figures.pairs_text(text)
        figures.curve(
            session.metric_kind(), pairs, session.current().question.assumptions
        )  # refuses what carries no curve
        state["_values"]["pairs"] = pairs

    _try("pairs", keep)


def _try(key: str, action: Callable[[], None]) -> None:
    """Call ``action``; remember under ``key`` the refusal that it raises."""
    try:
        action()
    except InputError as error:
        st.session_state["_refused"][key] = error
        return
    st.session_state["_refused"].pop(key, None)


def _keep_table(table: Assumptions) -> None:
    """Keep the table, also in the fields that the sidebar shows."""
    st.session_state["_values"] = with_table(st.session_state["_values"], table)
    session.renew_table()
    pairs = f"pairs:{session.metric_kind()}"
    if "pairs" in st.session_state["_refused"] and pairs in st.session_state:
        _take_pairs(pairs)

"""Which text a pilot trains on: the one that is always there, or a file on the server."""

from typing import TypedDict

import streamlit as st

from dashboard.pilot import labels
from dashboard.state import session
from dashboard.ui import blocks
from engine.api.pilots import CorpusSource
from engine.text.i18n import Words


def draw(words: Words) -> CorpusSource | None:
    """The chosen text; None as long as its path is missing."""
    blocks.heading(words.say("Text"))
    kind = st.segmented_control(
        words.say("Where the text is"),
        list(labels.CORPORA),
        default="docstrings",
        required=True,
        wrap=True,
        format_func=lambda name: words.say(labels.CORPORA[name]),
        **session.bind_page("pilot", "kind"),
    )
    if kind == "docstrings":
        st.caption(
            words.say(
                "Documentation of the installed Python packages: public English and code, no "
                "download. One document is one protected unit."
            )
        )
        return CorpusSource(kind=kind)
    path = st.text_input(words.say("Path on the server"), **session.bind_page("pilot", "path"))
    columns: _Columns = _columns(words) if kind in labels.TABLES else {}
    tokenizer = st.text_input(
        words.say("Tokenizer: bytes, or the path of a tokenizers JSON"),
        value="bytes",
        help=words.say("One that was not trained on this text: that would leak it."),
        **session.bind_page("pilot", "tokenizer"),
    )
    st.caption(
        words.say(
            "The text stays on this machine: it is read here, never copied into logs, records or "
            "this page."
        )
    )
    if not path.strip():
        return None
    tokens = tokenizer.strip() or "bytes"
    return CorpusSource(kind=kind, path=path.strip(), tokenizer=tokens, **columns)


class _Columns(TypedDict, total=False):
    text_column: str
    unit_column: str | None


def _columns(words: Words) -> _Columns:
    text, unit = st.columns(2)
    label = words.say("Column of the text")
    column = text.text_input(label, value="text", **session.bind_page("pilot", "text"))
    person = unit.text_input(
        words.say("Column of the person"),
        help=words.say("Who is protected. Left empty, each row is protected on its own."),
        **session.bind_page("pilot", "unit"),
    )
    return {"text_column": column.strip() or "text", "unit_column": person.strip() or None}

"""How an uploaded table is read, where a person knows better than the detection."""

from collections.abc import Callable
from typing import Literal, TypedDict, Unpack

import streamlit as st

from engine.api.tables import Mark
from engine.text import tables
from engine.text.i18n import Words

_ENCODINGS = ("utf-8", "cp932", "utf-16", "euc_jp", "cp1252")


class Bound(TypedDict, total=False):
    """Arguments that tie a widget to what it changes (:mod:`dashboard.state.widgets`)."""

    key: str
    on_change: Callable[..., None]
    args: tuple[object, ...]
    persist_state: Literal["session"]


def decimal_mark(words: Words, **bound: Unpack[Bound]) -> Mark | None:
    """Choose the mark before decimals; None for the detected one."""
    return st.selectbox(
        words.say("Decimal mark of the file"),
        list(tables.MARKS),
        index=None,
        format_func=lambda mark: words.say(tables.MARKS[mark]),
        placeholder=words.say("found from its cells"),
        **bound,
    )


def encoding(words: Words, **bound: Unpack[Bound]) -> str | None:
    """Choose the encoding; None for the detected one."""
    return st.selectbox(
        words.say("Encoding of the file"),
        _ENCODINGS,
        index=None,
        format_func=tables.encoding_name,
        placeholder=words.say("found from its bytes"),
        **bound,
    )

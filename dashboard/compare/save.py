"""Writing the folder of scenarios from a page: done and said, or refused in a sentence."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from dashboard.state import link, session
from engine.errors import InputError
from engine.text.i18n import Words
from engine.text.labels import example


def attempt(action: Callable[[], object], done: str, words: Words) -> None:
    """Do it, say that it is ``done`` and draw the page anew; or say why not."""
    try:
        action()
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        return
    st.toast(done, icon=":material/check:")
    st.rerun()


def marked(name: str, words: Words) -> str:
    """A name to keep a scenario under; the tour's example stays known as one among the others."""
    made_up = session.value(link.TOUR) is not None
    return example(name, words) if made_up and name.strip() else name


def now() -> str:
    """The moment, for a history."""
    return datetime.now(UTC).isoformat(timespec="seconds")

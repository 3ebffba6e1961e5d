"""The offer of the tour, made once: on a first visit, until it is answered.

"First" is a session that began at an address without a scenario, in a browser without our cookie.
The cookie says only that the offer was answered; a browser that keeps none is asked again next
time.
"""

import streamlit as st

from dashboard.state import session
from dashboard.tour import card
from dashboard.tour.buttons import Pages
from dashboard.ui import blocks
from engine.text.i18n import Words

_ANSWERED = "tour answered"
_COOKIE = "kessai_tour"
_REMEMBER = (
    "<script>document.cookie = "
    f"'{_COOKIE}=answered; path=/; max-age=31536000; SameSite=Lax'</script>"
)


def draw(pages: Pages, words: Words) -> None:
    """Draw the offer on a first visit that has not answered it."""
    if session.is_asked(_ANSWERED) or _is_remembered() or not session.is_asked("first visit"):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="offer"):
        st.markdown(
            words.say(
                "New here? A manufacturer's question in two minutes; your own entries stay as they "
                "are."
            ),
            width="stretch",
        )
        if st.button(words.say("Start the tour"), type=blocks.emphasis(), key="offer:start"):
            start(pages)
        st.button(
            words.say("No, thank you"),
            type="tertiary",
            on_click=session.ask,
            args=(_ANSWERED,),
            key="offer:close",
        )


def start(pages: Pages) -> None:
    """Begin the tour and do not offer it again."""
    session.ask(_ANSWERED)
    card.begin(1, pages)


def remember() -> None:
    """Set the cookie once the offer was answered. Called last on the page, since it shows
    nothing."""
    if session.is_asked(_ANSWERED) and not _is_remembered():
        st.html(_REMEMBER, unsafe_allow_javascript=True)


def _is_remembered() -> bool:
    return st.context.cookies.get(_COOKIE) == "answered"

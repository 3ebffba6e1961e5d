"""Entries for the first slide and the decision record; each may stay empty."""

import streamlit as st

from dashboard.present.cover import LONGEST
from dashboard.state import widgets
from engine.text.i18n import Words


def draw(words: Words) -> None:
    """Four fields behind a button; they stay for the session."""
    labels = {
        "company": words.say("Company"),
        "department": words.say("Department"),
        "presenter": words.say("Presenter"),
        "meeting": words.say("Meeting, for instance “Board of directors”"),
    }
    with st.popover(words.say("Cover"), icon=":material/badge:"):
        st.caption(words.say("For the first slide and the decision record; each may stay empty."))
        for name, label in labels.items():
            st.text_input(label, max_chars=LONGEST, **widgets.bind_page("cover", name))

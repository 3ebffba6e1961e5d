"""Runs: everything that laws rest on, and the door by which a team's own runs come in."""

import streamlit as st

from dashboard.runs import import_panel
from dashboard.state.scenario import Scenario


def render(now: Scenario) -> None:
    """Draw the page."""
    words = now.words
    st.title(words.say("Runs: what the laws rest on"), anchor=False)
    with st.container(border=True):
        st.subheader(words.say("Import runs of your own"), anchor=False)
        import_panel.draw(words)

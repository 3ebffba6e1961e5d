"""Runs: everything that laws rest on, and the door by which a team's own runs come in and go."""

import streamlit as st

from dashboard.runs import catalogue, epsilon_card, import_panel, sql_panel, wording
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.decisions import fitted


def render(now: Scenario) -> None:
    """Draw the page."""
    words, families = now.words, fitted.run_log().families()
    st.title(wording.headline(families, words), anchor=False)
    blocks.columns(wording.families_table(families, words))
    st.caption(wording.of_a_law(words))
    with st.container(border=True):
        st.subheader(words.say("Import runs of your own"), anchor=False)
        import_panel.draw(words)
    blocks.heading(words.say("All runs"))
    catalogue.draw(words)
    with st.expander(words.say("Which ε did my run have?"), icon=":material/lock:"):
        epsilon_card.draw(words)
    with st.expander(words.say("Ask in SQL"), icon=":material/database:", key="runs:sql"):
        sql_panel.draw(words)

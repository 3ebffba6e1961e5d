"""A run that the law asks for, on its way from the page Law to the planner of pilots."""

import streamlit as st

from dashboard.state import link, session, widgets
from engine.api.pilots import WantedRun

MINUTES, MONEY, RUN = "minutes", "money", "run"
"""What a pilot's budget is measured in."""
_KEPT = "_pilot:run"


def hand_over(run: WantedRun) -> None:
    """Fill the planner: one training, this run, without the usual rule."""
    st.session_state[_KEPT] = run
    widgets.type_into("pilot", "measure", RUN)
    widgets.type_into("pilot", "rule", False)
    widgets.type_into("pilot", "repeats", 1)
    session.show(link.PILOT, link.NEW_PILOT)


def handed() -> WantedRun | None:
    """The run that was handed over last; None before."""
    found: WantedRun | None = st.session_state.get(_KEPT)
    return found

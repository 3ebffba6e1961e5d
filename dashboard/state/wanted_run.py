"""A run that the law asks for, on its way from the page Law to the planner of pilots."""

from dataclasses import dataclass

import streamlit as st

from dashboard.state import link, session, widgets
from engine.api.decisions import fitted
from engine.api.pilots import WantedRun

MINUTES, MONEY, RUN = "minutes", "money", "run"
"""What a pilot's budget is measured in."""
_KEPT = "_pilot:run"


@dataclass(frozen=True, kw_only=True)
class _Handed:
    """A run, the evidence whose law asks for it, and the state of that law."""

    run: WantedRun
    evidence_id: str
    law: str


def hand_over(run: WantedRun, evidence_id: str) -> None:
    """Fill the planner: one training, this run, without the usual rule."""
    st.session_state[_KEPT] = _Handed(
        run=run, evidence_id=evidence_id, law=fitted.state_of(evidence_id)
    )
    widgets.type_into("pilot", "measure", RUN)
    widgets.type_into("pilot", "rule", False)
    widgets.type_into("pilot", "repeats", 1)
    session.show(link.PILOT, link.NEW_PILOT)


def handed(evidence_id: str) -> WantedRun | None:
    """The run that was handed over last; None before, and once another evidence is asked or its law
    has moved, since nobody asks for that run any more: a budget measured in it is in minutes
    again."""
    found: _Handed | None = st.session_state.get(_KEPT)
    if found is None:
        return None
    if (found.evidence_id, found.law) == (evidence_id, fitted.state_of(evidence_id)):
        return found.run
    if widgets.typed("pilot", "measure") == RUN:
        widgets.type_into("pilot", "measure", MINUTES)
    return None

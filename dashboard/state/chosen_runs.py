"""Which runs of an evidence somebody has chosen on the page Law, and the fit that was asked of
them."""

import streamlit as st

from engine.api.laws import Choice, Refit

_KEPT, _AWAITED = "_law:choice", "_law:awaited"


def chosen(evidence_id: str, standing: Choice) -> Choice:
    """What was chosen in this visit; before, the choice of the version that pages rest on."""
    kept: dict[str, Choice] = st.session_state.setdefault(_KEPT, {})
    return kept.get(evidence_id, standing)


def choose(evidence_id: str, choice: Choice) -> None:
    """Remember a choice until the visit ends."""
    st.session_state.setdefault(_KEPT, {})[evidence_id] = choice


def wait_for(fit: Refit | None) -> None:
    """Have the page look how far a fit is; None: no more."""
    st.session_state[_AWAITED] = fit


def awaited(evidence_id: str) -> Refit | None:
    """The fit that is waited for."""
    fit: Refit | None = st.session_state.get(_AWAITED)
    return fit if fit is not None and fit.evidence_id == evidence_id else None

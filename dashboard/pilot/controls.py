"""Pause, resume, cancel; cancelling asks once more. Before them, whether other code goes on."""

import streamlit as st

from dashboard.pilot import entries, provenance
from dashboard.ui import blocks
from engine.api.pilots import PilotPlan, State, Status, launchers
from engine.text.i18n import Words

_RESUMABLE = {State.PLANNED, State.PAUSED, State.FAILED, State.INTERRUPTED}
"""What was cancelled was ended for good: only the command line goes on with it."""


def draw(plan: PilotPlan, status: Status, words: Words) -> None:
    """Draw the buttons that apply to the pilot's state."""
    plan_id = plan.plan_id
    if sentence := provenance.changed_now(plan, status, words):
        st.warning(sentence, icon=":material/update:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if status.is_running:
            if st.button(words.say("Pause"), icon=":material/pause:"):
                blocks.accepted(lambda: launchers.pause(plan_id), words)
        elif status.state in _RESUMABLE and st.button(
            words.say("Start this pilot") if status.state is State.PLANNED else words.say("Resume"),
            type=blocks.emphasis(),
            icon=":material/play_arrow:",
        ):
            blocks.accepted(lambda: launchers.resume(plan_id), words)
            st.rerun()
        if status.state not in (State.CANCELLED, State.FINISHED):
            with st.popover(words.say("Cancel …"), icon=":material/stop:"):
                st.markdown(words.say("End this pilot for good? The ε spent stays spent."))
                if st.button(words.say("Yes, cancel it")):
                    blocks.accepted(lambda: launchers.cancel(plan_id), words)
                    st.rerun()
        if sentence := entries.asked_for(plan_id, words):
            st.markdown(f":gray[:material/hourglass_top: {sentence}]")

"""Pause, resume, cancel; cancelling asks once more. Before them, whether other code goes on."""

from collections.abc import Callable

import streamlit as st

from dashboard.pilot import entries, provenance
from dashboard.state import visitor
from dashboard.ui import blocks
from engine.api.pilots import PilotPlan, State, Status, lifecycle
from engine.errors import InputError
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
                _accepted(lambda: lifecycle.pause(plan_id, by=visitor.person()), words)
        elif status.state in _RESUMABLE:
            is_new = status.state is State.PLANNED
            label = words.say("Start this pilot") if is_new else words.say("Resume")
            if st.button(label, type=blocks.emphasis(), icon=":material/play_arrow:") and _accepted(
                lambda: lifecycle.resume(plan_id, by=visitor.person()), words
            ):
                st.rerun()
        if status.state not in (State.CANCELLED, State.FINISHED):
            with st.popover(words.say("Cancel …"), icon=":material/stop:"):
                st.markdown(words.say("End this pilot for good? The ε spent stays spent."))
                if st.button(words.say("Yes, cancel it")) and _accepted(
                    lambda: lifecycle.cancel(plan_id, by=visitor.person()), words
                ):
                    st.rerun()
        if sentence := entries.asked_for(plan_id, words):
            st.markdown(f":gray[:material/hourglass_top: {sentence}]")


def _accepted(act: Callable[[], object], words: Words) -> bool:
    """Whether it was done; why not stays to be read while the page draws itself anew."""
    try:
        act()
    except InputError as error:
        st.toast(words.refusal(error), icon=":material/block:", duration="infinite")
        return False
    return True

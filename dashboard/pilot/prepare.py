"""Before a plan: read the text and time this machine, in a process of its own."""

import streamlit as st

from dashboard.pilot import facts, labels
from dashboard.state import address, visitor
from dashboard.ui import blocks
from engine.api.pilots import CorpusSource, Prepared, Status, lifecycle
from engine.text import privacy
from engine.text.i18n import Words

_LOOK_AGAIN = 1.0


def draw(source: CorpusSource, words: Words) -> Prepared | None:
    """What was found; None before, with the button or the progress in its place."""
    found = lifecycle.prepared(source)
    if found is not None:
        unit = labels.privacy_unit(source)
        st.markdown(f":green[:material/check_circle:] {facts.prepared(found, unit, words)}")
        for caution in (
            facts.identity(found, words),
            privacy.few_people(found.units, words, unit=unit),
        ):
            if caution:
                st.caption(caution)
        if sentence := facts.left_out(found, words):
            st.caption(sentence)
        return found
    status = lifecycle.poll_preparation(source)
    if status.is_running:
        _wait(source, words)
        return None
    if sentence := labels.reason(status, words):
        st.error(sentence, icon=":material/block:")
    st.markdown(
        words.say(
            "First the text is read and this machine is timed: about a minute, nothing is trained "
            "and no ε is spent."
        )
    )
    if st.button(words.say("Prepare"), type=blocks.emphasis(), icon=":material/speed:"):
        _start(source, words)
    return None


def _start(source: CorpusSource, words: Words) -> None:
    if blocks.accepted(lambda: lifecycle.prepare(source, by=visitor.person()), words):
        st.rerun()


@st.fragment(run_every=_LOOK_AGAIN)
def _wait(source: CorpusSource, words: Words) -> None:
    status: Status = lifecycle.poll_preparation(source)
    if not status.is_running:
        address.draw_anew()
    st.progress(
        min(max(status.progress, 0.0), 1.0),
        text=words.say("Reading the text and timing this machine …"),
    )

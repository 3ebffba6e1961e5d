"""What was decided on a saved scenario, and the form that puts a decision on record."""

import streamlit as st

from dashboard.compare import wording
from dashboard.state import session, visitor
from dashboard.ui import blocks
from engine.api.access import LONGEST_REASON, Ruling, decide, decisions
from engine.api.runs import data_folder
from engine.api.scenarios import saved
from engine.errors import InputError
from engine.text.i18n import Words


def draw(one: saved.Saved, words: Words) -> None:
    """How this version stands, then all decisions on it and on earlier ones."""
    try:
        found = decisions(one.name, data_folder())
    except InputError as error:
        blocks.refused(error, words)
        return
    zone = st.context.timezone
    st.markdown(wording.decided(found, one.version, zone, words))
    if found:
        with st.expander(words.say("Decisions so far"), icon=":material/gavel:"):
            blocks.columns(wording.decisions(found, one.version, zone, words))


def form(one: saved.Saved, who: str, words: Words) -> None:
    """Approve or decline the version that is kept, with a reason."""
    with st.popover(words.say("Decide on it …"), icon=":material/gavel:"):
        st.markdown(
            words.say(
                "The decision is on record for the version that is saved, and nobody can take it "
                "back; a scenario that is changed later is another version."
            )
        )
        names = wording.rulings(words)
        ruling = st.segmented_control(
            words.say("Decision"), list(Ruling), format_func=names.__getitem__, key="compare:ruling"
        )
        reason = st.text_input(
            words.say("Reason"),
            max_chars=LONGEST_REASON,
            **session.bind_page("compare", "reason"),
        )
        label = words.say("Put the decision on record")
        # The key holds the version: a click on one that was changed meanwhile decides nothing.
        key = f"compare:decide:{one.version}"
        if st.button(label, icon=":material/gavel:", key=key) and ruling:
            blocks.attempt(
                lambda: decide(
                    one.name,
                    one.version,
                    ruling,
                    reason=reason or "",
                    who=who,
                    folder=data_folder(),
                    by=visitor.person(),
                ),
                words.say("On record."),
                words.refusal,
            )

"""Earlier pilots: one line each, and a choice of the one on show."""

from collections.abc import Sequence

import streamlit as st

from dashboard.pilot import entries as pilot_entries
from dashboard.state import link, session, widgets
from dashboard.ui import blocks
from engine.api.pilots import Entry
from engine.text.i18n import Words

_ROWS = 20
"""Pilots in the table; the choice holds all of them."""


def draw(entries: Sequence[Entry], shown: Entry | None, words: Words) -> None:
    """One line each; before the first, what will be here."""
    blocks.heading(words.say("Pilots so far"))
    if not entries:
        blocks.empty(
            words.say(
                "Every pilot will stand here with what was predicted and what was measured: the "
                "record by which the law is judged. Prepare a text above to plan the first one."
            )
        )
        return
    zone = st.context.timezone
    blocks.columns(pilot_entries.history(entries[:_ROWS], zone, words))
    names = {entry.plan_id: pilot_entries.title(entry, zone, words) for entry in entries}
    names[link.NEW_PILOT] = words.say("A new pilot")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            words.say("Show"),
            list(names),
            format_func=lambda plan_id: names.get(plan_id, plan_id),
            **widgets.bind_index(
                link.PILOT, list(names), shown.plan_id if shown else link.NEW_PILOT
            ),
        )
        if shown is not None:
            st.button(
                words.say("Plan another pilot"),
                icon=":material/add:",
                on_click=session.show,
                args=(link.PILOT, link.NEW_PILOT),
            )

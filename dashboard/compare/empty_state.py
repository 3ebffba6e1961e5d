"""The Compare page before anything is chosen: an example beside this scenario, and a hint."""

import streamlit as st

from dashboard.compare import save
from dashboard.ui import blocks
from engine.text.i18n import Words


def draw(itself: str | None, are_there_any: bool, words: Words) -> None:
    """Where nothing was saved yet, one click saves this scenario. ``itself``: what was chosen is
    this scenario, by this name."""
    if itself is not None:
        st.caption(
            words.say(
                "“{name}” is this scenario as it stands: choose another one, or move a slider. "
                "Until then an example stands beside it, with ten times the people.",
                name=itself,
            )
        )
        return
    if are_there_any:
        st.caption(
            words.say(
                "Nothing is chosen: until then an example stands beside this scenario, with ten "
                "times the people."
            )
        )
        return
    blocks.empty(
        words.say(
            "Saved scenarios are laid beside this one here, with a sentence on which assumption "
            "explains the difference. Until there is one, an example with ten times the people "
            "shows how. Save this scenario, move a slider, and choose it above."
        )
    )
    name = save.marked(words.say("Proposal {n}", n=1), words)
    label = words.say("Keep it as “{name}”", name=name)
    if st.button(label, icon=":material/save:", key="compare:first"):
        save.keep(name, "", words)

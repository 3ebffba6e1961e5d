"""All terms of art in one place, opened from every page, with a search."""

import streamlit as st

from dashboard.glossary import lookup
from engine.text.i18n import Words

_HEIGHT = 420


@st.fragment
def draw(words: Words) -> None:
    """The button and, once it was pressed, the list under it: it stays open while the page behind
    it is drawn anew."""
    place = st.popover(
        words.say("Glossary"),
        icon=":material/dictionary:",
        type="tertiary",
        key="glossary",
        on_change="rerun",
    )
    if place.open:
        with place:
            _list(words)


def _list(words: Words) -> None:
    sought = st.text_input(words.say("Find a word"), key="glossary:sought")
    entries = lookup.found(sought, words)
    if not entries:
        st.markdown(
            words.say(
                "“{text}” is not among the {n} words explained here: try a part of it, or empty "
                "the field for the whole list.",
                text=sought[:40],
                n=len(lookup.found("", words)),
            )
        )
        return
    with st.container(height=_HEIGHT, border=False):
        st.markdown("\n\n".join(f"**{entry.headed}**  \n{entry.meaning}" for entry in entries))

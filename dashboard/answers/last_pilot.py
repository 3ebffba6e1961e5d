"""What the last pilot changed for the answer on a page, in one sentence."""

import streamlit as st

from dashboard.answers import pilot_cache
from engine.api.decisions import Answer
from engine.errors import InputError
from engine.text import pilot_effect
from engine.text.i18n import Words


def draw(answer: Answer, words: Words) -> None:
    """The sentence, and how so small a training speaks to the plan; nothing before a pilot has
    ended. Pilots that cannot be read are said to be so."""
    try:
        found, unread = pilot_cache.pilot_effect(answer), pilot_cache.unreadable_pilots()
    except InputError as error:
        st.caption(f":material/block: {words.refusal(error)}")
        return
    if found is not None:
        st.caption(
            f":material/science: {pilot_effect.sentence(found, words)}",
            help=pilot_effect.transfer(found, words),
        )
    if unknown := pilot_effect.unreadable(unread, words):
        st.caption(f":material/block: {unknown}")

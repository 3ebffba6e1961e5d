"""The next experiment: the run that would narrow today's range most per yen, and the way to it."""

import streamlit as st

from dashboard.answers import law_cache
from dashboard.law import facts, wording
from dashboard.state import session
from dashboard.ui import blocks
from engine.api.decisions import Question
from engine.errors import InputError
from engine.text.i18n import Words

_SHOWN = 5


def draw(question: Question, words: Words) -> None:
    """The sentence, the candidates, and a button that leads to the Pilot page."""
    blocks.heading(words.say("The next experiment"), blocks.tip("pilot", words))
    try:
        with st.spinner(words.say("Looking for the most telling run …")):
            found = law_cache.next_runs(question)
    except InputError as error:
        blocks.refused(error, words)
        return
    st.markdown(f"**{wording.next_run(found, words)}**")
    if found.candidates:
        blocks.columns(facts.candidates(found.candidates[:_SHOWN], words))
    st.caption(wording.how_foreseen(found, words))
    if st.button(words.say("Plan a pilot"), icon=":material/science:"):
        session.open_page("pilot")

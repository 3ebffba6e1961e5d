"""From a public model: what such a start is worth in money, or why that is not known."""

import streamlit as st

from dashboard.glossary import lookup
from dashboard.ui import blocks
from engine.api.decisions import Question, start_worth
from engine.errors import InputError
from engine.text import public_start
from engine.text.i18n import Words


def draw(question: Question, words: Words) -> None:
    """One sentence and both ways in a table; where there is no figure, why."""
    blocks.heading(
        words.say("What a public model to begin from is worth"),
        lookup.tips(words, "fine_tuning", "lora"),
    )
    try:
        with st.spinner(words.say("Comparing with trainings that begin from a public model …")):
            found = start_worth(question)
    except InputError as error:
        st.markdown(words.refusal(error))
        st.caption(words.say("What it was worth in people and ε stands on the Decide page."))
        return
    if found is None:
        st.markdown(public_start.no_gain(question.budget, words))
        return
    st.markdown(
        words.joined([public_start.in_money(found, words), public_start.price(found, words)])
    )
    blocks.columns(public_start.money_table(found, words))
    st.caption(
        words.joined([public_start.money_limits(found, words), public_start.not_covered(words)])
    )

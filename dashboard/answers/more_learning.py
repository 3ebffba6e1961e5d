"""More learning for the same ε? What noise correlated over steps would buy and add, on a page."""

import streamlit as st

from dashboard.answers import decision_cache
from dashboard.ui import blocks
from engine.api.decisions import Answer, correlated
from engine.config import Sampling
from engine.errors import InputError
from engine.text import correlated as wording
from engine.text.i18n import Words


def draw(answer: Answer, words: Words) -> correlated.More | None:
    """Draw the finding and its worth, and return the finding; None where there is none, and why is
    drawn.

    It rests on the certified plan: no slider that is still moving waits for it."""
    blocks.heading(words.say("More learning for the same ε?"))
    if answer.provisional:
        blocks.to_come(words)
        return None
    try:
        found = decision_cache.more_learning(answer.question)
    except InputError as error:
        st.markdown(words.refusal(error))
        return None
    worth = decision_cache.worth_of_correlation(answer, found)
    if answer.question.sampling is Sampling.BANDED:
        bands = answer.decision.recommendation.bands
        st.markdown(wording.within(found, bands, worth, words))
    else:
        st.markdown(
            words.joined([wording.finding(found, words), wording.money(found, worth, words)])
        )
    return found

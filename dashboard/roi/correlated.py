"""What noise correlated over steps would add to the return, in a line."""

import streamlit as st

from dashboard.answers import decision_cache
from dashboard.ui import blocks
from engine.api.decisions import Answer
from engine.config import Sampling
from engine.errors import InputError
from engine.text import correlated
from engine.text.i18n import Words


def draw(answer: Answer, words: Words) -> None:
    """Draw the finding and its worth; why there is none where correlation has no bound here.

    It rests on the certified plan: no slider that is still moving waits for it."""
    if answer.study is None or answer.question.sampling is Sampling.BANDED:
        return
    blocks.heading(words.say("More learning for the same ε?"))
    if answer.provisional:
        blocks.to_come(words)
        return
    try:
        found = decision_cache.more_learning(answer.question)
    except InputError as error:
        st.markdown(words.refusal(error))
        return
    worth = decision_cache.worth_of_correlation(answer, found)
    said = (correlated.finding(found, words), correlated.money(worth, words))
    st.markdown(words.joined([sentence for sentence in said if sentence]))

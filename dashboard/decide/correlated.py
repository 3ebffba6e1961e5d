"""More learning for the same ε? What noise correlated over steps would buy."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import decision_cache
from dashboard.ui import blocks
from engine.api.decisions import Answer
from engine.config import Sampling
from engine.errors import InputError
from engine.text import correlated
from engine.text.i18n import Words


def draw(answer: Answer, room: DeltaGenerator, words: Words) -> None:
    """Draw the finding and its table; where there is none, why. ``room``: under the plans that are
    as good, for what it would move.

    It rests on the certified plan: no slider that is still moving waits for it."""
    blocks.heading(words.say("More learning for the same ε?"))
    if answer.provisional:
        blocks.to_come(words)
        return
    try:
        found = decision_cache.more_learning(answer.question)
    except InputError as error:
        st.markdown(words.refusal(error))
        return
    banded = answer.question.sampling is Sampling.BANDED
    if not banded and correlated.buys(found):
        room.caption(correlated.moved(found, words))
    worth = decision_cache.worth_of_correlation(answer, found)
    first = correlated.gain if banded else correlated.finding
    said = [first(found, words), correlated.money(worth, words)]
    st.markdown(words.joined([sentence for sentence in said if sentence]))

    def table() -> None:
        blocks.columns(correlated.columns(found, words))
        st.caption(correlated.limits(words))

    blocks.folded(words.say("By number of steps"), "decide:correlated", table)

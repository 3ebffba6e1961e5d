"""More learning for the same ε? What noise correlated over steps would buy, with its table."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import more_learning
from dashboard.ui import blocks
from engine.api.decisions import Answer
from engine.config import Sampling
from engine.text import correlated
from engine.text.i18n import Words


def draw(answer: Answer, room: DeltaGenerator, words: Words) -> None:
    """Draw the finding and its table; where there is none, why. ``room``: under the plans that are
    as good, for what it would move."""
    found = more_learning.draw(answer, words)
    if found is None:
        return
    if answer.question.sampling is not Sampling.BANDED and correlated.buys(found):
        room.caption(correlated.moved(found, words))

    def table() -> None:
        blocks.columns(correlated.columns(found, words))
        st.caption(correlated.limits(words))

    blocks.folded(words.say("By number of steps"), "decide:correlated", table)

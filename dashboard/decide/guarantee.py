"""The certified guarantee, at the top in a sentence and below in full.

The page is complete without it: a fragment waits until the sliders have come to rest, asks for the
certificate, and draws the page anew when it is there. So no slider waits for a certificate.
"""

from collections.abc import Iterator
from itertools import count

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import cache
from dashboard.answers.certificates import to_certify
from dashboard.decide import facts
from dashboard.ui import blocks
from engine.decision.answer import Decision
from engine.errors import InputError
from engine.text.i18n import Words

_LOOK_AGAIN = 0.4
"""Seconds of rest before a certificate is asked for, and between two looks."""


def draw(
    answer: Decision, promise: DeltaGenerator, statement: DeltaGenerator, words: Words
) -> None:
    """Put the certificate in both places, or say that it is on its way."""
    try:
        certificate = cache.certificates().known(**to_certify(answer))
    except InputError as error:
        for place in (promise, statement):
            place.error(words.refusal(error), icon=":material/block:")
        return
    if certificate is None:
        promise.markdown(f":material/hourglass_top: {facts.pending(answer.budget, words)}")
        statement.markdown(facts.to_come(answer.budget, words))
        wait(answer, count())
        return
    promise.markdown(
        f":green[:material/verified_user:] {facts.promise(certificate, words)}",
        help=blocks.tips(words, "epsilon", "delta", "certificate"),
    )
    blocks.table(facts.guarantee(certificate, words), statement)


@st.fragment(run_every=_LOOK_AGAIN)
def wait(answer: Decision, looks: Iterator[int]) -> None:
    """Ask for the certificate when the sliders rest; draw the page anew when it is there."""
    question, desk = to_certify(answer), cache.certificates()
    if next(looks) == 0:  # Drawn with the page: the slider may still be moving.
        return
    desk.ask(**question)
    desk.wait(_LOOK_AGAIN / 2, **question)
    try:
        ready = desk.known(**question) is not None
    except InputError:
        ready = True
    if ready:
        st.rerun()

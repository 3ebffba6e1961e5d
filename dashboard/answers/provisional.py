"""While a promise is being certified, figures are estimates: they say so, and settle all at once.

No slider waits for a certificate. A page shows its answer with the noise that the search estimated,
marked as provisional; a fragment waits until the sliders have come to rest, has the certificate
made, and then draws the whole page anew, so that no two figures rest on different noise.
"""

from collections.abc import Iterator, Sequence
from itertools import count

import streamlit as st

from dashboard.answers import decision_cache
from dashboard.state import address, session
from engine.api.decisions import Answer, CertificateRequest
from engine.errors import InputError
from engine.text.i18n import Words

_LOOK_AGAIN = 0.4
"""Seconds of rest before a certificate is asked for, and between two looks."""


def mark(answers: Sequence[Answer], words: Words) -> None:
    """One line where figures are provisional, or why they never will be certified; else nothing.

    Its place stays when the line goes: what follows would be drawn anew, and what a visitor is
    typing there would be lost.
    """
    refusals = [answer.refusal for answer in answers if answer.refusal is not None]
    with st.container():
        if refusals:
            st.caption(f":material/block: {words.refusal(refusals[0])}")
        elif any(answer.provisional for answer in answers):
            st.caption(f":material/hourglass_top: {sentence(words)}")


def sentence(words: Words) -> str:
    """That figures may still move."""
    return words.say(
        "Provisional: the promise is being certified; figures may still move a little."
    )


def settle(answers: Sequence[Answer], further: Sequence[CertificateRequest] = ()) -> None:
    """Have what is provisional certified, and ``further`` promises, then draw the page anew."""
    own = [decision_cache.request(a.question) for a in answers if a.provisional]
    open_requests = tuple(dict.fromkeys([*own, *further]))
    if open_requests:
        _wait(open_requests, count())


@st.fragment(run_every=_LOOK_AGAIN)
def _wait(requests: tuple[CertificateRequest, ...], looks: Iterator[int]) -> None:
    if next(looks) == 0:  # Drawn with the page: the slider may still be moving.
        return
    desk = decision_cache.certificates()
    desk.ask(*requests, by=session.visit())
    desk.wait(_LOOK_AGAIN / 2, requests[-1])
    if all(_settled(request) for request in requests):
        address.draw_anew()


def _settled(request: CertificateRequest) -> bool:
    try:
        return decision_cache.certificates().known(request) is not None
    except InputError:
        return True

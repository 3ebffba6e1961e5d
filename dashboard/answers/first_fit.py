"""A law is fitted once, on the first question to its evidence, beside the server: how far that is,
how long it will take, and a way to stop it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import streamlit as st

from dashboard.answers import law_cache
from dashboard.state import address, visitor
from dashboard.ui import blocks
from engine.api.access import Right
from engine.api.laws import LawVersion, Refit, law_versions, refits
from engine.errors import InputError
from engine.text import formats, labels
from engine.text.i18n import Words

T = TypeVar("T")
_LOOK_AGAIN = 0.5
"""Seconds."""


def answered(evidence_id: str, ask: Callable[[], T], words: Words) -> T | None:
    """What ``ask`` finds with the law of an evidence; None while that is being fitted, and where it
    is refused, which is said."""
    return blocks.answered(ask, words) if is_there(evidence_id, words) else None


def is_there(evidence_id: str, words: Words, place: str = "") -> bool:
    """Whether the law of an evidence answers at once, or refuses to; being fitted, which is drawn,
    where it does not. ``place`` tells several on one page apart."""
    return law_cache.evidence_is_ready(evidence_id) or is_fitted(evidence_id, words, place)


def is_fitted(evidence_id: str, words: Words, place: str = "") -> bool:
    """Whether the fit of the runs as they stand has ended well; begun, and drawn, where it has
    not."""
    one = refits.asked(evidence_id)
    if one is None:
        one = refits.begun(evidence_id, by=visitor.person())
    if one.has_ended:
        if one.law is not None:  # remembered: a full disk keeps no fit, and it was made once
            return True
        _ended(one, words, place)
        return False
    running(one, words, place)
    return False


def _ended(one: Refit, words: Words, place: str) -> None:
    """Why there is no law, and how to get one."""
    if one.refusal is not None:
        blocks.refused(one.refusal, words)
    else:
        blocks.empty(words.say("The fit was stopped: there is no law of these runs yet."))
        if not one.may_be_ended(visitor.person()):  # nor begun again
            return
    if st.button(words.say("Fit the law"), icon=":material/refresh:", key=f"fit:again{place}"):
        refits.forget(one)
        st.rerun()


def running(one: Refit, words: Words, place: str = "") -> None:
    """How far a fit is, with the ways to stop it."""
    may_refit = visitor.person().may(Right.REFIT)
    former = _former(one.evidence_id) if may_refit and not one.choice else None
    with st.container(border=True):
        st.markdown(
            words.say(
                "The law of {evidence} is being fitted beside the page.", evidence=_name(one, words)
            )
        )
        _progress(one, former, words, place)


def _former(evidence_id: str) -> LawVersion | None:
    """The last law of all runs that was kept, to stay with; None where pages rest on a version that
    somebody chose, and so wait for nothing."""
    try:
        if law_versions.current(evidence_id) is not None:
            return None
        kept = law_cache.law_versions_of(evidence_id)
    except InputError:
        return None
    return next((one for one in reversed(kept) if not one.choice), None)


def _name(one: Refit, words: Words) -> str:
    return formats.literally(labels.evidence_name(one.evidence_id, words))


@st.fragment(run_every=_LOOK_AGAIN)
def _progress(one: Refit, former: LawVersion | None, words: Words, place: str) -> None:
    if one.has_ended:
        address.draw_anew()
    st.progress(one.share, text=_how_far(one, words))
    if not one.may_be_ended(visitor.person()):
        return
    of = "chosen" if one.choice else "all"  # the page Law may draw one of each
    with st.container(horizontal=True):
        if st.button(words.say("Stop"), icon=":material/stop:", key=f"fit:stop:{of}{place}"):
            _stop(one, words)
        if former is not None and st.button(
            words.say(
                "Stop, and stay with the law of {moment}",
                moment=labels.moment(datetime.fromisoformat(former.kept_at), st.context.timezone),
            ),
            icon=":material/push_pin:",
            key=f"fit:stay{place}",
        ):
            _stop(one, words, former)


def _stop(one: Refit, words: Words, former: LawVersion | None = None) -> None:
    def stop() -> None:
        if former is not None:
            law_versions.use(one.evidence_id, former, by=visitor.person())
        one.cancel(by=visitor.person())

    if blocks.accepted(stop, words):
        address.draw_anew()


def _how_far(one: Refit, words: Words) -> str:
    if one.waits_for_others:
        return words.say("Waiting: other laws are being fitted.")
    left = one.seconds_left
    share = formats.percent(one.share, words.language)
    if left is None:
        return words.say("Reading the runs …")
    return words.say(
        "{share} done, about {seconds} s left",
        share=share,
        seconds=formats.exact(max(round(left), 1)),
    )

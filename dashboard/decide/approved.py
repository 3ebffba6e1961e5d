"""What has become of approved decisions: a sentence for each that is another one today; else
nothing."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import scenario_cache
from dashboard.state import session, widgets
from engine.api.decisions import CertificateRequest
from engine.api.scenarios import Saved, wording
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import Words

MOST = 3
"""Approved decisions that are told in full, the last one first."""


def draw(place: DeltaGenerator, words: Words) -> list[CertificateRequest]:
    """Say it in ``place``, with a way to the comparison; the promises that wait for a certificate.

    Where law, code and assumptions are those of then, nothing is computed.
    """
    waiting: list[CertificateRequest] = []
    changed: list[tuple[Saved, str]] = []
    for one, standing in scenario_cache.approved():
        if scenario_cache.is_as_then(one):
            continue
        try:
            found = scenario_cache.then_and_now(one)
        except scenario_cache.NotYet as not_yet:
            waiting.append(not_yet.promise)
            continue
        except InputError:  # Its figures were changed: Compare says so.
            continue
        if found.is_changed:
            own = wording.own_words(one, words)
            changed.append((one, wording.told(found, standing, st.context.timezone, own)))
    if changed:
        with place.container():
            for one, said in changed[:MOST]:
                _say(one, said, words)
            if more := len(changed) - MOST:
                _say_more(more, words)
    return waiting


def _say_more(more: int, words: Words) -> None:
    if more > 0:
        st.caption(
            words.count(
                "{n} more approved decision is another one today: see Compare.",
                "{n} more approved decisions are others today: see Compare.",
                more,
            )
        )


def _say(one: Saved, said: str, words: Words) -> None:
    left, right = st.columns([11, 4], vertical_alignment="center")
    name = words.say("“{text}”", text=formats.literally(one.name))
    left.markdown(f":material/history: {name}: {said}")
    with right:
        if st.button(
            words.say("Then and now"),
            icon=":material/compare_arrows:",
            key=f"decide:since:{one.version}",
            width="stretch",
        ):
            widgets.type_into("compare", "shown", one.name)
            widgets.type_into("compare", "since", one.name)
            session.open_page("compare")

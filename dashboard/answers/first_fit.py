"""A law is fitted once, on the first question to its evidence: who waits for that is told."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from dashboard.answers import law_cache
from dashboard.ui import blocks
from engine.text.i18n import Words

T = TypeVar("T")


def answered(evidence_id: str, ask: Callable[[], T], words: Words) -> T | None:
    """What ``ask`` finds with the law of an evidence; None where it is refused, which is said."""
    note = st.empty()
    if not law_cache.evidence_is_ready(evidence_id):
        note.info(words.say("Fitting the law to the evidence: some seconds, this one time only."))
    found = blocks.answered(ask, words)
    note.empty()
    return found

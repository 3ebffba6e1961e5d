"""Saved scenarios: a form for a new one, and an import; those kept follow."""

import streamlit as st

from dashboard.answers import scenario_cache
from dashboard.compare import import_file, save, saved_actions
from dashboard.state import visitor, widgets
from dashboard.ui import blocks
from engine.api.decisions import CertificateRequest
from engine.api.scenarios import wording as scenarios
from engine.text import formats
from engine.text.i18n import Words


def draw(found: scenario_cache.Kept, words: Words) -> list[CertificateRequest]:
    """A form for a new one, then the one that is chosen; the promises that it waits for."""
    blocks.heading(words.say("Saved scenarios"))
    for error in found.refused:
        st.warning(words.refusal(error), icon=":material/draft:")
    if found.missing:
        st.warning(
            scenarios.missing(list(map(formats.literally, found.missing)), words),
            icon=":material/draft:",
        )
    left, right = st.columns(2, gap="large")
    with left:
        who = _save(words)
    with right:
        import_file.draw(words)
    if found.scenarios:
        return saved_actions.draw(found, who, words)
    blocks.empty(
        words.say(
            "Saved scenarios will stand here, to be opened, changed, handed on and deleted, "
            "with their history: a decision can then be traced. Save the first one above."
        )
    )
    return []


def _save(words: Words) -> str:
    name = st.text_input(words.say("Name of the scenario"), **widgets.bind_page("compare", "name"))
    who = _who(words)
    if st.button(words.say("Save this scenario"), type=blocks.emphasis(), icon=":material/save:"):
        save.keep(save.marked(name, words), who, words)
    return who


def _who(words: Words) -> str:
    """The name for the history; who signed in has one."""
    if visitor.has_login():
        who = visitor.person().who
        st.caption(words.say("In the history as {who}.", who=formats.literally(who)))
        return ""
    return st.text_input(
        words.say("Your name, for the history (may stay empty)"),
        **widgets.bind_page("compare", "who"),
    )

"""Saved scenarios: a form for a new one, and an import; those kept follow."""

import streamlit as st

from dashboard import cache, saved, scenario
from dashboard.i18n import Words
from dashboard.views import brought, keeping, parts, scenarios_kept
from engine.errors import InputError


def draw(kept: list[saved.Saved], refused: list[InputError], words: Words) -> None:
    """A form for a new one, then the one that is chosen."""
    parts.heading(words.say("Saved scenarios"))
    for error in refused:
        st.warning(words.refusal(error), icon=":material/draft:")
    left, right = st.columns(2, gap="large")
    with left:
        who = _save(words)
    with right:
        brought.draw(words)
    if kept:
        scenarios_kept.draw({each.name: each for each in kept}, who, words)
    else:
        parts.empty(
            words.say(
                "Saved scenarios will stand here, to be opened, changed, handed on and deleted, with "
                "their history: a decision can then be traced. Save the first one above."
            )
        )


def _save(words: Words) -> str:
    name = st.text_input(words.say("Name of the scenario"), **scenario.bind_page("compare", "name"))
    who = st.text_input(
        words.say("Your name, for the history (may stay empty)"),
        **scenario.bind_page("compare", "who"),
    )
    if st.button(words.say("Save this scenario"), type=parts.emphasis(), icon=":material/save:"):
        keep = (cache.scenario_folder(), keeping.marked(name, words), scenario.fields())
        keeping.attempt(
            lambda: saved.created(*keep, who=who, at=keeping.now()),
            words.say("Saved."),
            words,
        )
    return who

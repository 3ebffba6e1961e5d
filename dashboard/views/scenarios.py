"""Saved scenarios: a form for a new one, and an import; those kept follow."""

import streamlit as st

from dashboard import cache, saved, scenario
from dashboard.i18n import Words
from dashboard.views import parts, scenarios_kept
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
        _bring(words)
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
        keep = (cache.scenario_folder(), scenarios_kept.marked(name, words), scenario.fields())
        scenarios_kept.attempt(
            lambda: saved.created(*keep, who=who, at=scenarios_kept.now()), words
        )
    return who


def _bring(words: Words) -> None:
    file = st.file_uploader(
        words.say("Import a scenario"),
        type=["json"],
        key="compare:file",
        help=words.say(
            "A file that “Export” made, here or at another Kessai: it joins the saved ones with its "
            "history, so that a colleague's proposal can be laid beside yours."
        ),
    )
    if file and st.button(words.say("Keep the imported scenario"), icon=":material/upload:"):
        place = cache.scenario_folder()
        scenarios_kept.attempt(
            lambda: saved.added(place, saved.from_file(file.name, file.getvalue())), words
        )

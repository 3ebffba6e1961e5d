"""A scenario from a file: what it is, under which name it is kept."""

import streamlit as st

from dashboard.answers import scenario_cache
from dashboard.state import visitor
from dashboard.ui import blocks
from engine.api.scenarios import acts, saved
from engine.errors import InputError
from engine.text.i18n import Words


def draw(words: Words) -> None:
    """The uploader; what came is checked at once, and kept on a click."""
    file = st.file_uploader(
        words.say("Import a scenario"),
        type=["json"],
        max_upload_size=blocks.TABLE_MEGABYTES,
        key="compare:file",
        help=words.say(
            "A file that “Export” made, here or at another Kessai: it joins the saved ones with "
            "its history, so that a colleague's proposal can be laid beside yours."
        ),
    )
    if not file:
        return
    try:
        found = saved.from_file(file.name, file.getvalue())
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        return
    name = st.text_input(words.say("Keep it under the name"), found.name)
    if st.button(words.say("Keep the imported scenario"), icon=":material/upload:"):
        place = scenario_cache.scenario_folder()
        blocks.attempt(
            lambda: acts.added(place, saved.renamed(found, name), by=visitor.person()),
            words.say("Saved."),
            words.refusal,
        )

"""What can be done with a scenario that is kept, and its history."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from dashboard import cache, compare_wording, deck_tables, saved, scenario
from dashboard.i18n import Words
from dashboard.views import parts
from engine.errors import InputError


def draw(kept: dict[str, saved.Saved], who: str, words: Words) -> None:
    """One of them: open it, change it, hand it on, delete it; who changed what when."""
    name = st.selectbox(words.say("Saved"), list(kept), **scenario.bind_page("compare", "shown"))
    one, place = kept[name], cache.scenario_folder()
    with st.container(horizontal=True):
        st.button(
            words.say("Open"),
            icon=":material/folder_open:",
            on_click=scenario.take,
            args=(one.values,),
        )
        if st.button(words.say("Overwrite with this scenario"), icon=":material/edit:"):
            attempt(lambda: saved.updated(place, one, scenario.fields(), who=who, at=now()), words)
        st.download_button(
            words.say("Export"),
            saved.to_json(one),
            saved.file_name(name),
            icon=":material/download:",
        )
        if st.button(words.say("Delete"), icon=":material/delete:"):
            attempt(lambda: saved.delete(place, one), words)
    st.caption(words.say("History"))
    parts.columns(compare_wording.history(one, words))


def attempt(action: Callable[[], object], words: Words) -> None:
    """Do it and draw the page anew, or say why not."""
    try:
        action()
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        return
    st.rerun()


def marked(name: str, words: Words) -> str:
    """A name to keep a scenario under; the tour's example stays known as one among the others."""
    made_up = scenario.value("tour") is not None
    return deck_tables.example(name, words) if made_up and name.strip() else name


def now() -> str:
    """The moment, for a history."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""What can be done with a scenario that is kept, and its history."""

import streamlit as st

from dashboard.answers import cache
from dashboard.compare import decision, save, wording
from dashboard.state import link, session, visitor
from dashboard.ui import blocks
from engine.api.scenarios import saved
from engine.text.i18n import Words


def draw(kept: dict[str, saved.Saved], who: str, words: Words) -> None:
    """One of them: open it, change it, hand it on, delete it; who changed what when."""
    name = st.selectbox(words.say("Saved"), list(kept), **session.bind_page("compare", "shown"))
    one, place = kept[name], cache.scenario_folder()
    with st.container(horizontal=True):
        st.button(
            words.say("Open"),
            icon=":material/folder_open:",
            on_click=session.take,
            args=(one.values,),
        )
        if st.button(
            words.say("Overwrite with this scenario"),
            icon=":material/edit:",
            disabled=session.value(link.TOUR) is not None,  # An example takes no scenario's place.
        ):
            blocks.attempt(
                lambda: saved.updated(
                    place, one, session.fields(), who=who, at=save.now(), by=visitor.person()
                ),
                words.say("Saved."),
                words.refusal,
            )
        st.download_button(
            words.say("Export"),
            saved.to_json(one),
            saved.file_name(name),
            icon=":material/download:",
            on_click="ignore",  # To take a file away changes nothing on the page.
        )
        decision.form(one, who, words)
        with st.popover(words.say("Delete …"), icon=":material/delete:"):
            st.markdown(words.say("Delete this scenario with its history, for everyone?"))
            if st.button(words.say("Yes, delete it")):
                blocks.attempt(
                    lambda: saved.delete(place, one, by=visitor.person()),
                    words.say("Deleted."),
                    words.refusal,
                )
    decision.draw(one, words)
    st.caption(words.say("History"))
    blocks.columns(wording.history(one, st.context.timezone, words))

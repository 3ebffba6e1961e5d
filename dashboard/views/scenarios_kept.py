"""What can be done with a scenario that is kept, and its history."""

import streamlit as st

from dashboard import cache, compare_wording, saved, scenario
from dashboard.i18n import Words
from dashboard.views import keeping, parts


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
        if st.button(
            words.say("Overwrite with this scenario"),
            icon=":material/edit:",
            disabled=scenario.value("tour") is not None,  # An example takes no scenario's place.
        ):
            keeping.attempt(
                lambda: saved.updated(place, one, scenario.fields(), who=who, at=keeping.now()),
                words.say("Saved."),
                words,
            )
        st.download_button(
            words.say("Export"),
            saved.to_json(one),
            saved.file_name(name),
            icon=":material/download:",
            on_click="ignore",  # To take a file away changes nothing on the page.
        )
        with st.popover(words.say("Delete …"), icon=":material/delete:"):
            st.markdown(words.say("Delete this scenario with its history, for everyone?"))
            if st.button(words.say("Yes, delete it")):
                keeping.attempt(lambda: saved.delete(place, one), words.say("Deleted."), words)
    st.caption(words.say("History"))
    parts.columns(compare_wording.history(one, st.context.timezone, words))

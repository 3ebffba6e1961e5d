"""Which runs the decision rests on: each left out in turn, on request, with progress and a stop.

No fragment: a click inside one waits for its end, and the stop would come too late. What was
fitted when it was stopped is on disk, so that asking again goes on from there.
"""

import streamlit as st

from dashboard.answers import law_cache, run_cache
from dashboard.law import facts, wording
from dashboard.run_card import card
from dashboard.run_card import facts as run_facts
from dashboard.state import session
from dashboard.ui import blocks
from engine.api.decisions import Question
from engine.api.laws import Influence, influences
from engine.errors import InputError
from engine.text.i18n import Words

_SHOWN = 5


def draw(question: Question, words: Words) -> None:
    """The question, the work, or what it found."""
    blocks.heading(words.say("Which runs the decision rests on"), blocks.tip("evidence", words))
    asked, stopped = f"influence {hash(question)}", f"influence stopped {hash(question)}"
    if not session.is_asked(asked):
        st.markdown(
            words.say(
                "Today's question, asked again without each run in turn: what would be recommended "
                "then, what loss to expect, and whether the verdict would be another."
            )
        )
        st.button(
            words.say("Leave each run out in turn"),
            icon=":material/person_remove:",
            on_click=session.ask,
            args=(asked,),
        )
        st.caption(
            words.say(
                "Some seconds for all runs approximately, then up to {n} seconds of fits in full; "
                "it can be stopped.",
                n=f"{influences.SECONDS:g}",
            )
        )
        return
    seconds = 0.0 if session.is_asked(stopped) else influences.SECONDS
    found = _found(question, seconds, stopped, words)
    if found is not None:
        _show(found, words)


def _found(question: Question, seconds: float, stopped: str, words: Words) -> Influence | None:
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, words.say("Leaving each run out …"))
        if seconds:
            st.button(
                words.say("Stop, and show what is known"),
                icon=":material/stop:",
                on_click=session.ask,
                args=(stopped,),
            )

    def progress(done: int, of: int) -> None:
        bar.progress(done / of if of else 1.0, wording.leaving_out(done, of, words))

    try:
        found = law_cache.influence(question, seconds, progress)
    except InputError as error:
        place.empty()
        blocks.refused(error, words)
        return None
    place.empty()
    return found


def _show(found: Influence, words: Words) -> None:
    names = run_facts.run_names(run_cache.listed(run_cache.catalogue_version()))
    shown = found.runs[:_SHOWN]
    st.markdown(f"**{wording.influence(found, names, words)}**")
    blocks.columns(facts.influence(found, shown, names, words))
    with st.container(horizontal=True):
        for one in shown:
            if st.button(
                words.say("Look at {run}", run=run_facts.run_name(one.run_id, names)),
                key=f"law:run:{one.run_id}",
                type="tertiary",
                icon=":material/search:",
            ):
                card.find(one.run_id)
                session.open_page("runs")
    st.caption(wording.how_left_out(found, words))

"""Step 1: which text, how much time or money, which arms; then the plan, and one button."""

from collections.abc import Sequence

import streamlit as st

from dashboard.answers import pilot_cache
from dashboard.glossary import lookup
from dashboard.pilot import budget, plan, prepare, wording
from dashboard.pilot import entries as pilot_entries
from dashboard.pilot import source as pilot_source
from dashboard.state import link, session
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.pilots import CorpusSource, Entry, require_reading
from engine.errors import InputError
from engine.text.i18n import Words


def draw(now: Scenario, entries: Sequence[Entry], words: Words) -> None:
    """The form, and under it the plan once the text has been read."""
    title = st.empty()
    _running(entries, words)
    left, right = st.columns(2, gap="large")
    with left:
        source = pilot_source.draw(words)
    with right:
        seconds, choices = budget.draw(now, source is not None and source.unit == "person", words)
    wanted = words.say("Train the run that the law asks for.")
    offer = wording.offer(seconds, None, words) if choices["run"] is None else wanted
    title.title(offer, anchor=False)
    st.caption(
        words.say(
            "ε and δ come from the sidebar. The number of people does not: a pilot protects those "
            "of its own text."
        ),
        help=lookup.tip("privacy_unit", words),
    )
    try:
        pilot_cache.pilot_law()
    except InputError as error:
        st.info(wording.no_law(error, words), icon=":material/search_insights:")
        return
    if source is None or not _reads(choices["start"], source, words):
        return
    if (prepared := prepare.draw(source, words)) is not None:
        law = pilot_cache.pilot_law(
            prepared.family, prepared.vocabulary_size, prepared.sequence_length
        )
        plan.draw(now, prepared, law, seconds, choices, title, words)


def _reads(start: str | None, source: CorpusSource, words: Words) -> bool:
    """Whether the start reads the text; where it does not, why is drawn before anything is made."""
    if start is None:
        return True
    return blocks.accepted(lambda: require_reading(start, source), words)


def _running(entries: Sequence[Entry], words: Words) -> None:
    running = pilot_entries.on_show([entry for entry in entries if entry.status.is_running], None)
    if running is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            words.say("A pilot is running on this machine: a second one would slow both down.")
        )
        st.button(words.say("Watch it"), on_click=session.show, args=(link.PILOT, running.plan_id))

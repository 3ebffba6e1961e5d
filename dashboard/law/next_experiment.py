"""The next experiment: the run that would narrow today's range most per yen, and the way to it."""

import streamlit as st

from dashboard.answers import law_cache
from dashboard.law import facts, wording
from dashboard.state import link, session, widgets
from dashboard.ui import blocks
from engine.api.decisions import Question
from engine.api.laws import Candidate, next_sweep
from engine.errors import InputError
from engine.text import figures
from engine.text.i18n import Words

_SHOWN = 5
_MINUTE = 1 / 60
"""Hours: the shortest pilot."""


def draw(question: Question, words: Words) -> None:
    """The sentence, the candidates, and a button that leads to the Pilot page."""
    blocks.heading(words.say("The next experiment"), blocks.tip("pilot", words))
    try:
        with st.spinner(words.say("Looking for the most telling run …")):
            found = law_cache.next_runs(question)
    except InputError as error:
        blocks.refused(error, words)
        return
    st.markdown(f"**{wording.next_run(found, words)}**")
    if found.candidates:
        blocks.columns(facts.candidates(found.candidates[:_SHOWN], words))
    st.caption(wording.how_foreseen(found, words))
    one = found.first
    with st.container(horizontal=True):
        label = (
            words.say("Plan a pilot for {price}", price=facts.price(one, words))
            if one.cost.device_hours >= _MINUTE
            else words.say("Plan a pilot of one minute")
        )
        if st.button(label, icon=":material/science:", key="law:next:pilot"):
            _fill_in(question, one, words)
            session.open_page("pilot")
        st.download_button(
            words.say("This run as a sweep plan"),
            next_sweep.sweep_plan(one, question.evidence_id, found.sequence_length),
            "next-run.toml",
            on_click="ignore",
            icon=":material/download:",
            key="law:next:sweep",
        )
    st.caption(
        words.say(
            "The planner of pilots takes the price and chooses size, steps and noise itself, on "
            "your own text; the sweep plan has exactly this run, on public text, for "
            "“python -m engine sweep”."
        )
    )


def _fill_in(question: Question, one: Candidate, words: Words) -> None:
    """A pilot of one training for the price of the run, in the scenario's currency; for a run of
    less than a minute, the shortest pilot."""
    in_money = one.cost.device_hours >= _MINUTE
    widgets.type_into("pilot", "measure", in_money)
    if in_money:
        price = one.cost.jpy / figures.jpy(1.0, words)
        widgets.type_into("pilot", f"money-{question.currency}", price)
    else:
        widgets.type_into("pilot", "minutes", 1)
    widgets.type_into("pilot", "rule", False)
    widgets.type_into("pilot", "repeats", 1)
    session.show(link.PILOT, link.NEW_PILOT)

"""The next experiment: the run that would narrow today's range most per yen, and the way to it."""

import streamlit as st

from dashboard.answers import law_cache
from dashboard.law import facts, wording
from dashboard.state import session, wanted_run
from dashboard.ui import blocks
from engine.api.decisions import Question
from engine.api.laws import next_sweep
from engine.api.pilots import WantedRun
from engine.errors import InputError
from engine.text.i18n import Words

_SHOWN = 5


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
        label = words.say("Plan this run as a pilot")
        if st.button(label, icon=":material/science:", key="law:next:pilot"):
            wanted_run.hand_over(
                WantedRun(
                    model_size=one.model_size,
                    iterations=one.iterations,
                    noise_batch_ratio=one.noise_batch_ratio,
                ),
                question.evidence_id,
            )
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
            "The planner of pilots takes its size, steps and noise, on a text of yours, with the "
            "batch that your ε asks for: it prices the run with your text, and refuses a text of "
            "too few people. The sweep plan has exactly this run, on public text, for “python -m "
            "engine sweep”."
        )
    )

"""All assumptions in one table: edited in place, imported, exported; measured pairs beside it."""

from functools import partial

import streamlit as st

from dashboard.glossary import lookup
from dashboard.roi import assumption_files
from dashboard.state import arrival, assumption_table, session, table_widgets
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.money import Distribution
from engine.text import figures
from engine.text.i18n import Words

_HEIGHT = 520


def draw(now: Scenario, words: Words) -> None:
    """The table with what was refused above it, then files and pairs."""
    with arrival.part(arrival.ASSUMPTIONS):
        blocks.heading(words.say("Assumptions"))
    st.caption(
        words.say("Every figure on this page comes from this table and the plan. Edit a cell.")
    )
    # A place of its own, filled or not: a refusal that pushed the editor and the uploader down
    # would have both drawn anew, and what is typed or chosen in that moment would be lost.
    with st.container():
        if sentence := session.refused_entry("table", words):
            st.error(sentence, icon=":material/block:")
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    kinds = st.column_config.SelectboxColumn
    st.data_editor(
        assumption_table.frame(now.question.assumptions, words),
        hide_index=True,
        placeholder="",
        height=_HEIGHT,
        disabled=("name", "unit"),
        column_config={
            "name": text(words.say("Figure"), pinned=True),
            "value": number(words.say("Its value"), required=True, format="localized"),
            "low": number(words.say("Low"), required=True, format="localized"),
            "high": number(words.say("High"), required=True, format="localized"),
            "unit": text(words.say("Unit")),
            "distribution": kinds(
                words.say("Distribution"),
                options=[d.value for d in Distribution],
                format_func=partial(figures.distribution, words=words),
                required=True,
                help=lookup.tip("draws", words),
            ),
            "source": text(words.say("Source"), width="large"),
            "dated": text(words.say("Date")),
        },
        **table_widgets.bind_table(),
    )
    left, right = st.columns(2, gap="large")
    with left:
        assumption_files.draw(now, words)
    with right, arrival.part(arrival.PAIRS):
        assumption_files.pairs(words)

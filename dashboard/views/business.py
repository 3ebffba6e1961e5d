"""All assumptions in one table: edited in place, imported, exported; measured pairs beside it."""

from functools import partial

import streamlit as st

from dashboard import glossary, roi_labels, scenario, tables
from dashboard.i18n import Words
from dashboard.scenario import Scenario
from dashboard.views import files, parts
from engine.roi.assumptions import Distribution

_HEIGHT = 520


def draw(now: Scenario, words: Words) -> None:
    """The table with what was refused above it, then files and pairs."""
    parts.heading(words.say("Assumptions"))
    st.caption(
        words.say("Every figure on this page comes from this table and the plan. Edit a cell.")
    )
    # A place of its own, filled or not: a refusal that pushed the editor and the uploader down would
    # have both drawn anew, and what is typed or chosen in that moment would be lost.
    with st.container():
        if sentence := scenario.refused_entry("table", words):
            st.error(sentence, icon=":material/block:")
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    kinds = st.column_config.SelectboxColumn
    st.data_editor(
        tables.frame(now.table, words),
        hide_index=True,
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
                format_func=partial(roi_labels.distribution, words=words),
                required=True,
                help=glossary.tip("draws", words),
            ),
            "source": text(words.say("Source"), width="large"),
            "dated": text(words.say("Date")),
        },
        **scenario.bind_table(),
    )
    left, right = st.columns(2, gap="large")
    with left:
        files.draw(now, words)
    with right:
        files.pairs(words)

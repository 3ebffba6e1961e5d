"""The table of assumptions as a file, out and back; measured pairs as text."""

import streamlit as st

from dashboard.state import session, table_widgets
from dashboard.state.scenario import Scenario
from dashboard.ui import reading
from dashboard.ui.blocks import TABLE_MEGABYTES
from engine.api.money import Measure, to_csv, to_toml
from engine.text import figures, formats, tables
from engine.text.i18n import Words

_PAIRS_HEIGHT = 140
"""Pixels: the unit and three pairs, and room to write a fourth."""


def draw(now: Scenario, words: Words) -> None:
    """Save, load, restore."""
    with st.container(horizontal=True):
        for label, text, name in (
            (words.say("Save as TOML"), to_toml(now.question.assumptions), "assumptions.toml"),
            (words.say("Save as CSV"), to_csv(now.question.assumptions), "assumptions.csv"),
            (
                words.say("Save as CSV for Excel"),
                to_csv(now.question.assumptions, with_bom=True),
                "assumptions-excel.csv",
            ),
        ):
            st.download_button(label, text, name, on_click="ignore")
        st.button(words.say("Back to the defaults"), on_click=table_widgets.restore_table)
    held = st.file_uploader(
        words.say("Load a table"),
        type=["toml", "csv", "tsv", "txt", "xlsx"],
        max_upload_size=TABLE_MEGABYTES,
        help=words.say(
            "A table that was saved here, or a workbook from Present, edited elsewhere: your own "
            "figures take the place of the defaults. Save one first to see the form."
        ),
        **table_widgets.bind_file(),
    )
    # Said below: a sentence above would move the uploader, which then loses a file under way.
    if not held:
        return
    if sentence := session.refused_entry("file", words):
        st.error(sentence, icon=":material/block:")
    if detected := table_widgets.file_reading():
        st.caption(formats.literally(" ".join(tables.sentences(detected, words))))
    if added := table_widgets.file_added():
        st.info(
            words.say(
                "This table is older than these figures, which stand at their defaults: {names}.",
                names=words.listed([figures.name(name, words) for name in added]),
            ),
            icon=":material/playlist_add:",
        )
    if not held.name.lower().endswith((".toml", ".xlsx")):
        _corrections(words)


def _corrections(words: Words) -> None:
    """What a person may know better than the detection."""
    with st.container(horizontal=True):
        reading.decimal_mark(words, **table_widgets.bind_reading("decimal"))
        reading.encoding(words, **table_widgets.bind_reading("encoding"))


def pairs(words: Words) -> None:
    """What was measured, in place of the assumed curve."""
    st.text_area(
        words.say("Measured pairs: the unit of the losses, then loss and metric, one pair a line"),
        help="\n\n".join(
            (
                figures.measured(words),
                words.say(
                    "Units: {units}. A loss by the token is of the evidence's own tokens.",
                    units=", ".join(Measure),
                ),
            )
        ),
        placeholder=figures.example_pairs(words),
        height=_PAIRS_HEIGHT,
        **table_widgets.bind_pairs(),
    )
    if sentence := session.refused_entry("pairs", words):
        st.error(sentence, icon=":material/block:")

"""A run or two as a person looks at them: settings, where they are from, reasons, curves; in a
dialog where a point of a chart led to one."""

from collections.abc import Sequence
from typing import Unpack

import streamlit as st

from dashboard.answers import run_cache
from dashboard.run_card import charts, facts
from dashboard.state import looked_at, session, widgets
from dashboard.ui import blocks, run_filter
from dashboard.ui.colours import palette
from engine.api.runs import Listed
from engine.text import formats
from engine.text.i18n import Words

_HEIGHT = 360


def draw(
    runs: Sequence[Listed], version: str, words: Words, **clicks: Unpack[blocks.Clicks]
) -> None:
    """One run, or two side by side, at a version of the catalogue."""
    blocks.columns(facts.side_by_side(runs, words))
    for one in runs:
        if one.reasons:
            said = words.joined(words.refusal(reason) for reason in one.reasons)
            st.caption(f"{formats.literally(one.name)}: {said}")
    named = [
        charts.Named(one.run_id, one.name, run_cache.curve(version, one.run_id))
        for one in runs
        if one.points
    ]
    drawn = charts.curves(named, words, palette(st.context.theme.type))
    if drawn is None:
        st.caption(words.say("No curve is recorded: only the end."))
        return
    blocks.plot(drawn, _HEIGHT, **clicks)
    if charts.thinned(named):
        st.caption(
            words.say(
                "Of long curves {most} points are drawn, at even distances.",
                most=formats.exact(charts.MOST_POINTS),
            )
        )


def clicked(page: str, words: Words) -> None:
    """The run that a click on a chart of ``page`` asked for, in a dialog; nothing where none did,
    and where no such run is there any more."""
    run_id = looked_at.taken(page)
    if run_id is None:
        return
    version = run_cache.catalogue_version()
    one = next((each for each in run_cache.listed(version) if each.run_id == run_id), None)
    if one is not None:
        st.dialog(formats.literally(one.name), width="large")(_look)(one, version, words)


def _look(one: Listed, version: str, words: Words) -> None:
    draw([one], version, words)
    if st.button(
        words.say("Find it on the page Runs"),
        icon=":material/search:",
        key="run-card:open",
        on_click=find,
        args=(one.run_id,),
    ):
        session.open_page("runs")


def find(run_id: str) -> None:
    """Let the filter of the page Runs through to this run alone."""
    for other in run_filter.FIELDS:
        widgets.type_into("runs", f"filter:{other}", "")
    widgets.type_into("runs", "filter:text", run_id)

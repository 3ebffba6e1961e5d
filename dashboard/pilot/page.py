"""Pilot: choose, watch, read on one page; where things stand comes first, earlier pilots last."""

from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard.glossary import lookup
from dashboard.pilot import entries as pilot_entries
from dashboard.pilot import history, step1_choose, step2_watch, step3_verdict
from dashboard.state import link, session
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import palette
from engine.api.pilots import lifecycle, standing, unit_of
from engine.text.i18n import Words


def render(now: Scenario) -> None:
    """Draw the page."""
    words, colours = now.words, palette(st.context.theme.type)
    entries, wanted = standing.entries(), session.value(link.PILOT)
    shown = pilot_entries.on_show(entries, wanted)
    if shown is None and wanted not in (None, link.NEW_PILOT):
        blocks.accepted(partial(lifecycle.poll, wanted), words)
    if shown is None or shown.plan is None:
        if shown is not None:
            st.error(pilot_entries.unreadable(shown, words), icon=":material/block:")
        _steps(0, words)
        step1_choose.draw(now, entries, words)
    else:
        found = pilot_entries.verdict_of(shown)
        words = replace(words, loss_unit=unit_of(shown.plan.family))
        _steps(1 if found is None else 2, words)
        if found is None:
            step2_watch.draw(shown, shown.plan, now, words, colours)
        else:
            step3_verdict.draw(shown, shown.plan, found, now, words, colours)
    history.draw(entries, shown, words)


def _steps(here: int, words: Words) -> None:
    names = (words.say("1 Choose"), words.say("2 Watch"), words.say("3 Read the verdict"))
    shown = [f"**{name}**" if n == here else f":gray[{name}]" for n, name in enumerate(names)]
    meaning = lookup.tips(words, "pilot", "audit")
    st.markdown(" :gray[→] ".join(shown), help=meaning)

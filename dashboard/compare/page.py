"""Compare: what explains the difference in a sentence, frontiers, scenarios as columns, files."""

from dataclasses import replace

import streamlit as st

from dashboard.answers import provisional, scenario_cache
from dashboard.compare import charts, export_menu, saved_list, selection, then_now, wording
from dashboard.compare.side import Side
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import palette
from engine.text.i18n import Words


def render(now: Scenario) -> None:
    """Draw the page: the scenario of the sidebar is always the first column."""
    words = now.words
    kept = scenario_cache.scenarios()
    with st.container():
        waiting = then_now.draw_first(kept, words)
    sentence = st.container()
    sides = selection.sides(kept, words)
    if not sides:
        return
    first, *others = sides
    if not others:
        sentence.title(
            words.say("The comparison stands here once the law is fitted."), anchor=False
        )
        provisional.settle([], waiting + saved_list.draw(kept, words))
        return
    with sentence, st.spinner(words.say("Swapping one assumption at a time …")):
        explained = [selection.explained(first, other) for other in others]
    for place, (other, found) in enumerate(zip(others, explained, strict=True)):
        said = wording.headline(first, other, found, words)
        (sentence.header if place else sentence.title)(said, anchor=False)
    found = explained[0]
    # Places of their own, here and below: what follows stays where it is, and keeps what is typed.
    with st.container():
        _frontiers(sides, words)
    answers = [each.answer for each in sides if each.answer is not None]
    provisional.mark(answers, words)
    blocks.heading(words.say("Side by side"), blocks.tips(words, "loss", "usual_rule"))
    blocks.columns(wording.table(sides, words, kept.standings))
    st.caption(wording.differences(sides, words))
    with st.container():
        export_menu.draw(sides, explained, dict(kept.standings), words)
    with st.container():
        if found and found.effects:
            blocks.heading(
                words.say("What each assumption moves alone, from the first to the second")
            )
            blocks.columns(wording.effects(found, words))
    waiting += saved_list.draw(kept, words)
    provisional.settle(answers, waiting)


def _frontiers(sides: list[Side], words: Words) -> None:
    if not any(each.answer for each in sides):
        return
    shown = charts.drawn(sides)
    in_its_unit = replace(words, loss_unit=shown[0].unit)
    drawn = charts.frontiers(sides, in_its_unit, palette(st.context.theme.type))
    blocks.chart(words.say("Frontiers"), drawn)
    if missing := wording.left_out(sides, shown, words):
        st.caption(missing)

"""Compare: what explains the difference in a sentence, frontiers, scenarios as columns, files."""

import streamlit as st

from dashboard import (
    cache,
    compare_charts,
    compare_wording,
    saved,
)
from dashboard.colours import palette
from dashboard.scenario import Scenario
from dashboard.views import chosen, parts, scenarios


def render(now: Scenario) -> None:
    """Draw the page: the scenario of the sidebar is always the first column."""
    words = now.words
    sentence = st.container()
    kept, refused = saved.listed(cache.scenario_folder())
    sides = chosen.sides(kept, words)
    first, *others = sides
    with sentence, st.spinner(words.say("Swapping one assumption at a time …")):
        explained = [chosen.explained(first, other) for other in others]
    for place, (other, found) in enumerate(zip(others, explained, strict=True)):
        said = compare_wording.headline(first, other, found, words)
        (sentence.header if place else sentence.title)(said, anchor=False)
    found = explained[0]
    if any(each.answer for each in sides):
        drawn = compare_charts.frontiers(sides, words, palette(st.context.theme.type))
        parts.chart(words.say("Frontiers"), drawn)
    parts.heading(words.say("Side by side"), parts.tips(words, "loss", "usual_rule"))
    parts.columns(compare_wording.table(sides, words))
    st.caption(compare_wording.differences(sides, words))
    with st.container():  # A place of its own, so that what follows stays where it is.
        if found and found.effects:
            parts.heading(
                words.say("What each assumption moves alone, from the first to the second")
            )
            parts.columns(compare_wording.effects(found, words))
    scenarios.draw(kept, refused, words)

"""The map of Explore: which budgets, which quantity, and a click that moves the scenario."""

import streamlit as st

from dashboard.answers import law_cache, map_cache
from dashboard.explore import map_charts, wording
from dashboard.explore import plane as explore_plane
from dashboard.glossary import lookup
from dashboard.state import link, session, widgets
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette
from engine.api.decisions import Decision
from engine.text.i18n import Words

_HEIGHT = 600


def draw(now: Scenario, answer: Decision, words: Words, colours: Palette) -> None:
    """Two choices and a switch, the map, how to read it."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        quantity = st.segmented_control(
            words.say("What is shown"),
            link.SHOWN.options(),
            format_func=lambda key: words.say(explore_plane.QUANTITIES[key]),
            required=True,
            **widgets.bind_default(link.SHOWN, session.value(link.SHOWN)),
        )
        pair = st.segmented_control(
            words.say("Over which two budgets"),
            link.PLANE.options(),
            format_func=lambda key: words.say(explore_plane.PLANES[key]),
            required=True,
            **widgets.bind_default(link.PLANE, session.value(link.PLANE)),
        )
        arrows = quantity == "loss" and st.toggle(
            words.say("What doubling buys"), value=True, **widgets.bind_page("explore", "arrows")
        )
    plane = explore_plane.plane(
        pair,
        quantity,
        now.budget,
        answer.recommendation.cross_entropy.value,
        law_cache.fitted_evidence(now.question.evidence_id).space,
        sampling=now.question.sampling,
        evidence_id=now.question.evidence_id,
    )
    with st.skeleton(height=_HEIGHT):
        found, gains = map_cache.budget_map(plane)
    shown = (found, gains if arrows else None, plane, quantity)
    drawn = map_charts.draw(*shown, now.budget, now.question.prices, words, colours)
    blocks.heading(
        words.say(explore_plane.QUANTITIES[quantity]),
        lookup.tips(words, *explore_plane.TERMS[quantity]),
    )
    click = widgets.bind_map(plane.x, plane.y)
    blocks.plot(drawn, _HEIGHT, **click)
    st.caption(wording.held(plane, now.budget, words, arrows=arrows))
    if sentence := wording.note(plane, found, words):
        st.caption(sentence)

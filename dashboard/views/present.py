"""Present: one message a slide in large type, turned with the arrow keys; exports beside it."""

from itertools import count

import streamlit as st

from dashboard import deck, presented, scenario
from dashboard.colours import palette
from dashboard.i18n import Words
from dashboard.scenario import Scenario
from dashboard.views import cover, live, privacy, take_along
from engine.errors import InputError
from engine.report.webpage import large_html


def render(now: Scenario) -> None:
    """Draw the slide that is on show."""
    words, colours = now.words, palette(st.context.theme.type)
    try:
        with st.skeleton(height=420):
            found = presented.material(now)
            shown = deck.deck(found, words, colours)
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        st.markdown(words.say("Move a slider or type another value; nothing else has changed."))
        live.draw(deck.BUDGETS, words)
        return
    slides = (*shown.slides, *shown.appendix)
    place = min(int(scenario.value("slide")), len(slides))
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        _turn(place, len(slides), words)
        noted = st.toggle(words.say("Notes"), **scenario.bind_page("present", "notes"))
        cover.draw(words)
        take_along.draw(found, words)
    slide = slides[place - 1]
    message, body = large_html(slide, shown.footer, ink=colours.ink, paper=colours.paper)
    st.html(message)
    live.draw(slide.live, words)
    st.html(body)
    for note in slide.notes if noted else ():
        st.info(note)
    if found.certificate is None:
        privacy.wait(found.answer, count())


def _turn(place: int, last: int, words: Words) -> None:
    """Back, forward, and where we are."""
    for name, arrow, to in (
        (words.say("Previous"), "Left", place - 1),
        (words.say("Next"), "Right", place + 1),
    ):
        st.button(
            name,
            shortcut=arrow,
            disabled=not 1 <= to <= last,
            on_click=scenario.show,
            args=("slide", to),
        )
    st.markdown(words.say("Slide {n} of {count}", n=place, count=last), width="content")

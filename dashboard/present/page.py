"""Present: one message a slide in large type, turned with the arrow keys; exports beside it."""

import streamlit as st

from dashboard.answers import first_fit, provisional
from dashboard.present import cover_form, deck, export_menu, material
from dashboard.shell import budget_sliders
from dashboard.state import link, session
from dashboard.state.scenario import Scenario
from dashboard.ui.colours import Palette, palette
from engine.api.reports import Deck, large_html
from engine.text.i18n import Words


def render(now: Scenario) -> None:
    """Draw the slide that is on show."""
    words, colours = now.words, palette(st.context.theme.type)
    name = now.question.evidence_id
    made = first_fit.answered(name, lambda: _made(now, words, colours), words)
    if made is None:
        budget_sliders.draw(deck.BUDGETS, words)
        return
    found, shown = made
    slides = (*shown.slides, *shown.appendix)
    place = min(session.value(link.SLIDE), len(slides))
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        _turn(place, len(slides), words)
        noted = session.is_flipped("present", "notes")
        # No toggle: what is an input to the browser keeps the arrow keys once it was clicked.
        st.button(
            words.say("Hide notes") if noted else words.say("Notes"),
            icon=":material/sticky_note_2:",
            on_click=session.flip,
            args=("present", "notes"),
        )
        cover_form.draw(words)
        export_menu.draw(found, words)
    slide = slides[place - 1]
    message, body = large_html(slide, shown.footer, ink=colours.ink, paper=colours.paper)
    st.html(message)
    budget_sliders.draw(slide.live, words)
    st.html(body)
    for note in slide.notes if noted else ():
        st.info(note)
    provisional.mark(found.answers, words)
    provisional.settle(found.answers)


def _made(now: Scenario, words: Words, colours: Palette) -> tuple[deck.Material, Deck]:
    found = material.material(now)
    return found, deck.deck(found, words, colours)


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
            on_click=session.show,
            args=(link.SLIDE, to),
        )
    st.markdown(words.say("Slide {n} of {count}", n=place, count=last), width="content")

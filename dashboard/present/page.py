"""Present: one message a slide in large type, turned with the arrow keys; exports beside it. A
second window has the presenter's view."""

import streamlit as st

from dashboard.answers import first_fit, provisional
from dashboard.present import (
    cover_form,
    deck,
    export_menu,
    material,
    meetings,
    presenter_view,
    together,
)
from dashboard.shell import budget_sliders
from dashboard.state import link, session, widgets
from dashboard.state.scenario import Scenario
from dashboard.ui.colours import Palette, palette
from engine.api.reports import Deck, Look, stage_html, staged
from engine.text.i18n import Words

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 3.75rem; padding-bottom: 0.2rem; }
.st-key-slide-bar [data-testid="stCaptionContainer"] p {
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
  font-size: 0.8rem; line-height: 1.2;
}
@media (min-width: 768px) {
  [data-testid="stMainBlockContainer"] { padding-left: 3rem; padding-right: 3rem; }
}
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] { gap: 0.4rem; }
@media (min-width: 768px) {
  .st-key-slide-notes { max-height: 124px; overflow-y: auto; gap: 0.3rem; }
}
[data-testid="stLayoutWrapper"]:has(> .st-key-offer),
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none; }
</style>"""
"""Nothing but the slide needs room: neither the tour's offer to whoever opens a link to it, nor the
sidebar, which Streamlit leaves empty beside the slide when one comes from another page."""

_RELEASE = """<script>
window.kessaiRelease ??= (document.addEventListener('pointerup', () => setTimeout(() => {
  const focused = document.activeElement;
  if (focused.type === 'range' && document.querySelector('.st-key-slide-bar')) focused.blur();
})), true);
</script>"""
"""A slider that was moved by pointer gives the arrow keys back to the slides; one that was reached
by keyboard keeps them."""


def render(now: Scenario) -> None:
    """Draw the slide that is on show, or what the presenter has before them."""
    words, colours = now.words, palette(st.context.theme.type)
    presenting = session.value(link.VIEW) == link.PRESENTER
    token = session.value(link.MEETING) or widgets.typed("present", "meeting")
    shared = bool(token) and together.keep_up(token) is not None
    if presenting and not shared:
        presenter_view.missing(token, words)
        return
    name = now.question.evidence_id
    for other in material.evidence_beside():
        if other != name:  # its scenario is an option, its starts a slide, once its law is there
            first_fit.is_there(other, words, f":{other}")
    made = first_fit.answered(name, lambda: _made(now, words, colours), words)
    if made is None:
        budget_sliders.draw(deck.BUDGETS, words)
        return
    found, shown = made
    pages = [page for slide in (*shown.slides, *shown.appendix) for page in staged(slide)]
    place = min(session.value(link.SLIDE), len(pages))
    look = Look(ink=colours.ink, paper=colours.paper, accent=colours.recommendation)
    noted = widgets.is_flipped("present", "notes")
    with st.container(horizontal=True, vertical_alignment="center", key="slide-bar"):
        _turn(place, len(pages), words)
        if not presenting:
            # No toggle: what is an input to the browser keeps the arrow keys once it was clicked.
            st.button(
                words.say("Hide notes") if noted else words.say("Notes"),
                icon=":material/sticky_note_2:",
                on_click=widgets.flip,
                args=("present", "notes"),
            )
            presenter_view.link(_token(), words)
            cover_form.draw(words)
            export_menu.draw(found, words)
        provisional.mark(found.answers, words)
        st.html(_STYLE)
        st.html(_RELEASE, unsafe_allow_javascript=True)
    page = pages[place - 1]
    if presenting:
        after = pages[place] if place < len(pages) else None
        presenter_view.draw(token, page, after, shown.footer, look, words)
    else:
        st.html(stage_html(page, shown.footer, look))
        budget_sliders.draw(page.live, words)
        if noted and page.notes:
            with st.container(key="slide-notes"):
                for note in page.notes:
                    st.info(note)
        if shared:
            together.watch(token)
    provisional.settle(found.answers)


def _made(now: Scenario, words: Words, colours: Palette) -> tuple[deck.Material, Deck]:
    found = material.material(now)
    return found, deck.deck(found, words, colours)


def _token() -> str:
    """This window's name for what it shares, once it is asked to."""
    token = widgets.typed("present", "meeting")
    if not token:
        token = meetings.new_token()
        widgets.type_into("present", "meeting", token)
    return token


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

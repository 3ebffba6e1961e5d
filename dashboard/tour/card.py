"""The tour's card at the foot of the page: the question, the answer, what to try, the buttons."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.state import link, session
from dashboard.state.scenario import Scenario
from dashboard.tour import buttons, steps
from dashboard.tour.buttons import Pages
from dashboard.tour.steps import Step
from engine.text.i18n import Words

_STYLE = """<style>
[data-testid="stBottomBlockContainer"] { padding-bottom: 0.6rem; }
[data-testid="stMainBlockContainer"] :is(button, input, textarea, a, summary, [tabindex]) {
  scroll-margin-bottom: 16rem;
}
.st-key-tour p { text-wrap: pretty; }
@media (min-width: 768px) {
  [data-testid="stBottomBlockContainer"] { padding: 0 2.5rem 0.6rem; }
  .st-key-tour { padding: 0.4rem 0.9rem 0.6rem; gap: 0.4rem; }
  .st-key-tour p { font-size: 0.875rem; line-height: 1.4; }
  .st-key-tour button { min-height: 2rem; padding-top: 0; padding-bottom: 0; }
}
@media (min-width: 768px) and (max-height: 800px) {
  .st-key-tour [data-testid="stCaptionContainer"] { display: none; }
}
@media (max-width: 767px) {
  .st-key-tour p { font-size: 0.9rem; }
  .st-key-tour [data-testid="stExpanderDetails"] { max-height: 34vh; overflow-y: auto; }
}
</style>"""
"""The card leaves the page its room: about a third of a low window or of a phone's. What is made up
stands behind the question's mark too, so a low window does without its line. Keys that move the
focus stop above the card."""


def begin(number: int, pages: Pages) -> None:
    """Lend the example and open a step's page."""
    session.show(link.TOUR, number)
    session.begin_example(steps.EXAMPLE)
    st.switch_page(pages[steps.STEPS[number - 1].page])


def under_way(page: str) -> Step | None:
    """The step of a page while a tour is under way; the tour follows a visitor who changes pages by
    the navigation, and waits at its step on a page where it does not call."""
    now = session.value(link.TOUR)
    if now is None:
        return None
    number = steps.number(page) or int(now)
    session.show(link.TOUR, number)
    return steps.STEPS[number - 1]


def draw(step: Step, pages: Pages, now: Scenario, words: Words) -> DeltaGenerator:
    """Draw the card before the page, so that nobody waits for its buttons. Returns the placeholder
    that :mod:`dashboard.tour.answer` fills when the page has computed its answer."""
    number = steps.STEPS.index(step) + 1
    title = words.say("Tour {n}/{count} · worked example", n=number, count=len(steps.STEPS))
    with st.bottom, st.container(border=True, gap="small", key="tour"):
        st.html(_STYLE)
        told = st.expander(title, expanded=True, icon=":material/tour:", type="compact")
        with told, st.container(gap="xsmall"):
            made_up = steps.assumptions(words)
            st.markdown(steps.asks(step, now, words), help=made_up)
            place = st.empty()
            st.markdown(steps.tries(step, words))
            if number == 1:
                st.caption(made_up)
        buttons.draw(number, step, pages, words)
    return place

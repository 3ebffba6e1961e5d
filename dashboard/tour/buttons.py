"""The buttons of the tour: back, next, try it, the example's figures again, leave."""

from collections.abc import Mapping

import streamlit as st

from dashboard.state import session
from dashboard.tour import steps
from dashboard.tour.steps import Step
from engine.text.i18n import Words

Pages = Mapping[str, st.Page]
"""By their names in :data:`dashboard.app.PAGES`."""


def draw(number: int, step: Step, pages: Pages, words: Words) -> None:
    """Draw them on one line. Their keys are the same in every step, so that the keyboard's focus
    stays."""
    is_last = number == len(steps.STEPS)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button(
            words.say("Back"), icon=":material/arrow_back:", disabled=number == 1, key="tour:back"
        ):
            _turn(number - 1, pages)
        if st.button(
            words.say("Finish") if is_last else words.say("Next"),
            icon=":material/done:" if is_last else ":material/arrow_forward:",
            key="tour:onwards",
        ):
            _turn(number + 1, pages)
        leave, close = words.say("Leave"), ":material/close:"
        st.button(
            leave, icon=close, on_click=session.end_example, key="tour:leave", type="tertiary"
        )
        _tries(step, words)


def _tries(step: Step, words: Words) -> None:
    values = session.fields()
    if step.sets:
        st.button(
            steps.button(step, values, words),
            icon=":material/touch_app:",
            on_click=session.take,
            args=(steps.tried(step, values),),
            key="tour:try",
        )
    if steps.is_moved(values):
        name, undo = words.say("Example's figures again"), ":material/undo:"
        st.button(
            name,
            icon=undo,
            type="tertiary",
            on_click=session.begin_example,
            args=(steps.EXAMPLE,),
            key="tour:again",
        )


def _turn(number: int, pages: Pages) -> None:
    if number > len(steps.STEPS):
        session.end_example()
        number = 1
    st.switch_page(pages[steps.STEPS[number - 1].page])

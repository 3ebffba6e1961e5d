"""Blocks that pages share: an answer, or the refusal in its place."""

from streamlit.testing.v1 import AppTest


def _answered(refused: bool):
    import streamlit as st

    from dashboard.ui import blocks
    from engine.errors import InputError
    from engine.text.i18n import Words

    def ask() -> int:
        if refused:
            raise InputError("Expected more.")
        return 0

    st.text(f"found {blocks.answered(ask, Words('en'))}")


def _accepted(refused: bool):
    import streamlit as st

    from dashboard.ui import blocks
    from engine.errors import InputError
    from engine.text.i18n import Words

    def act() -> None:
        if refused:
            raise InputError("Expected more.")

    st.text(f"done {blocks.accepted(act, Words('en'))}")


def test_an_answer_is_returned_even_if_it_is_zero():
    page = AppTest.from_function(_answered, args=(False,), default_timeout=60).run()
    assert page.text[0].value == "found 0" and not page.error and not page.markdown


def _folded():
    import streamlit as st

    from dashboard.ui import blocks

    def drawn() -> None:
        st.text("drawn")

    blocks.folded("more", "test:more", drawn)


def test_what_is_folded_is_drawn_when_it_is_unfolded():
    page = AppTest.from_function(_folded, default_timeout=60).run()
    assert [one.label for one in page.expander] == ["more"] and not page.text
    page.session_state["test:more"] = True
    page.run()
    assert [text.value for text in page.text] == ["drawn"]


def test_a_refused_question_draws_the_refusal_and_what_to_do():
    page = AppTest.from_function(_answered, args=(True,), default_timeout=60).run()
    assert page.text[0].value == "found None"
    assert [error.value for error in page.error] == ["Expected more."]
    assert page.markdown[0].value.startswith("Move a slider or type another value")


def test_an_action_says_whether_it_was_done():
    done = AppTest.from_function(_accepted, args=(False,), default_timeout=60).run()
    assert done.text[0].value == "done True" and not done.error
    refused = AppTest.from_function(_accepted, args=(True,), default_timeout=60).run()
    assert refused.text[0].value == "done False" and len(refused.error) == 1

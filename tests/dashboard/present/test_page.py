"""The Present page without a browser: turning slides, sliders on them, notes, exports."""

import pytest

from dashboard.answers import decision_cache
from dashboard.answers.certificates import Certificates


def _draw():
    from dashboard.present import page as present_page
    from dashboard.state import address, session

    address.follow_url()
    present_page.render(session.current())


@pytest.fixture
def page():
    """The view alone: AppTest cannot switch to pages that are functions."""
    from streamlit.testing.v1 import AppTest

    return AppTest.from_function(_draw, default_timeout=120)


def body(page) -> str:
    return "".join(part.proto.body for part in page.get("html"))


def button(page, label):
    return next(b for b in page.button if b.label == label)


def test_the_question_comes_first_and_next_turns(page):
    page.run()
    assert not page.exception and not page.error
    assert "Shall we train a language model" in body(page)
    assert button(page, "Previous").disabled
    button(page, "Next").click().run()
    assert 'class="tiles"' in body(page), "the figures of the decision, large"
    button(page, "Previous").click().run()
    assert "Shall we train a language model" in body(page)


def test_a_link_opens_a_slide_and_the_last_one_ends(page):
    page.query_params["slide"] = "50"
    page.run()
    assert "What the figures rest on" in body(page)
    assert button(page, "Next").disabled


def test_a_slider_on_the_slide_moves_its_message(page):
    page.query_params["slide"] = "5"
    page.run()
    before = body(page)
    assert "<img" in before, "the figure"
    page.select_slider(key="epsilon:live").set_value(1).run()
    assert body(page) != before and not page.exception


def test_notes_are_for_the_presenter_alone(page):
    page.run()
    assert not page.info
    next(each for each in page.button if each.label == "Notes").click().run()
    assert "Thank you for your time." in page.info[0].value
    next(each for each in page.button if each.label == "Hide notes").click().run()
    assert not page.info


def test_in_japanese(page):
    page.query_params["lang"] = "ja"
    page.run()
    assert not page.exception and "ご審議をお願いいたします" in body(page)


def test_a_budget_that_allows_nothing_says_so_and_leaves_the_sliders(page):
    page.query_params["data"] = "100"
    page.query_params["epsilon"] = "0.1"
    page.run()
    assert page.error and not page.exception
    assert page.select_slider(key="data:live")


def test_exports_wait_for_the_certificate(page, monkeypatch):
    monkeypatch.setattr(Certificates, "known", lambda self, request: None)
    decision_cache.certificates.clear()
    page.run()
    assert any("some seconds" in caption.value for caption in page.caption)
    files = page.get("download_button")
    assert len(files) == 9 and all(file.proto.disabled for file in files)

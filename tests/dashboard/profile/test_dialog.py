"""Is it for us? What a company says of itself becomes the scenario, or is refused in a sentence."""

import pytest
from streamlit.testing.v1 import AppTest


def _page():
    import streamlit as st

    from dashboard.profile import dialog
    from dashboard.state import address, session

    address.follow_url()
    st.session_state["_opened"] = []
    session.open_page = st.session_state["_opened"].append
    dialog._questions(session.current().words)


@pytest.fixture
def questions(fitted, monkeypatch):
    from dashboard.state import session

    monkeypatch.setattr(session, "open_page", session.open_page)  # the page's own goes afterwards
    page = AppTest.from_function(_page, default_timeout=180)
    page.query_params["lang"] = "en"
    return page.run()


def _answer(page):
    page.button(key="profile:show").click().run()
    assert not page.exception
    return page.session_state["_values"]


def test_a_small_manufacturer_gets_its_scenario(questions):
    values = _answer(questions)
    assert (values["data"], values["epsilon"], values["figures"]) == (5_000, 4.0, None)
    assert values["compute"] < 1e17, "no more than 5,000 people's text can use"
    assert questions.session_state["_opened"] == ["decide"]


def test_another_kind_brings_its_task_and_sites_their_traffic(questions):
    questions.segmented_control(key="profile:kind").set_value("service").run()
    questions.segmented_control(key="profile:scattered").set_value(True).run()
    questions.number_input(key="profile:sites").set_value(7).run()
    values = _answer(questions)
    assert (values["data"], values["metric"]) == (1_000_000, "tickets-resolved")
    assert "federated_links=7~7~7~fixed" in values["figures"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("profile:people:manufacturer", "a few"),
        ("profile:people:manufacturer", "3"),
        ("profile:tasks:manufacturer", "0"),
        ("profile:tasks:manufacturer", "many"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_nothing_changes(questions, key, text):
    before = dict(questions.session_state["_values"])
    questions.text_input(key=key).set_value(text).run()
    assert _answer(questions) == before
    assert len(questions.error) == 1 and questions.session_state["_opened"] == []

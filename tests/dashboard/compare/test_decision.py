"""Approve and decline on the page: what is clicked is decided on the version that was shown."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.state import link
from engine import decision_log
from engine.approvals import Ruling, decisions
from engine.scenarios import saved

AT = "2026-11-29T01:00:00+00:00"


def _draw():
    from dashboard.compare import decision
    from dashboard.state import session
    from engine.api.runs import data_folder
    from engine.scenarios import saved
    from engine.text.i18n import Words

    session.follow_url()
    (one,) = saved.listed(saved.folder(data_folder()))[0]
    decision.form(one, "Sato", Words("en"))
    decision.draw(one, Words("en"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.delenv("KESSAI_SCENARIOS", raising=False)
    return tmp_path


def button(page):
    (found,) = [one for one in page.button if one.label == "Put the decision on record"]
    return found


def texts(page):
    return "\n".join(one.value for one in page.markdown)


def test_a_click_decides_on_the_version_that_was_shown(place):
    kept = saved.created(place / "scenarios", "Base", link.defaults(), who="", at=AT)
    page = AppTest.from_function(_draw, default_timeout=60).run()
    assert "Nothing is decided on this scenario yet." in texts(page) and not page.exception
    button(page).click().run()
    assert decisions("Base", place) == (), "neither approved nor declined was chosen"
    page.segmented_control[0].set_value(Ruling.APPROVED).run()
    later = saved.updated(place / "scenarios", kept, link.defaults() | {"data": 5e6}, who="", at=AT)
    button(page).click().run()
    assert decisions("Base", place) == () and not page.exception, "it was changed meanwhile"
    button(page).click().run()
    (found,) = decisions("Base", place)
    assert (found.version, found.ruling, found.who) == (later.version, Ruling.APPROVED, "Sato")
    page.run()
    assert "**Approved** as it stands, by Sato (name as given, without login)" in texts(page)


def test_a_log_that_was_changed_is_told(place):
    kept = saved.created(place / "scenarios", "Base", link.defaults(), who="", at=AT)
    decision_log.append("decision", {"scenario": kept.name}, folder=place)
    page = AppTest.from_function(_draw, default_timeout=60).run()
    assert "what was decided is not shown" in page.error[0].value

"""Propose, approve and decline on the page: what is clicked is decided on the version that was
shown."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import decision_cache, scenario_cache
from dashboard.answers.certificates import Certificates
from dashboard.state import link, visitor
from engine import decision_log
from engine.access import check
from engine.access.rights import Person, Role
from engine.approvals import Ruling, State, decisions
from engine.scenarios import acts, saved
from tests.scenarios.made import frozen_of, made_frozen

AT = "2026-11-29T01:00:00+00:00"


def _draw():
    from dashboard.answers import scenario_cache
    from dashboard.compare import saved_actions
    from dashboard.state import address
    from engine.text.i18n import Words

    address.follow_url()
    saved_actions.draw(scenario_cache.scenarios(), "Sato", Words("en"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    return tmp_path


@pytest.fixture
def kept(place):
    return acts.created(place / "scenarios", "Base", link.defaults(), who="", at=AT)


def opened():
    page = AppTest.from_function(_draw, default_timeout=60).run()
    assert not page.exception
    return page


def button(page, label):
    (found,) = [one for one in page.button if one.label == label]
    return found


def labels(page):
    return {one.label for one in page.button}


def texts(page):
    return "\n".join(one.value for one in (*page.markdown, *page.caption))


def test_a_draft_is_proposed_with_its_figures_and_approved(place, kept):
    page = opened()
    assert "**Draft**" in texts(page) and "No frozen figures" in texts(page)
    assert page.selectbox[0].options == ["Base · Draft"]
    assert "Put the decision on record" not in labels(page)
    button(page, "Propose").click().run()
    assert not page.exception and "**Proposed** as it stands, by Sato" in texts(page)
    assert "Propose" not in labels(page)
    (proposed,) = saved.listed(place / "scenarios")[0]
    frozen = frozen_of(proposed)
    assert frozen.is_whole and frozen.noise == "certified"
    button(page, "Put the decision on record").click().run()
    assert decisions("Base", place) == (), "neither approved nor declined was chosen"
    page.segmented_control[0].set_value(Ruling.APPROVED).run()
    button(page, "Put the decision on record").click().run()
    (found,) = decisions("Base", place)
    assert (found.version, found.ruling, found.who) == (proposed.version, Ruling.APPROVED, "Sato")
    page.run()
    assert "**Approved** as it stands, by Sato (name as given, without login)" in texts(page)
    assert "Nothing has changed since then beyond rounding." in texts(page)
    assert not {"Overwrite with this scenario", "Yes, delete it", "Propose"} & labels(page)
    button(page, "New version with this scenario").click().run()
    assert not page.exception
    assert [one.name for one in saved.listed(place / "scenarios")[0]] == ["Base", "Base v2"]


def test_a_save_is_kept_without_its_certificate_and_says_so(place, kept, monkeypatch):
    """Other people's certificates hold no save up for longer; a proposal needs its own."""
    busy: Certificates = Certificates(lambda _: pytest.fail("nothing is made here"))
    monkeypatch.setattr(busy, "ask_first", lambda _: None)
    monkeypatch.setattr(decision_cache, "certificates", lambda: busy)
    monkeypatch.setattr(scenario_cache, "SAVE_WAITS", 0.01)
    monkeypatch.setattr(scenario_cache, "PROPOSAL_WAITS", 0.01)
    page = opened()
    button(page, "Overwrite with this scenario").click().run()
    (saved_now,) = saved.listed(place / "scenarios")[0]
    assert frozen_of(saved_now).noise == "estimated" and not page.exception
    assert any("rest on estimated noise" in one.value for one in page.toast)
    button(page, "Propose").click().run()
    assert "Expected figures with a certified promise" in page.error[0].value


def test_a_click_decides_on_the_version_that_was_shown(place, kept):
    folder = place / "scenarios"
    first = acts.proposed(folder, kept, made_frozen(), who="", at=AT)
    page = opened()
    page.segmented_control[0].set_value(Ruling.APPROVED).run()
    later = acts.updated(folder, first, link.defaults() | {"data": 5e6}, who="", at=AT)
    later = acts.proposed(folder, later, made_frozen(), who="", at=AT)
    button(page, "Put the decision on record").click().run()
    assert decisions("Base", place) == () and not page.exception, "it was changed meanwhile"
    assert acts.standing(later).state is State.PROPOSED


def test_who_may_not_is_refused_before_anything_is_computed(place, kept, monkeypatch):
    viewer = Person(who="v@example.com", roles=frozenset({Role.VIEWER}), login="issuer v")
    monkeypatch.setattr(visitor, "person", lambda: viewer)
    monkeypatch.setattr(
        scenario_cache, "frozen_now", lambda *_, **__: pytest.fail("it was computed")
    )
    check._last.clear()
    page = opened()
    for label, act in (
        ("Propose", "scenario-propose"), ("Overwrite with this scenario", "scenario-save"),
    ):  # fmt: skip
        button(page, label).click().run()
        assert "Expected the right to" in page.error[0].value and not page.exception
        line = decision_log.entries(place)[-1]
        assert (line.act, line.what["act"], line.who) == ("refused", act, viewer.who)


def test_figures_that_were_changed_are_not_shown(place, kept):
    acts.proposed(place / "scenarios", kept, made_frozen(), who="", at=AT)
    (file,) = (place / "scenarios").glob("*.json")
    file.write_text(file.read_text().replace("57500000.0", "97500000.0"))
    page = opened()
    assert "got changed ones: they are not shown" in page.error[0].value


def test_a_log_that_was_changed_is_told(place, kept):
    decision_log.append("decision", {"scenario": "Base", "version": "1"}, folder=place)
    page = opened()
    assert "what was decided is not shown" in page.error[0].value
    assert page.selectbox[0].options == ["Base"], "nobody knows how it stands"

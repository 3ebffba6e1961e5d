"""Decide tells what has become of approved decisions, and is silent where nothing has."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.answers import law_cache, scenario_cache
from dashboard.state import link
from engine import decision_log
from engine.approvals import Ruling
from engine.scenarios import acts, fields, wording
from engine.scenarios.since import since
from engine.text.i18n import Words
from tests.scenarios.made import AT, made_frozen


def _draw(language):
    import streamlit as st

    from dashboard.answers import provisional
    from dashboard.decide import approved
    from dashboard.state import address
    from engine.text.i18n import Words

    address.follow_url()
    waiting = approved.draw(st.empty(), Words(language))
    st.caption(f"waiting for {len(waiting)}")
    provisional.settle([], waiting)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    st.cache_resource.clear()
    law_cache.fitted_evidence("published-bert")  # as the page has done that this stands on
    yield tmp_path / "scenarios"
    st.cache_resource.clear()


@pytest.fixture
def computed(monkeypatch):
    """How often then and now were computed."""
    made = []

    def counted(*arguments, **named):
        found = since(*arguments, **named)
        made.append(found)
        return found

    monkeypatch.setattr(scenario_cache, "since", counted)
    return made


def approved(place, name, frozen):
    made = acts.created(place, name, link.defaults(), who="", at=AT)
    proposed = acts.proposed(place, made, frozen, who="", at=AT)
    acts.decided(place, proposed, Ruling.APPROVED)
    return proposed


def drawn(language="en"):
    page = AppTest.from_function(_draw, default_timeout=60, args=(language,)).run()
    assert not page.exception
    return page


def texts(page):
    return [one.value for one in page.markdown]


def certified_now():
    return scenario_cache.frozen_now(fields.question(fields.defaults()), at=AT, wait=60)


def test_a_decision_that_is_another_today_is_told_once_it_is_certified(place, computed):
    approved(place, "Board*", made_frozen())
    first = drawn()
    assert texts(first) == [] and first.caption[0].value == "waiting for 1"
    certified_now()
    page = drawn()
    (said,) = texts(page)
    assert r"“Board\*”: The approved decision of" in said
    assert "was “Train”, worth ¥57.5M; today it is “Pilot first”, worth ¥47.1M, because" in said
    assert [one.label for one in page.button] == ["Then and now"]
    one = scenario_cache.approved()[0][0]
    dollars = wording.own_words(one, Words("en", jpy_per_usd=100.0))
    assert dollars.jpy_per_usd == 150, "at the scenario's own rate, where the reader sees dollars"
    (said,) = texts(drawn("ja"))
    assert "「学習を実施」" in said or "5,750万円" in said
    assert len(computed) == 1, "a slider that moves computes nothing again"


def test_it_is_silent_where_nothing_is_approved_or_nothing_changed(place, computed):
    now = certified_now()
    acts.proposed(
        place, acts.created(place, "Proposed", link.defaults(), who="", at=AT),
        made_frozen(), who="", at=AT,
    )  # fmt: skip
    approved(place, "As today", now)
    page = drawn()
    assert texts(page) == [] and page.caption[0].value == "waiting for 0"
    assert computed == [], "on the same ground nothing is computed"
    approved(place, "By rounding", made_frozen(figures=now.figures))
    assert texts(drawn()) == [] and len(computed) == 1


def test_of_many_the_last_are_told_and_the_others_counted(place, computed):
    certified_now()
    for number in range(4):
        approved(place, f"Board {number}", made_frozen())
    page = drawn()
    assert [said.split("”")[0][-1] for said in texts(page)] == ["3", "2", "1"]
    assert page.caption[0].value.startswith("1 more approved decision is another one today")


def test_what_was_superseded_is_no_news(place, computed):
    old = approved(place, "Old", made_frozen())
    new = acts.new_version(place, old, link.defaults(), who="", at=AT)
    new = acts.proposed(place, new, certified_now(), who="", at=AT)
    acts.decided(place, new, Ruling.APPROVED)
    assert texts(drawn()) == [] and computed == []

"""Decide's comparison of ways to begin: the way that is recommended, and each figure's origin."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import decision_cache
from dashboard.state import link
from engine.decision.start_worth import start_worth
from engine.errors import InputError
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.scenarios import fields, figures
from engine.text import start_advice
from engine.text.i18n import LANGUAGES
from engine.text.quantities import words_of
from tests.decision.test_start_worth import by_the_byte


def _draw():
    from types import SimpleNamespace

    import streamlit as st

    from dashboard.decide import public_start
    from dashboard.state import address, session
    from engine.api.decisions import Code

    address.follow_url()
    now = session.current()
    verdict = SimpleNamespace(code=Code.WAIT)
    answer = SimpleNamespace(question=now.question, provisional=False, verdict=verdict)
    public_start.draw(answer, st.empty(), now.words)  # type: ignore[arg-type]  # all that it reads


def opened(**query):
    page = AppTest.from_function(_draw, default_timeout=120)
    page.session_state["decide:traced"] = True
    for key, value in {"epsilon": "4", "lang": "en", **query}.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def told(page):
    return " ".join(text.value for text in page.markdown)


def traced(page):
    """Figure -> where it comes from."""
    (table,) = [table.value for table in page.table if len(table.value.columns) == 2]
    return dict(table.itertuples(index=False))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_one_way_is_recommended_and_the_money_s_reason_is_its_own(language):
    query = {"data": "5000", "epsilon": "4", "lang": language}
    asked = fields.question(link.read_all(query)[0])
    page, words = opened(**query), words_of(asked, language)
    said, origins = told(page), traced(page)
    assert ":material/lightbulb:" in said
    assert start_advice.recommendation(decision_cache.starts(asked), asked, words) in said
    assert words.say("In money: unknown; “Where each figure comes from” below says why.") in said
    with pytest.raises(InputError) as refusal:
        start_worth(asked)
    assert words.refusal(refusal.value) in origins[words.say("Worth in money")]
    assert len(origins) == 10 and all(origins.values())


def test_a_worth_in_money_is_said_with_where_it_comes_from():
    table = by_the_byte(5_000, 4.0).assumptions
    page = opened(data="5000", figures=figures.written(table, DEFAULT_ASSUMPTIONS) or "")
    assert "In money: ¥" in told(page) and "In money: unknown" not in told(page)
    assert traced(page)["Worth in money"].startswith("ROI's draws")


def test_where_no_start_gains_no_worth_is_claimed():
    page = opened(data="10000000")
    assert "no clear gain" in told(page) and "In people:" not in told(page)
    assert ":material/lightbulb:" not in told(page)
    none = "None: no start gains clearly."
    assert [traced(page)[f"Worth in {what}"] for what in ("people and in ε", "money")] == [none] * 2


def test_what_cannot_be_compared_says_why_and_nothing_else(monkeypatch):
    def refuse(question):
        raise InputError("Expected more people, got {n}.", n=3)

    monkeypatch.setattr(decision_cache, "starts", refuse)
    page = opened()
    assert "Expected more people, got 3." in told(page)
    assert "Recommended" not in told(page) and not page.table

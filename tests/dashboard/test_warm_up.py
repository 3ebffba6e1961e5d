"""The warm-up: what a visitor without a link asks is answered before anybody comes."""

import asyncio
import re

from streamlit.starlette import App

from dashboard import warm_up
from dashboard.answers import decision_cache
from dashboard.state import link, scenario
from engine.api.decisions import correlated, decide
from engine.errors import InputError


def test_a_first_visitor_waits_for_no_search(monkeypatch):
    warm_up.prepare()

    def searched(*_arguments, **_options):
        raise AssertionError("The first visitor's answer was searched for again.")

    monkeypatch.setattr(decide, "decide", searched)
    monkeypatch.setattr(correlated, "more_learning", searched)
    asked = scenario.asked(link.defaults(), "en").question
    desk = decision_cache.certificates()
    desk.wait(60, decision_cache.request(asked))
    assert desk.known(decision_cache.request(asked)) is not None
    assert not decision_cache.answer(asked).provisional
    decision_cache.more_learning(asked)


def test_the_server_starts_whatever_fails(monkeypatch, capfd):
    def refused(*_arguments):
        raise InputError("Expected runs, got none.")

    async def start() -> str:
        async with warm_up.before_serving(App("app.py")):
            return "served"

    for asked in ("request", "starts", "more_learning"):
        monkeypatch.setattr(decision_cache, asked, refused)
    assert asyncio.run(start()) == "served"
    said = capfd.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"  Preparing the law \.\.\. ready in \d+ s", said)

"""The warm-up: what a visitor without a link asks is answered before anybody comes."""

import asyncio

from dashboard import warm_up
from dashboard.answers import decision_cache
from dashboard.state import link, scenario
from engine.errors import InputError


def test_a_first_visitor_waits_for_no_search(monkeypatch):
    warm_up.prepare()

    def searched(*_arguments, **_options):
        raise AssertionError("The first visitor's answer was searched for again.")

    monkeypatch.setattr(decision_cache.decide, "decide", searched)
    monkeypatch.setattr(decision_cache.correlated, "more_learning", searched)
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
        async with warm_up.before_serving(None):
            return "served"

    monkeypatch.setattr(warm_up.decision_cache, "request", refused)
    monkeypatch.setattr(warm_up.decision_cache, "starts", refused)
    monkeypatch.setattr(warm_up.decision_cache, "more_learning", refused)
    assert asyncio.run(start()) == "served"

"""What is provisional is asked for, and the page waits for all of it."""

import pytest

from dashboard.answers import decision_cache, provisional
from engine.decision.question import question
from engine.errors import InputError

ASKED = question(3.8e20, 10_000_000, 4.0)


@pytest.fixture
def waits(fake, monkeypatch):
    """Requests that the page waits for."""
    found = []
    monkeypatch.setattr(provisional, "_wait", lambda requests, looks: found.append(requests))
    return found


def test_a_certified_answer_is_not_waited_for(waits):
    provisional.settle([decision_cache.answer(ASKED)])
    assert waits == []


def test_every_provisional_answer_is_waited_for_and_no_other(waits, monkeypatch):
    certified = decision_cache.answer(ASKED)
    monkeypatch.setattr(decision_cache.certificates(), "known", lambda request: None)
    others = [question(1e19, 10_000_000, 4.0), question(3.8e20, 10_000_000, 2.0)]
    provisional.settle(
        [decision_cache.answer(others[0]), certified, decision_cache.answer(others[1])]
    )
    assert waits == [tuple(decision_cache.request(each) for each in others)]


def test_it_ends_with_a_certificate_or_a_refusal(fake, monkeypatch):
    request = decision_cache.request(ASKED)
    assert provisional._settled(request)
    monkeypatch.setattr(decision_cache.certificates(), "known", lambda request: None)
    assert not provisional._settled(request)

    def refuse(request):
        raise InputError("No accountant holds this.")

    monkeypatch.setattr(decision_cache.certificates(), "known", refuse)
    assert provisional._settled(request)

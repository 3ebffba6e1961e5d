"""The answer as it now stands: estimated, certified or refused, by what is known of its
certificate."""

from dataclasses import asdict, replace

import pytest

from dashboard.answers import decision_cache, refit
from engine import decision_log
from engine.access.rights import LOCAL
from engine.decision.answer import Noise
from engine.decision.question import Currency, question
from engine.errors import InputError
from tests.dashboard import fake_engine

ASKED = question(3.8e20, 10_000_000, 4.0)


@pytest.fixture
def known(fake, monkeypatch):
    """Says what is known of every certificate from now on."""

    def set_to(reply):
        desk = decision_cache.certificates()
        monkeypatch.setattr(desk, "known", reply)

    return set_to


def test_the_answer_follows_what_is_known_of_its_certificate(known):
    def refuse(request):
        raise InputError("No accountant holds this.")

    known(lambda request: None)
    estimated = decision_cache.answer(ASKED)
    assert estimated.noise is Noise.ESTIMATED and estimated.provisional
    known(refuse)
    refused = decision_cache.answer(ASKED)
    assert refused.noise is Noise.REFUSED and not refused.provisional
    assert str(refused.refusal) == "No accountant holds this."
    known(lambda request: fake_engine.certify(**asdict(request)))
    certified = decision_cache.answer(ASKED)
    assert certified.noise is Noise.CERTIFIED and not certified.provisional
    assert certified.certificate == fake_engine.certify(**asdict(decision_cache.request(ASKED)))


def test_the_same_question_has_one_answer_object(known):
    known(lambda request: None)
    assert decision_cache.answer(ASKED) is decision_cache.answer(question(3.8e20, 10_000_000, 4.0))


def test_renewed_evidence_forgets_answers(known, monkeypatch, tmp_path):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path))
    known(lambda request: None)
    before = decision_cache.answer(ASKED)
    refit.renew_evidence(by=LOCAL)
    assert decision_cache.answer(ASKED) is not before


def test_dollars_are_not_computed_again(known):
    known(lambda request: None)
    dollars = replace(ASKED, currency=Currency.USD)
    yen, found = decision_cache.answer(ASKED), decision_cache.answer(dollars)
    assert (yen.question, found.question) == (ASKED, dollars)
    assert found.study is yen.study and found is decision_cache.answer(dollars)

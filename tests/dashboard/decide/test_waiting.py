"""What a moving slider does not wait for: comparisons that are searched for once it rests."""

from dataclasses import asdict

import pytest

from dashboard.answers import decision_cache, money_cache
from dashboard.answers.certificates import Certificates

TO_COME = "Follows when the promise is certified."


def told(page):
    return [caption.value for caption in page.caption if TO_COME in caption.value]


@pytest.fixture
def searches(monkeypatch):
    """Names of the comparisons that were searched for."""
    made: list[str] = []
    for name in ("starts", "more_learning"):
        real = getattr(decision_cache, name)

        def search(asked, name=name, real=real):
            made.append(name)
            return real(asked)

        monkeypatch.setattr(decision_cache, name, search)
    return made


def test_comparisons_wait_until_the_promise_is_certified(fake, app, searches, monkeypatch):
    class Never(Certificates):
        def known(self, request):
            return None

    monkeypatch.setattr(decision_cache, "Certificates", Never)
    page = app()
    assert not page.exception
    assert searches == [] and len(told(page)) == 2


@pytest.mark.parametrize(("people", "searched"), [("20000", True), ("10000000", False)])
def test_what_would_make_it_pay_waits_too_where_the_plan_loses(
    fake, app, monkeypatch, people, searched
):
    made: list[str] = []

    class Later(Certificates):
        def known(self, request):
            return fake.certify(**asdict(request)) if made else None

    def least_budgets(question, goal, target):
        made.append("searched")
        return ()

    monkeypatch.setattr(decision_cache, "Certificates", Later)
    monkeypatch.setattr(money_cache, "least_budgets", least_budgets)
    monkeypatch.setattr(money_cache, "people_with_compute", lambda question: None)
    monkeypatch.setattr(money_cache, "fewer_people", lambda question, npv: made.append("fewer"))
    page = app(data=people)
    assert not page.exception and made == []
    assert len(told(page)) == (3 if searched else 2)
    made.append("certified")
    page.run()
    assert not page.exception and told(page) == []
    assert (len(made) > 1) == searched


def test_with_the_certificate_they_are_there(fake, app, searches):
    page = app()
    assert not page.exception
    assert searches == ["starts", "more_learning"] and told(page) == []

"""What a moving slider does not wait for: comparisons that are searched for once it rests."""

import pytest

from dashboard.answers import decision_cache
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


def test_with_the_certificate_they_are_there(fake, app, searches):
    page = app()
    assert not page.exception
    assert searches == ["starts", "more_learning"] and told(page) == []

"""Commands answer from what a test gives them: the campaign that ships is not there."""

import pytest

from engine.decision import fitted
from engine.runs import log


@pytest.fixture(autouse=True)
def without_campaign(monkeypatch, tmp_path):
    monkeypatch.setattr(log, "COMMITTED", tmp_path / "no campaign")
    fitted.run_log.cache_clear()
    yield
    fitted.run_log.cache_clear()

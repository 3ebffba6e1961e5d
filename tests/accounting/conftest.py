"""Here the accounting itself is tested: nothing that other tests computed is taken from them."""

import pytest

from engine.accounting import certify
from tests.conftest import BOUND


@pytest.fixture(autouse=True)
def own_bounds(monkeypatch):
    monkeypatch.setattr(certify, "_bound", BOUND)

"""Fitting again forgets what rests on the law of before: all of it, in every cache."""

import inspect

import pytest

from dashboard.answers import (
    decision_cache,
    law_cache,
    map_cache,
    money_cache,
    pilot_cache,
    refit,
    run_cache,
    scenario_cache,
)
from engine import decision_log
from engine.access.rights import LOCAL

RESTING = {
    f"{module.__name__}.{name}": kept
    for module in (
        decision_cache,
        law_cache,
        map_cache,
        money_cache,
        pilot_cache,
        run_cache,
        scenario_cache,
    )
    for name, kept in vars(module).items()
    if callable(kept) and hasattr(kept, "clear") and "state" in inspect.signature(kept).parameters
}
"""Every cache whose key holds the state of the evidence."""


def test_there_are_such_caches():
    assert len(RESTING) >= 15


@pytest.mark.parametrize("name", RESTING)
def test_what_rests_on_the_law_is_forgotten(name, monkeypatch, tmp_path):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path))
    cleared = []
    monkeypatch.setattr(RESTING[name], "clear", lambda: cleared.append(name))
    refit.renew_evidence(by=LOCAL)
    assert cleared == [name]

"""A scenario whose law is still being fitted: the others are compared meanwhile, and no page
waits."""

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import law_cache, scenario_cache
from dashboard.state import link
from engine.decision import fitted as laws
from engine.decision import refits
from engine.decision.fitted import MEASURED_GPT
from engine.decision.refits import Refit
from engine.scenarios import acts
from tests.scenarios.made import made_frozen

ANOTHER = {**link.defaults(), "evidence": MEASURED_GPT, "compute": 1e15, "data": 200_000}


def _compare():
    from dashboard.compare import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())


def _present():
    from dashboard.present import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())


@pytest.fixture
def kept(monkeypatch, tmp_path, fitted):
    """Two scenarios; of the evidence of one nothing is fitted, and no fit begins by itself."""
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))
    at = datetime.now(UTC).isoformat(timespec="seconds")
    folder = scenario_cache.scenario_folder()
    acts.created(folder, "Same", {**link.defaults(), "data": 20_000_000}, who="", at=at)
    acts.created(folder, "Another", ANOTHER, who="", at=at, frozen=made_frozen())
    ready = law_cache.evidence_is_ready
    monkeypatch.setattr(
        law_cache, "evidence_is_ready", lambda one: one != MEASURED_GPT and ready(one)
    )

    def fits(selection, **_):
        raise AssertionError("a page waits for a fit")

    monkeypatch.setattr(laws, "fit_stack", fits)
    monkeypatch.setattr(Refit, "begin", lambda _: None)
    refits._kept.clear()
    yield
    refits._kept.clear()


def _opened(page, **asked):
    app = AppTest.from_function(page, default_timeout=120)
    for key, value in asked.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def _fits(app):
    return sum("is being fitted" in one.value for one in app.markdown)


def test_the_other_scenarios_are_compared_meanwhile(kept):
    app = _opened(_compare, **{"with": "Same\nAnother"})
    assert _fits(app) >= 1
    shown = [one.value.to_csv() for one in app.table]
    assert any("Same" in one for one in shown) and not any("Another" in one for one in shown)


def test_with_nothing_to_compare_the_saved_ones_stay_in_reach(kept):
    app = _opened(_compare, **{"with": "Another"})
    assert app.title[0].value == "The comparison stands here once the law is fitted."
    assert any(one.value == "Saved scenarios" for one in app.subheader)


def test_a_scenario_that_waits_itself_is_all_that_is_said(kept):
    app = _opened(_compare, evidence=MEASURED_GPT)
    assert _fits(app) == 1 and not app.title and not app.table


def test_present_shows_its_slides_without_that_option(kept):
    app = _opened(_present, **{"with": "Another"})
    assert _fits(app) == 1 and any(one.label == "Notes" for one in app.button)

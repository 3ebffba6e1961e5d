"""The dashboard on a stand-in engine: instant answers, so that pages are tested, not
mathematics."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache as once
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard.answers import decision_cache
from dashboard.answers.certificates import Certificates
from engine.config import Budget, Sampling
from engine.decision import law_versions
from engine.decision.law_store import LawVersion
from engine.decision.question import question
from engine.decision.refits import Refit
from tests.dashboard import fake_engine

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
SECONDS = 180
"""For one run of the page; far above what it takes, since machines are shared."""


@pytest.fixture(scope="session", autouse=True)
def components() -> Iterator[None]:
    """Look for installed components once: each run of a page did, in a fifth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        scan = once(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def fits_in_turn(monkeypatch):
    """A law that a page needs is fitted before it is drawn, by this process."""

    def fitted(one: Refit) -> LawVersion:
        return law_versions.now(one.evidence_id, choice=one.choice)

    monkeypatch.setattr(Refit, "begin", Refit.work)
    monkeypatch.setattr(Refit, "fitted", fitted)


@pytest.fixture
def decide():
    """A decision of the stand-in engine for the given budget."""

    def decided(compute_flops=3.8e20, data_budget=10_000_000, epsilon=4.0, **changes):
        budget = Budget(compute_flops=compute_flops, data_budget=data_budget, epsilon=epsilon)
        answer = fake_engine.decide(
            budget,
            fake_engine.FittedEvidence(),
            sampling=Sampling.BEST,
            assumptions=fake_engine.DEFAULTS,
        )
        return replace(answer, **changes)

    return decided


@pytest.fixture
def answered(decide):
    """An answer of the stand-in engine, not certified, around the decision for the given budget."""

    def found(compute_flops=3.8e20, data_budget=10_000_000, epsilon=4.0, **changes):
        asked = question(compute_flops, data_budget, epsilon, prices=fake_engine.DEFAULTS)
        decision = decide(compute_flops, data_budget, epsilon, **changes)
        return fake_engine.answer(asked, None, decision=decision)

    return found


@pytest.fixture
def fake(monkeypatch):
    """The stand-in behind the page; certificates are there at once."""
    st.cache_resource.clear()

    class Immediate(Certificates):
        def known(self, request):
            return fake_engine.certify(**asdict(request))

    monkeypatch.setattr("engine.decision.decide.decide", fake_engine.decide)
    monkeypatch.setattr("engine.decision.answer.answer", fake_engine.answer)
    monkeypatch.setattr("engine.decision.fitted.fitted_evidence", fake_engine.fitted_evidence)
    monkeypatch.setattr("engine.decision.fitted.is_ready", fake_engine.is_ready)
    monkeypatch.setattr("engine.decision.correlated.more_learning", fake_engine.more_learning)
    monkeypatch.setattr(decision_cache, "Certificates", Immediate)
    yield fake_engine
    st.cache_resource.clear()


@pytest.fixture
def app():
    """The page as a browser in English would first open it; ``app(compute="1e19")`` sets the
    URL."""

    def opened(**query):
        page = AppTest.from_file(APP, default_timeout=SECONDS)
        for key, value in query.items():
            page.query_params[key] = value
        return page.run()

    return opened

"""A page whose law is being fitted says so and offers to stop it; stopped, it offers to begin."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import first_fit, law_cache
from dashboard.state import visitor
from engine.access.rights import Person, Role
from engine.decision import fitted, law_store, law_versions, refits
from engine.decision.fitted import MEASURED_GPT, run_log, selection_of
from engine.decision.refits import Refit
from engine.errors import InputError
from engine.runs.imports.selection import Choice


def _page():
    import streamlit as st

    from dashboard.answers import first_fit
    from engine.decision.fitted import MEASURED_GPT
    from engine.text.i18n import Words

    found = first_fit.answered(MEASURED_GPT, lambda: "the answer", Words("en"))
    st.markdown(f"answered: {found}")


@pytest.fixture
def waiting(monkeypatch, tmp_path):
    """The page while the fit does not begin by itself."""
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))
    monkeypatch.setattr(fitted, "is_ready", lambda *_: False)
    monkeypatch.setattr(Refit, "begin", lambda _: None)
    monkeypatch.setattr(Refit, "fitted", lambda _: None)
    refits._kept.clear()
    yield AppTest.from_function(_page, default_timeout=60)
    refits._kept.clear()


def test_a_fit_is_shown_stopped_and_begun_again(waiting, monkeypatch, fitted_gpt):
    waiting.run()
    assert "is being fitted" in waiting.markdown[0].value
    assert waiting.markdown[-1].value == "answered: None"
    first = refits.asked(MEASURED_GPT)
    assert first is not None
    waiting.button(key="fit:stop:all").click().run()
    first.work()
    assert first.was_cancelled
    waiting.run()
    assert "was stopped" in waiting.markdown[0].value and waiting.markdown[-1].value.endswith(
        "None"
    )
    found = fitted_gpt
    monkeypatch.setattr(Refit, "fitted", lambda _: found)
    monkeypatch.setattr(Refit, "begin", Refit.work)
    waiting.button(key="fit:again").click().run()
    assert waiting.markdown[-1].value == "answered: the answer"


def test_whoever_stops_may_stay_with_the_law_of_before(waiting, fitted_gpt):
    former = law_store.keep(fitted_gpt, run_log().folder)
    waiting.run()
    waiting.button(key="fit:stay").click().run()
    assert law_versions.current(MEASURED_GPT) == former
    one = refits.asked(MEASURED_GPT)
    assert one is not None
    one.work()
    assert one.was_cancelled


def test_nobody_is_offered_a_law_in_the_place_of_one_that_was_chosen(
    waiting, fitted_gpt, monkeypatch
):
    """A trial of chosen runs is no law of before; a version that was chosen waits for nothing."""
    former = law_store.keep(fitted_gpt, run_log().folder)
    trial = replace(fitted_gpt, choice=Choice(without=("a",)), note="a trial")
    monkeypatch.setattr(law_cache, "law_versions_of", lambda _: (former, trial))
    assert first_fit._former(MEASURED_GPT) == former
    law_versions.use(MEASURED_GPT, former)
    assert first_fit._former(MEASURED_GPT) is None


def _both():
    from dashboard.answers import first_fit
    from engine.decision import refits
    from engine.decision.fitted import MEASURED_GPT
    from engine.runs.imports.selection import Choice
    from engine.text.i18n import Words

    for choice in (Choice(), Choice(without=("a",))):
        first_fit.running(refits.begun(MEASURED_GPT, choice), Words("en"))


def test_a_page_may_draw_the_fit_of_all_runs_and_one_of_chosen_runs(waiting):
    app = AppTest.from_function(_both, default_timeout=60).run()
    assert not app.exception and len(app.button) == 2


def test_a_viewer_neither_stops_another_s_fit_nor_begins_it_again(waiting, monkeypatch):
    analyst = Person(who="a@example.com", login="issuer a", roles=frozenset({Role.ANALYST}))
    viewer = Person(who="v@example.com", login="issuer v", roles=frozenset({Role.VIEWER}))
    one = refits.begun(MEASURED_GPT, by=analyst)
    monkeypatch.setattr(visitor, "person", lambda: viewer)
    waiting.run()
    assert "is being fitted" in waiting.markdown[0].value and not waiting.button
    one.cancel(by=analyst)
    waiting.run()
    assert "was stopped" in waiting.markdown[0].value and not waiting.button


def test_why_there_is_no_law_is_said(waiting, monkeypatch):
    def fails(_: Refit) -> None:
        raise InputError("Expected more memory.")

    monkeypatch.setattr(Refit, "fitted", fails)
    monkeypatch.setattr(Refit, "begin", Refit.work)
    waiting.run()
    assert "Expected more memory." in waiting.error[0].value
    assert waiting.button(key="fit:again").label == "Fit the law"


@pytest.fixture
def fitted_gpt():
    """The law of the evidence, as it is kept in the cache of these tests."""
    assert selection_of(MEASURED_GPT).evidence.runs
    return law_versions.now(MEASURED_GPT)

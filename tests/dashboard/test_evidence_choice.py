"""A team's own runs as evidence: chosen in the sidebar and by a link, seen as they now are."""

from functools import partial
from importlib import import_module

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.state import link
from engine.decision import fitted
from engine.errors import InputError
from engine.law.stack import fit_stack
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.removal import Chosen, delete
from engine.scenarios import acts, saved
from tests.decision.test_choices import NOW, table

PAGES = ("decide", "explore", "roi", "law", "compare", "present", "pilot", "runs")


@pytest.fixture
def team(monkeypatch, tmp_path):
    """The family ``team`` in a log of its own; its law is fitted with one form."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setattr(
        fitted, "fit_stack", partial(fit_stack, forms=("signal_share",), resamples=20)
    )
    fitted.run_log.cache_clear()
    st.cache_resource.clear()
    path = tmp_path / "team.csv"
    path.write_text(table())
    log = fitted.run_log()
    store(log, import_file(path, log, Asked(family="team"), created_at=NOW))
    yield log
    fitted.run_log.cache_clear()
    st.cache_resource.clear()


def _evidence(page):
    return next(box for box in page.sidebar.selectbox if box.label == "Evidence")


def test_a_link_opens_with_the_teams_own_law_and_the_sidebar_names_its_unit(team, app):
    page = app(lang="en", evidence="team")
    assert not page.exception and not page.error
    assert _evidence(page).value == "team"
    assert "team (nats per token)" in _evidence(page).options
    assert page.query_params["evidence"] == "team"
    assert page.title


def test_a_family_that_comes_while_the_page_is_open_is_offered_and_one_that_goes_is_said(
    team, app, tmp_path
):
    page = app(lang="en", evidence="team")
    path = tmp_path / "more.csv"
    path.write_text(table(shift=0.2))
    store(team, import_file(path, team, Asked(family="more"), created_at=NOW))
    delete(team, Chosen(family="team"), at=NOW)
    page.run()
    assert not page.exception
    assert "more (nats per token)" in _evidence(page).options
    assert "The runs of team were deleted" in page.error[0].value
    _evidence(page).set_value("more").run()
    assert not page.exception and not page.error


def test_a_link_to_a_deleted_family_says_so_and_opens_with_the_default(team, app):
    delete(team, Chosen(family="team"), at=NOW)
    page = app(lang="en", evidence="team")
    assert "The runs of team were deleted" in page.error[0].value
    assert "The default is used instead." in page.error[0].value
    assert _evidence(page).value == fitted.PUBLISHED_BERT


def test_fewer_runs_are_another_law_without_a_restart(team):
    from dashboard.answers import law_cache

    before = law_cache.fitted_evidence("team")
    assert law_cache.fitted_evidence("team") is before
    first = team.records("team")[0].run_id
    delete(team, Chosen(runs=(first,)), at=NOW)
    assert law_cache.fitted_evidence("team").summary.runs == before.summary.runs - 1


def test_a_saved_scenario_keeps_the_family_and_says_when_it_is_gone(team, tmp_path):
    values = link.defaults() | {"evidence": "team"}
    acts.created(tmp_path, "Ours", values, who="", at="2026-11-29")
    (one,), refused = saved.listed(tmp_path)
    assert one.values["evidence"] == "team" and refused == []
    delete(team, Chosen(family="team"), at=NOW)
    found, (error,) = saved.listed(tmp_path)
    assert found == [] and "were deleted" in str(error)


def test_too_few_sizes_are_refused_with_what_is_there(team, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text(table(sizes=(1e7, 3e7)))
    store(team, import_file(path, team, Asked(family="few"), created_at=NOW))
    with pytest.raises(InputError, match="at 3 model sizes and 3 noise-batch ratios in few"):
        link.read("evidence", "few")


def _draw(name: str) -> None:
    from importlib import import_module

    from dashboard.state import address, session

    address.follow_url()
    session.take({"evidence": "team"})
    from engine.decision import fitted
    from engine.runs.removal import Chosen, delete
    from tests.decision.test_choices import NOW

    if "team" in fitted.run_log().families():
        delete(fitted.run_log(), Chosen(family="team"), at=NOW)
    import_module(f"dashboard.{name}.page").render(session.current())


@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks_where_the_family_was_deleted_meanwhile(team, name):
    assert import_module(f"dashboard.{name}.page")
    page = AppTest.from_function(_draw, kwargs={"name": name}, default_timeout=180).run()
    assert not page.exception
    if name not in ("pilot", "runs", "compare"):
        assert "The runs of team were deleted" in page.error[0].value


def _runs() -> None:
    from dashboard.runs import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())
    import streamlit as st

    st.text(session.current().question.evidence_id)


def test_an_import_with_enough_runs_becomes_the_evidence_by_a_button(team):
    page = AppTest.from_function(_runs, default_timeout=180).run()
    page.file_uploader[0].set_value(("team.csv", table().encode(), "text/csv")).run()
    next(box for box in page.button if box.label == "Use as evidence").click().run()
    assert not page.exception and page.text[0].value == "team"

"""The Law page: its sentences and tables say what the fit says; every language draws."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.law import charts, facts, wording
from dashboard.ui.colours import LIGHT
from engine.api.laws import inspect
from engine.decision.fitted import evidence_of
from engine.law.forms import FORMS
from engine.text import formats
from engine.text.i18n import Words

EN, JA = Words("en"), Words("ja")


@pytest.fixture(scope="module")
def inspection(fitted):
    return inspect(fitted.fit, evidence_of(fitted.summary.id).frame)


def test_the_headline_says_what_it_rests_on_how_well_it_predicts_and_where_it_ends(
    fitted, inspection
):
    said = wording.headline(fitted, inspection, EN)
    assert f"{fitted.summary.runs} runs" in said and "9 model sizes" in said
    assert formats.percent(fitted.fit.held["configurations"], "en") in said
    assert "128,000 steps" in said


def test_a_row_a_form_and_all_together(fitted, inspection):
    table = facts.forms(fitted, inspection, EN)
    assert all(len(column) == len(inspection.forms) + 1 for column in table.values())
    assert table["Weight"][-1] == "100%"
    least = min(inspection.forms, key=lambda form: form.scatter)
    row = inspection.forms.index(least)
    assert table["Error, left out"][row] == f"**{formats.percent(least.scatter, 'en')}**"
    assert sum(cell.startswith("**") for cell in table["Error, left out"]) == 1


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_each_parameter_has_words_an_interval_and_a_unit(inspection, words):
    table = facts.parameters(inspection, words)
    assert len(table) == 4
    for column in table.values():
        assert len(column) == len(inspection.leading.estimates) and all(column)
    assert all("{" not in cell for column in table.values() for cell in column)


def test_every_parameter_of_every_form_is_named():
    for form in FORMS.values():
        for parameter in form.parameters:
            assert facts._meaning(form.name, parameter.name).text


def test_parity_draws_every_row_and_says_the_worst(fitted, inspection):
    drawn = charts.parity(fitted, inspection, EN, LIGHT)
    worst = formats.percent(float(abs(inspection.rows.residual).max()), "en")
    assert worst in drawn.alt
    points = [trace for trace in drawn.figure.data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in points) == inspection.rows.measured.size


def _page():
    from dashboard.law import page
    from dashboard.state import session

    session.follow_url()
    page.render(session.current())


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_is_drawn(language):
    app = AppTest.from_function(_page, default_timeout=180)
    app.query_params["lang"] = language
    app.run()
    assert not app.exception
    assert ("The law rests on" if language == "en" else "この法則は") in app.title[0].value

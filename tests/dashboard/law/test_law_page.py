"""The Law page: its sentences and tables say what the fit says; every language draws."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import law_cache
from dashboard.law import charts, facts, wording
from dashboard.run_card import facts as run_facts
from dashboard.ui.colours import LIGHT
from engine.api.decisions import Code
from engine.api.laws import (
    Candidate,
    Comparison,
    Influence,
    Method,
    NextRuns,
    RunInfluence,
    diagnose,
    influences,
    inspect,
    law_versions,
)
from engine.cost import cost
from engine.decision.fitted import PUBLISHED_BERT, evidence_of
from engine.decision.question import question
from engine.errors import InputError
from engine.interval import Interval
from engine.law.forms import FORMS
from engine.law.profile import Profile
from engine.text import figures, formats, law_figures, law_parameters
from engine.text.i18n import Words

EN, JA = Words("en"), Words("ja")
ASKED = question(3.8e20, 10_000_000, 4.0)


@pytest.fixture(scope="module")
def inspection(fitted):
    return inspect(fitted.fit, evidence_of(fitted.summary.id).frame)


def test_the_headline_says_what_it_rests_on_how_well_it_predicts_and_where_it_ends(
    fitted, inspection
):
    said = law_figures.headline(fitted, inspection, EN)
    assert f"{fitted.summary.runs} runs" in said and "9 model sizes" in said
    assert formats.percent(fitted.fit.held["configurations"], "en") in said
    assert "128,000 steps" in said


def test_a_row_a_form_and_all_together(fitted, inspection):
    table = law_figures.forms(fitted, inspection, EN)
    assert all(len(column) == len(inspection.forms) + 1 for column in table.values())
    assert table["Weight"][-1] == "100%"
    least = min(inspection.forms, key=lambda form: form.scatter)
    row = inspection.forms.index(least)
    assert table["Error, left out"][row] == f"**{formats.percent(least.scatter, 'en')}**"
    assert sum(cell.startswith("**") for cell in table["Error, left out"]) == 1


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_each_parameter_has_words_an_interval_and_a_unit(inspection, words):
    table = law_parameters.table(inspection, words)
    assert len(table) == 4
    for column in table.values():
        assert len(column) == len(inspection.leading.estimates) and all(column)
    assert all("{" not in cell for column in table.values() for cell in column)


def test_every_parameter_of_every_form_is_named():
    for form in FORMS.values():
        for parameter in form.parameters:
            assert law_parameters._meaning(form.name, parameter.name).text


def test_parity_draws_every_row_and_says_the_worst(fitted, inspection):
    drawn = charts.parity(fitted, inspection, charts.points(inspection.rows, {}, EN), EN, LIGHT)
    worst = formats.percent(float(abs(inspection.rows.residual).max()), "en")
    assert worst in drawn.alt
    points = [trace for trace in drawn.figure.data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in points) == inspection.rows.measured.size


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_every_point_of_every_chart_says_its_run_and_leads_to_it(fitted, inspection, words):
    rows = inspection.rows
    points = charts.points(rows, {rows.runs[0]: "<first_run>"}, words)
    drawn = [charts.parity(fitted, inspection, points, words, LIGHT)]
    drawn += [
        charts.residuals(fitted, inspection, points, along, words, LIGHT) for along in charts.INPUTS
    ]
    drawn += [
        charts.coverage(inspection, points, None, up, words, LIGHT)
        for up in (charts.STEPS, charts.NOISE)
    ]
    frame = evidence_of(fitted.summary.id).frame
    assert rows.runs == tuple(frame["run_id"])
    for one in drawn:
        (trace,) = [trace for trace in one.figure.data if trace.name == "runs"]
        assert tuple(trace.customdata) == rows.runs
        assert trace.hovertext[0].startswith("<b>&lt;first_run&gt;</b>")
        assert trace.hovertext[1].startswith(f"<b>{rows.runs[1][:8]}</b>")


def test_of_many_rows_the_points_are_those_that_are_drawn(inspection):
    few = inspection.rows
    rows = replace(few, **{name: np.resize(getattr(few, name), 5000) for name in
        ("model_size", "iterations", "noise_batch_ratio", "measured", "fitted")},
        runs=tuple(map(str, range(5000))))  # fmt: skip
    points = charts.points(rows, {}, EN)
    assert points.every == 3 and points.of == 5000
    assert points.runs == [str(n) for n in range(0, 5000, 3)]
    drawn = charts.coverage(replace(inspection, rows=rows), points, None, charts.STEPS, EN, LIGHT)
    (trace,) = [trace for trace in drawn.figure.data if trace.name == "runs"]
    assert len(trace.x) == len(trace.customdata) == len(points.texts)


def _page():
    from dashboard.law import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_is_drawn(language):
    app = AppTest.from_function(_page, default_timeout=180)
    app.query_params["lang"] = language
    app.run()
    assert not app.exception
    assert ("The law rests on" if language == "en" else "この法則は") in app.title[0].value


def test_the_keyboard_reaches_a_point_s_run():
    app = AppTest.from_function(_page, default_timeout=180).run()
    box, show = app.selectbox(key="law:one-run"), app.button(key="law:one-run:show")
    assert show.disabled and len(box.options) == len(set(evidence_of(PUBLISHED_BERT).frame.run_id))
    box.set_value(box.options[0]).run()
    app.button(key="law:one-run:show").click().run()
    assert not app.exception
    assert any("McKenna" in str(one.value) for one in app.table)
    assert app.button(key="run-card:open").label == "Find it on the page Runs"
    app.run()
    assert not [one for one in app.button if one.key == "run-card:open"], "closed, it stays closed"


@pytest.fixture(scope="module")
def tested(fitted):
    frame = evidence_of(fitted.summary.id).frame
    return [diagnose(one.law, frame) for one in fitted.fit.members[:4]]


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_the_tests_of_the_fit_are_told_for_every_form(tested, inspection, words):
    table = facts.tests(tested, words)
    assert len(table) == 1 + len(tested[0].tests)
    assert all(len(column) == len(tested) and all(column) for column in table.values())
    plateau = [one.form for one in tested].index("plateau")
    assert {column[plateau] for column in list(table.values())[1:]} == {
        words.say("no straight line")
    }
    for one in (facts.coefficients(tested[0], words), facts.leverage(tested[0], inspection, words)):
        assert len({len(column) for column in one.values()}) == 1


def _stand(size, code=Code.PILOT, loss=2.8):
    plan = SimpleNamespace(
        config=SimpleNamespace(model_size=size, iterations=7_000, batch_size=300_000),
        cross_entropy=Interval(value=loss, low=2.7, high=2.9, level=0.9),
    )
    return SimpleNamespace(plan=plan, verdict=SimpleNamespace(code=code))


def _run(run_id, without, turns=False, change=0.01):
    refusal = None if without else InputError("Expected more.")
    return RunInfluence(
        run_id=run_id, model_size=1e7, iterations=1e4, noise_batch_ratio=0.0, rows=1,
        method=Method.REFITTED, without=without, refusal=refusal, loss_change=change, regret=-1e-9,
        turns=turns,
    )  # fmt: skip


def test_the_decision_without_each_run_is_told(fitted):
    runs = (
        _run("aaaaaaaaaaaa", None, turns=True, change=float("nan")),
        _run("bbbbbbbbbbbb", _stand(4e7, Code.WAIT, 2.828), turns=True),
        _run("cccccccccccc", _stand(5e7), change=-0.002),
    )
    found = Influence(
        question=question(3.8e20, 10_000_000, 4.0),
        today=_stand(4.9e7),
        runs=runs,
        of=23,
        unfit=("dd",),
        evidence_hash="",
        law="0123456789ab",
        law_in_use="0123456789ab",
    )
    said = wording.influence(found, {"bbbbbbbbbbbb": "sweep-7"}, EN)
    assert "hangs on single runs: without 2 runs" in said and "1.00%, without sweep-7" in said
    table = facts.influence(found, runs, {"bbbbbbbbbbbb": "sweep-7"}, EN)
    assert table["Without"] == ["all runs", "aaaaaaaa", "sweep-7", "cccccccc"]
    assert table["Verdict"][1:] == ["–", "**Not now**", "Pilot first"]
    assert table["Loss (change)"][2:] == ["2.83 (+1.00%)", "2.80 (-0.20%)"]
    assert table["Loss given away"][2] == "0.00%"
    assert "Expected more" in table["Recommended"][1]
    said = wording.how_left_out(found, EN)
    assert "Without 1 run nothing" in said and "other code" not in said
    other = replace(found, law_in_use="ba9876543210")
    assert "The law in use, ba9876543210, was kept by other code" in wording.how_left_out(other, EN)
    calm = Influence(
        question=question(3.8e20, 10_000_000, 4.0),
        today=_stand(4.9e7),
        runs=runs[2:],
        of=23,
        unfit=(),
        evidence_hash="",
        law="0123456789ab",
        law_in_use="0123456789ab",
    )
    assert "no single run" in wording.influence(calm, {}, EN)
    assert wording.leaving_out(5, 8, EN).endswith("1 of 4")


def test_names_that_runs_share_are_no_names():
    runs: list[Any] = [SimpleNamespace(run_id=f"r{name}", name=name) for name in "aba"]
    assert run_facts.run_names(runs) == {"rb": "b"}


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_versions_and_what_changed_since_are_told(fitted, words):
    newest = law_versions.now(PUBLISHED_BERT)
    older = replace(
        newest, version="0123456789ab", run_ids=(*newest.run_ids[1:], "gone"), runs=24,
        kept_at="2026-10-01T00:00:00+00:00", note="a*b", code="before",
    )  # fmt: skip
    table = facts.versions([older, newest], "0123456789ab", "Asia/Tokyo", words)
    columns = list(table.values())
    assert columns[0] == [f"`{newest.version}`", "**`0123456789ab`**"]
    assert columns[1][1] == "2026-10-01 09:00" and columns[-1] == ["–", r"a\*b"]
    stays = Comparison(
        before=older, after=newest, added=("x",), removed=(), weights={"limits": (0.2, 0.5)},
        stands=(_stand(4e7), _stand(5e7, loss=2.828)), refusals=(None, None),
    )  # fmt: skip
    turned = replace(stays, stands=(_stand(4e7), _stand(5e7, Code.TRAIN)))
    lost = replace(stays, stands=(_stand(4e7), None), refusals=(None, InputError("Expected more.")))
    for found in (stays, turned, lost):
        rows = facts.changes(found, words)
        assert len({len(column) for column in rows.values()}) == 1
        cells = [cell for column in rows.values() for cell in column]
        level, whole = (
            formats.percent(drift, words.language)
            for drift in (newest.fit.level_drift, newest.fit.drift)
        )
        assert level != whole and {level, whole} <= set(cells)
        assert "{" not in " ".join([*cells, wording.since(found, None, words)])
    if words is EN:
        said = wording.since(stays, None, words)
        assert "1 run added, 0 runs removed" in said and "+1.00%" in said and "stays" in said
        assert "another: Pilot first before, Train after" in wording.since(turned, None, words)
        assert "Only one" in wording.since(lost, None, words)
        assert "would be another" in wording.held_version(turned, None, words)
        assert "would be another" not in wording.held_version(stays, None, words)
        same = replace(stays, added=(), before=newest)
        assert "The law is the same" in wording.since(same, None, words)
        code = replace(stays, added=())
        assert "the code makes the difference" in wording.since(code, None, words)


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_the_next_experiment_is_told_also_where_no_run_tells_much(words):
    one = Candidate(
        model_size=49_000_000, iterations=7_200, noise_batch_ratio=1.2e-5, batch_size=1024,
        cost=cost(2e15, ASKED.prices), narrowing=0.09,
    )  # fmt: skip
    found = NextRuns(
        question=ASKED, deviation=0.0226, scatter=0.0197, candidates=(one,), most=one, tried=560,
        sequence_length=512, law="0123456789ab",
    )  # fmt: skip
    said = wording.next_run(found, words)
    assert "9%" in said and "7,200" in said
    none = wording.next_run(replace(found, candidates=()), words)
    assert none != said and "1%" in none and "560" in none
    assert "2%" in wording.how_foreseen(found, words)
    table = facts.candidates([one, replace(one, cost=cost(1e3, ASKED.prices))], words)
    assert {len(column) for column in table.values()} == {2}
    assert words.say("under {n}", n=figures.money(1.0, words)) in str(table)


def _profile(evidence_id, name):
    """As one of refits, which take seconds."""
    held = np.linspace(0.0, 0.5, 9)
    return Profile(
        form="limits", name=name, estimate=0.226, held=held, rise=((held - 0.226) / 0.2) ** 2,
        low=None, high=0.43, bounds=(0.0, 2.0), clustering=1.0, missed=0.0,
    )  # fmt: skip


def test_a_version_is_kept_and_made_current_and_runs_are_left_out_on_request(monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path))
    asked = []

    def made(question, seconds, progress):
        asked.append(seconds)
        progress(1, 4)
        runs = (_run("cccccccccccc", _stand(5e7), change=-0.002),)
        return Influence(
            question=question,
            today=_stand(4.9e7),
            runs=runs,
            of=23,
            unfit=(),
            evidence_hash="",
            law="a",
            law_in_use="a",
        )

    monkeypatch.setattr(law_cache, "influence", made)
    monkeypatch.setattr(law_cache, "profile", _profile)
    app = AppTest.from_function(_page, default_timeout=180)
    app.query_params["lang"] = "en"

    def press(label):
        next(one for one in app.button if one.label == label).click().run()
        assert not app.exception

    app.run()
    assert not asked and not law_versions.kept(PUBLISHED_BERT)
    press("Keep the law as it stands")
    (kept,) = law_versions.kept(PUBLISHED_BERT)
    press("Make this version the current one")
    assert law_versions.current(PUBLISHED_BERT) == kept
    assert any(kept.version in one.value for one in app.info)
    (choices,) = tmp_path.rglob("current.json")
    choices.write_bytes(choices.read_bytes()[:-1])
    app.run()
    assert not app.exception and not app.title  # no law answers before somebody has chosen
    press("Follow the runs as they stand")
    assert law_versions.current(PUBLISHED_BERT) is None and not app.info
    (said,) = [one.value for one in app.warning if "damaged" in one.value]
    assert "current.damaged-" in said
    held = next(box for box in app.selectbox if str(box.key).startswith("law:profile"))
    held.set_value("entropy").run()
    assert not app.exception
    assert not any("damaged" in one.value for one in app.warning)
    assert any(
        "Loss that no size and no training removes: 0.2" in one.value for one in app.markdown
    )
    press("Leave each run out in turn")
    assert asked == [influences.SECONDS]
    assert any("hangs on no single run" in one.value for one in app.markdown)
    assert any(one.label == "Look at cccccccc" for one in app.button)

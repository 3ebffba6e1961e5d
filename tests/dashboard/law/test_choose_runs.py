"""Choosing runs on Law: what is in is counted, too little is refused, and a fit is a version."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.law import facts, wording
from engine.decision import law_versions
from engine.decision.fitted import MEASURED_GPT, run_log, selection_of
from engine.runs.catalogue import catalogue
from engine.runs.imports.selection import Choice
from engine.text.i18n import Words


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))


def _page():
    from dashboard.law import choose_runs
    from dashboard.state import address, session
    from engine.decision.fitted import MEASURED_GPT

    address.follow_url()
    choose_runs.draw(MEASURED_GPT, session.current().words)


def _opened(language):
    app = AppTest.from_function(_page, default_timeout=180)
    app.query_params["lang"] = language
    app.session_state["law:choose"] = True
    return app.run()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_runs_leave_by_a_filter_and_come_back(language):
    app = _opened(language)
    assert not app.exception
    of = selection_of(MEASURED_GPT).evidence.runs
    words = Words(language)
    runs = words.count("{n} run", "{n} runs", of)
    assert any(runs in one.value for one in app.markdown)
    assert app.button(key="law:choose:fit").disabled
    box = next(one for one in app.selectbox if one.key == "law:choose:size")
    assert len(box.options) > 3
    app = box.set_value(_size()).run()
    app = app.button(key="law:choose:out").click().run()
    assert not app.button(key="law:choose:fit").disabled
    app = app.button(key="law:choose:only").click().run()
    said = words.say("That is too little for a law.")
    assert any(said in one.value for one in app.markdown)
    assert app.button(key="law:choose:fit").disabled
    app = app.button(key="law:choose:all").click().run()
    assert any(runs in one.value for one in app.markdown)


def _size() -> int:
    sizes = {one.settings["model_size"] for one in catalogue(run_log()) if _is_ours(one)}
    return min(int(size) for size in sizes if isinstance(size, int))


def _is_ours(one):
    return one.family == MEASURED_GPT and one.is_point


def test_the_law_of_what_was_chosen_is_a_version():
    app = _opened("en")
    box = next(one for one in app.selectbox if one.key == "law:choose:size")
    app = box.set_value(_size()).run()
    app = app.button(key="law:choose:out").click().run()
    app.text_input(key="law:choose:note").set_value("less the smallest")
    app = app.button(key="law:choose:fit").click().run()
    assert not app.exception and not app.error
    (kept,) = law_versions.kept(MEASURED_GPT)
    assert kept.note == "less the smallest"
    assert f"`{kept.version}`" in app.success[0].value
    left = {one.run_id for one in catalogue(run_log()) if one.run_id in kept.choice.without}
    sizes = {one.settings["model_size"] for one in catalogue(run_log()) if one.run_id in left}
    assert sizes == {_size()}
    assert not app.run().success, "it is said once"


def test_what_was_chosen_of_runs_that_are_deleted_since_is_forgotten():
    app = _opened("en")
    app.session_state["_law:choice"] = {MEASURED_GPT: Choice(without=("gone",))}
    assert app.run().button(key="law:choose:all").disabled, "nothing is chosen"


@pytest.mark.parametrize("words", [Words("en"), Words("ja")], ids=["en", "ja"])
def test_each_run_says_whether_and_why_it_is_in(words):
    runs = [one for one in catalogue(run_log()) if _is_ours(one)][:4]
    ids = [one.run_id for one in runs]
    choice = Choice(without=(ids[1],), also=(ids[3],))
    suspicious = {ids[2]: "size-outlier", ids[3]: "size-outlier"}
    table = facts.chosen_runs(runs, choice, suspicious, words)
    assert len(set(table[words.say("In the law")])) == 4
    assert {len(column) for column in table.values()} == {4}


def test_what_is_left_says_whether_it_is_enough():
    words = Words("en")
    runs = selection_of(MEASURED_GPT).evidence.run_ids
    whole = law_versions.remaining(MEASURED_GPT, Choice())
    assert "as they stand" in wording.remaining(whole, Choice(), words)
    one = Choice(without=tuple(sorted(runs)[1:]))
    assert "too little" in wording.remaining(law_versions.remaining(MEASURED_GPT, one), one, words)
    two = Choice(without=tuple(sorted(runs)[:1]))
    assert "Enough" in wording.remaining(law_versions.remaining(MEASURED_GPT, two), two, words)

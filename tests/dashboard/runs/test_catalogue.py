"""The catalogue of the Runs page: filter, look, compare, delete, bring back."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.run_card import charts as run_charts
from dashboard.run_card import facts as run_facts
from dashboard.run_card.charts import Named
from dashboard.runs import charts, wording
from dashboard.ui import run_filter
from dashboard.ui.colours import LIGHT
from engine.access.rights import Person, Role
from engine.decision import fitted
from engine.runs.annotating import annotate
from engine.runs.catalogue import catalogue
from engine.runs.filtering import RunFilter, matching, sizes_of
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.queries import Rows
from engine.text import formats, labels
from engine.text.i18n import Words
from tests.runs.made_runs import NOW

EN, JA = Words("en"), Words("ja")
OPEN = "run-card:open"
HANAKO = Person(who="hanako@example.com", roles=frozenset(Role), login="issuer hanako")
CURVES = "run,N,batch_size,seq_len,step,loss\n" + "".join(
    f"{run},{size},8,16,{step},{loss - step / 400}\n"
    for run, size, loss in (("=small", 10**7, 5.0), ("large", 10**8, 4.5), ("broken", 10**8, 4.0))
    for step in (100, 200, 300)
).replace("broken,100000000,8,16,300,3.25", "broken,100000000,8,16,300,nan")


def _page():
    from dashboard.runs import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())


@pytest.fixture
def log(monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "log"))
    fitted.run_log.cache_clear()
    path = tmp_path / "ours.csv"
    path.write_text(CURVES)
    opened = fitted.run_log()
    store(opened, import_file(path, opened, Asked(family="ours"), created_at=NOW))
    yield opened
    fitted.run_log.cache_clear()


@pytest.fixture
def page(log):
    opened = AppTest.from_function(_page, default_timeout=180).run()
    assert not opened.exception
    return opened


def _shown(page):
    return page.dataframe[0].value


def _ours(page):
    box = next(one for one in page.selectbox if one.key == "runs:filter:family")
    return box.set_value("ours").run()


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_sizes_that_round_alike_are_told_apart_in_the_box(words):
    """A box gives back the name that was chosen: of two that are alike it took the last."""
    sizes = [1_000_000, 12_345_678, 12_349_999, 10**9]
    names = run_filter.size_names(sizes, words)
    assert list(names) == sizes and len(set(names.values())) == 4
    assert names[12_345_678] == "12,345,678"
    assert names[10**9] == formats.amount(10**9, words.language)


def test_a_filter_leaves_the_runs_that_are_asked_for(log):
    runs = catalogue(log)
    ours = matching(runs, RunFilter(family="ours"))
    assert {one.name for one in ours} == {"=small", "large", "broken"}
    for asked, names in (
        (RunFilter(status="diverged"), {"broken"}),
        (RunFilter(text="ＬＡＲ"), {"large"}),
        (RunFilter(text="ours.csv", status="finished"), {"=small", "large"}),
        (RunFilter(flag="duplicate"), set()),
        (RunFilter(source="ours.csv"), {"=small", "large", "broken"}),
        (RunFilter(source="elsewhere"), set()),
        (RunFilter(size=sizes_of(ours)[-1]), {"large"}),
    ):
        found = matching(ours, asked)
        assert {one.name for one in found} == names


def test_the_table_lists_each_run_with_its_figures_and_no_formula(page):
    rows = _shown(_ours(page)).set_index("Run")
    assert set(rows.index) == {"'=small", "large", "broken"}
    assert rows.loc["large", "Parameters"] == 10**8 and rows.loc["large", "Batch size"] == 8
    assert rows.loc["large", "Iterations"] == 300 and rows.loc["broken", "Status"] == "diverged"
    assert rows.loc["large", "Noise multiplier σ"] == 0.0
    assert rows.loc["large", "Points of the curve"] == 3


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_family_is_found_by_the_name_that_is_shown_and_by_its_identifier(log, language):
    page = AppTest.from_function(_page, default_timeout=180)
    page.query_params["lang"] = language
    page.run()
    shown = labels.evidence_name("published-bert", Words(language))
    for said in (shown, shown.upper()[:14], "published-b"):
        page.text_input(key="runs:filter:text").set_value(said).run()
        families = _shown(page)[Words(language).say("Family")]
        assert set(families) == {"published-bert"}, said


def test_nothing_like_that_is_said(page):
    _ours(page)
    page.text_input(key="runs:filter:text").set_value("nothing like that").run()
    assert any("No run is like this" in text.value for text in page.markdown)
    assert not any("Parameters" in one.value for one in page.dataframe)


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_two_runs_stand_side_by_side_with_what_differs_in_bold(log, words):
    runs = [one for one in catalogue(log) if one.name in ("=small", "large")]
    table = run_facts.side_by_side(runs, words)
    rows = dict(zip(table[""], zip(*list(table.values())[1:], strict=True), strict=True))
    assert rows[words.say("Model size")] == ("**10,000,000**", "**100,000,000**")
    assert rows[words.say("Batch size")] == ("8", "8")
    assert rows[words.say("Source")] == ("ours.csv", "ours.csv")
    assert len(run_facts.side_by_side([runs[0], runs[0]], words)) == 3
    tracked = replace(runs[0], settings={**runs[0].settings, "source": "MLflow"})
    assert (
        "ours.csv (MLflow)"
        in run_facts.side_by_side([tracked], words)[formats.literally(runs[0].name)]
    )


def test_curves_lie_over_one_another_on_logarithmic_axes(log):
    runs = [one for one in catalogue(log) if one.points and one.family == "ours"]
    named = [Named(one.run_id, one.name, log.curve(one.run_id)) for one in runs]
    drawn = run_charts.curves(named, EN, LIGHT)
    assert drawn is not None and len(drawn.figure.data) == 2
    assert {drawn.figure.layout[f"{axis}axis"].type for axis in "xy"} == {"log"}
    assert list(drawn.drawing.data[0]["x"]) == [100, 200, 300]
    assert "large falls from 4.25 to 3.75 nats in 300 steps" in drawn.alt
    assert run_charts.curves([Named("n", "none", [])], EN, LIGHT) is None


def test_a_long_curve_is_thinned_with_its_end_and_says_so():
    curve = [(step, 5.0 - step / 10_000) for step in range(1, 5_001)]
    long, short = Named("l", "long", curve), Named("s", "short", curve[:10])
    drawn = run_charts.curves([long], EN, LIGHT)
    assert drawn is not None
    assert 500 < len(drawn.drawing.data[0]["x"]) <= run_charts.MOST_POINTS + 1
    assert drawn.drawing.data[0]["x"][-1] == 5_000
    assert run_charts.thinned([long]) and not run_charts.thinned([short])


def test_marks_of_an_answer_are_runs_where_it_names_them():
    found = Rows(
        columns=("run_id", "x", "y"),
        cells=(("a" * 32, "b" * 32, "c" * 32), (1.0, None, 3.0), (4.0, 5.0, 6.0)),
        more=False,
    )
    drawn = charts.points(found, "x", "y", {"c" * 32: "<c_1>"}, EN, LIGHT, is_log=True)
    assert drawn is not None
    (trace,) = drawn.figure.data
    assert list(trace.customdata) == ["a" * 32, "c" * 32]
    assert list(trace.hovertext) == ["a" * 8, "&lt;c_1&gt;"]


def test_curves_lead_to_their_runs_and_are_called_as_their_files_call_them():
    drawn = run_charts.curves([Named("id", "<a_1>", [(1, 5.0), (2, 4.0)])], EN, LIGHT)
    assert drawn is not None
    (trace,) = drawn.figure.data
    assert list(trace.customdata) == ["id", "id"]
    assert trace.name == "&lt;a_1&gt;" and "%{meta[0]}" in trace.hovertemplate


def test_a_point_of_a_chart_leads_to_its_run_and_from_there_to_the_table(log):
    """As a click does, which this browser has none of."""
    large = next(one for one in catalogue(log) if one.name == "large")
    page = AppTest.from_function(_page, default_timeout=180)
    for nobody in ("", "not a run", "<b>"):
        page.session_state["_run:runs"] = nobody
        page.run()
        assert not page.exception and not [one for one in page.button if one.key == OPEN]
    page.session_state["_run:runs"] = large.run_id
    page.run()
    assert any("100,000,000" in str(one.value) for one in page.table)
    page.button(key=OPEN).click().run()
    assert page.text_input(key="runs:filter:text").value == large.run_id
    assert list(_shown(page)["Run"]) == ["large"]


def test_an_import_is_undone_with_a_reason_and_brought_back(page, log):
    page.text_input(key="runs:reason:import").set_value("wrong unit").run()
    page.button(key="runs:undo").click().run()
    assert "ours" not in log.families() and not page.exception
    gone = catalogue(log, deleted=True)
    assert {one.deleted_because for one in gone} == {"wrong unit"} and len(gone) == 3
    (reasons,) = [one.value["Reason"] for one in page.dataframe if "Reason" in one.value]
    assert reasons.tolist() == ["wrong unit"] * 3
    assert any("3 deleted runs" in one.label for one in page.expander)


def test_curves_of_runs_that_are_not_looked_at_are_not_read(log, monkeypatch):
    monkeypatch.setattr(type(log), "curve", lambda *_: pytest.fail("a curve was read"))
    assert not AppTest.from_function(_page, default_timeout=180).run().exception


def test_tags_and_a_note_are_written_and_filter(log):
    one = next(each for each in catalogue(log) if each.name == "large")
    annotate(log, [one.run_id], at=NOW, add=["要確認"], note="too *fast*?", by=HANAKO)
    runs = catalogue(log)
    for asked in (RunFilter(tag="要確認"), RunFilter(text="FAST"), RunFilter(text="要確認")):
        assert [each.name for each in matching(runs, asked)] == ["large"]
    (seen,) = matching(runs, RunFilter(tag="要確認"))
    table = run_facts.side_by_side([seen], EN)
    rows = dict(zip(table[""], table["large"], strict=True))
    plain = "要確認 (2026-11-23 09:00, by hanako@example.com)"
    assert rows["Tags"] == formats.literally(plain)
    assert rows["Note on the run"].startswith("too \\*fast\\*? (2026-11-23")
    page = AppTest.from_function(_page, default_timeout=180).run()
    assert not page.exception
    tag = next(box for box in page.selectbox if box.key == "runs:filter:tag")
    page = tag.set_value("要確認").run()
    assert list(_shown(page)["Run"]) == ["large"] and list(_shown(page)["Tags"]) == ["要確認"]


def test_seeds_of_one_configuration_are_one_row(page, log, tmp_path):
    path = tmp_path / "seeds.csv"
    path.write_text(
        "run,N,D,sigma,seed,loss\n"
        + "".join(f"s{n},10000000,200000000,0,{n},{3 + n / 10}\n" for n in range(3))
    )
    store(log, import_file(path, log, Asked(family="seeds"), created_at=NOW))
    page.run()
    box = next(one for one in page.selectbox if one.key == "runs:filter:family")
    page = box.set_value("seeds").run()
    page = page.toggle(key="runs:filter:seeds").set_value(True).run()
    assert not page.exception
    rows = _shown(page)
    assert list(rows["Run"]) == ["s0 +2"] and list(rows["Seeds"]) == [3]
    assert rows["Mean loss (nats)"][0] == pytest.approx(3.1)
    assert rows["Spread of one run (nats)"][0] == pytest.approx(0.1)


def test_a_question_in_sql_is_answered_on_the_page_and_a_refused_one_says_why(page):
    page.text_area(key="runs:sql:text").set_value(
        "SELECT run, iterations, cross_entropy, '=1+1' AS f FROM runs WHERE family = 'ours' "
        "AND cross_entropy IS NOT NULL ORDER BY run"
    ).run()
    page = page.button(key="runs:sql:ask").click().run()
    assert not page.exception and not page.error
    (found,) = [one.value for one in page.dataframe if "f" in one.value]
    assert list(found["run"]) == ["'=small", "large"] and list(found["f"]) == ["'=1+1"] * 2
    across = next(box for box in page.selectbox if str(box.key).startswith("runs:sql:x"))
    assert across.options == ["iterations", "cross_entropy"]
    page.text_area(key="runs:sql:text").set_value("COPY runs TO 'x.csv'").run()
    page = page.button(key="runs:sql:ask").click().run()
    assert ["Expected one SELECT over runs and curves" in one.value for one in page.error] == [True]


def test_two_columns_of_an_answer_are_drawn_and_what_is_left_out_is_counted():
    found = Rows(
        columns=("x", "y", "name"),
        cells=((1, 10, None, 0), (0.5, float("nan"), 2.0, 3.0), ("a", "b", "c", "d")),
        more=False,
    )
    assert wording.number_columns(found) == ["x", "y"]
    drawn = charts.points(found, "x", "y", {}, EN, LIGHT, is_log=False)
    assert drawn is not None
    assert list(drawn.drawing.data[0]["x"]) == [1, 0] and "2 of 4 rows" in drawn.alt
    drawn = charts.points(found, "x", "y", {}, EN, LIGHT, is_log=True)
    assert drawn is not None
    assert list(drawn.drawing.data[0]["x"]) == [1] and "1 of 4 rows" in drawn.alt
    nothing = Rows(columns=("x", "y"), cells=((0,), (0,)), more=False)
    assert charts.points(nothing, "x", "y", {}, EN, LIGHT, is_log=True) is None

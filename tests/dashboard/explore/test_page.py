"""What Explore asks and says, and its page on the real engine."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from dashboard.answers.plane import NAMES
from dashboard.explore import layers as explore_layers
from dashboard.explore import map_charts, plan_charts
from dashboard.explore import plane as plane_of
from dashboard.explore import wording as explore_wording
from dashboard.state import link, session, widgets
from dashboard.ui.colours import DARK, LIGHT
from dashboard.ui.label_text import em
from engine.allocation import maps, search
from engine.allocation.space import Space
from engine.config import Budget, Sampling
from engine.cost import DEFAULTS, cost
from engine.decision.decide import decide
from engine.scenarios import acts, saved
from engine.scenarios import fields as grammar
from engine.text.i18n import Words

EN, JA = Words("en"), Words("ja")
BUDGET = Budget(compute_flops=3.8e20, data_budget=10**7, epsilon=4.0)


@pytest.fixture(scope="module")
def answer(fitted):
    return decide(BUDGET, fitted)


def planned(fitted, pair="compute-data", quantity="loss", budget=BUDGET):
    return plane_of.plane(
        pair, quantity, budget, 2.85, fitted.space, sampling=Sampling.POISSON, evidence_id="e"
    )


def computed(fitted, plane, budget=BUDGET):
    held = search.budgets(
        budget.compute_flops,
        budget.data_budget,
        budget.epsilon,
        delta=1e-8,
        sampling=Sampling.POISSON,
    )
    x, y = NAMES[plane.x], NAMES[plane.y]
    return maps.budget_map(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        held,
        x=x,
        y=y,
        x_values=np.array(plane.x_values[::3]),
        y_values=np.array(plane.y_values[::3]),
        with_saving=plane.with_saving,
        target=plane.target,
    )


@pytest.mark.parametrize("pair", plane_of.PLANES)
def test_moving_inside_a_map_asks_for_the_same_map(fitted, pair):
    here = planned(fitted, pair)
    x, y = pair.split("-")
    values = {NAMES[x]: here.x_values[2], NAMES[y]: here.y_values[3]}
    values = {k: int(v) if k == "data_budget" else v for k, v in values.items()}
    moved = Budget(**{name: getattr(BUDGET, name) for name in NAMES.values()} | values)
    assert planned(fitted, pair, budget=moved) == here
    third = NAMES[here.third]
    other = Budget(
        **{n: getattr(BUDGET, n) for n in NAMES.values()} | {third: 2 * getattr(BUDGET, third)}
    )
    assert planned(fitted, pair, budget=other) != here


@pytest.mark.parametrize("key", grammar.BUDGETS)
@pytest.mark.parametrize("end", [0, 1])
def test_a_window_holds_the_scenario_and_only_values_that_may_be_asked(fitted, key, end):
    bound = grammar.BUDGET_FIELDS[key].bounds[end]
    values = {NAMES[k]: getattr(BUDGET, NAMES[k]) for k in grammar.BUDGETS}
    budget = Budget(**values | {NAMES[key]: bound})
    found = plane_of.window(key, budget, fitted.space)
    assert found[0] <= bound <= found[-1] and len(found) <= 40
    assert all(link.read(key, link.write(key, value)) == value for value in found)
    assert list(found) == sorted(set(found))


def test_a_small_evidence_has_a_window_too():
    small = Space(
        sequence_length=128,
        model_size=(3e4, 8e5),
        iterations=(200.0, 2e3),
        noise_batch_ratio=(1e-4, 1e-2),
        vocabulary_size=256,
    )
    low, high = plane_of.compute_window(small)
    assert grammar.COMPUTE.bounds[0] <= low < high


def test_the_small_multiples_stay_inside_what_may_be_asked():
    people, epsilons = plane_of.around(Budget(compute_flops=1e20, data_budget=100, epsilon=0.1))
    assert people == (100, 1_000) and epsilons == (0.1, 0.4)
    assert plane_of.around(BUDGET) == ((1e6, 1e7, 1e8), (1.0, 4.0, 16.0))


def overlapping(figure, width=560, height=330):
    """Pairs of values on lines that lie on one another in a plot of so many pixels."""
    across, up = (
        pixels / (axis.range[1] - axis.range[0])
        for pixels, axis in ((width, figure.layout.xaxis), (height, figure.layout.yaxis))
    )
    boxes = [
        (note.text, note.x * across, note.y * up, em(note.text) * note.font.size)
        for note in figure.layout.annotations
        if note.text and note.showarrow is False
    ]
    return [
        (a[0], b[0])
        for a, b in itertools.combinations(boxes, 2)
        if abs(a[1] - b[1]) < (a[3] + b[3]) / 2 and abs(a[2] - b[2]) < 18
    ]


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_a_map_of_savings_without_a_colour_says_why(fitted, words):
    """At 1e20 FLOPs the rule is beyond what can be compared for all people and every ε."""
    nothing = words.say("That is so on the whole of this map, and nothing is coloured.")
    elsewhere = words.say("A map over compute may show where it is known.")
    budget = Budget(compute_flops=1e20, data_budget=3_000_000, epsilon=8.0)
    for pair, blank in (("data-epsilon", True), ("compute-data", False)):
        plane = planned(fitted, pair, "saving", budget)
        found = computed(fitted, plane, budget)
        assert bool(np.isfinite(found.saving).any()) is not blank
        said = explore_wording.note(plane, found, words) or ""
        assert (nothing in said, elsewhere in said) == (blank, blank)
        unknown = replace(found, saving=np.full(found.saving.shape, np.inf))
        said = explore_wording.note(plane, unknown, words) or ""
        assert (nothing in said, elsewhere in said) == (True, blank)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
@pytest.mark.parametrize("pair", plane_of.PLANES)
@pytest.mark.parametrize("quantity", plane_of.QUANTITIES)
def test_every_map_has_lines_with_values_a_ridge_and_points_to_click(
    fitted, quantity, pair, words, colours
):
    plane = planned(fitted, pair, quantity)
    found = computed(fitted, plane)
    drawn = map_charts.draw(found, None, plane, quantity, BUDGET, DEFAULTS, words, colours)
    named = {trace.name: trace for trace in drawn.figure.data}
    assert len(named["targets"].x) == found.cross_entropy.size == len(named["targets"].text)
    assert named[explore_wording.ridge_name(found, words)].line.dash == "dash"
    assert "{" not in drawn.alt and len(drawn.alt) > 60
    shown = explore_layers.layer(found, quantity, DEFAULTS, words)
    assert shown.levels.size == len(shown.texts)
    # At this compute the rule cannot be compared far enough, whoever takes part.
    unknown = quantity == "saving" and plane.third == "compute"
    assert (shown.levels.size == 0) is unknown
    written = {note.text for note in drawn.figure.layout.annotations}
    if shown.levels.size > 1:  # At this compute the usual rule gets nowhere on most of one map.
        assert written & set(shown.texts), "lines carry their values"
    assert f"<b>{words.say('This scenario')}</b>" in written
    assert overlapping(drawn.figure) == []
    if found.outside.any():
        assert words.say("Far from what was measured") in named
    assert len(drawn.figure.to_json()) < 400_000


def test_iso_cost_lines_stand_where_that_money_is_spent(fitted):
    plane = planned(fitted)
    found = computed(fitted, plane)
    drawn = map_charts.draw(found, None, plane, "loss", BUDGET, DEFAULTS, EN, LIGHT)
    lines = [t for t in drawn.figure.data if t.name == "Lines of equal cost"]
    notes = [n.text for n in drawn.figure.layout.annotations]
    assert len(lines) >= 4 and "¥1M" in notes
    assert any(cost(line.x[0], DEFAULTS).jpy == pytest.approx(1e6) for line in lines)


def test_arrows_point_to_what_pays(fitted):
    plane = planned(fitted)
    found = computed(fitted, plane)
    one = np.array([1.0])
    gains = maps.Doublings(x=1e18 * one, y=1e6 * one, along_x=0.1 * one, along_y=0.0 * one)
    drawn = map_charts.draw(found, gains, plane, "loss", BUDGET, DEFAULTS, EN, LIGHT)
    (arrow,) = [note for note in drawn.figure.layout.annotations if note.name == "arrow"]
    assert arrow.ax < 0 and arrow.ay == 0, "to the right: more compute"


def test_the_headline_says_what_pays_and_where_the_ridge_is(answer):
    said = explore_wording.headline(answer, EN)
    assert "twice the people" in said and "Compute helps up to" in said and "this budget" in said
    assert explore_wording.headline(answer, JA).endswith("。")


def test_tokens_per_parameter_against_twenty(fitted, answer):
    lines = maps.plan_lines(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        compute_flops=np.geomspace(1e16, 1e23, 8),
        data_budget=np.array([1e6, 1e7, 1e8]),
        epsilon=np.array([1.0, 4.0, 16.0]),
        delta=1e-8,
        sampling=Sampling.POISSON,
    )
    drawn = plan_charts.ratio(lines, answer, EN, LIGHT)
    (rule,) = [t for t in drawn.figure.data if t.line.color == LIGHT.rule]
    assert set(rule.y) == {20.0}
    config = answer.recommendation.config
    star = next(t for t in drawn.figure.data if t.name == "star")
    assert star.y[0] == pytest.approx(config.tokens / config.model_size)
    grid = plan_charts.grid(lines, JA, DARK).figure
    assert len(grid.data) == 27
    assert len({t.line.dash for t in grid.data}) == 3
    two = maps.plan_lines(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        compute_flops=np.array([1e18, 1e20]),
        data_budget=np.array([1e7]),
        epsilon=np.array([4.0]),
        delta=1e-8,
        sampling=Sampling.POISSON,
    )
    assert len(plan_charts.grid(two, EN, LIGHT).figure.data) == 3


# --- the pages ------------------------------------------------------------------------------------


def _explore():
    from dashboard.explore import page as explore_page
    from dashboard.state import address, session

    address.follow_url()
    explore_page.render(session.current())


def _compare():
    from dashboard.compare import page as compare_page
    from dashboard.state import address, session

    address.follow_url()
    compare_page.render(session.current())


@pytest.fixture
def page(monkeypatch, tmp_path):
    """A view alone: AppTest cannot switch to pages that are functions."""
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    return lambda draw: AppTest.from_function(draw, default_timeout=120)


def group(page, label):
    return next(b for b in page.button_group if b.label == label)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_explore_first_visit(page, language):
    shown = page(_explore)
    shown.query_params["lang"] = language
    shown.run()
    assert not shown.exception and not shown.error
    assert ("Compute helps up to" if language == "en" else "計算量が効くのは") in shown.title[
        0
    ].value
    charts = [element for element in shown.main if element.type == "plotly_chart"]
    assert len(charts) in (0, 3)


def test_every_map_can_be_chosen(page):
    shown = page(_explore)
    shown.query_params["lang"] = "en"
    shown.run()
    group(shown, "What is shown").set_value("saving").run()
    assert not shown.exception and not shown.toggle
    group(shown, "Over which two budgets").set_value("data-epsilon").run()
    group(shown, "What is shown").set_value("cost").run()
    assert not shown.exception
    assert any("what it costs to reach" in text.value for text in shown.caption)


def test_a_budget_without_a_plan_says_so(page):
    shown = page(_explore)
    shown.query_params["data"] = "100"
    shown.query_params["epsilon"] = "0.1"
    shown.run()
    assert len(shown.error) == 1 and not shown.title and not shown.exception


def test_a_click_becomes_the_scenario(monkeypatch):
    taken: dict[str, float] = {}
    state = {"_clicks": 3, "map:3": SimpleNamespace(
        selection=SimpleNamespace(points=[{"x": 1e19, "y": 1e6}]))}  # fmt: skip
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(session, "take", taken.update)
    bound = widgets.bind_map("compute", "data")
    assert bound["key"] == "map:3"
    bound["on_select"]()
    assert taken == {"compute": 1e19, "data": 1e6} and state["_clicks"] == 4
    state["map:4"] = SimpleNamespace(selection=SimpleNamespace(points=[]))
    widgets.bind_map("compute", "data")["on_select"]()
    assert state["_clicks"] == 4


def test_compare_saves_opens_overwrites_and_deletes(page):
    shown = page(_compare)
    shown.query_params["lang"] = "en"
    shown.run()
    assert not shown.exception
    assert "Example: ten times the people" in shown.title[0].value
    button = lambda label: next(b for b in shown.button if b.label == label)  # noqa: E731
    button("Save this scenario").click().run()
    assert len(shown.error) == 1 and "name of 1 to" in shown.error[0].value
    shown.text_input(key="compare:name").set_value("Base")
    shown.text_input(key="compare:who").set_value("Sato").run()
    button("Save this scenario").click().run()
    assert not shown.exception and not shown.error
    button("Save this scenario").click().run()
    assert "already" in shown.error[0].value
    shown.multiselect[0].set_value(["Base"]).run()
    assert any("“Base” is this scenario as it stands" in each.value for each in shown.caption)
    assert "Example: ten times the people" in shown.title[0].value
    shown.session_state["_values"]["epsilon"] = 8.0
    shown.run()
    assert "ε" in shown.title[0].value and "Base" in shown.title[0].value
    button("Overwrite with this scenario").click().run()
    assert any("Privacy ε: 4 → 8" in str(table.value) for table in shown.table)
    shown.session_state["_values"]["epsilon"] = 2.0
    button("Open").click().run()
    assert shown.session_state["_values"]["epsilon"] == 8.0
    button("Yes, delete it").click().run()
    assert not shown.exception and not shown.selectbox


def test_a_damaged_file_is_named_and_the_others_stay(page, tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "torn.json").write_text("{")
    shown = page(_compare).run()
    assert not shown.exception and len(shown.warning) == 1
    assert "torn.json" in shown.warning[0].value


def test_an_import_is_kept_or_refused(page, tmp_path):
    shown = page(_compare)
    shown.query_params["lang"] = "en"
    shown.run()
    shown.file_uploader[0].set_value(("x.json", b"nonsense", "application/json")).run()
    assert len(shown.error) == 1 and "x.json" in shown.error[0].value, "before it is kept"
    assert not [b for b in shown.button if b.label == "Keep the imported scenario"]

    kept = acts.created(tmp_path / "scenarios", "Base", link.defaults(), who="", at="2026")
    file = ("base.json", saved.to_json(kept).encode(), "application/json")
    shown.file_uploader[0].set_value(file).run()
    keep = lambda: next(b for b in shown.button if b.label == "Keep the imported scenario")  # noqa: E731
    keep().click().run()
    assert "another name" in shown.error[0].value
    next(t for t in shown.text_input if t.label == "Keep it under the name").set_value("Two").run()
    keep().click().run()
    assert {each.name for each in saved.listed(tmp_path / "scenarios")[0]} == {"Base", "Two"}


def test_a_link_knows_every_map_that_has_a_name():
    assert link.PLANE.options() == list(plane_of.PLANES)
    assert link.SHOWN.options() == list(plane_of.QUANTITIES)

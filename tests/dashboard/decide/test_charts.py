"""What the figures hold: Streamlit cannot look inside them, so they are tested here."""

from dataclasses import replace

import numpy as np
import pytest

from dashboard.decide import charts
from dashboard.ui.canvas import Canvas
from dashboard.ui.colours import DARK, LIGHT
from engine.allocation.result import Word
from engine.decision import findings
from engine.text.i18n import Words
from tests.dashboard import fake_engine

JA, EN = Words("ja"), Words("en")


def named(figure):
    return {trace.name: trace for trace in figure.data}


def texts(figure):
    return [annotation.text for annotation in figure.layout.annotations]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
@pytest.mark.parametrize("draw", [charts.frontier, charts.doublings, charts.wiggle_room])
def test_every_figure_is_small_and_says_in_words_what_it_shows(decide, draw, words, colours):
    chart = draw(decide(), words, colours)
    assert len(chart.alt) > 20 and "{" not in chart.alt
    assert len(chart.figure.to_json()) < 120_000
    for trace in chart.figure.data:
        if trace.type == "contour":
            assert max(np.shape(trace.z)) <= 40


def test_frontier(decide):
    answer = decide()
    chart = charts.frontier(answer, EN, LIGHT)
    traces = named(chart.figure)
    assert traces["Recommended"].line.color == LIGHT.recommendation
    tuned = traces["Usual rule, batch tuned"]
    assert (tuned.line.color, tuned.line.dash) == (LIGHT.rule, "dashdot")
    practised = traces["Usual rule, as practised"]
    assert (practised.line.color, practised.line.dash) == (LIGHT.rule, "dot")
    here = answer.recommendation.cross_entropy
    assert traces["circle"].y[0] == here.value or here.value in [
        trace.y[0] for trace in chart.figure.data
    ]
    level = here.value
    assert tuple(traces["saving"].y) == (level, level)
    start, end = traces["saving"].x
    assert end / start == pytest.approx(answer.rule_tuned.compute_factor)
    assert chart.figure.layout.xaxis.type == "log"
    assert "<b>This plan: 2.92</b>" in texts(chart.figure)
    assert "Further compute buys<br>under 1%" in texts(chart.figure)
    assert chart.alt.startswith("Loss against compute. This plan: 2.92 (2.81–3.04) at 3.8 × 10²⁰")


def test_no_gap_is_drawn_to_a_rule_of_which_only_a_bound_is_known(decide):
    chart = charts.frontier(fake_engine.unreached(decide(), least=17), EN, LIGHT)
    assert "saving" not in named(chart.figure)
    assert "needs at least 17× the compute" in chart.alt


def test_no_saturation_is_drawn_where_only_a_bound_is_known(decide):
    chart = charts.frontier(fake_engine.unsaturated(decide()), EN, LIGHT)
    assert "Further compute buys<br>under 1%" not in texts(chart.figure)
    assert not [trace for trace in chart.figure.data if trace.name == "line-ns-open"]
    assert "at least 1.4 × 10²⁵ FLOPs; whether it helps beyond is unknown. For" in chart.alt


def test_the_window_holds_all_three_points(decide):
    for compute in (1e13, 3.8e20, 1e24):
        answer = decide(compute_flops=compute)
        low, high = (
            10**end for end in charts.frontier(answer, EN, LIGHT).figure.layout.xaxis.range
        )
        assert low <= compute <= high
        assert low <= answer.saturation.compute_flops <= high


def test_doublings(decide):
    answer = decide(data_budget=50_000, epsilon=0.3)
    figure = charts.doublings(answer, EN, LIGHT).figure
    (bars,) = figure.data
    assert list(bars.y) == ["Privacy ε ×2", "People ×2", "Compute ×2"]
    assert bars.marker.color[1] == LIGHT.recommendation
    assert LIGHT.recommendation not in (bars.marker.color[0], bars.marker.color[2])
    gain = answer.doubling.data
    assert bars.x[1] == pytest.approx(100 * gain.value)
    assert bars.error_x.array[1] == pytest.approx(100 * (gain.high - gain.value))
    assert not any("−" in text for text in texts(figure)), "the axis says that it is a fall"


def test_wiggle_room(decide):
    answer = decide()
    figure = charts.wiggle_room(answer, JA, LIGHT).figure
    tolerance = named(figure)["tolerance"]
    assert tolerance.contours.start == 100 * answer.wiggle_room.tolerance
    star = named(figure)["star"]
    best = answer.recommendation.config
    assert (star.x[0], star.y[0]) == (best.batch_size, best.model_size)
    assert named(figure)["diamond"].y[0] == findings.smaller_model(answer)
    assert texts(figure) == ["1%以内で最小", "<b>この計画</b>"]


def test_wiggle_room_with_holes_and_without_a_smaller_model(decide):
    answer = decide()
    room = answer.wiggle_room
    excess = np.where(room.excess > 0.05, np.nan, room.excess)
    excess[: len(room.model_size) // 2] = np.nan
    chart = charts.wiggle_room(replace(answer, wiggle_room=replace(room, excess=excess)), EN, DARK)
    assert "diamond" not in named(chart.figure)
    assert chart.alt.startswith("No smaller model")


@pytest.mark.parametrize("word", Word)
def test_far_from_what_was_measured_the_band_is_hatched_in_grey(decide, word):
    answer = decide(extrapolation=fake_engine.extrapolation(word))
    band = charts.frontier(answer, EN, LIGHT).figure.data[0]
    far = word in (Word.EXTRAPOLATED, Word.UNKNOWN)
    assert (band.fillpattern.shape == "/") == far
    assert ("extrapolated" in band.name) == far


@pytest.mark.parametrize(("low", "high"), [(3e5, 4e5), (1e6, 1e6), (2e3, 7e4), (1e18, 1e24)])
def test_a_log_axis_has_two_ticks_and_room(low, high):
    canvas = Canvas(LIGHT)
    canvas.log_axis("x", low, high, "en", air=(0.1, 0.1))
    axis = canvas.drawing.figure().layout.xaxis
    assert len(set(axis.ticktext)) == len(axis.tickvals) >= 2
    assert axis.range[0] < np.log10(low) and axis.range[1] > np.log10(high)
    assert all(axis.range[0] <= np.log10(tick) <= axis.range[1] for tick in axis.tickvals)


def test_labels_point_inward_and_markers_are_whole(decide):
    figure = charts.wiggle_room(decide(), EN, LIGHT).figure
    assert named(figure)["star"].cliponaxis is False
    canvas = Canvas(LIGHT)
    canvas.log_axis("x", 1.0, 1e4)
    assert [canvas.inward(x) for x in (2.0, 1e2, 5e3)] == ["left", "center", "right"]

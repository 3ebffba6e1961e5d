"""Charts on a phone: what a browser says of itself, and figures whose words fit and stay apart."""

import re

import pytest

from dashboard.decide import charts
from dashboard.ui import phone_charts
from dashboard.ui.canvas import Canvas
from dashboard.ui.colours import LIGHT
from engine.text.i18n import Words

JA = Words("ja")
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
DESKTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
    "Safari/537.36"
)


def words_of(figure):
    return [re.sub("<[^>]+>", "", note.text) for note in figure.layout.annotations]


def ends(figure, plot):
    """Where words beside bars end, as pixels of the plot."""
    low, high = figure.layout.xaxis.range
    for note in figure.layout.annotations:
        start = (float(note.x) - low) / (high - low) * plot + (note.xshift or 0)
        yield start + phone_charts._size(note)[0]


@pytest.fixture
def bars():
    canvas = Canvas(LIGHT)
    names = ["完全なモデルが1件あたり短縮する分数", "学習"]
    canvas.drawing.add_bar(x=[100.0, 3.0], y=names, orientation="h", name="bars")
    canvas.drawing.update_xaxes(
        range=[0, 105], tickvals=[0, 25, 50, 75, 100], ticktext=["0", *4 * ["2,500万円"]]
    )
    canvas.amount(100.0, names[0], "−1,730万円")
    canvas.amount(3.0, names[1], "−25.5万円")
    canvas.drawing.update_layout(showlegend=False)
    return canvas.drawing.figure()


def test_a_phone_says_so_and_a_desktop_does_not():
    assert phone_charts.is_phone(IPHONE)
    assert not phone_charts.is_phone(DESKTOP) and not phone_charts.is_phone(None)


def test_the_wide_figure_stays_as_it_was(bars):
    before = bars.to_json()
    phone_charts.narrowed(bars, 430)
    assert bars.to_json() == before


def test_amounts_beside_bars_end_inside_the_plot(bars):
    plot = phone_charts.WIDTH - phone_charts._names(bars)
    assert max(ends(bars, plot)) > plot, "wide, it does not fit: else this tests nothing"
    slim, _ = phone_charts.narrowed(bars, 430)
    assert max(ends(slim, plot)) <= plot + 1
    assert len(slim.layout.xaxis.tickvals) <= 3, "and the ticks do not touch"


def test_long_names_of_bars_are_broken_and_still_name_their_bars(bars):
    slim, _ = phone_charts.narrowed(bars, 430)
    axis = slim.layout.yaxis
    assert list(axis.tickvals) == list(slim.data[0].y)
    assert "<br>" in axis.ticktext[0]
    assert axis.ticktext[0].replace("<br>", "") == axis.tickvals[0]


@pytest.mark.parametrize("draw", [charts.frontier, charts.doublings, charts.wiggle_room])
def test_every_figure_keeps_its_words_and_marks(decide, draw):
    wide = draw(decide(), JA, LIGHT).figure
    slim, height = phone_charts.narrowed(wide, 430)
    assert words_of(slim) == words_of(wide)
    assert [trace.name for trace in slim.data] == [trace.name for trace in wide.data]
    assert height >= 430
    for note in slim.layout.annotations:
        assert 11 <= note.font.size <= 13
        assert phone_charts._size(note)[0] <= 0.75 * phone_charts.WIDTH


def test_a_legend_gets_its_room_and_a_scale_goes_below(decide):
    _, height = phone_charts.narrowed(charts.frontier(decide(), JA, LIGHT).figure, 430)
    assert height >= 430 + 4 * phone_charts._ENTRY
    slim, _ = phone_charts.narrowed(charts.wiggle_room(decide(), JA, LIGHT).figure, 430)
    (scale,) = (t.colorbar for t in slim.data if t.type == "contour" and t.showscale is not False)
    assert scale.orientation == "h" and scale.y < 0


def test_figures_on_lines_that_would_cover_each_other_are_thinned_and_the_scenario_stays():
    canvas = Canvas(LIGHT)
    canvas.log_axis("x", 1e15, 1e24)
    canvas.log_axis("y", 1e4, 1e9)
    for place in range(10):
        canvas.drawing.add_annotation(
            x=15.5 + place / 2, y=5.5, text=f"{place}.00", showarrow=False, bgcolor="#FFFFFF",
            font_size=13,
        )  # fmt: skip
    canvas.label(1e16, 3e8, "このシナリオ", LIGHT.ink, ay=-10)
    slim, _ = phone_charts.narrowed(canvas.drawing.figure(), 600)
    kept = words_of(slim)
    assert "このシナリオ" in kept
    assert 2 <= len(kept) < 8
    assert len(slim.layout.xaxis.tickvals) <= phone_charts._TICKS


def test_names_of_several_lines_get_the_height_that_they_take():
    names = [f"Share of all answers with a secret that a leak concerns {k}" for k in range(10)]
    canvas = Canvas(LIGHT)
    canvas.drawing.add_bar(y=names, x=list(range(10)), orientation="h")
    slim, height = phone_charts.narrowed(canvas.drawing.figure(), 300)
    most = max(text.count("<br>") + 1 for text in slim.layout.yaxis.ticktext)
    assert most >= 3
    assert height - phone_charts._AROUND >= 10 * most * phone_charts._SMALL * 1.3


def test_words_beside_a_bold_value_are_broken_too():
    canvas = Canvas(LIGHT)
    canvas.drawing.update_xaxes(range=[0, 1])
    text = "<b>2</b>  Somebody 2025 · sequence of one thousand and twenty-four tokens"
    canvas.drawing.add_annotation(x=0.5, y=0, text=text, showarrow=False, font={"size": 14})
    slim, _ = phone_charts.narrowed(canvas.drawing.figure(), 300)
    first, *rest = slim.layout.annotations[0].text.split("<br>")
    assert first == "<b>2</b>" and len(rest) >= 2
    assert " ".join(line.strip() for line in rest) == text.split("  ")[1]

"""Axes have round ticks, and no word stands outside."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from engine.errors import InputError
from engine.report import picture
from engine.report.deck import Bar, Bars, Table, table_of
from engine.report.fonts import japanese_face
from engine.report.picture import em, round_ticks, svg


@given(st.floats(-1e9, 1e9), st.floats(1.0, 1e9))
def test_ticks_are_few_and_round_and_span_what_they_are_of(low, span):
    ticks = round_ticks(low, low + span, 5)
    assert 2 <= len(ticks) <= 9
    assert ticks[0] <= low + 1e-4 * span and ticks[-1] >= low + (1 - 1e-4) * span
    step = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    lead = step / 10 ** math.floor(math.log10(step) + 1e-6)
    assert any(lead == pytest.approx(one, rel=1e-4) for one in (1, 2, 2.5, 5, 10))


def said(drawn: str) -> list[tuple[float, float, str, str]]:
    """Place, words and anchor of every text."""
    found = []
    for part in etree.fromstring(drawn.encode()).iter("{*}text"):
        if part.text and part.text.strip():
            anchor = re.search(r"text-anchor: (\w+)", part.get("style", ""))
            place = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", part.get("transform", ""))
            x, y = place.groups() if place else (part.get("x"), part.get("y"))
            found.append((float(x), float(y), part.text, anchor[1] if anchor else "start"))
    return found


@pytest.mark.parametrize("kind", ["bars", "floating", "lines"])
@pytest.mark.parametrize("width, height, size", [(754, 300, 14), (560, 560, 24), (984, 120, 16)])
def test_no_word_stands_outside(kind, width, height, size, request):
    texts = said(svg(request.getfixturevalue(kind), width, height, size))
    assert len(texts) > 6
    for x, y, text, anchor in texts:
        left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * 0.9 * em(text) * size
        assert left >= -0.5 * size and 0 < y <= height, text
        assert left + 0.9 * em(text) * size <= width + 0.5 * size, text


def test_amounts_beside_bars_under_zero_stand_whole_under_long_names():
    name = "Compute of all runs over that of the final one"
    ends = ((-6830.0, -1460.0), (-3910.0, -2010.0), (-2650.0, -2170.0))
    bars = tuple(
        Bar(name=name, start=low, end=high, text="−¥6.83B to −¥1.46B", colour="#6B7080")
        for low, high in ends
    )
    ranges = Bars(unit="¥ million", alt="Ranges.", heads=("Name", "End", "Start"), bars=bars)
    bold = FontProperties(size=100, weight="bold")
    wide, _, _ = text_to_path.get_text_width_height_descent(bars[0].text, bold, False)
    width, size = 984.0, 17.0
    drawn = said(svg(ranges, width, 370, size))
    begins = [x for x, _, text, _ in drawn if text == bars[0].text]
    assert len(begins) == len(bars)
    assert max(begins) + wide / 100 * size <= width + 0.1 * size


def test_a_legend_keeps_to_a_phone(lines):
    """Two names abreast would be wider than the picture."""
    named = tuple(replace(line, name="通常則(慣行どおりのバッチ)") for line in lines.lines)
    for x, _, text, _ in said(svg(replace(lines, lines=named), 560, 560, 24)):
        assert x + 0.9 * em(text) * 24 <= 570 or text == lines.x_title, text


def test_every_name_and_amount_is_a_text(floating, lines):
    texts = {text for *_, text, _ in said(svg(floating, 754, 300, 14))}
    for bar in floating.bars:
        assert {bar.name, bar.text} <= texts
    assert floating.unit in texts
    texts = {text for *_, text, _ in said(svg(lines, 754, 300, 14))}
    marks = [mark.text for mark in lines.marks]
    named = [line.name for line in (*lines.lines, lines.band)]
    assert {*marks, *named, lines.x_title, lines.y_title} <= texts


def test_money_is_no_formula(bars):
    """matplotlib would set what stands between two dollar signs."""
    dollars = replace(bars, bars=(replace(bars.bars[0], name="$", text="$1.2M to $3M"),))
    assert "$1.2M to $3M" in {text for *_, text, _ in said(svg(dollars, 754, 120, 14))}


def test_the_same_figure_has_the_same_bytes(lines):
    """Also in another process, and of whatever was drawn before."""
    first = svg(lines, 754, 300, 14)
    svg.cache_clear()
    svg(lines, 500, 300, 14)
    assert svg(lines, 754, 300, 14) == first
    assert not re.search(r"20\d\d-\d\d|matplotlib", first)


def test_pictures_of_one_page_share_no_name(floating, lines):
    drawn = [svg(figure, wide, 300, 14) for figure in (floating, lines) for wide in (984, 560)]
    names = [name for one in drawn for name in re.findall(r' id="([^"]+)"', one)]
    assert names and len(set(names)) == len(names)
    for one in drawn:  # Nothing points at what was taken away.
        wanted = set(re.findall(r'(?:url\(|href=")#([^")]+)', one))
        assert wanted == set(re.findall(r' id="([^"]+)"', one))


def test_curves_beyond_the_range_are_cut(lines):
    """Of the rule the first value lies far over what is shown."""
    root = etree.fromstring(svg(lines, 754, 300, 14).encode())
    high = [
        part
        for part in root.iter("{*}path")
        if "stroke:" in part.get("style", "")
        and any(float(y) < 0 for y in re.findall(r"[ML] [\d.-]+ ([\d.-]+)", part.get("d", "")))
    ]
    assert high and all(part.get("clip-path") for part in high)


def test_the_line_at_zero_goes_under_an_amount(floating):
    """An amount beside a bar left of zero may be longer than the room that is left."""
    first = replace(floating.bars[0], start=-30.0, end=-10.0, text="−3,270万円から−1,110万円")
    drawn = svg(replace(floating, bars=(first, *floating.bars[1:])), 754, 300, 14, paper="#FEDCBA")
    under, amounts = drawn[: drawn.index("fill: #fedcba")], drawn[drawn.index("fill: #fedcba") :]
    assert "−3,270万円" in amounts and "stroke: #0f111c" in under
    assert "stroke: #0f111c" not in amounts


def test_longer_bars_are_longer(bars, floating):
    for figure in (bars, floating):
        root = etree.fromstring(svg(figure, 754, 300, 14).encode())
        wide = []
        for part in root.iter("{*}path"):
            fill = re.search(r"fill: (#\w+)", part.get("style", ""))
            if fill and fill[1].upper() in {bar.colour for bar in figure.bars}:
                xs = [float(x) for x in re.findall(r"[ML] ([\d.-]+)", part.get("d"))]
                wide.append(max(xs) - min(xs))
        lengths = [abs(bar.end - bar.start) for bar in figure.bars]
        assert [one / wide[0] for one in wide] == pytest.approx(
            [one / lengths[0] for one in lengths], rel=0.02
        )


def test_it_draws_where_no_japanese_font_is(lines, monkeypatch):
    """Who reads a web page may have one."""
    monkeypatch.setattr(picture, "japanese_face", lambda: japanese_face(()))
    picture._settings.cache_clear()
    svg.cache_clear()
    try:
        assert lines.marks[0].text in svg(lines, 754, 300, 14)
    finally:
        picture._settings.cache_clear()
        svg.cache_clear()


def test_ink_is_that_of_the_page(bars):
    assert "#abcdef" in svg(bars, 754, 300, 14, ink="#ABCDEF")
    assert "#abcdef" not in svg(bars, 754, 300, 14)


def test_a_table_holds_the_numbers_of_its_figure(floating, lines):
    assert table_of(floating, "t").rows[1] == ("Team", 100.0, 40.0)
    first = table_of(lines, "t").rows[0]
    assert first[:2] == (1e18, 4.0) and math.isnan(float(first[2]))


def test_a_table_with_a_missing_cell_is_refused():
    with pytest.raises(InputError, match="2 cells in each row of t, got 1"):
        Table(title="t", heads=("a", "b"), rows=(("x",),))


def test_names_that_are_long_stand_whole_over_their_bars(bars):
    long = "自社テキストでの損失(法則は別のテキストによる)を含めた場合"
    named = replace(bars, bars=(replace(bars.bars[0], name=long), *bars.bars[1:]))
    for width, size in ((984, 16), (560, 24)):
        texts = said(svg(named, width, 400, size))
        (name,) = [one for one in texts if one[2] == long]
        (value,) = [one for one in texts if one[2] == bars.bars[0].text]
        assert 0 <= name[1] < value[1] <= 400 and name[0] < 10

"""PowerPoint: native charts with the right numbers, real titles, notes, and
nothing outside the page."""

import io

import pytest
from pptx import Presentation
from pptx.util import Pt

from engine.report.slides import HEIGHT, WIDTH, pptx


@pytest.fixture
def show(deck):
    return Presentation(io.BytesIO(pptx(deck)))


def charts(show):
    return [shape.chart for page in show.slides for shape in page.shapes if shape.has_chart]


def test_every_slide_has_its_message_as_title_and_the_footer(show, deck):
    titles = [page.shapes.title.text_frame.text for page in show.slides]
    assert titles[:5] == [slide.title for slide in deck.slides]
    assert set(titles[5:]) == {"付録"} and len(titles) > 6, "a long table goes on on further slides"
    for page in show.slides:
        texts = [shape.text_frame.text for shape in page.shapes if shape.has_text_frame]
        assert deck.footer in texts


def test_notes_are_notes(show):
    assert show.slides[0].notes_slide.notes_text_frame.text == "本日は"
    assert not show.slides[1].has_notes_slide


def test_charts_are_native_and_hold_the_numbers(show, bars, lines):
    plain, floating, curves = charts(show)
    assert list(plain.plots[0].categories) == ["人数", "計算量"]
    assert list(plain.plots[0].series[0].values) == [13.0, 0.54]
    best, rule, low, high, mark = curves.plots[0].series
    assert list(best.values) == list(lines.lines[0].y)
    assert list(rule.values) == [9.0, 3.4, 3.0], "NaN is left out"
    assert (list(low.values), list(high.values)) == (list(lines.band.low), list(lines.band.high))
    assert list(mark.values) == [2.9]
    for chart in (plain, floating, curves):
        assert chart.part.chart_workbook.xlsx_part is not None, "its numbers can be edited"


def test_floating_bars_stack_to_their_ends(show, floating):
    unseen, above, below, _ = charts(show)[1].plots[0].series
    parts = zip(unseen.values, above.values, below.values, reversed(floating.bars), strict=True)
    for base, up, down, bar in parts:
        low, high = sorted((bar.start, bar.end))
        assert max(high, 0) == pytest.approx(max(base, 0) + up)
        assert min(low, 0) == pytest.approx(min(base, 0) + down)


def test_charts_have_words(show):
    described = [
        shape._element.nvGraphicFramePr.cNvPr.get("descr")
        for page in show.slides
        for shape in page.shapes
        if shape.has_chart
    ]
    assert described[0] == "What doubling buys."


def test_nothing_leaves_the_page(show):
    for page in show.slides:
        for shape in page.shapes:
            assert shape.left >= 0 and shape.left + shape.width <= Pt(WIDTH + 1)
            assert shape.top >= 0 and shape.top + shape.height <= Pt(HEIGHT + 1), shape.name


def test_the_record_has_an_empty_box_under_every_role(show, deck):
    page = next(page for page in show.slides if page.shapes.title.text_frame.text == "決裁書")
    boxes = {shape.name: shape for shape in page.shapes}
    for role in deck.record.approvals:
        head, box = boxes[role], boxes[f"{role} □"]
        assert head.text_frame.text == role and box.text_frame.text == ""
        assert (head.left, head.top + head.height) == (box.left, box.top)
        assert box.height >= Pt(50)
    table = next(shape for shape in page.shapes if shape.has_table)
    assert table.top + table.height <= boxes[deck.record.approvals[0]].top

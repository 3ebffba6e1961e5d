"""Text breaks as print does, axes have round ticks, and nothing is drawn outside."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.report.deck import Table, table_of
from engine.report.drawing import Area, Dot, Label, Stroke, drawn
from engine.report.layout import column_widths, pages
from engine.report.measure import em, wrap
from engine.report.scales import straight_scale

TEXTS = st.text(alphabet="損失は、。「」()2.85% abcdefg", max_size=80)


@given(TEXTS, st.floats(4, 40))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text, width):
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(em(line) <= width + 1e-9 for line in lines)


def test_a_line_begins_with_no_closing_mark():
    for line in wrap("予測損失は「2.85」です。次に、人数を増やします。", 6)[1:]:
        assert line[0] not in "」、。"


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_ticks_are_few_and_inside(low, span):
    scale = straight_scale(low, low + span, 0, 100, ticks=5)
    assert 2 <= len(scale.ticks) <= 9
    assert all(-1e-6 <= scale.at(value) <= 100 + 1e-6 for value, _ in scale.ticks)


@pytest.mark.parametrize("kind", ["bars", "floating", "lines"])
def test_nothing_is_drawn_outside(kind, request):
    width, height, size = 800.0, 300.0, 14.0
    for shape in drawn(request.getfixturevalue(kind), width, height, size):
        places = {
            Stroke: lambda s: s.points,
            Area: lambda s: s.points,
            Dot: lambda s: [(s.x, s.y)],
            Label: lambda s: [(s.x, s.y)],
        }[type(shape)](shape)
        for x, y in places:
            assert -1 <= x <= width + 1 and -1 <= y <= height + 1, shape


def test_a_table_holds_the_numbers_of_its_figure(floating, lines):
    assert table_of(floating, "t").rows[1] == ("Team", 100.0, 40.0)
    first = table_of(lines, "t").rows[0]
    assert first[:2] == (1e18, 4.0) and math.isnan(float(first[2]))


def test_a_table_with_a_missing_cell_is_refused():
    with pytest.raises(InputError, match="2 cells in each row of t, got 1"):
        Table(title="t", heads=("a", "b"), rows=(("x",),))


def test_no_word_is_broken_where_there_is_room():
    table = Table(title="", heads=("Item", "Text"), rows=(("Recommendation", "words " * 60),))
    narrow, _ = column_widths(table, 400, 12, 5)
    assert wrap("Recommendation", (narrow - 10) / 12) == ["Recommendation"]


def test_long_tables_are_cut_between_rows_and_lose_none():
    rows = tuple((str(n), "text " * (n % 7)) for n in range(50))
    table = Table(title="", heads=("n", "text"), rows=rows)
    portions = pages(table, 300, 200, 10, 4)
    assert len(portions) > 2 and sum(portions, ()) == table.rows
    assert sum(column_widths(table, 300, 10, 4)) == pytest.approx(300)

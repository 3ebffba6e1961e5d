"""Pages of slides: none is higher than its room, nothing is lost, type is as large as fits."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.report.arrangement import GAP, LEADING, ROLE, STAMP, Room, arranged
from engine.report.deck import Slide, Table, Tile
from engine.report.measure import line_counts
from engine.report.picture import em
from engine.report.print import compiler
from tests.present import present

ROOM = Room(width=872, title=74, body=391)
TEXTS = st.text(alphabet="ab あい。1", min_size=1, max_size=90)
POINTS = st.lists(TEXTS, max_size=3).map(tuple)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=25)


@given(TEXTS, POINTS, ROWS, st.booleans(), st.booleans())
@settings(max_examples=20)
def test_a_table_loses_no_row_and_no_page_is_too_high(title, points, rows, stamped, yields):
    table = Table(title="", heads=("a", "b"), rows=tuple(rows))
    stamps = ("起案", "決裁") if stamped else ()
    slide = Slide(key="k", title=title, points=points, table=table, stamps=stamps)
    room = replace(ROOM, yields=yields)
    pages = arranged(slide, room)
    assert [row for page in pages for row in present(page.table).table.rows] == list(table.rows)
    assert len({present(page.table).size for page in pages}) == 1
    for place, page in enumerate(pages):
        used = page.title_height + page.points_height + present(page.table).height + GAP
        used += ROLE + STAMP + 10 if page.stamps else 0
        assert used <= room.title + room.body + 1e-6 or len(present(page.table).table.rows) == 1
        assert page.points == (points if place == 0 else ())
        assert page.stamps == (stamps if page is pages[-1] else ())
        assert present(page.table).size >= room.smallest


def test_a_table_that_another_program_sets_has_a_line_to_spare():
    rows = tuple((f"モデルサイズ(パラメータ){n}", "2,190万〜8,980万") for n in range(7))
    slide = Slide(key="k", title="T", table=Table(title="", heads=("項目", "値"), rows=rows))
    room = replace(ROOM, body=330)
    (here,), (there,) = (arranged(slide, each) for each in (room, replace(room, elsewhere=True)))
    laid, spared = present(here.table), present(there.table)
    assert laid.height == pytest.approx(room.body - GAP)
    assert spared.height <= room.body - GAP - LEADING * spared.size + 1e-6
    assert (spared.size, spared.widths) == (laid.size, laid.widths)


def test_a_figure_takes_what_sentences_leave(bars):
    slide = Slide(key="k", title="T", figure=bars, points=("A sentence.",))
    (page,) = arranged(slide, ROOM)
    assert page.figure_height + page.points_height == pytest.approx(ROOM.body)
    assert page.figure_height > 0.65 * ROOM.body
    (alone,) = arranged(replace(slide, points=()), ROOM)
    assert alone.figure_height == ROOM.body


def test_a_short_title_leaves_its_room_where_that_may_be():
    slide = Slide(key="k", title="Short", points=("A sentence.",))
    assert arranged(slide, ROOM)[0].title_height == ROOM.title
    assert arranged(slide, replace(ROOM, yields=True))[0].title_height < 0.6 * ROOM.title


def test_short_cells_stay_whole_at_the_price_of_type():
    rows = (("パイロット段階", "損失が3.34以下なら進む" * 3, "84%"),) * 3
    table = Table(title="", heads=("段階", "関門", "確率"), rows=rows)
    laid = arranged(Slide(key="k", title="T", table=table), ROOM)[0].table
    assert laid is not None
    assert laid.widths[0] - 12 >= 7 * laid.size


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_tiles_fill_their_slide_with_large_values(count):
    tiles = tuple(Tile(name="正味現在価値", value="4,710万円", detail="範囲") for _ in range(count))
    (page,) = arranged(Slide(key="k", title="T", tiles=tiles), ROOM)
    assert page.tiles_height == pytest.approx(ROOM.body)
    assert page.value_size >= 32
    two = tuple(replace(tile, value="29 months") for tile in tiles)
    (page,) = arranged(Slide(key="k", title="T", tiles=two), replace(ROOM, width=700))
    # Bold type is wider than this says: its value stands in one line.
    assert em("29 months") * page.value_size <= (700 - 2 * GAP) / 3 - 24
    long = tuple(replace(tile, value="29か月(15か月以上を見込みます)") for tile in tiles)
    (page,) = arranged(Slide(key="k", title="T", tiles=long), ROOM)
    assert 18 <= page.value_size < 32


def test_one_long_value_does_not_make_all_values_small():
    tiles = [Tile(name="Net present value", value="¥47.1M", detail="a range") for _ in range(5)]
    tiles.append(replace(tiles[0], value="29 months (15 months or more)"))
    (page,) = arranged(Slide(key="k", title="T", tiles=tuple(tiles)), ROOM)
    assert page.value_size >= 28


def test_of_what_was_measured_a_bounded_number_of_sizes_is_kept_and_no_word(monkeypatch):
    monkeypatch.setattr(compiler, "_answers", {})
    monkeypatch.setattr(compiler, "_MOST_ANSWERS", 2)
    said = [(letter * 40,) for letter in "社外秘"]
    counts = [line_counts([row], (10.0,)) for row in said]
    assert len(compiler._answers) == 2
    assert all(isinstance(key, bytes) and len(key) == 32 for key in compiler._answers)
    monkeypatch.setattr("typst.query", None)
    assert line_counts([said[-1]], (10.0,)) == counts[-1]
    with pytest.raises(TypeError):
        line_counts([said[0]], (10.0,))

"""Tables on pages: every row once, none higher than its page, and no page of a single row."""

import pytest
from engine.report.layout import column_widths, pages, row_height
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from engine.report.deck import Table
from engine.report.fonts import japanese_face
from engine.report.measure import em

WIDTH, SIZE, PADDING = 400.0, 10.0, 5.0
TEXTS = st.text(alphabet="ab あい。", max_size=120)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=40), st.floats(60, 400))
def test_rows_stay_in_order_and_on_their_page(rows, height):
    table = Table(title="", heads=("a", "b"), rows=tuple(rows))
    found = pages(table, WIDTH, height, SIZE, PADDING)
    assert [row for page in found for row in page] == list(table.rows)
    widths = column_widths(table, WIDTH, SIZE, PADDING)
    head = row_height(table.heads, widths, SIZE, PADDING)
    for page in found:
        used = head + sum(row_height(row, widths, SIZE, PADDING) for row in page)
        assert used <= height + 1e-6 or len(page) == 1


def test_pages_are_about_equally_full():
    table = Table(title="", heads=("a", "b"), rows=tuple((str(n), "x") for n in range(21)))
    one = row_height(("a", "b"), column_widths(table, WIDTH, SIZE, PADDING), SIZE, PADDING)
    assert [len(page) for page in pages(table, WIDTH, 11.5 * one, SIZE, PADDING)] == [7, 7, 7]
    assert [len(page) for page in pages(table, WIDTH, 22.5 * one, SIZE, PADDING)] == [21]
    assert [len(page) for page in pages(table, WIDTH, 12.5 * one, SIZE, PADDING)] == [11, 10]


def test_no_letter_is_wider_in_our_pdfs_than_estimated():
    """Else rows are higher than their page, and the last one stands alone on another."""
    face = japanese_face()
    font = ImageFont.truetype(str(face.regular), 1000, index=face.number)
    for code in range(32, 127):
        assert font.getlength(chr(code)) <= 1000 * em(chr(code)) + 1, chr(code)


def test_a_table_without_rows_has_no_pages():
    assert pages(Table(title="", heads=("a",), rows=()), WIDTH, 100, SIZE, PADDING) == []


def test_where_no_word_fits_none_is_squeezed_to_nothing():
    row = ("international", "organisation", "2026-11")
    widths = column_widths(Table(title="", heads=("a", "b", "c"), rows=(row,)), 100, 12, 4)
    assert sum(widths) == pytest.approx(100) and min(widths) > 20

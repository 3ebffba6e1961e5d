"""Excel and CSV: every table, numbers as numbers, no text that becomes a formula."""

import csv
import io
import zipfile

from openpyxl import load_workbook

from engine.report.workbook.book import archive, workbook


def sheets(deck):
    return load_workbook(io.BytesIO(workbook(deck))).worksheets


def test_a_sheet_a_table_and_one_that_says_what_all_rest_on(deck):
    found = sheets(deck)
    assert len(found) == 1 + len(deck.tables)
    cover = [row[0] for row in found[0].iter_rows(values_only=True)]
    assert deck.footer in cover and deck.address in cover


def test_sheets_have_codes_for_names_and_their_title_inside(deck):
    found = {sheet.title: sheet["A1"].value for sheet in sheets(deck)}
    assert found == {
        "cover": "ご提案", "chart_b": "Bars", "chart_c": "Floating", "chart_d": "Lines",
        "table_e": "Sources: a/b", "table_f": "前提",
    }  # fmt: skip


def test_numbers_are_numbers_and_texts_never_formulas(deck):
    sheet = next(sheet for sheet in sheets(deck) if sheet.title == "table_e")
    assert [cell.value for cell in sheet[3]] == ["name", "value", "source"]
    assert sheet["B4"].value == 1.5
    assert (sheet["C4"].value, sheet["C4"].data_type) == ("=HYPERLINK(1)", "s")
    assert sheet["C4"].quotePrefix, "else it becomes a formula when somebody edits the cell"
    assert not sheet["A4"].quotePrefix
    assert sheet["B5"].value is None


def test_a_row_is_as_high_as_its_texts(deck):
    """LibreOffice would print wrapped lines over each other."""
    sheet = next(sheet for sheet in sheets(deck) if sheet.title == "table_f")
    assert sheet.row_dimensions[4].height >= 30, "a long source takes two lines"
    assert sheet.row_dimensions[3].height in (None, 15)


def test_csv_holds_the_same_and_is_harmless(deck):
    with zipfile.ZipFile(io.BytesIO(archive(deck))) as file:
        assert len(file.namelist()) == 2 + len(deck.tables)
        text = file.read("table_e.csv").decode("utf-8-sig")
        titles = file.read("index.csv").decode("utf-8-sig")
    assert "table_f.csv,前提" in titles.splitlines()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1] == ["x", "1.5", "'=HYPERLINK(1)"]
    assert rows[2][2].startswith("'@cmd")


def test_the_same_deck_makes_the_same_archive(deck):
    assert archive(deck) == archive(deck)

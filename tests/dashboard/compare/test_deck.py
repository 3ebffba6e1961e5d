"""The comparison goes out as slides, workbook and CSV with the figures of the page."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from openpyxl import load_workbook
from pptx import Presentation

from dashboard.compare import wording
from dashboard.compare.deck import Basis, deck
from dashboard.compare.export_menu import FILES, file_name
from dashboard.ui.colours import LIGHT
from engine.errors import InputError
from engine.report.deck import Bars, Deck
from engine.report.record_form import docx
from engine.text import quantities
from tests.dashboard.compare.test_wording import EN, JA, earning, explained, side
from tests.dashboard.roi.test_wording import found
from tests.present import present

BASIS = Basis(
    day=date(2026, 11, 24),
    fit_version="f" * 12,
    code_version="c" * 12,
    address="https://k.example/c",
)
MAKE = {suffix: make for _, suffix, _, make in FILES}


@pytest.fixture(scope="module")
def sides():
    first = earning(side("This scenario"), found())
    second = earning(side("=A1+案", data=100_000_000), found(100))
    return [first, second, side("c", epsilon=1.0)]


@pytest.fixture(params=[EN, JA], ids=["en", "ja"])
def made(request, sides) -> Deck:
    ways = [explained(sides[0], other) for other in sides[1:]]
    return deck(sides, ways, {}, BASIS, request.param, LIGHT)


def test_each_pair_has_its_sentence_and_all_scenarios_are_columns(made, sides):
    keys = [slide.key for slide in made.slides]
    assert keys == ["pair_1", "pair_2", "worth", "comparison"]
    table = present(made.slides[-1].table)
    assert table.heads[1:] == tuple(each.name for each in sides)
    marked = [cell for row in table.rows for cell in row[1:] if str(cell).startswith("≠")]
    assert marked and not any("**" in str(cell) for row in table.rows for cell in row)
    assert made.slides[0].title != made.slides[1].title


def test_the_best_has_the_colour_of_what_is_recommended(made, sides):
    figure = made.slides[2].figure
    assert isinstance(figure, Bars)
    best = max(figure.bars, key=lambda bar: bar.end)
    assert [bar.colour == LIGHT.recommendation for bar in figure.bars] == [
        bar is best for bar in figure.bars
    ]
    assert best.name in made.slides[2].title


def test_one_value_known_is_no_figure(sides):
    alone = [sides[0], replace(sides[2], answer=replace(sides[2].answer, study=None))]
    told = deck(alone, [explained(*alone)], {}, BASIS, EN, LIGHT)
    assert "worth" not in [slide.key for slide in told.slides]


def test_files_hold_the_page_s_table_and_the_engine_s_numbers(made, sides):
    show = Presentation(io.BytesIO(MAKE[".pptx"](made)))
    cells = {
        cell.text_frame.text.replace("\u2060", "")
        for page in show.slides
        for shape in page.shapes
        if shape.has_table
        for row in shape.table.rows
        for cell in row.cells
    }
    shown = {str(cell) for row in present(made.slides[-1].table).rows for cell in row}
    assert shown <= cells
    with zipfile.ZipFile(io.BytesIO(MAKE["-csv.zip"](made))) as archive:
        lines = archive.read("numbers_1.csv").decode("utf-8-sig").splitlines()
    rows = {row[0]: row[1:] for row in csv.reader(lines)}
    npv = [quantities.value("npv", each.answer) for each in sides]
    assert [float(cell) for cell in rows["npv"]] == pytest.approx(npv)
    assert rows["name"][1] == "'=A1+案", "what would be a formula is told to be none"
    book = load_workbook(io.BytesIO(MAKE[".xlsx"](made)))
    sheet = book["table_comparison"]
    assert {str(c.value) for row in sheet.iter_rows() for c in row} >= shown - {""}
    assert MAKE[".pdf"](made).startswith(b"%PDF")


def test_files_are_named_after_scenarios_and_day(sides):
    assert file_name(sides, BASIS.day, ".pptx") == (
        "kessai_comparison_This-scenario_A1-案_c_2026-11-24.pptx"
    )
    long = [replace(each, name="案" * 60) for each in (*sides, sides[0])]
    assert len(file_name(long, BASIS.day, "-csv.zip").encode()) <= 255


def test_it_asks_for_nothing(made):
    assert made.record is None and "record" not in json.dumps([c for c, _ in made.coded_tables])
    with pytest.raises(InputError, match="a deck with a decision record"):
        docx(made)


def test_the_page_marks_what_the_table_marks(sides):
    _, rows = wording.cells(sides, EN)
    page = wording.table(sides, EN)
    column = list(page.values())[2]
    assert [cell.strip("*") for cell in column] == [row[2] for row in rows]
    assert all(
        cell.startswith("**≠ ") == row[2].startswith("≠ ")
        for cell, row in zip(column, rows, strict=True)
    )

"""The record as a Word document and as fields: all is there, nothing torn, nothing run as code."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from docx import Document
from docx.oxml.ns import qn

from engine.report.deck import Field, Section, Table
from engine.report.picture import em
from engine.report.record_form import docx, fields_csv, fields_json
from tests.present import present

FIELDS = (
    Field(code="subject", name="件名", text="学習しますか。"),
    Field(code="account", name="予算科目", text=""),
    Field(code="amount", name="金額", text="40.9万円", value=409_000.0, unit="JPY"),
    Field(code="agreement", name="合議", text="=HYPERLINK(1)\x00"),
)


@pytest.fixture
def form(deck):
    record = replace(deck.record, fields=FIELDS)
    return replace(deck, record=record, author="経営企画部", day=date(2026, 11, 24))


@pytest.fixture
def made(form):
    return Document(io.BytesIO(docx(form)))


def test_the_form_has_its_fields_stamps_sections_and_annex(form, made):
    heads = [p.text for p in made.paragraphs if p.style.name.startswith(("Heading", "Title"))]
    assert heads == ["決裁書", "1. 提案", "2. 数値", "付録"]
    assert [cell.text for cell in made.tables[0].rows[0].cells] == ["起案", "審査", "決裁"]
    assert all(not cell.text for cell in made.tables[0].rows[1].cells)
    assert [(row.cells[0].text, row.cells[1].text) for row in made.tables[1].rows] == [
        (field.name, field.text) for field in FIELDS
    ]
    texts = {cell.text for row in made.tables[-1].rows for cell in row.cells}
    assert {f"前提{n}" for n in range(40)} <= texts
    assert form.footer in made.sections[0].footer.paragraphs[0].text


def test_heads_repeat_and_no_row_is_torn(made):
    annex = made.tables[-1]
    assert annex.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in annex.rows[1:])


def test_a_long_column_gets_more_room(made):
    widths = [column.width for column in made.tables[-1].columns]
    assert widths[2] > 3 * widths[1] and sum(widths) <= 6_120_200  # 170 mm


def test_a_short_table_stays_whole_and_words_lead_to_theirs(form):
    few = Table(title="", heads=("a", "b"), rows=tuple((str(n), "x") for n in range(5)))
    section = Section(heading="数値", sentences=("前文。",), table=few)
    record = replace(form.record, sections=(section,))
    made = Document(io.BytesIO(docx(replace(form, record=record))))

    def kept(row):
        return [cell.paragraphs[0].paragraph_format.keep_with_next for cell in row.cells]

    *before, last = made.tables[2].rows
    assert all(all(kept(row)) for row in before) and not any(kept(last))
    long = made.tables[-1].rows
    assert all(kept(long[1])) and not any(kept(long[20])) and all(kept(long[-2]))
    (sentence,) = [one for one in made.paragraphs if one.text == "前文。"]
    assert sentence.paragraph_format.keep_with_next


def test_dates_stay_whole_in_a_wider_font(deck):
    rows = (("Minutes saved by a model", "5 minutes", "a source that is long " * 8, "2026-11"),)
    table = Table(title="", heads=("Figure", "Value", "Source", "Date"), rows=rows)
    told = replace(deck, appendix=(replace(deck.appendix[0], table=table),))
    shown = Document(io.BytesIO(docx(told))).tables[-1]
    widths = [present(cell.width).pt for cell in shown.rows[0].cells]
    assert sum(widths) == pytest.approx(482, abs=1)
    assert widths[-1] - 11 >= 1.15 * 9 * em("2026-11") and widths[2] == max(widths)


def test_its_language_is_said(made):
    """It decides where lines break and which form of a kanji a substitute font takes."""
    (spoken,) = made.styles.element.iter(qn("w:lang"))
    assert spoken.get(qn("w:eastAsia")) == "ja-JP" and spoken.get(qn("w:val")) == "en-GB"


def test_author_and_day_are_ours(made):
    about = made.core_properties
    assert (about.author, about.title) == ("経営企画部", "決裁書")
    assert about.created.date() == about.modified.date() == date(2026, 11, 24)


def test_japanese_is_set_in_a_japanese_font(made):
    for name in ("Normal", "Title", "Heading 1"):
        fonts = made.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == "Yu Gothic"
        assert fonts.get(qn("w:eastAsiaTheme")) is None, "a theme's font would win"


def test_fields_for_a_workflow(form):
    rows = list(csv.reader(io.StringIO(fields_csv(form).decode("utf-8-sig"))))
    assert rows[:3] == [
        ["field", "name", "content"],
        ["subject", "件名", "学習しますか。"],
        ["account", "予算科目", ""],
    ]
    assert rows[4][2] == "'=HYPERLINK(1) ", "no formula in somebody's spreadsheet"
    found = json.loads(fields_json(form))["fields"]
    assert found["amount"] == {
        "name": "金額",
        "content": "40.9万円",
        "value": 409_000,
        "unit": "JPY",
    }
    assert "value" not in found["account"]


def test_no_line_ends_between_sign_and_currency(form):
    """Measured in LibreOffice: without the joiner it breaks there."""
    amounts = "−¥6,500万(−¥1.2億〜$3)"
    section = Section(
        heading="数値",
        sentences=(amounts,),
        table=Table(title="t", heads=("a",), rows=((amounts,),)),
    )
    made = Document(
        io.BytesIO(docx(replace(form, record=replace(form.record, sections=(section,)))))
    )
    joined = amounts.replace("−", "−\u2060")
    assert made.tables[-2].rows[1].cells[0].text == joined
    assert joined in [paragraph.text for paragraph in made.paragraphs]

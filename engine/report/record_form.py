"""The decision record as a Word document to be filled in, and its fields for a workflow system.

The document is made of Word's own parts: headings, tables whose heads repeat, rows that are not
torn, an empty cell under each role. The fields are what approval systems ask for, by stable English
names with the reader's beside them; what the answer does not know (number, budget account, who is
to agree) stays empty, to be filled in by a person.
"""

import io
import json
from collections.abc import Iterator
from datetime import datetime, time

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table as WordTable

from engine.report.colours import ACCENT, plain
from engine.report.deck import Deck, Record, Table, text_of
from engine.report.measure import em
from engine.tables.guard import csv_text

_ACCENT, _ON_ACCENT = RGBColor.from_string(plain(ACCENT)), plain(ACCENT)
_FONTS = {"ja": "Yu Gothic", "en": "Calibri"}
_TEXT, _SMALL = Pt(10.5), Pt(9)
_STAMP, _ROOM = Mm(20), Mm(170)
_PADDING, _SHORT = Mm(7), 10.5
"""Room of a cell beside its text, and em of a text that is kept in one line."""
_EVEN = 0.6
"""Power of a column's longest text that is its share of the room."""


def docx(deck: Deck) -> bytes:
    """The form and, after it, the deck's appendix."""
    made, record = Document(), deck.form
    _set_up(made, deck)
    title = made.add_heading(record.title, level=0)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    made.add_paragraph(record.dated).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _stamps(made, record.approvals)
    made.add_paragraph(record.request)
    _fields(made, record)
    for number, section in enumerate(record.sections, start=1):
        made.add_heading(f"{number}. {section.heading}", level=1)
        for sentence in section.sentences:
            made.add_paragraph(sentence)
        if section.table is not None:
            _table(made, section.table)
    made.add_paragraph(record.end).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    made.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
    for slide in deck.appendix:
        made.add_heading(slide.title, level=1)
        for point in slide.points:
            made.add_paragraph(point)
        if slide.table is not None:
            _table(made, slide.table)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def fields_csv(deck: Deck) -> bytes:
    """The fields of the record, one a line: name, the reader's name, content; UTF-8 as Excel takes
    it."""
    rows = [(field.code, field.name, field.text) for field in deck.form.fields]
    return csv_text(("field", "name", "content"), rows, with_bom=True).encode()


def fields_json(deck: Deck) -> bytes:
    """The same as JSON: ``fields`` by code, an amount of money as a number of yen beside it."""
    content = {
        field.code: {
            "name": field.name,
            "content": field.text,
            **({} if field.value is None else {"value": field.value, "unit": field.unit}),
        }
        for field in deck.form.fields
    }
    shown = {"title": deck.form.title, "language": deck.language, "basis": deck.footer,
             "address": deck.address, "fields": content}  # fmt: skip
    return json.dumps(shown, ensure_ascii=False, indent=2, allow_nan=False).encode()


def _set_up(made: WordDocument, deck: Deck) -> None:
    """A4, one font for all scripts, who made it and when, and the basis under every page."""
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(18)
    font = _FONTS[deck.language]
    for name in ("Normal", "Title", "Heading 1"):
        style = made.styles[name]
        style.font.name = font
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(script), font)
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
    made.styles["Normal"].font.size = _TEXT
    for name, size in (("Title", Pt(22)), ("Heading 1", Pt(13))):
        made.styles[name].font.size = size
        made.styles[name].font.color.rgb = _ACCENT
    about = made.core_properties
    about.title, about.author, about.last_modified_by = deck.form.title, deck.author, deck.author
    about.comments, about.language = deck.footer, deck.language
    if deck.day is not None:
        about.created = about.modified = datetime.combine(deck.day, time())
    below = section.footer.paragraphs[0]
    below.text = deck.footer
    for run in below.runs:
        run.font.size = Pt(7)


def _stamps(made: WordDocument, roles: tuple[str, ...]) -> None:
    shown = made.add_table(rows=2, cols=len(roles), style="Table Grid")
    shown.alignment = 2  # on the right
    for place, role in enumerate(roles):
        cell = shown.rows[0].cells[place]
        cell.text = role
        cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    shown.rows[1].height = _STAMP
    _widths(shown, tuple(_STAMP for _ in roles))


def _fields(made: WordDocument, record: Record) -> None:
    """What a workflow asks for, as a table to be filled in."""
    shown = made.add_table(rows=0, cols=2, style="Table Grid")
    for field in record.fields:
        row = shown.add_row()
        _whole(row)
        row.cells[0].text, row.cells[1].text = field.name, field.text
    _widths(shown, (Mm(45), Mm(125)))


def _table(made: WordDocument, table: Table) -> None:
    shown = made.add_table(rows=1, cols=len(table.heads), style="Table Grid")
    for cell, head in zip(shown.rows[0].cells, table.heads, strict=True):
        cell.text = head
        cell._tc.get_or_add_tcPr().append(_shade(_ON_ACCENT))
        for run in cell.paragraphs[0].runs:
            run.font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    shown.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in table.rows:
        added = shown.add_row()
        _whole(added)
        for cell, content in zip(added.cells, row, strict=True):
            cell.text = text_of(content)
    for run in _runs(shown):
        run.font.size = _SMALL
    _widths(shown, _shares(table))
    made.add_paragraph()


def _shares(table: Table) -> tuple[int, ...]:
    """Widths of columns that fill the page: short ones, such as dates, in one line, the others by
    how long their texts are."""
    columns = zip(table.heads, *(map(text_of, row) for row in table.rows), strict=True)
    longest = [max(map(em, column)) for column in columns]
    short = [_SMALL * width + _PADDING if width <= _SHORT else 0 for width in longest]
    shares = [0.0 if width <= _SHORT else width**_EVEN for width in longest]
    if not any(shares):
        shares[-1] = 1.0
    room = _ROOM - sum(short)
    return tuple(
        int(own + room * share / sum(shares)) for own, share in zip(short, shares, strict=True)
    )


def _runs(shown: WordTable) -> Iterator:  # type: ignore[type-arg]
    for row in shown.rows:
        for cell in row.cells:
            for paragraph in cell.paragraphs:
                yield from paragraph.runs


def _shade(colour: str):  # type: ignore[no-untyped-def]
    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:fill"), colour)
    return shade


def _whole(row) -> None:  # type: ignore[no-untyped-def]
    """A row that no page break tears."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _widths(shown: WordTable, widths: tuple[int, ...]) -> None:
    """Said of columns and of cells: of the two, some programs read only one."""
    shown.autofit = False
    for column, width in zip(shown.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width

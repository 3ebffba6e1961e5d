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
from docx.opc.constants import RELATIONSHIP_TYPE as RELATED
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table as WordTable
from docx.table import _Cell
from docx.text.hyperlink import Hyperlink
from docx.text.paragraph import Paragraph

from engine.report.arrangement import column_widths
from engine.report.colours import ACCENT, plain
from engine.report.deck import Deck, Record, Table, led, text_of, unbroken
from engine.tables.guard import csv_text

_ACCENT, _ON_ACCENT = RGBColor.from_string(plain(ACCENT)), plain(ACCENT)
_FONTS = {"ja": "Yu Gothic", "en": "Calibri"}
_TEXT, _SMALL = Pt(10.5), Pt(9)
_LINE = Pt(12)
"""Of a table, whatever its font: those for Japanese are high."""
_STAMP, _ROOM = Mm(20), Mm(170)
_FEW = 16
"""Rows of a table that goes to the next page whole, as in the PDF."""
_WIDER = 1.2
"""Of a font that a program takes where it has not ours: dates stay whole in it too."""


def docx(deck: Deck) -> bytes:
    """The form and, after it, the deck's appendix."""
    made, record = Document(), deck.form
    _set_up(made, deck)
    title = made.add_heading(record.title, level=0)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    made.add_paragraph(record.dated).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _stamps(made, record.approvals)
    made.add_paragraph(record.request)
    _fields(made, record, deck.address)
    for number, section in enumerate(record.sections, start=1):
        made.add_heading(f"{number}. {section.heading}", level=1)
        _sentences(made, section.sentences, section.table, deck.address)
    made.add_paragraph(record.end).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    made.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
    for slide in deck.appendix:
        made.add_heading(slide.title, level=1)
        _sentences(made, slide.points, slide.table, deck.address)
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
    for spoken in made.styles.element.iter(qn("w:lang")):
        spoken.set(qn("w:val"), "en-GB")  # Of Latin text: as Japanese its numbers would be torn.
        spoken.set(qn("w:eastAsia"), "ja-JP")
    made.styles["Normal"].font.size = _TEXT
    made.styles["Normal"].paragraph_format.space_after = Pt(5)
    for name, size in (("Title", Pt(22)), ("Heading 1", Pt(13))):
        made.styles[name].font.size = size
        made.styles[name].font.color.rgb = _ACCENT
    made.styles["Heading 1"].paragraph_format.space_before = Pt(12)
    made.styles["Heading 1"].paragraph_format.space_after = Pt(4)
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


def _fields(made: WordDocument, record: Record, address: str) -> None:
    """What a workflow asks for, as a table to be filled in."""
    shown = made.add_table(rows=0, cols=2, style="Table Grid")
    for field in record.fields:
        row = shown.add_row()
        _whole(row)
        row.cells[0].text = field.name
        _say(row.cells[1], field.text, address)
    _widths(shown, (Mm(45), Mm(125)))


def _sentences(
    made: WordDocument, sentences: tuple[str, ...], table: Table | None, address: str
) -> None:
    """And the table that they lead to, on the same page."""
    for sentence in sentences:
        made.add_paragraph(unbroken(sentence)).paragraph_format.keep_with_next = table is not None
    if table is not None:
        _table(made, table, address)


def _say(cell: _Cell, text: str, address: str) -> None:
    """The text; the scenario's address leads to it."""
    to, rest = led(text, address)
    cell.text = to or unbroken(rest)
    if to:
        (paragraph,) = cell.paragraphs
        lead = OxmlElement("w:hyperlink")
        lead.set(
            qn("r:id"),
            paragraph.part.relate_to(address, RELATED.HYPERLINK, is_external=True),
        )
        for run in paragraph.runs:
            run.font.underline, run.font.color.rgb = True, _ACCENT
            lead.append(run._r)
        paragraph._p.append(lead)
        paragraph.add_run(rest)


def _table(made: WordDocument, table: Table, address: str) -> None:
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
            _say(cell, text_of(content), address)
    for paragraph in _paragraphs(shown):
        for part in paragraph.iter_inner_content():
            for run in part.runs if isinstance(part, Hyperlink) else [part]:
                run.font.size = _SMALL
    _together(shown)
    for paragraph in _paragraphs(shown):
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = _LINE
    widths = column_widths(table, _ROOM.pt, _WIDER * _SMALL.pt)
    _widths(shown, tuple(int(Pt(width)) for width in widths))
    after = made.add_paragraph().paragraph_format
    after.space_after, after.line_spacing = Pt(0), Pt(4)


def _together(shown: WordTable) -> None:
    """A short table stays on one page, a long one leaves no single row behind."""
    last = len(shown.rows) - 1
    for place, row in enumerate(shown.rows):
        if place < last and (last <= _FEW or place < 2 or place >= last - 2):
            for cell in row.cells:
                cell.paragraphs[0].paragraph_format.keep_with_next = True


def _paragraphs(shown: WordTable) -> Iterator[Paragraph]:
    for row in shown.rows:
        for cell in row.cells:
            yield from cell.paragraphs


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

"""Every table of the deck as an Excel workbook, or as CSV files in one archive.

Texts are written as texts: a source that someone typed as ``=1+1`` stays what was typed, in Excel
as in a CSV file that Excel opens.
"""

import io
import math
import re
import zipfile

from openpyxl import Workbook
from openpyxl.cell import Cell as WorkbookCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from engine.report.deck import Cell, Deck, Table, text_of
from engine.report.measure import em
from engine.tables.guard import BOM, csv_text, is_live

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME, _LONGEST_FILE = 28, 60
_WIDEST = 70.0
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""Of files in the archive, so that the same deck makes the same bytes."""


def workbook(deck: Deck) -> bytes:
    """A sheet a table, the first one saying what all rest on."""
    book = Workbook()
    first = book.active
    _fill(first, _cover(deck))
    first.title = _sheet_name(deck.title, 0)
    for place, table in enumerate(deck.tables, start=1):
        _fill(book.create_sheet(_sheet_name(table.title, place)), table)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def archive(deck: Deck) -> bytes:
    """The same tables as CSV files: UTF-8 with the mark that Excel looks for."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for place, table in enumerate((_cover(deck), *deck.tables)):
            stem = re.sub(r"[^\w.-]+", "_", table.title).strip("_.")[:_LONGEST_FILE]
            name = zipfile.ZipInfo(f"{place:02d}_{stem}.csv", _FIRST_DATE)
            target.writestr(name, BOM + to_csv(table))
    return file.getvalue()


def to_csv(table: Table) -> str:
    """One table with its heads."""
    return csv_text(
        table.heads,
        [
            [cell if isinstance(cell, str) or math.isfinite(cell) else None for cell in row]
            for row in table.rows
        ],
    )


def _cover(deck: Deck) -> Table:
    """What is decided, and what that rests on, in one column of texts."""
    lines = [deck.subtitle]
    lines += [slide.title for slide in deck.slides]
    lines += [point for slide in deck.appendix for point in slide.points]
    lines += [deck.footer, deck.address]
    return Table(title=deck.title, heads=(deck.title,), rows=tuple((line,) for line in lines))


def _fill(sheet: Worksheet, table: Table) -> None:
    for across, head in enumerate(table.heads, start=1):
        cell = sheet.cell(1, across)
        _put(cell, head)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="3B4CC0")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for down, row in enumerate(table.rows, start=2):
        for across, content in enumerate(row, start=1):
            cell = sheet.cell(down, across)
            _put(cell, content)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for across, column in enumerate(zip(table.heads, *table.rows, strict=True), start=1):
        longest = max(em(text_of(content)) for content in column)
        sheet.column_dimensions[get_column_letter(across)].width = min(2 * longest + 3, _WIDEST)
    sheet.freeze_panes = "A2"


def _put(cell: WorkbookCell, content: Cell) -> None:
    if isinstance(content, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", content)
        cell.data_type = "s"  # Else a text that begins with = would become a formula.
        cell.quotePrefix = is_live(content)  # Nor may it become one when somebody edits the cell.
    elif math.isfinite(content):
        cell.value = content


def _sheet_name(title: str, place: int) -> str:
    """Short, allowed, and unlike any other."""
    return f"{place:02d} {_FORBIDDEN.sub(' ', title)[:_LONGEST_NAME]}".strip()

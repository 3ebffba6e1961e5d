"""The workbook and the archive: live sheets beside every table of the deck, under stable names.

Names of sheets and files are English codes that scripts can rest on; the title in the reader's
language stands inside, in an archive in ``index.csv``.
"""

import io
import math
import re
import zipfile
from collections.abc import Mapping

from xlsxwriter.workbook import Workbook

from engine.report.deck import Deck, Table, text_of
from engine.report.measure import columns
from engine.report.workbook import cash, inputs, results, worth
from engine.report.workbook.paper import HEAD, Book, new_book
from engine.tables.guard import BOM, csv_text

_WIDEST = 70.0
_LONGEST = 31
"""Characters of a sheet's name."""
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""Of files in the archive, so that the same deck makes the same bytes."""
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
COVER, INDEX = "cover", "index"


def workbook(deck: Deck) -> bytes:
    """The cover, the live sheets where the deck has them, and a sheet a table."""
    file = io.BytesIO()
    book = new_book(file, deck.footer, japanese=deck.language == "ja")
    _fill(book, COVER, _cover(deck), deck.address)
    if deck.live is not None:
        inputs.assumptions(book, deck.live)
        inputs.plan(book, deck.live)
        if deck.live.valued is not None:
            for write in (worth.npv, cash.cash_flow, worth.waterfall, worth.break_even):
                write(book, deck.live)
            results.reconciliation(book, deck.live)
            results.draws(book, deck.live)
            cash.months(book, deck.live)
    for code, table in coded(deck).items():
        _fill(book, code, table, deck.address)
    _describe(book.workbook, deck)
    book.workbook.close()
    return file.getvalue()


def archive(deck: Deck) -> bytes:
    """The tables as CSV files: UTF-8 with the mark that Excel looks for."""
    file = io.BytesIO()
    tables = {COVER: _cover(deck), **coded(deck)}
    index = Table(
        title=INDEX,
        heads=("file", "title"),
        rows=tuple((f"{code}.csv", table.title) for code, table in tables.items()),
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for code, table in {INDEX: index, **tables}.items():
            target.writestr(zipfile.ZipInfo(f"{code}.csv", _FIRST_DATE), BOM + to_csv(table))
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


def coded(deck: Deck) -> Mapping[str, Table]:
    """Every table of the deck, figures included, each once, by a stable code: ``chart_`` or
    ``table_`` with the slide's key, ``record_`` with the section's number, or ``numbers_``."""
    found: dict[str, Table] = {}
    for code, table in deck.coded_tables:
        if table not in found.values():
            found[code[:_LONGEST]] = table
    return found


def _cover(deck: Deck) -> Table:
    """What is decided, and what that rests on, in one column of texts."""
    lines = [deck.subtitle]
    lines += [slide.title for slide in deck.slides]
    lines += [point for slide in deck.appendix for point in slide.points]
    lines += [deck.footer, deck.address]
    return Table(title=deck.title, heads=(deck.title,), rows=tuple((line,) for line in lines))


def _fill(book: Book, code: str, table: Table, address: str) -> None:
    """``address`` leads to the scenario wherever it stands."""
    sheet = book.sheet(code, table.title)
    sheet.heads(table.heads)
    for down, row in enumerate(table.rows, start=HEAD + 1):
        for across, content in enumerate(row):
            if isinstance(content, str) and address and content.startswith(address):
                sheet.link(down, across, address, content)
            elif isinstance(content, str):
                sheet.text(down, across, _NOT_TEXT.sub("", content))
            else:
                sheet.number(down, across, content, _shown(content))
    texts = zip(table.heads, *table.rows, strict=True)
    longest = [max(columns(text_of(cell)) for cell in column) for column in texts]
    widths = [min(1.05 * length + 3, _WIDEST) for length in longest]
    sheet.widths(*widths)
    sheet.title_within(widths)
    shown = [tuple(map(text_of, row)) for row in (table.heads, *table.rows)]
    sheet.room(HEAD, shown, widths)


def _shown(value: float) -> str:
    return "power" if abs(value) >= 1e10 else "plain"


def _describe(workbook: Workbook, deck: Deck) -> None:
    """The file's own properties."""
    workbook.set_properties({"title": deck.title, "author": deck.author, "comments": deck.footer})
    if deck.day is not None:
        workbook.set_properties(
            {"title": deck.title, "author": deck.author, "comments": deck.footer,
             "created": deck.day}
        )  # fmt: skip

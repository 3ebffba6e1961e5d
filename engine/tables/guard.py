"""Texts in tables that leave: no cell of ours becomes a formula in somebody's spreadsheet.

A spreadsheet that opens a CSV file runs a cell that begins with = + - or @, also behind a tab, a
line end, spaces or marks that cannot be seen, and in full-width form. Such a text gets an
apostrophe in front, which spreadsheets take as "this is text"; :func:`original` takes it away
again, so that a table that is read back is the one that was written.

Not covered: a program that cuts our commas at other separators than the file has.

>>> harmless("=1+1"), harmless("－5%"), harmless("-5 %"), harmless("ordinary")
("'=1+1", "'－5%", '-5 %', 'ordinary')
>>> original(harmless("\\t@SUM(A1)"))
'\\t@SUM(A1)'
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
"""In front of a CSV file it tells Excel that the text is UTF-8."""

_FORMULA = frozenset("=+-@")
_BEGINNINGS = frozenset("\t\r\n")
_UNSEEN = frozenset(("Cc", "Cf", "Zl", "Zp", "Zs"))
_NUMBER = re.compile(r"[+-]?(?:\d[\d.,]*|\.\d+)(?:[eE][+-]?\d+)?(?: ?%)?")


def is_live(text: str) -> bool:
    """Whether a spreadsheet could take ``text`` for anything but text or a number."""
    if _NUMBER.fullmatch(text):
        return False
    if text.lstrip("'")[:1] in _BEGINNINGS:
        return True
    for letter in text:
        if letter == "'" or unicodedata.category(letter) in _UNSEEN:
            continue
        return unicodedata.normalize("NFKC", letter)[:1] in _FORMULA
    return False


def harmless(text: str) -> str:
    """``text`` as a cell that stays text."""
    return f"'{text}" if is_live(text) else text


def original(cell: str) -> str:
    """What :func:`harmless` was given.

    A cell of another program with an apostrophe before a formula loses it too: it means the same.
    """
    return cell[1:] if cell.startswith("'") and is_live(cell[1:]) else cell


def csv_text(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    line_end: str = "\r\n",
    with_bom: bool = False,
) -> str:
    """A CSV table whose cells are harmless; None and NaN become empty cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow([harmless(head) for head in heads])
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return (BOM if with_bom else "") + text.getvalue()


def _cell(cell: object) -> object:
    if isinstance(cell, str):
        return harmless(str(cell))
    return "" if cell is None or cell != cell else cell

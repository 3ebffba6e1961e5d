"""A large text table whose every row is a line of as many cells -> columns of texts, by pyarrow.

The same header and cells as :func:`engine.tables.reader.read_table` finds, without a Python object
for each; only where that is proven: UTF-8, a header in the first line with a name for every column,
nothing skipped, no cell that could be a number with a decimal comma, and quotation marks around
every cell or around none. Everything else is None, and is read row by row.

Not covered: rows that :func:`~engine.tables.reader.read_table` skips further down (of separators
alone, a header again): the caller meets them as cells that are no numbers.

>>> text = b"run,step,loss\\n" + b"".join(b"a,%d,4.25\\n" % step for step in range(1, 9))
>>> found = read_columns(text, name="runs.csv")
>>> found.table["loss"][7].as_py(), found.head.detected.decimal, found.first_line
('4.25', <Mark.POINT: 'point'>, 2)
>>> read_columns(text + b"a,9,\\"4,25\\"\\n", name="runs.csv") is None
True
"""

import re
from collections.abc import Collection
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from engine.tables import encoding
from engine.tables.numbers import Mark
from engine.tables.reader import no_collection, read_table
from engine.tables.table import Corrections, Table

LARGE = 2**20
"""Bytes from which on a table is worth it."""
_HEAD = 2**18
"""Bytes at the beginning by which a table is recognised."""
_BLOCK = 2**22
_BOM = b"\xef\xbb\xbf"
_REPEATED = 0.5
"""Share of different texts in the head up to which a column is kept as a dictionary."""
_PLAIN_NUMBER = r"^-?(?:\d+|\d*\.\d+)(?:[eE][+-]?\d{1,3})?$"


class TextColumns(NamedTuple):
    """A table of texts in columns."""

    table: pa.Table
    """A column of texts, or of a dictionary of them, for each name of the header."""
    head: Table
    """Its first rows, with how they were read."""
    first_line: int
    """Of the first row."""


def read_columns(
    content: bytes,
    *,
    name: str,
    columns: Collection[str] = (),
    corrections: Corrections | None = None,
) -> TextColumns | None:
    """The table in ``content``; None where its rows have to be looked at. ``columns`` as in
    :func:`~engine.tables.reader.read_table`.

    Raises :class:`InputError` for what is no table, and whatever the parser raises for rows that
    are not alike: call it under :func:`engine.untrusted.guard.attempted`.
    """
    if encoding.detect(content) not in ("utf-8", "utf-8-sig"):
        return None
    start = content[: _HEAD if len(content) > _HEAD else None]
    start = start[: start.rfind(b"\n") + 1]
    head = read_table(start, name=name, columns=columns, corrections=corrections)
    if not _is_regular(head) or not _is_uniform(content, head):
        return None
    table = _parsed(content, head)
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    return TextColumns(table, head, first_line=2) if table.num_rows == lines - 1 else None


def plain_numbers(texts: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[str]] | None:
    """(cells,) float64 of texts as programs write numbers, nothing where one is not so, and the
    texts there, each once. None where a number is too large for one."""
    whole = texts.cast(pa.string())
    plain = pc.match_substring_regex(whole, _PLAIN_NUMBER)
    others: list[str] = []
    if not pc.all(plain).as_py():
        others = whole.filter(pc.invert(plain)).unique().to_pylist()
        whole = pc.if_else(plain, whole, pa.scalar(None, pa.string()))
    numbers = whole.cast(pa.float64())
    return (numbers, others) if pc.all(pc.is_finite(numbers)).as_py() is not False else None


def _is_regular(head: Table) -> bool:
    """Whether nothing but a header and rows stand at the beginning, in the way of programs."""
    found = head.detected
    return (
        found.header_line == 1
        and not found.skipped
        and not found.index_column
        and found.encoding in ("utf-8", "utf-8-sig")
        and found.separator in (",", ";", "\t", "|")
        and found.decimal is Mark.POINT
        and set(found.proofs) <= {Mark.POINT}
        and len(set(head.header)) == len(head.header)
        and not any(row.extra for row in head.rows)
    )


def _is_uniform(content: bytes, head: Table) -> bool:
    """Whether one way of reading holds for all cells: marks of quotation around all or none, no
    decimal commas, no points between thousands, one kind of line ends."""
    separator = head.detected.separator.encode()
    first = content[: content.index(b"\n")].removeprefix(_BOM)
    names = [one.strip() for one in first.split(separator)]
    if len(names) != len(head.header) or separator + b" " in first or not all(names):
        return False
    if b"\0" in content or content.count(b"\r") != content.count(b"\r\n"):
        return False
    if re.search(rb"\.\d\d\d\.", content):
        return False
    marks, between = content.count(b'"'), 0
    if marks:
        between = content.count(b'"' + separator + b'"')
        ends = content.count(b'"\n"') + content.count(b'"\r\n"')
        if marks != 2 * (between + ends + 1):
            return False
    if separator == b",":
        return not marks or content.count(b",") == between
    return b"," not in content


@no_collection()
def _parsed(content: bytes, head: Table) -> pa.Table:
    start = len(_BOM) if content.startswith(_BOM) else 0
    body = pa.py_buffer(content).slice(start)
    texts = {}
    for place, name in enumerate(head.header):
        there = {row.cells[place] for row in head.rows}
        is_repeated = len(there) <= max(_REPEATED * len(head.rows), 1)
        texts[name] = pa.dictionary(pa.int32(), pa.string()) if is_repeated else pa.string()
    return pa_csv.read_csv(
        pa.BufferReader(body),
        read_options=pa_csv.ReadOptions(
            column_names=list(head.header), skip_rows=1, block_size=_BLOCK
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=head.detected.separator, ignore_empty_lines=False, newlines_in_values=False
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=texts, strings_can_be_null=False, null_values=[]
        ),
    )

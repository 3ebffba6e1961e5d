"""Large text tables and JSON lines of histories -> sheets in columns, where all of them is regular.

A history has a row for each point, so that a file of one is long; its rows are alike, since a
program wrote them. Both are proven before anything is believed (:mod:`engine.tables.columnar`; for
JSON lines, that every line is a flat object with the keys of the first, and every value of the type
that it has there); whatever else is in a file, it is read row by row.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as pa_json

from engine.runs.imports.columns import KNOWN, role_of
from engine.runs.imports.sheet import Sheet, is_json, of_columns
from engine.runs.imports.wide import is_wide
from engine.tables.columnar import read_columns
from engine.tables.table import Corrections
from engine.untrusted import regular
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

_BLOCK = 2**22
_TYPES: dict[type, pa.DataType] = {int: pa.float64(), float: pa.float64(), str: pa.string()}
_EXACT = 2.0**53


def sheet_of(path: Path, corrections: Corrections | None) -> Sheet | None:
    """The sheet of a history; None where its rows have to be looked at."""
    content = regular.whole(path)
    if is_json(content):
        return attempted(lambda: _json_lines(path.name, content))
    found = attempted(
        lambda: read_columns(content, name=path.name, columns=KNOWN, corrections=corrections)
    )
    if found is None or not _is_history(found.head.header):
        return None
    sheet = of_columns(path.name, found.table, first=found.first_line)
    sheet = replace(sheet, detected=found.head.detected, table=found.head)
    return None if is_wide(sheet) else sheet


def _is_history(header: Sequence[str]) -> bool:
    return {"step", "cross_entropy"} <= set(map(role_of, header))


def _json_lines(name: str, content: bytes) -> Sheet | None:
    first = json_value(content[: content.index(b"\n")])
    if not isinstance(first, dict) or not _is_history(list(first)):
        return None
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if content.count(b"\n{") != lines - 1:
        return None
    schema = pa.schema([(key, _TYPES[type(value)]) for key, value in first.items()])
    table = pa_json.read_json(
        pa.BufferReader(content),
        read_options=pa_json.ReadOptions(block_size=_BLOCK),
        parse_options=pa_json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="error", newlines_in_values=False
        ),
    )
    table.validate(full=True)  # also that texts are UTF-8
    if table.num_rows != lines:
        return None
    whole = [table[key] for key, value in first.items() if type(value) is int]
    if any(pc.any(pc.greater_equal(pc.abs(column), _EXACT)).as_py() for column in whole):
        return None  # a seed or a name of so many digits has lost its last ones
    return of_columns(
        name, pa.table(dict(zip(schema.names, map(_counts, table.columns), strict=True)))
    )


def _counts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of whole numbers as such: they are written without a point, unlike 1024.0."""
    if not pa.types.is_floating(column.type):
        return column
    is_whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), _EXACT))
    return column.cast(pa.int64()) if pc.all(is_whole).as_py() else column

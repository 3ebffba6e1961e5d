"""Sheets from Parquet, Excel, SQLite and DuckDB files, all opened for reading alone.

A database may hold several tables: the one with most columns that are known is taken, and where two
have as many, the file is refused with their names. DuckDB files are opened without access to other
files, since a view in one may name them.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa

from engine.errors import InputError
from engine.runs.database import DUCKDB_LIMITS
from engine.runs.files import not_parquet
from engine.runs.imports.sheet import Sheet, SheetRow, of_columns
from engine.untrusted.guard import (
    MOST_EXPANDED,
    guarded,
    interrupted_in_time,
    reason_of,
    require_cells,
    too_large,
)
from engine.untrusted.parquet import parquet_table
from engine.untrusted.workbooks import sheets

_ROWS = 4096
Score = Callable[[Sequence[str]], int]
"""Header -> how many of its columns are known."""


def parquet_sheet(path: Path) -> Sheet:
    """A Parquet file; rows count from 1."""

    def parse() -> pa.Table:
        with path.open("rb") as handle:
            return parquet_table(handle, path.stat().st_size, in_columns=True)

    return _of_columns(path, guarded(parse, not_parquet))


def workbook_sheet(path: Path, score: Score) -> Sheet:
    """The sheet of an Excel workbook that has most known columns; values, not formulas."""

    grids = sheets(path.name, path)
    found: dict[str, Sheet] = {}
    for title, rows in grids.items():
        if sheet := _from_grid(path, rows, score):
            found[title] = sheet
    return _chosen(path, found, score)


def _from_grid(path: Path, rows: list[tuple[object, ...]], score: Score) -> Sheet | None:
    """A grid of cells below its header, which is the row that has most known names."""
    names = [[str(cell or "").strip() for cell in row] for row in rows[:20]]
    if not names:
        return None
    at = max(range(len(names)), key=lambda place: (score(names[place]), -place))
    places = [place for place, name in enumerate(names[at]) if name]
    header = tuple(names[at][place] for place in places)
    body = [
        SheetRow(line, tuple(row[place] if place < len(row) else None for place in places))
        for line, row in enumerate(rows[at + 1 :], start=at + 2)
        if any(cell not in (None, "") for cell in row)
    ]
    if not header or not body:
        return None
    _require_once(path, header)
    return Sheet(name=path.name, header=header, rows=tuple(body), refused={})


@contextmanager
def sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    """A SQLite database, read-only, for a limited time. Raises :class:`InputError` where it is
    none."""
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection,
            interrupted_in_time(connection.interrupt),
        ):
            yield connection
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise _unreadable(path, reason_of(error)) from None


def sqlite_tables(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Tables and views with their columns, in order of name."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return {
        name: tuple(row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(name)})"))
        for (name,) in names.fetchall()
    }


def sqlite_sheet(path: Path, score: Score) -> Sheet:
    """The table of a SQLite database with most known columns."""
    with sqlite(path) as connection:
        tables = sqlite_tables(connection)
        name = _best(path, tables, score)
        rows = _fetched(connection.execute(f"SELECT * FROM {_quoted(name)}"), tables[name])
    return _sheet(path, tables[name], rows, first=1)


def duckdb_sheet(path: Path, score: Score) -> Sheet:
    """The table of a DuckDB database with most known columns."""

    def parse() -> pa.Table:
        connection = duckdb.connect(
            str(path), read_only=True, config={"enable_external_access": "false", **DUCKDB_LIMITS}
        )
        with closing(connection), interrupted_in_time(connection.interrupt):
            tables: dict[str, tuple[str, ...]] = {}
            for name, column in connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = 'main' ORDER BY table_name, ordinal_position"
            ).fetchall():
                tables[name] = (*tables.get(name, ()), column)
            name = _best(path, tables, score)
            reader = connection.sql(f"SELECT * FROM {_quoted(name)}").to_arrow_reader(_ROWS)
            batches, size = [], 0
            for batch in reader:
                batches.append(batch)
                size += batch.nbytes
                if size > MOST_EXPANDED:
                    too_large(size, path.stat().st_size)
            return pa.Table.from_batches(batches, schema=reader.schema)

    return _of_columns(path, guarded(parse, partial(_unreadable, path)))


def _of_columns(path: Path, table: pa.Table) -> Sheet:
    if not table.num_rows or not table.num_columns:
        raise InputError("Expected a table in {file}, got nothing in it.", file=path.name)
    _require_once(path, table.column_names)
    return of_columns(path.name, table)


def _fetched(cursor: Any, header: Sequence[str]) -> list[tuple[object, ...]]:
    """The rows of a query, as many as a table may have."""
    rows: list[tuple[object, ...]] = []
    while some := cursor.fetchmany(_ROWS):
        rows += some
        require_cells(len(rows) * len(header))
    return rows


def _sheet(
    path: Path, header: tuple[str, ...], rows: Sequence[Sequence[object]], *, first: int
) -> Sheet:
    if not rows:
        raise InputError("Expected a table in {file}, got nothing in it.", file=path.name)
    _require_once(path, header)
    body = tuple(SheetRow(line, row) for line, row in enumerate(rows, start=first))
    return Sheet(name=path.name, header=header, rows=body, refused={})


def _require_once(path: Path, header: Sequence[str]) -> None:
    for name in header:
        if header.count(name) > 1:
            raise InputError(
                "Expected every column of {file} once, got {name} twice: rename or remove one.",
                file=path.name,
                name=name,
            )


def _chosen(path: Path, found: dict[str, Sheet], score: Score) -> Sheet:
    return found[_best(path, {name: sheet.header for name, sheet in found.items()}, score)]


def _best(path: Path, tables: dict[str, tuple[str, ...]], score: Score) -> str:
    if not tables:
        raise InputError("Expected a table in {file}, got nothing in it.", file=path.name)
    scores = {name: score(header) for name, header in tables.items()}
    best = [name for name in tables if scores[name] == max(scores.values())]
    if len(best) > 1:
        raise InputError(
            "Expected one table of runs in {file}, got {tables}: save the one that is meant as "
            "CSV or Parquet.",
            file=path.name,
            tables=", ".join(best),
        )
    return best[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(
        "Expected a readable database, got {file}: {reason}.", file=path.name, reason=reason
    )

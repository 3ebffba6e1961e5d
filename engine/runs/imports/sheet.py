"""A file of run records, whatever its format -> one sheet: a header, and rows with their numbers.

Text tables come through :mod:`engine.tables.reader`, databases and columnar files through
:mod:`engine.runs.imports.databases`. Cells stay as the file has them until :meth:`Sheet.number`
asks: a number, a text that is one by either convention, NaN, infinite, or nothing.

Not covered: nested JSON below the second level, several sheets of a workbook at once.

>>> sheet = of_rows("a.jsonl", [{"N": 1000, "config": {"lr": "1e-3"}}, {"N": None}])
>>> sheet.header, sheet.number(sheet.rows[0], "config/lr"), sheet.number(sheet.rows[1], "N")
(('N', 'config/lr'), 0.001, None)
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, overload

import pyarrow as pa

from engine.errors import InputError
from engine.tables import encoding
from engine.tables.guard import original
from engine.tables.numbers import Ambiguous, Number, not_finite, parse_number, unclear
from engine.tables.reader import read_file
from engine.tables.table import Corrections, Detected, Table
from engine.untrusted.texts import json_value

MLFLOW, TENSORBOARD, TRACKIO, WANDB = "MLflow", "TensorBoard", "Trackio", "Weights & Biases"
TABLE = "imported table"
"""The :attr:`Sheet.source` of a file that no tracker wrote."""
_NOTHING = frozenset(["", "-", "–", "na", "n/a", "null", "none", "#n/a", "nil"])
_PROOF = 4096
_LINE_ENDS = re.compile(r"\r\n|[\r\n]")
"""Of JSON lines: texts in them may hold other separators of lines as they are."""
_DAMAGED = re.compile("[\udc80-\udcff]")
"""A byte that was no UTF-8."""
_AT_ONCE = 65_536


class SheetRow(NamedTuple):
    """One row: its number as a spreadsheet counts, and its cells in order of the header."""

    line: int
    cells: Sequence[object]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table of cells. ``name`` is its file's, for sentences."""

    name: str
    header: tuple[str, ...]
    rows: Sequence[SheetRow]
    refused: Mapping[int, InputError]
    """Row number -> why it is no row of this table."""
    gaps_are_nan: bool = False
    """Whether the file writes NaN where nothing was measured."""
    detected: Detected | None = None
    table: Table | None = None
    """The text table behind it, which knows its decimal mark."""
    columns: pa.Table | None = None
    """The same cells in columns, typed where the file has them so. Millions of rows are read from
    here; :attr:`rows` makes them when it is asked."""
    source: str = TABLE
    """What wrote the file, as records say it: the same for every file of a tool, so that a renamed
    one holds no new runs."""
    row_by_row: Callable[[], "Sheet"] | None = None
    """Reads a text table again that was taken in columns: what its rows say in full, such as one
    that is none. Only the first rows are in :attr:`table` until then."""

    def cell(self, row: SheetRow, column: str) -> object:
        """The cell, None where the row has none."""
        place = self.header.index(column)
        return row.cells[place] if place < len(row.cells) else None

    def numbers(self, column: str) -> tuple[list[float | int | None], dict[int, InputError]]:
        """Every cell of a column as :meth:`number` has it; place -> why a row has none.

        For hundreds of thousands of rows: what is written alike is read once.
        """
        if self.table is not None and not (self.refused or self.gaps_are_nan):
            plain = self.table.plain_numbers(column) if self.table.has(column) else None
            if plain is not None:
                return [*plain], {}
        place = self.header.index(column)
        read: dict[str, float | int | None] = {}
        values: list[float | int | None] = []
        wrong: dict[int, InputError] = {}
        for at, row in enumerate(self.rows):
            cell = row.cells[place] if place < len(row.cells) else None
            if isinstance(cell, str):
                if cell in read:
                    values.append(read[cell])
                    continue
            elif isinstance(cell, (int, float)) and not (
                isinstance(cell, bool) or self.gaps_are_nan
            ):
                values.append(cell)
                continue
            value = None
            try:
                value = self.number(row, column)
            except InputError as error:
                wrong[at] = error
            else:
                if isinstance(cell, str):
                    read[cell] = value
            values.append(value)
        return values, wrong

    def text(self, row: SheetRow, column: str) -> str:
        """The cell as a text, "" where there is nothing."""
        return text_of(self.cell(row, column))

    def number(self, row: SheetRow, column: str) -> float | int | None:
        """The cell's number, NaN and infinities included; None where there is nothing.

        Raises :class:`InputError` for a text that is no number, or two.
        """
        value = self.cell(row, column)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return _converted(value, column, row.line)
        if not isinstance(value, str):
            return None if self.gaps_are_nan and math.isnan(value) else value
        text = original(value).strip()
        unbounded = not_finite(text)
        if unbounded is not None:
            return None if self.gaps_are_nan and math.isnan(unbounded) else unbounded
        if text.casefold() in _NOTHING:
            return None
        if self.table is not None:
            return self.table.parsed(text, column, row.line).value
        found = parse_number(text)
        if isinstance(found, Number):
            return found.value
        if isinstance(found, Ambiguous):
            raise unclear(column, found)
        raise _no_number(column, row.line, text)


def text_of(value: object) -> str:
    """A cell as a text, "" where there is nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = original(str(value)).strip()
    return "" if text.casefold() in _NOTHING else text


class _RowsOfColumns(Sequence[SheetRow]):
    """The rows of columns, made when they are asked for, counted from ``first``."""

    def __init__(self, columns: pa.Table, first: int) -> None:
        self._columns = columns
        self._first = first

    def __len__(self) -> int:
        return int(self._columns.num_rows)

    @overload
    def __getitem__(self, place: int) -> SheetRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[SheetRow]: ...
    def __getitem__(self, place: int | slice) -> SheetRow | Sequence[SheetRow]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        return SheetRow(
            at + self._first, tuple(column[at].as_py() for column in self._columns.columns)
        )

    def __iter__(self) -> Iterator[SheetRow]:
        line = self._first
        for batch in self._columns.to_batches(max_chunksize=_AT_ONCE):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield SheetRow(line, cells)
                line += 1


def of_columns(name: str, columns: pa.Table, *, first: int = 1) -> Sheet:
    """A sheet of columns, of which rows count from ``first``."""
    return Sheet(
        name=name,
        header=tuple(columns.column_names),
        rows=_RowsOfColumns(columns, first),
        refused={},
        columns=columns,
    )


def _converted(value: object, column: str, line: int) -> float:
    """Decimal, fraction and numpy's numbers; InputError for anything else."""
    if isinstance(value, (bool, bytes, list, dict, datetime)):
        raise _no_number(column, line, str(value))
    try:
        return float(str(value))
    except ValueError:
        raise _no_number(column, line, str(value)) from None


def _no_number(column: str, line: int, text: str) -> InputError:
    return InputError(
        "Expected a number for {name} in line {line}, got {value}.",
        name=column,
        line=line,
        value=text[:40] or "nothing",
    )


def text_sheet(path: Path, corrections: Corrections | None, known: Sequence[str]) -> Sheet:
    """A text table as a sheet; ``known`` are names by which its header is found."""
    table = read_file(path, columns=known, corrections=corrections)
    doubled = [name for name, times in Counter(table.header).items() if times > 1]
    table.require_once(doubled)
    refused: dict[int, InputError] = {}
    rows = []
    for row in table.rows:
        try:
            table.require_whole(row)
        except InputError as error:
            refused[row.line] = error
        else:
            rows.append(SheetRow(row.line, row.cells))
    return Sheet(
        name=table.name,
        header=table.header,
        rows=tuple(rows),
        refused=refused,
        detected=table.detected,
        table=table,
    )


def of_rows(
    name: str,
    rows: Iterable[Mapping[str, object]],
    *,
    first: int = 1,
    refused: Mapping[int, InputError] | None = None,
    lines: Sequence[int] | None = None,
) -> Sheet:
    """A sheet of mappings, nested ones opened as ``config/lr``; ``lines`` number them, else they
    count from ``first``."""
    opened = [flat(row) for row in rows]
    header = tuple(dict.fromkeys(name for row in opened for name in row))
    numbers = lines if lines is not None else range(first, first + len(opened))
    return Sheet(
        name=name,
        header=header,
        rows=tuple(
            SheetRow(line, tuple(row.get(column) for column in header))
            for line, row in zip(numbers, opened, strict=True)
        ),
        refused=refused or {},
    )


def flat(row: Mapping[str, object], before: str = "") -> dict[str, object]:
    """A mapping with those inside it opened, one level deep: ``config/lr``."""
    found: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and not before:
            found.update(flat(value, f"{name}/"))
        else:
            found[f"{before}{name}"] = value
    return found


def is_json(content: bytes) -> bool:
    """Whether a file begins as JSON or JSON lines do."""
    return content[:_PROOF].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def json_sheet(path: Path, content: bytes) -> Sheet:
    """JSON lines, or one JSON list of objects. A line that is no object is refused, and so is one
    with damaged bytes where the others are UTF-8."""
    found_in = encoding.detect(content)
    encoding.require_one(content, found_in)
    is_list = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["
    errors = "surrogateescape" if found_in.startswith("utf-8") and not is_list else "strict"
    try:
        text = content.decode(found_in, errors=errors).removeprefix("\ufeff")
    except (UnicodeError, LookupError):
        raise encoding.unknown_encoding() from None
    if text.lstrip()[:1] == "[":
        whole = json_value(text)
        if isinstance(whole, list) and all(isinstance(row, dict) for row in whole):
            return of_rows(path.name, whole)
        raise InputError("Expected a list of objects in {file}.", file=path.name)
    found, lines, refused = [], [], {}
    for line, part in enumerate(_LINE_ENDS.split(text), start=1):
        if not part.strip():
            continue
        if not part.isascii() and _DAMAGED.search(part):
            refused[line] = InputError(
                "Expected text in {encoding} in line {line}, got bytes that are none: save the "
                "file in one encoding.",
                encoding=found_in,
                line=line,
            )
            continue
        try:
            row = json_value(part)
        except InputError as error:
            refused[line] = error
            continue
        if isinstance(row, dict):
            found.append(row)
            lines.append(line)
        else:
            refused[line] = InputError(
                "Expected a JSON object in line {line}, got {value}.", line=line, value=part[:40]
            )
    if not found and refused:
        raise next(iter(refused.values()))
    if not found:
        raise InputError("Expected a table in {file}, got nothing in it.", file=path.name)
    return of_rows(path.name, found, lines=lines, refused=refused)

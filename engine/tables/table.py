"""A table of texts with the lines that they stand on, and how its file was read.

Cells stay texts until :meth:`Table.number` is asked; what is ambiguous there, or no number, is
refused with its line. Names of columns are equal in any case, with spaces, hyphens, points or
underscores between words.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from math import isfinite
from typing import NamedTuple

from engine.errors import InputError
from engine.tables import encoding
from engine.tables.guard import original
from engine.tables.numbers import (
    Ambiguous,
    Mark,
    Number,
    Reading,
    both_readings,
    parse_number,
)

_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+|\d*\.\d+)(?:[eE][+-]?\d{1,3})?")
_DIGITS = frozenset("0123456789")
_PLAIN_LETTERS = _DIGITS | set(".eE+-")
_PLAIN_COUNT = re.compile(r"\d{1,15}")


class Skip(StrEnum):
    """Why a row is no record."""

    BLANK = "blank"
    TITLE = "title"
    REPEATED_HEADER = "repeated-header"
    UNITS = "units"
    SEPARATOR = "separator"


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """What a person knows better than the detection; None leaves it to that."""

    encoding: str | None = None
    """Python's name, such as cp932. Raises :class:`InputError` for an unknown one."""
    separator: str | None = None
    decimal: Mark | None = None
    header_line: int | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            encoding.require_encoding(self.encoding)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A cell that can be read with one decimal mark only."""

    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Detected:
    """How a file was read."""

    encoding: str
    separator: str
    header_line: int
    decimal: Mark | None = None
    """What settles doubtful cells; None where nothing does."""
    proofs: dict[Mark, Proof] = field(default_factory=dict)
    """The first cell that proves a mark. Two marks proven settle nothing."""
    skipped: dict[Skip, tuple[int, ...]] = field(default_factory=dict)
    """Lines that are no records, by reason."""
    index_column: bool = False
    """Whether a first column without a name, which only counts, was left out."""
    corrected: frozenset[str] = frozenset()
    """Names of the fields that a person said."""


class Row(NamedTuple):
    """One record: its line in the file (the first, where a cell spans several) and its cells in the
    order of the header."""

    line: int
    cells: tuple[str, ...]
    extra: tuple[str, ...] = ()
    """Cells that no column has a name for."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of texts. ``name`` is its file's, for sentences."""

    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    detected: Detected

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.header):
            places.setdefault(key(name), []).append(place)
        return places

    def has(self, column: str) -> bool:
        return key(column) in self._places

    def missing(self, columns: Collection[str]) -> list[str]:
        """Those of ``columns`` that the table does not have."""
        return [column for column in columns if not self.has(column)]

    def require_once(self, columns: Collection[str]) -> None:
        """Raise :class:`InputError` where one of ``columns`` stands twice in the header."""
        for column in columns:
            if len(self._places.get(key(column), ())) > 1:
                raise InputError(
                    "Expected every column of {file} once, got {name} twice: rename or remove one.",
                    file=self.name,
                    name=column,
                )

    def place(self, column: str) -> int:
        """The column's place in :attr:`Row.cells`; KeyError where there is none."""
        return self._places[key(column)][0]

    def cell(self, row: Row, column: str) -> str:
        """The cell as it was before somebody's program made it harmless."""
        return original(row.cells[self.place(column)])

    def require_whole(self, row: Row) -> None:
        """Raise :class:`InputError` for a row with cells beyond the header's columns."""
        if row.extra:
            raise InputError(
                "Expected {count} cells in line {line} of {file}, got more ({extra}): put a cell "
                "that holds the separator in quotation marks, or name its column.",
                count=len(self.header),
                line=row.line,
                file=self.name,
                extra=", ".join(cell.strip()[:40] for cell in row.extra[:5]),
            )

    def reading(self, text: str) -> Reading:
        """What a cell's text says in this table."""
        found, told = self.detected, "decimal" in self.detected.corrected
        if found.decimal is not None and told:
            return parse_number(text, decimal=found.decimal)
        both = both_readings(text)
        if both is None:
            return parse_number(text)
        if found.decimal is not None:
            return parse_number(text, decimal=found.decimal)
        doubtful = len(found.proofs) > 1 or found.separator == ";"
        return both if doubtful or "," in text or "，" in text else parse_number(text)

    def number(self, row: Row, column: str) -> float | int:
        """The cell's number. Raises :class:`InputError` with the line where it is none, or
        ambiguous."""
        return self.parsed(self.cell(row, column), column, row.line).value

    def numbers(self, column: str) -> tuple[list[float | int], dict[int, InputError]]:
        """Every cell of a column, by place; NaN and the refusal where :meth:`number` would raise.

        For tables of hundreds of thousands of rows: a plain number takes a microsecond.
        """
        place = self.place(column)
        texts = [row.cells[place] for row in self.rows]
        if plain := self._plain(texts):
            return plain, {}
        values: list[float | int] = []
        refusals: dict[int, InputError] = {}
        for at, row in enumerate(self.rows):
            try:
                values.append(self.number(row, column))
            except InputError as error:
                values.append(float("nan"))
                refusals[at] = error
        return values, refusals

    def plain_numbers(self, column: str) -> list[float | int] | None:
        """The numbers of a column that holds nothing else, as programs write them; else None."""
        place = self.place(column)
        return self._plain([row.cells[place] for row in self.rows])

    def _plain(self, texts: Sequence[str]) -> list[float | int] | None:
        """The numbers of texts as programs write them; None where one is not so."""
        if not set("".join(texts)) <= (_PLAIN_LETTERS if self._points_are_decimal else _DIGITS):
            return None
        try:
            values: list[float | int] = list(map(float, texts))
        except ValueError:
            return None
        return values if all(map(isfinite, values)) else None

    def parsed(self, text: str, column: str, line: int) -> Number:
        """A cell's number with its unit; raises as :meth:`number` does."""
        tidy = text.strip()
        if _PLAIN_COUNT.fullmatch(tidy):
            return Number(value=int(tidy))
        if self._points_are_decimal and _PLAIN_NUMBER.fullmatch(tidy):
            value = float(tidy)
            if isfinite(value):
                return Number(value=value)
        found = self.reading(text)
        if isinstance(found, Number):
            return found
        if isinstance(found, Ambiguous):
            raise InputError(
                "Expected one meaning of “{value}” for {name} in line {line}: {first} with a "
                "decimal comma, {second} with a decimal point. Say which mark the file has, or "
                "write the number without it.",
                value=tidy[:40],
                name=column,
                line=line,
                first=f"{found.with_comma:.12g}",
                second=f"{found.with_point:.12g}",
            )
        raise InputError(
            "Expected a number for {name} in line {line}, got {value}.",
            name=column,
            line=line,
            value=tidy[:40] or "nothing",
        )

    @cached_property
    def _points_are_decimal(self) -> bool:
        found = self.detected
        if found.decimal is None:
            return len(found.proofs) < 2 and found.separator != ";"
        return found.decimal is Mark.POINT


def key(name: str) -> str:
    """One form of a column's name.

    >>> key(" Learning-Rate "), key("learning_rate"), key("ＤＡＴＡ　Budget")
    ('learning_rate', 'learning_rate', 'data_budget')
    """
    tidy = unicodedata.normalize("NFKC", name).strip().strip("\ufeff\u200b").casefold()
    return re.sub(r"[\s_\-.]+", "_", tidy)

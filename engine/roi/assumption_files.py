"""The table of assumptions as TOML or CSV, out and back without loss, and back from a workbook.

Both hold one entry a figure with the fields of :class:`engine.roi.assumptions.Assumption`. A TOML
file has a table for each name; a CSV file a header line and a row each, and comes back through
:mod:`engine.tables.reader` as spreadsheets of other countries and encodings save it. The workbook
that is exported with a deck comes back through :mod:`engine.roi.workbook_file`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from engine.errors import InputError
from engine.roi.assumptions import Assumption, Assumptions, Distribution
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.inputs import INPUTS
from engine.roi.workbook_file import is_workbook
from engine.roi.workbook_file import rows as workbook_rows
from engine.tables.encoding import detect
from engine.tables.guard import BOM, csv_text
from engine.tables.numbers import CURRENCIES
from engine.tables.reader import read_table
from engine.tables.table import Corrections, Detected, Row, Table
from engine.untrusted.texts import toml_document

_FIELDS = tuple(field.name for field in fields(Assumption))
_NUMBERS = ("value", "low", "high")
_ADDED_LATER = (
    "peak_to_average",
    "serving_devices",
    "serving_peak_flops",
    "serving_price_per_hour",
    "people_exposed",
    "damages_per_person",
)
"""Figures that tables did not have at first. They came together: one that was saved before is whole
without all of them, and one that has some has lost the others."""
LARGEST_FILE = 1_000_000
"""Characters; a table has about 10,000."""


def to_toml(table: Assumptions) -> str:
    """The table as TOML."""
    lines = []
    for row in table.rows:
        lines.append(f"[{row.name}]")
        lines += [f"{name} = {_toml(getattr(row, name))}" for name in _FIELDS if name != "name"]
        lines.append("")
    return "\n".join(lines)


def from_toml(text: str) -> Assumptions:
    """The table in a TOML text. Raises :class:`InputError` for anything else."""
    return Assumptions(rows=tuple(_toml_rows(text)))


def _toml_rows(text: str) -> list[Assumption]:
    _require_size(text)
    content = toml_document(text)
    rows = []
    for name, row in content.items():
        if not isinstance(row, Mapping):
            raise InputError("Expected a table [{name}] with its value.", name=name)
        rows.append(_assumption({"name": name, **row}))
    return rows


def to_csv(table: Assumptions, *, with_bom: bool = False) -> str:
    """The table as CSV with a header line, no cell of it a formula; ``with_bom`` begins it with the
    mark by which Excel knows UTF-8."""
    rows = ([_csv(getattr(row, name)) for name in _FIELDS] for row in table.rows)
    return csv_text(_FIELDS, rows, line_end="\n", with_bom=with_bom)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The table of a file, and how that was read (None for TOML and workbooks, which leave no
    choice)."""

    table: Assumptions
    detected: Detected | None
    added: tuple[str, ...] = ()
    """Figures that are younger than the file, as Kessai comes with them."""


def load(name: str, content: bytes, corrections: Corrections | None = None) -> Loaded:
    """The table in a TOML file, if ``name`` ends so, in the workbook that is exported with a deck,
    or in a text table of any spreadsheet. What was saved before Kessai asked for a figure has the
    figure's default, which the result names.

    Raises :class:`InputError` for anything else.
    """
    if len(content) > 4 * LARGEST_FILE:
        raise InputError(
            "Expected a table of at most {most} bytes, got {value}.",
            most=4 * LARGEST_FILE,
            value=len(content),
        )
    if name.lower().endswith(".toml"):
        return _loaded(_toml_rows(_text(content)), None)
    if is_workbook(content):
        return _loaded([_assumption(row) for row in workbook_rows(name, content)], None)
    found = read_table(
        content, name=name, columns=_FIELDS, numeric=_NUMBERS, corrections=corrections
    )
    return _loaded(_from_rows(found), found.detected)


def _loaded(rows: list[Assumption], detected: Detected | None) -> Loaded:
    is_older = {row.name for row in rows}.isdisjoint(_ADDED_LATER)
    added = _ADDED_LATER if is_older else ()
    younger = (DEFAULT_ASSUMPTIONS[name] for name in added)
    table = Assumptions(rows=(*rows, *younger))
    return Loaded(table=table, detected=detected, added=added)


def _text(content: bytes) -> str:
    text = content.decode(detect(content), errors="replace").removeprefix(BOM)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_rows(table: Table) -> list[Assumption]:
    missing = table.missing(_FIELDS)
    if len(missing) == len(_FIELDS):
        raise InputError(
            "Expected a table with the columns {expected}: save one here to see the form.",
            expected=", ".join(_FIELDS),
        )
    if missing:
        raise InputError(
            "Expected the columns {expected}, {names} missing.",
            expected=", ".join(_FIELDS),
            names=", ".join(missing),
        )
    table.require_once(_FIELDS)
    rows = []
    for line in table.rows:
        table.require_whole(line)
        row: dict[str, Any] = {name: table.cell(line, name) for name in _FIELDS}
        for name in ("name", "unit", "dated", "distribution"):
            row[name] = row[name].strip()
        for name in _NUMBERS:
            row[name] = _figure(table, line, row["name"], name)
        rows.append(_assumption(row))
    return rows


def _figure(table: Table, line: Row, name: str, column: str) -> float:
    """One number of a figure; its percent or currency must be that of the figure's unit."""
    text = table.cell(line, column)
    found = table.parsed(text, name or column, line.line)
    unit = INPUTS[name].unit if name in INPUTS else ""
    share = unit.startswith(("share", "metric"))
    if (found.unit == "%" and not share) or (
        found.unit in CURRENCIES and not unit.startswith((found.unit, "metric"))
    ):
        raise InputError(
            "Expected {name} in {unit}, got {value}.", name=name, unit=unit, value=text
        )
    return float(found.value)


def _assumption(row: Mapping[str, Any]) -> Assumption:
    name = row["name"]
    unknown = [key for key in row if key not in _FIELDS]
    missing = [key for key in _FIELDS if key not in row]
    if unknown or missing:
        raise InputError(
            "Expected {expected} for {name}, {wrong} is missing or unknown.",
            expected=", ".join(_FIELDS[1:]),
            name=name,
            wrong=", ".join([*missing, *unknown]),
        )
    for key in ("unit", "source", "dated", "distribution"):
        if not isinstance(row[key], str):
            raise InputError(
                "Expected text in quotes for {key} of {name}, got {value}.",
                key=key,
                name=name,
                value=row[key],
            )
    return Assumption(**row)


def _toml(value: float | str) -> str:
    if isinstance(value, str):
        value = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in value) + '"'
    return repr(value)


def _csv(value: object) -> str:
    return str(value) if isinstance(value, str | Distribution) else repr(value)


def _require_size(text: str) -> None:
    if len(text) > LARGEST_FILE:
        raise InputError(
            "Expected a table of at most {most} characters, got {value}.",
            most=LARGEST_FILE,
            value=len(text),
        )

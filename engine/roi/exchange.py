"""The table of assumptions as TOML or CSV, out and back without loss.

Both hold one entry a figure with the fields of :class:`engine.roi.assumptions.Assumption`. A TOML
file has a table for each name; a CSV file a header line and a row each.
"""

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from engine.errors import InputError
from engine.roi.assumptions import Assumption, Assumptions, Distribution

_FIELDS = tuple(field.name for field in fields(Assumption))
_NUMBERS = ("value", "low", "high")
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
    _require_size(text)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("Expected a TOML file: {reason}.", reason=error) from None
    rows = []
    for name, row in content.items():
        if not isinstance(row, Mapping):
            raise InputError("Expected a table [{name}] with its value.", name=name)
        rows.append(_assumption({"name": name, **row}))
    return Assumptions(rows=tuple(rows))


def to_csv(table: Assumptions) -> str:
    """The table as CSV with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _FIELDS, lineterminator="\n")
    writer.writeheader()
    for row in table.rows:
        writer.writerow({name: _csv(getattr(row, name)) for name in _FIELDS})
    return text.getvalue()


def from_csv(text: str) -> Assumptions:
    """The table in a CSV text. Raises :class:`InputError` for anything else."""
    _require_size(text)
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), restkey="more")
    missing = [name for name in _FIELDS if name not in (reader.fieldnames or [])]
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
    rows = []
    for line in reader:
        row: dict[str, Any] = {name: line[name] or "" for name in _FIELDS}
        for name in _NUMBERS:
            row[name] = _number(row["name"], row[name])
        rows.append(_assumption(row))
    return Assumptions(rows=tuple(rows))


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


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            "Expected a number for {name}, got {value}.", name=name, value=text or "nothing"
        ) from None


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


def from_file(name: str, content: bytes) -> Assumptions:
    """The table in a TOML or CSV file: its ``name`` says which. Raises :class:`InputError`."""
    if len(content) > 4 * LARGEST_FILE:
        raise InputError(
            "Expected a table of at most {most} characters, got {value}.",
            most=LARGEST_FILE,
            value=len(content),
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("Expected a text file in UTF-8.") from None
    return from_csv(text) if name.lower().endswith(".csv") else from_toml(text)

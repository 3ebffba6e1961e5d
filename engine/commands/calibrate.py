"""Noise multipliers for a CSV of configurations.

Columns: data_budget, batch_size, iterations, epsilon, delta; others are left aside. The file may
come from any spreadsheet; how it was read is said on standard error where that is not plain (in
JSON: "read"). Rows come back in the same order. By default on the search path; --certify proves
each row (0.02 to some seconds a row).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from engine.accounting.accountant import certify
from engine.accounting.search import noise_multiplier
from engine.commands.options import (
    add_corrections,
    add_json,
    add_sampling,
    as_json,
    corrections,
    reading_as_json,
    tell_reading,
    warn_delta,
)
from engine.config import INDEPENDENT_SAMPLINGS, Sampling, require_integer
from engine.errors import InputError
from engine.tables.numbers import CURRENCIES, UNITLESS
from engine.tables.reader import read_file
from engine.tables.table import Row, Table

COLUMNS = ("data_budget", "batch_size", "iterations", "epsilon", "delta")
_COUNTS = ("data_budget", "batch_size", "iterations")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--certify", action="store_true", help="prove each row")
    add_sampling(parser, INDEPENDENT_SAMPLINGS)
    add_corrections(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """Rows with their noise as a table or JSON. Raises :class:`InputError`."""
    source = read_file(
        options.file, columns=COLUMNS, numeric=COLUMNS, corrections=corrections(options)
    )
    table = _rows(source)
    for row in table:
        warn_delta(row["data_budget"], row["delta"])
    if options.certify:
        found = [_certified(number_, row, options) for number_, row in enumerate(table, start=1)]
    else:
        found = _searched(table, source, options)
    if options.json:
        rows = [{**row, **extra} for row, extra in zip(table, found, strict=True)]
        return as_json({"rows": rows, "read": reading_as_json(source.detected)})
    tell_reading(source.detected)
    header = ",".join((*COLUMNS, *found[0]))
    lines = [
        ",".join(
            [*(_exact(row[name]) for name in COLUMNS), *(_cell(value) for value in extra.values())]
        )
        for row, extra in zip(table, found, strict=True)
    ]
    return "\n".join([header, *lines])


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _searched(
    table: list[dict[str, float | int]], source: Table, options: argparse.Namespace
) -> list[dict[str, Any]]:
    sampling = Sampling(options.sampling)
    columns = {name: np.array([row[name] for row in table]) for name in COLUMNS}
    try:
        sigma = noise_multiplier(sampling=sampling, **columns)
    except InputError:
        for line, row in zip((row.line for row in source.rows), table, strict=True):
            try:
                noise_multiplier(sampling=sampling, **row)
            except InputError as error:
                raise InputError("Line {line}: {reason}", line=line, reason=error) from error
        raise
    return [{"noise_multiplier": float(value)} for value in sigma]


def _certified(
    row_number: int, row: dict[str, float | int], options: argparse.Namespace
) -> dict[str, Any]:
    certificate = certify(
        **{name: require_integer(f"{name} in row {row_number}", row[name]) for name in _COUNTS},
        epsilon=row["epsilon"],
        delta=row["delta"],
        sampling=Sampling(options.sampling),
    )
    return {
        "noise_multiplier": certificate.noise_multiplier,
        "epsilon_certified": certificate.epsilon,
        "accountant": certificate.accountant,
        "sampling": str(certificate.sampling),
    }


def _rows(table: Table) -> list[dict[str, float | int]]:
    missing = table.missing(COLUMNS)
    if missing:
        raise InputError(
            "Expected the columns {expected} in {file}, missing: {missing}.",
            expected=", ".join(COLUMNS),
            file=table.name,
            missing=", ".join(missing),
        )
    table.require_once(COLUMNS)
    if not table.rows:
        raise InputError("Expected at least one row in {file}, found none.", file=table.name)
    rows = []
    for row in table.rows:
        table.require_whole(row)
        rows.append({name: _number(table, row, name) for name in COLUMNS})
    return rows


def _number(table: Table, row: Row, name: str) -> float | int:
    """A cell as what its column counts. Raises :class:`InputError` for money, for a percentage of
    people, examples or steps or as ε, and for parts of people, examples and steps."""
    text = table.cell(row, name)
    found = table.parsed(text, name, row.line)
    may_be_share = name not in _COUNTS and name not in UNITLESS
    if found.unit in CURRENCIES or (found.unit == "%" and not may_be_share):
        raise InputError(
            "Expected {name} without {unit} in line {line}, got {value}.",
            name=name,
            unit=found.unit,
            line=row.line,
            value=text.strip()[:40],
        )
    if name in _COUNTS and found.value != int(found.value):
        raise InputError(
            "Expected a whole number for {name} in line {line}, got {value}.",
            name=name,
            line=row.line,
            value=text.strip()[:40],
        )
    return found.value


def _exact(value: float | int) -> str:
    """The number as it came in: what is echoed must be what was computed with."""
    short = f"{value:g}"
    return str(value) if isinstance(value, int) or float(short) != value else short

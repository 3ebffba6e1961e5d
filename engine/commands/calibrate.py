"""Noise multipliers for a CSV of configurations.

Columns: data_budget, batch_size, iterations, epsilon, delta. Rows come back in the same order. By
default on the search path; --certify proves each row (0.02 to some seconds a row).
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from engine.accounting.certify import certify
from engine.accounting.search import noise_multiplier
from engine.commands.options import add_json, add_sampling, as_json, number
from engine.config import Sampling, require_integer
from engine.errors import InputError

_REASONS: dict[type[Exception], str] = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "that is a folder",
    PermissionError: "it may not be read",
    UnicodeDecodeError: "it is no UTF-8 text",
}
COLUMNS = ("data_budget", "batch_size", "iterations", "epsilon", "delta")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--certify", action="store_true", help="prove each row")
    add_sampling(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """Rows with their noise as a table or JSON. Raises :class:`InputError`."""
    table = _read(options.file)
    if options.certify:
        found = [_certified(number_, row, options) for number_, row in enumerate(table, start=1)]
    else:
        found = _searched(table, options)
    if options.json:
        rows = [{**row, **extra} for row, extra in zip(table, found, strict=True)]
        return as_json({"rows": rows})
    header = ",".join((*COLUMNS, *found[0]))
    lines = [
        ",".join(
            [*(f"{row[name]:g}" for name in COLUMNS), *(_cell(value) for value in extra.values())]
        )
        for row, extra in zip(table, found, strict=True)
    ]
    return "\n".join([header, *lines])


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _searched(table: list[dict[str, float]], options: argparse.Namespace) -> list[dict[str, Any]]:
    columns = {name: np.array([row[name] for row in table]) for name in COLUMNS}
    sigma = noise_multiplier(sampling=Sampling(options.sampling), **columns)
    return [{"noise_multiplier": float(value)} for value in sigma]


def _certified(
    row_number: int, row: dict[str, float], options: argparse.Namespace
) -> dict[str, Any]:
    counts = ("data_budget", "batch_size", "iterations")
    certificate = certify(
        **{name: require_integer(f"{name} in row {row_number}", row[name]) for name in counts},
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


def _read(path: Path) -> list[dict[str, float]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    "Expected the columns {expected} in {file}, missing: {missing}.",
                    expected=", ".join(COLUMNS),
                    file=path.name,
                    missing=", ".join(missing),
                )
            table = [
                {name: _value(row[name], name, line) for name in COLUMNS}
                for line, row in enumerate(reader, start=2)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "Expected a readable CSV file, got {file}: {reason}.",
            file=path.name,
            reason=_REASONS.get(type(error), "it cannot be read"),
        ) from None
    if not table:
        raise InputError("Expected at least one row in {file}, found none.", file=path.name)
    return table


def _value(text: str | None, name: str, line: int) -> float:
    return number(f"{name} in line {line}", text or "")

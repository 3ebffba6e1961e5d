"""Ask about the runs in SQL: ``runs sql "SELECT …"``.

`runs` has a row a run, as an export has, and `curves` (run_id, iteration, cross_entropy) the losses
on the way. One SELECT in DuckDB's SQL, answered in a process of its own that can reach no file and
no network; Ctrl-C ends it.
"""

import argparse
import math
from pathlib import Path

from engine.commands.options import add_json, as_columns, as_json, number, write_file
from engine.decision.fitted import run_log
from engine.errors import InputError
from engine.runs.queries import MOST_ROWS, SECONDS, Cell, Rows, ask
from engine.tables.guard import csv_text
from engine.text.terminal import tell

_LONGEST_CELL = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("query", metavar="SELECT", help="one SELECT over runs and curves")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the answer to a CSV file")
    parser.add_argument("--bom", action="store_true", help="mark the CSV as UTF-8, for Excel")
    parser.add_argument(
        "--seconds",
        default=f"{SECONDS:g}",
        metavar="SECONDS",
        help="that the query may take (default: %(default)s)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The answer. Raises :class:`InputError`."""
    seconds = number("--seconds", options.seconds)
    if not 0 < seconds <= 3_600:
        raise InputError(
            "Expected --seconds between 0 and 3,600, got {value}.", value=options.seconds
        )
    if options.bom and options.csv is None:
        raise InputError("Expected --bom with --csv FILE.")
    found = ask(run_log(), options.query, seconds=seconds)
    if found.more:
        tell(f"The first {MOST_ROWS:,} rows; there are more.")
    if options.csv is not None:
        return _written(options, found)
    if options.json:
        rows = [[_plain(cell) for cell in row] for row in found.by_row()]
        return as_json({"columns": list(found.columns), "rows": rows, "more": found.more})
    if not len(found):
        return "No rows."
    return as_columns([found.columns, *(tuple(map(_text, row)) for row in found.by_row())])


def _written(options: argparse.Namespace, found: Rows) -> str:
    content = csv_text(found.columns, found.by_row(), with_bom=options.bom).encode()
    write_file(options.csv, content)
    if options.json:
        return as_json({"file": str(options.csv), "rows": len(found), "more": found.more})
    return f"{options.csv}: {len(found):,} rows"


def _plain(cell: Cell) -> Cell:
    """JSON knows no NaN and no infinity."""
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return str(cell)[:_LONGEST_CELL]

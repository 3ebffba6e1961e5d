"""Write all runs to a file: ``runs export FILE``, which ends in .parquet, .csv or .duckdb."""

import argparse
from pathlib import Path

from engine import durable
from engine.commands.options import add_json, as_json
from engine.decision.fitted import run_log
from engine.errors import InputError
from engine.runs.export import Kind, export, kind_of
from engine.text.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="ends in .parquet, .csv or .duckdb")
    parser.add_argument("--family", metavar="NAME", help="of one family (default: all)")
    parser.add_argument("--bom", action="store_true", help="mark a CSV as UTF-8, for Excel")
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """Where it was written. Raises :class:`InputError`."""
    kind = kind_of(options.file.name)
    if options.bom and kind is not Kind.CSV:
        raise InputError("Expected --bom with a CSV file, got {kind}.", kind=kind)
    content = export(run_log(), kind, family=options.family, with_bom=options.bom)
    try:
        durable.write(options.file, content)
    except OSError as error:
        raise InputError(
            "Could not write {file}: {reason}.",
            file=str(options.file),
            reason=error.strerror or "unknown error",
        ) from error
    if kind is Kind.CSV:
        tell("A CSV holds no curves: .parquet and .duckdb do.")
    if options.json:
        return as_json({"file": str(options.file), "bytes": len(content)})
    return f"{options.file}: {len(content):,} bytes"

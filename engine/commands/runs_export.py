"""Write all runs to a file that ends in .parquet, .csv or .duckdb, or to a store of MLflow."""

import argparse
from pathlib import Path

from engine.commands.options import add_json, as_json, write_file
from engine.decision.fitted import run_log
from engine.errors import InputError
from engine.runs.export import Kind, export, kind_of
from engine.runs.mlflow_store import to_mlflow
from engine.text.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="ends in .parquet, .csv or .duckdb"
    )
    parser.add_argument(
        "--mlflow",
        metavar="URI",
        help="a tracking store instead, such as sqlite:///runs.db: runs that are there already "
        "are not written again",
    )
    parser.add_argument("--family", metavar="NAME", help="of one family (default: all)")
    parser.add_argument("--bom", action="store_true", help="mark a CSV as UTF-8, for Excel")
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """Where it was written. Raises :class:`InputError`."""
    if (options.file is None) == (options.mlflow is None):
        raise InputError("Expected a FILE or --mlflow URI, one of the two.")
    if options.mlflow is not None:
        return _to_mlflow(options)
    kind = kind_of(options.file.name)
    if options.bom and kind is not Kind.CSV:
        raise InputError("Expected --bom with a CSV file, got {kind}.", kind=kind)
    content = export(run_log(), kind, family=options.family, with_bom=options.bom)
    write_file(options.file, content)
    if kind is Kind.CSV:
        tell("A CSV holds no curves: .parquet and .duckdb do.")
    if options.json:
        return as_json({"file": str(options.file), "bytes": len(content)})
    return f"{options.file}: {len(content):,} bytes"


def _to_mlflow(options: argparse.Namespace) -> str:
    found = to_mlflow(run_log(), options.mlflow, family=options.family)
    if options.json:
        return as_json({"mlflow": options.mlflow, "made": found.made, "known": found.known})
    return f"{options.mlflow}: {found.made} runs written, {found.known} were there"

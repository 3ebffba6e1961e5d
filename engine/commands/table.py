"""Make the accounting table of the search path again (an hour of one core; resumes)."""

import argparse
from pathlib import Path

from engine.accounting import table
from engine.text.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--out", type=Path, default=table.PATH, metavar="FILE.npz")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes to use")


def run(options: argparse.Namespace) -> str:
    """Build the table, with progress on standard error, and say where it is."""
    table.build(options.out, workers=options.workers, say=tell)
    return f"wrote {options.out}"

"""List the run log, or import runs from another tool's file into it."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from engine.commands.options import add_json, as_json, as_table
from engine.decision.fitted import run_log
from engine.runs.importers.dp_scaling_laws import read_results
from engine.runs.table import Refusal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--import-results",
        type=Path,
        metavar="results.csv",
        help="the public archive of McKenna et al. (2025)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """What was imported and refused, and what the log holds. Raises :class:`InputError`."""
    log = run_log()
    stored: list[str] = []
    refusals: list[Refusal] = []
    if options.import_results is not None:
        records, refusals = read_results(options.import_results, created_at=datetime.now(UTC))
        stored = log.append(records)
    families = log.families()
    if options.json:
        return as_json(
            {
                "families": families,
                "stored": stored,
                "refused": [str(refusal) for refusal in refusals],
                "skipped_files": [f"{entry.path.name}: {entry.reason}" for entry in log.skipped],
            }
        )
    lines = [(family, f"{count} runs") for family, count in families.items()]
    if options.import_results is not None:
        lines.append(("stored", f"{len(stored)} new runs"))
    lines.extend(("refused", str(refusal)) for refusal in refusals)
    lines.extend(("skipped", f"{entry.path.name}: {entry.reason}") for entry in log.skipped)
    return as_table(lines)

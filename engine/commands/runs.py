"""List the run log, or import runs from another tool's file into it: ``runs import FILE``."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.commands import runs_import
from engine.commands.options import (
    add_corrections,
    add_json,
    as_json,
    as_table,
    corrections,
    reading_as_json,
    tell_reading,
)
from engine.decision.fitted import run_log
from engine.runs.importers.dp_scaling_laws import Diverged, Imported, read_results
from engine.text.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--import-results",
        type=Path,
        metavar="results.csv",
        help="the public archive of McKenna et al. (2025)",
    )
    add_corrections(parser)
    add_json(parser)
    actions = parser.add_subparsers(metavar="ACTION")
    importing = actions.add_parser(
        "import",
        help=(runs_import.__doc__ or "").split("\n")[0],
        description=runs_import.__doc__,
    )
    runs_import.add_arguments(importing)
    importing.set_defaults(act=runs_import.run)


def run(options: argparse.Namespace) -> str:
    """What was imported and refused, and what the log holds. Raises :class:`InputError`."""
    act: Callable[[argparse.Namespace], str] | None = getattr(options, "act", None)
    if act is not None:
        return act(options)
    log = run_log()
    found: Imported | None = None
    stored: list[str] = []
    if options.import_results is not None:
        found = read_results(
            options.import_results, created_at=datetime.now(UTC), corrections=corrections(options)
        )
        stored = log.append(found.records)
    families = log.families()
    if not log.folder.is_dir():
        tell(f"There is no folder of runs {log.folder} yet: the first import makes it.")
    if options.json:
        return as_json(
            {
                "families": families,
                "stored": stored,
                "refused": [str(refusal) for refusal in found.refusals] if found else [],
                "diverged": [_diverged(run) for run in found.diverged] if found else [],
                "skipped_files": [f"{entry.path.name}: {entry.reason}" for entry in log.skipped],
                **({"read": reading_as_json(found.detected)} if found else {}),
            }
        )
    lines = [(family, f"{count} runs") for family, count in families.items()]
    if found:
        tell_reading(found.detected)
        lines.append(("stored", f"{len(stored)} new runs"))
        lines.extend(("diverged", str(run)) for run in found.diverged)
        lines.extend(("refused", str(refusal)) for refusal in found.refusals)
    lines.extend(("skipped", f"{entry.path.name}: {entry.reason}") for entry in log.skipped)
    return as_table(lines)


def _diverged(run: Diverged) -> dict[str, object]:
    return {"run": run.run, "run_id": run.run_id, "row": run.line, "reason": str(run.reason)}

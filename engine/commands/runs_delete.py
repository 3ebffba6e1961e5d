"""Delete runs, a family or an import, and bring them back: ``runs delete``, ``runs restore``.

What is deleted is hidden, not destroyed. After an import was deleted, the corrected file can be
imported under the same family, in another unit even.
"""

import argparse
from datetime import UTC, datetime

from engine.commands.options import add_json, as_json, as_table
from engine.decision.fitted import run_log
from engine.runs.removal import Chosen, Removed, delete, restore


def add_delete_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``runs delete``."""
    _add_chosen(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept beside the runs")
    add_json(parser)


def add_restore_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``runs restore``."""
    _add_chosen(parser)
    add_json(parser)


def _add_chosen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="names, ids, or the beginnings of ids"
    )
    parser.add_argument("--family", metavar="NAME", help="a whole family")
    parser.add_argument(
        "--import",
        dest="import_id",
        metavar="ID",
        help="what one import brought; `runs list --json` has the ids",
    )


def run_delete(options: argparse.Namespace) -> str:
    """What was deleted. Raises :class:`InputError`."""
    found = delete(run_log(), _chosen(options), at=datetime.now(UTC), reason=options.reason)
    return _told(options, "deleted", found)


def run_restore(options: argparse.Namespace) -> str:
    """What was brought back. Raises :class:`InputError`."""
    found = restore(run_log(), _chosen(options), at=datetime.now(UTC))
    return _told(options, "restored", found)


def _chosen(options: argparse.Namespace) -> Chosen:
    return Chosen(runs=tuple(options.runs), family=options.family, import_id=options.import_id)


def _told(options: argparse.Namespace, act: str, found: Removed) -> str:
    if options.json:
        return as_json({act: list(found.run_ids), "imports": list(found.imports)})
    rows = [(act, f"{len(found.run_ids)} runs")]
    rows += [("import", name) for name in found.imports]
    return as_table([*rows, *(("run", run_id) for run_id in found.run_ids)])

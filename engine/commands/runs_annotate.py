"""Tag runs and write notes on them: ``runs tag RUN … --add TAG``, ``runs note RUN … --text TEXT``.

Who wrote a tag or a note, and when, stays with it; `runs show` tells. `runs list --tag` lists the
runs of a tag.
"""

import argparse
from datetime import UTC, datetime

from engine.commands.options import add_json, as_json, as_table
from engine.decision.fitted import run_log
from engine.errors import InputError
from engine.runs.annotating import annotate


def add_tag_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``runs tag``."""
    _add_runs(parser)
    parser.add_argument(
        "--add", action="append", default=[], metavar="TAG", help="a tag to put on; repeatable"
    )
    parser.add_argument(
        "--remove", action="append", default=[], metavar="TAG", help="a tag to take off; repeatable"
    )
    add_json(parser)


def add_note_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``runs note``."""
    _add_runs(parser)
    parser.add_argument(
        "--text", required=True, metavar="TEXT", help='takes the place of the note; "" removes it'
    )
    add_json(parser)


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="names, ids, or the beginnings of ids"
    )


def run_tag(options: argparse.Namespace) -> str:
    """Which runs were tagged. Raises :class:`InputError`."""
    if not options.add and not options.remove:
        raise InputError("Expected --add TAG or --remove TAG, got neither.")
    now = datetime.now(UTC)
    found = annotate(run_log(), options.runs, at=now, add=options.add, remove=options.remove)
    return _told(options, "tagged", found)


def run_note(options: argparse.Namespace) -> str:
    """Which runs got the note. Raises :class:`InputError`."""
    found = annotate(run_log(), options.runs, at=datetime.now(UTC), note=options.text)
    return _told(options, "noted", found)


def _told(options: argparse.Namespace, act: str, run_ids: list[str]) -> str:
    if options.json:
        return as_json({act: run_ids})
    return as_table([(act, run_id) for run_id in run_ids])

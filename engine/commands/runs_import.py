"""Import runs as a family: a table (CSV, JSON lines, Parquet, Excel, SQLite, DuckDB), a tracker's
folder or database, or an MLflow server.

Columns are guessed from their names and told; --map says what was guessed wrongly. Every run of the
file is listed with its status and flags. Nothing is written with --dry-run.
"""

import argparse
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine.commands.options import (
    add_corrections,
    add_json,
    as_json,
    as_table,
    corrections,
    tell_reading,
    whole,
)
from engine.decision.fitted import run_log
from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.imports.importing import Asked, Imported, family_of, import_file, store
from engine.runs.imports.mlflow_server import is_server, server_name, server_sheet
from engine.runs.imports.settle import Settled, Status
from engine.runs.log import RunLog
from engine.text.terminal import tell

_SQLITE = "sqlite:///"
"""How MLflow writes the address of its database."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="the table of runs, a tracker's folder or database, or an MLflow server (http://…)",
    )
    parser.add_argument(
        "--experiment", metavar="NAME", help="of an MLflow server (default: all of them)"
    )
    parser.add_argument(
        "--family",
        metavar="NAME",
        help="small letters, digits, '-', '_' and '.' (default: after the file)",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="what a column is, such as params=model_size or size=model_size:millions",
    )
    parser.add_argument(
        "--loss-unit",
        choices=[str(measure) for measure in Measure],
        help="what the losses are counted in (default: as the column's name says, else "
        "nats-per-token)",
    )
    parser.add_argument(
        "--vocabulary-size", metavar="TOKENS", help="where the file does not say it"
    )
    parser.add_argument(
        "--sequence-length", metavar="TOKENS", help="of an example, where the file does not say it"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    add_corrections(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """What the file holds, stored unless it is a dry run. Raises :class:`InputError`."""
    log = run_log()
    found = _found(options, log)
    if not options.dry_run:
        store(log, found)
    for sentence in told(found):
        tell(sentence)
    tell_reading(found.detected)
    if options.json:
        return as_json(document(found))
    return as_table(rows(found, dry=options.dry_run))


def _found(options: argparse.Namespace, log: RunLog) -> Imported:
    wanted, now = asked(options), datetime.now(UTC)
    if is_server(options.file):
        sheet = server_sheet(options.file, options.experiment)
        name = options.experiment or server_name(options.file)
        family = wanted.family or _family(name)
        place = Path(server_name(options.file))
        return import_file(place, log, replace(wanted, family=family), created_at=now, sheet=sheet)
    if options.experiment is not None:
        raise InputError(
            "Expected --experiment beside an MLflow server's address, got {value}: a file or "
            "folder is read whole.",
            value=options.file[:80],
        )
    place = Path(options.file.removeprefix(_SQLITE))
    return import_file(place, log, wanted, created_at=now)


def asked(options: argparse.Namespace) -> Asked:
    """What the options say of the file. Raises :class:`InputError`."""
    said = {}
    for pair in options.map:
        theirs, separator, ours = pair.rpartition("=")
        if not (separator and theirs.strip() and ours.strip()):
            raise InputError("Expected --map THEIRS=OURS, got {value}.", value=pair[:80])
        said[theirs.strip()] = ours.strip()
    vocabulary, length = options.vocabulary_size, options.sequence_length
    return Asked(
        family=options.family,
        said=said,
        loss_unit=None if options.loss_unit is None else Measure(options.loss_unit),
        vocabulary_size=None if vocabulary is None else whole("--vocabulary-size", vocabulary),
        sequence_length=None if length is None else whole("--sequence-length", length),
        corrections=corrections(options),
    )


def document(found: Imported) -> dict[str, object]:
    """The import as plain values."""
    return {
        "family": found.family,
        "accepted": len(found.runs),
        "refused": [
            {"row": one.line, "run": one.run, "reason": str(one.reason)} for one in found.refused
        ],
        "runs": [
            {
                "run": one.name,
                "run_id": one.run_id,
                "status": str(one.status),
                "flags": [str(flag.flag) for flag in one.flags],
            }
            for one in found.runs
        ],
    }


def rows(found: Imported, *, dry: bool) -> list[tuple[str, str]]:
    """A line a run, then what was refused."""
    points = len(found.records)
    lines = [
        ("family", found.family),
        ("accepted", f"{len(found.runs)} runs, {points} of them points of a law"),
        ("losses", found.entry.measure.replace("-", " ")),
        ("written", "nothing: a dry run" if dry else "the run log"),
    ]
    lines += [(one.name, _line(one)) for one in found.runs]
    lines += [(f"refused: row {one.line}", f"{one.run}: {one.reason}") for one in found.refused]
    return lines


def _line(run: Settled) -> str:
    parts = [f"{run.run_id[:8]} {run.status}"]
    if run.loss is not None and run.status is not Status.DIVERGED:
        parts[0] += f" {run.loss:.4g}"
    parts += [str(run.ended)] if run.ended else []
    parts += [f"{one.flag}: {one.reason}" for one in run.flags]
    return "; ".join(parts)


def told(found: Imported) -> list[str]:
    """How the columns were understood, and what was assumed."""
    columns = found.columns
    pairs = ", ".join(
        f"{theirs} = {role}" + (f" × {columns.scale[role]:,}" if role in columns.scale else "")
        for role, theirs in columns.by_role.items()
        if theirs != role
    )
    said = [f"Columns: {pairs}."] if pairs else []
    if columns.unused:
        said.append(f"Not used: {', '.join(columns.unused)}.")
    if found.remembered is not None:
        said.append(f"Read as {found.remembered.file} was: it has the same columns.")
    assumed = {name for run in found.runs for name in run.assumed}
    sentences = {
        "noise": "No column says the noise: all runs count as trained without.",
        "sequence_length": "No column says the tokens of an example: 512 are assumed "
        "(--sequence-length).",
        "vocabulary_size": "No column says the vocabulary: 50,257 tokens are assumed, or 256 where "
        "losses are per byte (--vocabulary-size).",
        "sampling": "No column says the sampling: Poisson sampling of examples is assumed.",
    }
    return said + [sentence for name, sentence in sentences.items() if name in assumed]


def _family(experiment: str) -> str:
    """A family's name from an experiment's, of which no part is an ending.

    >>> _family("lr-0.01"), _family("team/sweep")
    ('lr-0-01', 'team-sweep')
    """
    return family_of(Path(re.sub("[./]", "-", experiment)))

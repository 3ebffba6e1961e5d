"""The run log: its families, its runs, what comes in and goes out.

``runs import FILE`` brings runs of another tool's file, ``list`` and ``show`` say what there is,
``delete`` and ``restore`` take away and bring back, ``tag`` and ``note`` say something of runs,
``sql`` asks about them, ``export FILE`` writes a file.
"""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from engine.commands import (
    runs_annotate,
    runs_delete,
    runs_export,
    runs_import,
    runs_list,
    runs_sql,
)
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
from engine.decision_log import recorded
from engine.runs.importers.dp_scaling_laws import Diverged, Imported, read_results
from engine.text.terminal import tell

_Add = Callable[[argparse.ArgumentParser], None]
_Act = Callable[[argparse.Namespace], str]

_ACTIONS: tuple[tuple[str, str, ModuleType, _Add, _Act], ...] = (
    ("import", "import a table of runs as a family", runs_import,
     runs_import.add_arguments, runs_import.run),
    ("list", "list all runs with status and flags", runs_list,
     runs_list.add_list_arguments, runs_list.run_list),
    ("show", "show all that is known of a run, with its curve", runs_list,
     runs_list.add_show_arguments, runs_list.run_show),
    ("delete", "delete runs, a family or an import; restore brings them back", runs_delete,
     runs_delete.add_delete_arguments, runs_delete.run_delete),
    ("restore", "bring deleted runs back", runs_delete,
     runs_delete.add_restore_arguments, runs_delete.run_restore),
    ("tag", "put tags on runs, or take them off", runs_annotate,
     runs_annotate.add_tag_arguments, runs_annotate.run_tag),
    ("note", "write a note on runs", runs_annotate,
     runs_annotate.add_note_arguments, runs_annotate.run_note),
    ("sql", "ask about the runs in SQL", runs_sql, runs_sql.add_arguments, runs_sql.run),
    ("export", "write all runs to a Parquet, CSV or DuckDB file", runs_export,
     runs_export.add_arguments, runs_export.run),
)  # fmt: skip
"""Name, help, and the module whose first words describe it."""


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
    for name, told, module, add, act in _ACTIONS:
        action = actions.add_parser(name, help=told, description=(module.__doc__ or "").strip())
        add(action)
        action.set_defaults(act=act)


def run(options: argparse.Namespace) -> str:
    """What was imported and refused, and what the log holds. Raises :class:`InputError`."""
    act: _Act | None = getattr(options, "act", None)
    if act is not None:
        return act(options)
    log = run_log()
    found: Imported | None = None
    stored: list[str] = []
    if options.import_results is not None:
        found = read_results(
            options.import_results, created_at=datetime.now(UTC), corrections=corrections(options)
        )
        what = {"file": options.import_results.name, "runs": len(found.records)}
        with recorded("runs-import", what, folder=log.folder, versions={"evidence": log.version}):
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

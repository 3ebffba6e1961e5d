"""What experiment trackers store on disk -> a sheet with a row a run and step.

Read without the trackers themselves, and without writing anything: their own libraries migrate a
database when they open it. **MLflow**: the tracking database (SQLite; of metrics, ``is_nan`` counts
and the stored 0 does not) and the folder ``mlruns/``. **Trackio**: its SQLite database, whose NaN
is a text. Deleted runs stay out; of one metric written twice at a step the later value counts; a
name that several runs have gets the beginning of the run's id.

Not covered: tracking servers, artifacts, system metrics, nested runs as such.
"""

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import InputError
from engine.runs.imports.databases import sqlite
from engine.runs.imports.sheet import Sheet, of_rows
from engine.untrusted.texts import json_value

_STATUSES = {"1": "running", "2": "scheduled", "3": "finished", "4": "failed", "5": "killed"}
"""MLflow's numbers of a run's status, in files."""


@dataclass(kw_only=True)
class TrackedRun:
    """One run as a tracker has it."""

    id: str
    name: str
    status: str = ""
    settings: dict[str, object] = field(default_factory=dict)
    measured: dict[int, dict[str, object]] = field(default_factory=lambda: defaultdict(dict))
    """Step -> metric -> value."""


def tracked_sheet(file: str, runs: Iterable[TrackedRun]) -> Sheet:
    """The runs as one sheet. Raises :class:`InputError` where none measured anything."""
    found = list(runs)
    names = Counter(run.name for run in found)
    rows: list[Mapping[str, object]] = []
    for run in found:
        name = run.name if run.name and names[run.name] == 1 else f"{run.name} {run.id[:8]}".strip()
        fixed: dict[str, object] = {"run": name, "status": run.status}
        steps = sorted(run.measured) or [0]
        for step in steps:
            metrics = run.measured.get(step, {})
            # A setting called as a metric is one: what was measured has the say.
            rows.append({**run.settings, **fixed, "step": step, **metrics})
    if not rows:
        raise InputError("Expected runs in {file}, got none.", file=file)
    return of_rows(file, rows)


def is_mlflow(tables: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a database's tables are MLflow's."""
    return "is_nan" in tables.get("metrics", ()) and "run_uuid" in tables.get("runs", ())


def is_trackio(tables: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a database's tables are Trackio's."""
    return "run_name" in tables.get("metrics", ()) and "config" in tables.get("configs", ())


def mlflow_sheet(path: Path) -> Sheet:
    """The active runs of MLflow's tracking database."""
    runs: dict[str, TrackedRun] = {}
    with sqlite(path) as base:
        for key, name, status in base.execute(
            "SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' "
            "ORDER BY start_time, run_uuid"
        ):
            runs[key] = TrackedRun(id=key, name=name or "", status=str(status or "").lower())
        for key, name, value in base.execute("SELECT run_uuid, key, value FROM params"):
            if key in runs:
                runs[key].settings[name] = value
        for key, name, value, step, is_nan in base.execute(
            "SELECT run_uuid, key, value, step, is_nan FROM metrics ORDER BY step, timestamp"
        ):
            if key in runs:
                runs[key].measured[step or 0][name] = math.nan if is_nan else value
    return tracked_sheet(path.name, runs.values())


def is_mlruns(folder: Path) -> bool:
    """Whether a folder, or one below it, holds MLflow's runs."""
    return next(_run_folders(folder), None) is not None


def mlruns_sheet(folder: Path) -> Sheet:
    """The active runs of a folder ``mlruns/``, or of one experiment in it."""
    runs = []
    for place in sorted(_run_folders(folder)):
        about = _fields((place / "meta.yaml").read_text(encoding="utf-8"))
        if about.get("lifecycle_stage", "active") != "active":
            continue
        status = about.get("status", "")
        run = TrackedRun(
            id=about.get("run_id", place.name),
            name=about.get("run_name") or _text(place / "tags" / "mlflow.runName"),
            status=_STATUSES.get(status, status).lower(),
        )
        for path in _files(place / "params"):
            run.settings[path.relative_to(place / "params").as_posix()] = _text(path)
        for path in _files(place / "metrics"):
            metric = path.relative_to(place / "metrics").as_posix()
            _read_metric(run, metric, path)
        runs.append((about.get("start_time", ""), run))
    return tracked_sheet(folder.name, [run for _, run in sorted(runs, key=lambda one: one[0])])


def _run_folders(folder: Path) -> Iterator[Path]:
    """Folders of runs: in mlruns/EXPERIMENT/RUN, or one level nearer."""

    def found() -> Iterable[Path]:
        for pattern in ("meta.yaml", "*/meta.yaml", "*/*/meta.yaml", "*/*/*/meta.yaml"):
            for path in folder.glob(pattern):
                hidden = ".trash" in path.parts
                if not hidden and (path.parent / "metrics").is_dir():
                    yield path.parent

    return iter(list(dict.fromkeys(found())))


def _fields(text: str) -> dict[str, str]:
    """Plain ``name: value`` lines of a YAML file, which is all that MLflow writes of a run."""
    pairs = (line.partition(":") for line in text.splitlines() if not line[:1].isspace())
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        return ""


def _read_metric(run: TrackedRun, metric: str, path: Path) -> None:
    """Lines of time, value and step."""
    for line in _text(path).splitlines():
        parts = line.split()
        if len(parts) < 2:
            continue
        step = int(parts[2]) if len(parts) > 2 and parts[2].lstrip("-").isdigit() else 0
        run.measured[step][metric] = parts[1]


def trackio_sheet(path: Path) -> Sheet:
    """The runs of a Trackio project."""
    runs: dict[str, TrackedRun] = {}
    with sqlite(path) as base:
        key = "run_id" if "run_id" in _columns(base, "metrics") else "run_name"
        for run_id, name, step, metrics in base.execute(
            f"SELECT {key}, run_name, step, metrics FROM metrics ORDER BY id"
        ):
            run = runs.setdefault(run_id or name, TrackedRun(id=str(run_id or name), name=name))
            run.measured[int(step or 0)].update(_object(metrics))
        key = "run_id" if "run_id" in _columns(base, "configs") else "run_name"
        for run_id, name, config in base.execute(f"SELECT {key}, run_name, config FROM configs"):
            run = runs.setdefault(run_id or name, TrackedRun(id=str(run_id or name), name=name))
            run.settings.update(
                (name, value) for name, value in _object(config).items() if name[:1] != "_"
            )
    return tracked_sheet(path.name, runs.values())


def _columns(base: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in base.execute(f"PRAGMA table_info({table})")]


def _object(content: bytes | str) -> dict[str, object]:
    try:
        found = json_value(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

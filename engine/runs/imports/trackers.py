"""What experiment trackers store on disk -> a sheet with a row a run and step.

Read without the trackers themselves, and without writing anything: their own libraries migrate a
database when they open it. **MLflow**: the tracking database (SQLite; of metrics, ``is_nan`` counts
and the stored 0 does not) and the folder ``mlruns/``. **Trackio**: its SQLite database, whose NaN
is a text. Deleted runs stay out.

Not covered: artifacts, system metrics, nested runs as such.
"""

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from engine.runs.imports.databases import sqlite
from engine.runs.imports.sheet import Sheet, flat
from engine.runs.imports.tracked import TrackedRun, tracked_sheet
from engine.untrusted.texts import json_value

_STATUSES = {"1": "running", "2": "scheduled", "3": "finished", "4": "failed", "5": "killed"}
"""MLflow's numbers of a run's status, in files."""
_MEASURED = (
    "SELECT coalesce(step, 0), CASE WHEN is_nan THEN NULL ELSE value END FROM metrics "
    "WHERE run_uuid = ? AND key = ?"
)


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
        for key, run in runs.items():
            _read_metrics(base, key, run)
    return tracked_sheet(path.name, runs.values())


def _read_metrics(base: sqlite3.Connection, key: str, run: TrackedRun) -> None:
    """The measurements of one run, a metric at a time: an index of MLflow's leads there, and has
    them in order of their steps. The times are asked only where a step comes twice."""
    names = base.execute("SELECT DISTINCT key FROM metrics WHERE run_uuid = ?", (key,)).fetchall()
    for (metric,) in names:
        rows = base.execute(f"{_MEASURED} ORDER BY step", (key, metric)).fetchall()
        steps, values = zip(*rows, strict=True)
        if len(set(steps)) < len(steps):
            rows = base.execute(f"{_MEASURED} ORDER BY step, timestamp", (key, metric)).fetchall()
            steps, values = zip(*rows, strict=True)
        if None in values:
            values = tuple(math.nan if value is None else value for value in values)
        run.measure_all(metric, steps, values)


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
        step = int(parts[2]) if len(parts) > 2 and parts[2].lstrip("-").isdecimal() else 0
        run.measure(metric, step, parts[1])


def trackio_sheet(path: Path) -> Sheet:
    """The runs of a Trackio project."""
    runs: dict[str, TrackedRun] = {}
    with sqlite(path) as base:
        key = "run_id" if "run_id" in _columns(base, "metrics") else "run_name"
        for run_id, name, step, metrics in base.execute(
            f"SELECT {key}, run_name, step, metrics FROM metrics ORDER BY id"
        ):
            run = runs.setdefault(run_id or name, TrackedRun(id=str(run_id or name), name=name))
            for metric, value in flat(_object(metrics)).items():
                run.measure(metric, step or 0, value)
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

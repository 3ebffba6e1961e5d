"""The run log: every run in a folder, queried through this process's own in-memory DuckDB.

``RunLog.open()`` reads the installation's folder (environment variable KESSAI_DATA, else
``data/runs``), the committed campaign in ``data/runs`` and the published records that the caller
hands over. Published facts are never copied into the folder: they are a second, read-only source
of the same view. So there is nothing to fill on first use, nothing for two processes to race for,
and an image whose folders cannot be written still answers every question; only
:meth:`RunLog.append` and :meth:`RunLog.compact` then refuse, and say why.

Before every answer the folders are listed and unseen files loaded; a file that is gone is
forgotten. Files that are no part of the log are :attr:`RunLog.skipped` with a reason. A run that
is stored twice counts once: the record made first (``created_at``, then the smaller loss) of those
that no deletion hides (:mod:`engine.runs.deletions`).

DuckDB 2.0.0 gives wrong results when it scans pandas or Arrow objects: values come in as Parquet
or bound. One cursor a query, because a shared connection is "busy" to a second thread.
"""

import hashlib
import os
import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import duckdb
import pandas as pd
import pyarrow as pa

from engine import durable
from engine.access.rights import LOCAL, Person
from engine.decision_log import recorded
from engine.errors import InputError
from engine.runs import annotations, deletions, files
from engine.runs.arrow import SCHEMA, from_table
from engine.runs.files import Compaction, SkippedFile
from engine.runs.folder import listing, unwritable
from engine.runs.record import FIELDS, RunRecord
from engine.untrusted.guard import reason_of

DATA_VARIABLE = "KESSAI_DATA"
"""Environment variable: the folder that this installation's runs go to."""
COMMITTED = Path(__file__).resolve().parents[2] / "data" / "runs"
"""The campaign that comes with the source, and the default folder."""

DUCKDB_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "1GiB",
    "threads": 2,
    "temp_directory": "",
}
"""What every database here may use: no query takes the machine, and none writes to a disk."""

_SQL_TYPES = {
    "bool": "BOOLEAN",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}
_CURVE_TYPE = "STRUCT(iteration BIGINT, cross_entropy DOUBLE)[]"
_COLUMNS = ", ".join(SCHEMA.names)
_VIEWS = f"""
CREATE TABLE stored (
    {", ".join(f"{f.name} {_SQL_TYPES.get(str(f.type), _CURVE_TYPE)}" for f in SCHEMA)},
    file VARCHAR
);
CREATE TABLE hidden (
    run_id VARCHAR, since TIMESTAMPTZ, until TIMESTAMPTZ, deleted_at TIMESTAMPTZ, reason VARCHAR
);
CREATE VIEW runs AS SELECT {_COLUMNS} FROM stored LEFT JOIN hidden USING (run_id)
WHERE until IS NULL OR created_at > until
QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY created_at, cross_entropy, file) = 1;
CREATE VIEW deleted AS SELECT {_COLUMNS}, until, deleted_at, reason
FROM stored JOIN hidden USING (run_id)
WHERE created_at <= until AND (since IS NULL OR created_at > since)
AND run_id NOT IN (SELECT run_id FROM runs)
QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY created_at, cross_entropy, file) = 1;
CREATE VIEW curves AS
SELECT run_id, unnest(curve, recursive := true) FROM runs;
"""
_RECORDS = f"SELECT {_COLUMNS} FROM runs WHERE $family IS NULL OR family = $family ORDER BY run_id"


def data_folder() -> Path:
    """The folder that this installation's runs go to; it may not exist yet."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen).absolute() if chosen else COMMITTED


class RunLog:
    """One process's view of the log; its methods may be called from any thread.

    Use as a context manager, or call :meth:`close`; a log that nobody closes is closed at exit.
    """

    def __init__(
        self, folder: Path, *, also: Iterable[Path] = (), published: Iterable[RunRecord] = ()
    ) -> None:
        """``folder`` takes new runs and need not exist; ``also`` and
        ``published`` are only read."""
        self.folder = folder.absolute()
        others = [path.absolute() for path in also]
        self._folders = [self.folder, *(path for path in others if path != self.folder)]
        self._lock = threading.Lock()
        self._loaded: dict[Path, tuple[int, ...]] = {}
        self._skipped: dict[Path, tuple[tuple[int, ...], SkippedFile]] = {}
        self._deletions = deletions.Watch(self.folder)
        self._connection = duckdb.connect(":memory:", config=DUCKDB_LIMITS)
        # Also at exit: the process's log, which is never closed, would be reported as a leak.
        self._finalizer = weakref.finalize(self, self._connection.close)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(_VIEWS)
        self._bind(published)
        # Queries may come from a page: they can read these folders, and nothing else.
        self._connection.execute(f"SET allowed_directories = {_sql_list(self._folders)}")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    @classmethod
    def open(cls, folder: Path | None = None, *, published: Iterable[RunRecord] = ()) -> "RunLog":
        """The log of ``folder`` alone, or, without one, of this installation (see the module)."""
        if folder is not None:
            return cls(folder, published=published)
        return cls(data_folder(), also=[COMMITTED], published=published)

    def append(self, records: Iterable[RunRecord], *, again: bool = False) -> list[str]:
        """Store the records that the log does not hold yet, all or none, and return their run ids.

        A record made before its run was deleted stays deleted; with ``again`` it is stored, made
        after it: a person says it anew. They are durable when this returns. Raises InputError where
        the folder cannot be written.
        """
        known = self.run_ids()
        deleted = self.tombstones.runs
        until = {name: stones[-1].until for name, stones in deleted.items()}
        new = {}
        for record in records:
            hidden = until.get(record.run_id)
            if hidden is not None and record.created_at <= hidden:
                if not again:
                    continue
                record = replace(record, created_at=after(hidden))
            if record.run_id not in known:
                new[record.run_id] = record
        files.write(self.folder, new.values(), again=_token(until, new))
        return sorted(new)

    def delete(
        self,
        run_ids: Iterable[str],
        *,
        at: datetime,
        reason: str = "",
        imports: Mapping[str, datetime] | None = None,
        by: Person = LOCAL,
    ) -> list[str]:
        """Hide runs, and imports with when each was made; returns the ids of the runs that were
        there. What comes with Kessai is refused (:class:`InputError`), as is a folder that cannot
        be written. ``by``: on record; :mod:`engine.runs.removal` checks what that person may."""
        found = self._fetch(
            "SELECT run_id, max(created_at) AS until, bool_or(file IS NULL) AS published "
            "FROM stored WHERE run_id IN (SELECT unnest($ids)) "
            "AND run_id IN (SELECT run_id FROM runs) GROUP BY run_id",
            {"ids": list(run_ids)},
        ).to_pylist()
        if any(row["published"] for row in found):
            raise InputError(
                "Expected runs of your own, got published ones, which come with Kessai: leave them "
                "out of a law with --without."
            )
        until = {row["run_id"]: row["until"] for row in found}
        self._enter(deletions.Act.DELETE, until, imports or {}, at, reason, by)
        return sorted(until)

    def restore(
        self,
        run_ids: Iterable[str],
        *,
        at: datetime,
        imports: Iterable[str] = (),
        by: Person = LOCAL,
    ) -> list[str]:
        """Bring deleted runs and imports back as they were; returns the ids of the runs that were
        deleted. Those that are on record anew stay as they are. Raises as :meth:`delete`."""
        found = self._fetch(
            "SELECT run_id, until FROM deleted WHERE run_id IN (SELECT unnest($ids))",
            {"ids": list(run_ids)},
        ).to_pylist()
        until = {row["run_id"]: row["until"] for row in found}
        stones = self.tombstones.imports
        of_imports = {name: stones[name][-1].until for name in imports if name in stones}
        self._enter(deletions.Act.RESTORE, until, of_imports, at, "", by)
        return sorted(until)

    def _enter(
        self,
        act: deletions.Act,
        runs: Mapping[str, datetime],
        imports: Mapping[str, datetime],
        at: datetime,
        reason: str,
        by: Person,
    ) -> None:
        if not runs and not imports:
            return
        entry = deletions.Entry(act=act, at=at, reason=reason, runs=runs, imports=imports)
        what = {"runs": sorted(runs), "imports": sorted(imports), "reason": reason}
        versions = {"evidence": self.version}
        with recorded(f"runs-{act}", what, folder=self.folder, by=by, versions=versions):
            try:
                deletions.write(self.folder, entry)
            except OSError as error:
                raise unwritable(self.folder, error) from error

    @property
    def tombstones(self) -> deletions.State:
        """What is deleted now."""
        self.refresh()
        with self._lock:
            return self._deletions.state

    def run_ids(self) -> set[str]:
        """Of all runs."""
        return set(self._fetch("SELECT run_id FROM runs").column(0).to_pylist())

    def outlines(self, *, deleted: bool = False) -> list[dict[str, object]]:
        """A row a run, without its curve, of which ``points`` says the number: the fields of a
        record by name. Or so the deleted ones, with ``deleted_at`` and the ``reason``."""
        view, more = ("deleted", ", deleted_at, reason") if deleted else ("runs", "")
        names = ", ".join(name for name in SCHEMA.names if name != "curve")
        rows: list[dict[str, object]] = self._fetch(
            f"SELECT {names}, len(curve) AS points{more} FROM {view} "
            "ORDER BY family, created_at, run_id"
        ).to_pylist()
        return rows

    def curve(self, run_id: str) -> list[tuple[int, float]]:
        """The losses of one run on its way, (iteration, nats); empty where none are recorded."""
        found = self._fetch(
            "SELECT iteration, cross_entropy FROM curves WHERE run_id = $id ORDER BY iteration",
            {"id": run_id},
        )
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def table(self, family: str | None = None) -> pa.Table:
        """The runs of one family, or all, with the columns of the log's files, in order of id."""
        return self._fetch(_RECORDS, {"family": family})

    def records(self, family: str | None = None) -> list[RunRecord]:
        """The runs of one family, or all, in order of run id; curves included."""
        return from_table(self.table(family))

    def families(self) -> dict[str, int]:
        """Number of runs by family, in alphabetical order."""
        table = self._fetch(
            "SELECT family, count(*) AS runs FROM runs GROUP BY family ORDER BY family"
        )
        return dict(zip(table["family"].to_pylist(), table["runs"].to_pylist(), strict=True))

    def query(self, sql: str, **parameters: object) -> pd.DataFrame:
        """Rows of one SELECT over ``runs`` (a row a run) and ``curves`` (run_id, iteration, loss).

        ``parameters`` are bound to ``$name``. The query can change nothing, and read no files
        but the log's. Raises InputError with DuckDB's words when it fails.
        """
        frame: pd.DataFrame = self._fetch(sql, parameters).to_pandas()
        return frame

    @property
    def version(self) -> str:
        """Changes when a run comes, goes or is replaced: what results are cached by."""
        table = self._fetch("SELECT run_id, created_at, cross_entropy FROM runs ORDER BY run_id")
        return hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()[:16]

    @property
    def skipped(self) -> list[SkippedFile]:
        """Files in the folders that are no part of the log, with reasons."""
        self.refresh()
        with self._lock:
            damaged = self._deletions.damaged.items()
            said = annotations.state(self.folder).damaged
            return [
                *(entry for _, entry in self._skipped.values()),
                *(SkippedFile(path=path, reason=reason) for path, reason in damaged),
                *(SkippedFile(path=path, reason=reason) for path, reason in said.items()),
            ]

    def compact(self) -> Compaction:
        """Merge the folder's small files (see :func:`engine.runs.files.compact`)."""
        return files.compact(self.folder)

    def refresh(self) -> None:
        """Load the files that came since, forget those that went. Every answer does so first."""
        with self._lock:
            for folder in self._folders:
                with files.locked(folder, exclusive=False):
                    self._load(folder)
            self._load_deletions()

    def close(self) -> None:
        """Close the database of this view; nothing of the log is in it alone."""
        with self._lock:
            self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self, folder: Path) -> None:
        found = {path: durable.signature(path) for path in listing(folder)}
        gone = [p for p in self._loaded if p.parent == folder and self._loaded[p] != found.get(p)]
        for path in [p for p in self._skipped if p.parent == folder]:
            if self._skipped[path][0] != found.get(path):
                del self._skipped[path]
        fresh: dict[Path, list[str]] = {}
        for path, signature in found.items():
            if path in self._skipped or (path in self._loaded and path not in gone):
                continue
            try:
                ids = sorted(record.run_id for record in files.read(path))
            except FileNotFoundError:
                continue
            except InputError as error:
                self._skipped[path] = (signature, SkippedFile(path=path, reason=error))
            else:
                fresh[path] = ids
        try:
            self._exchange(fresh, gone)
        except (duckdb.Error, InputError):  # removed by hand since, or read in two ways: which?
            self._exchange({}, gone)
            fresh = {p: ids for p, ids in fresh.items() if self._try(p, ids, found[p])}
        for path in gone:
            del self._loaded[path]
        self._loaded.update((path, found[path]) for path in fresh)

    def _load_deletions(self) -> None:
        """Hide what was deleted since. Only the log's own folder deletes."""
        if self._deletions.refresh():
            self._hide(self._deletions.state)

    def _hide(self, state: deletions.State) -> None:
        """Tell the views, in one transaction."""
        columns: dict[str, list[object]] = {
            name: [] for name in ("ids", "since", "until", "at", "reasons")
        }
        for name, stones in state.runs.items():
            last, before = stones[-1], stones[-2].until if len(stones) > 1 else None
            row = (name, before, last.until, last.at, last.reason)
            for values, value in zip(columns.values(), row, strict=True):
                values.append(value)
        cursor = self._connection.cursor()
        cursor.begin()
        try:
            cursor.execute("DELETE FROM hidden")
            cursor.execute(
                "INSERT INTO hidden SELECT unnest($ids::VARCHAR[]), unnest($since::TIMESTAMPTZ[]), "
                "unnest($until::TIMESTAMPTZ[]), unnest($at::TIMESTAMPTZ[]), "
                "unnest($reasons::VARCHAR[])",
                columns,
            )
            cursor.commit()
        except duckdb.Error:
            cursor.rollback()
            raise
        finally:
            cursor.close()

    def _try(self, path: Path, ids: list[str], signature: tuple[int, ...]) -> bool:
        try:
            self._exchange({path: ids}, [])
        except duckdb.Error as error:
            reason = files.not_parquet(reason_of(error))
        except InputError as error:
            reason = error
        else:
            return True
        self._skipped[path] = (signature, SkippedFile(path=path, reason=reason))
        return False

    def _exchange(self, fresh: Mapping[Path, list[str]], gone: list[Path]) -> None:
        """Swap files' rows in one transaction, so that a query sees all of it or nothing.

        ``fresh``: the run ids that another parser found in each file. Raises :class:`InputError`
        where this one finds others.
        """
        if not fresh and not gone:
            return
        cursor = self._connection.cursor()
        cursor.begin()
        try:
            if gone:
                cursor.execute(
                    "DELETE FROM stored WHERE file IN (SELECT unnest($files))",
                    {"files": [str(path) for path in gone]},
                )
            if fresh:
                cursor.execute(
                    f"INSERT INTO stored SELECT {_COLUMNS}, filename FROM read_parquet("
                    "$files, filename = true, hive_partitioning = false)",
                    {"files": [str(path) for path in fresh]},
                )
                _require_same(cursor, fresh)
            cursor.commit()
        except (duckdb.Error, InputError):
            cursor.rollback()
            raise
        finally:
            cursor.close()

    def _bind(self, published: Iterable[RunRecord]) -> None:
        marks = ", ".join("?" for _ in SCHEMA.names)
        for record in published:
            curve = [{"iteration": i, "cross_entropy": loss} for i, loss in record.curve]
            values = [getattr(record, name) for name in FIELDS if name != "curve"]
            values = [str(value) if isinstance(value, str) else value for value in values]
            self._connection.execute(
                f"INSERT INTO stored VALUES ({marks}, NULL)", [record.run_id, *values, curve]
            )

    def _fetch(self, sql: str, parameters: dict[str, object] | None = None) -> pa.Table:
        self.refresh()
        with self._lock:
            cursor = self._connection.cursor()
        try:
            statements = cursor.extract_statements(sql)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise InputError("Expected one SELECT over runs or curves, got {sql}.", sql=sql)
            # A SELECT may hold a DELETE in its WITH since DuckDB 2.0.
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            return cursor.sql(sql, params=parameters or None).to_arrow_table()
        except duckdb.Error as error:
            raise InputError("The query failed: {reason}", reason=error) from error
        finally:
            cursor.close()


def after(moment: datetime) -> datetime:
    """The next moment that a record can tell from this one."""
    return moment + timedelta(microseconds=1)


def _token(until: Mapping[str, datetime], run_ids: Iterable[str]) -> str:
    """What tells the file of runs that were deleted before from the one that is hidden; "" where
    none was."""
    parts = [f"{name} {until[name].isoformat()}" for name in sorted(run_ids) if name in until]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8] if parts else ""


def _require_same(cursor: duckdb.DuckDBPyConnection, files_read: Mapping[Path, list[str]]) -> None:
    """Raise :class:`InputError` unless both parsers found the same runs in each file."""
    found = cursor.execute(
        "SELECT file, list(run_id ORDER BY run_id) FROM stored "
        "WHERE file IN (SELECT unnest($files)) GROUP BY file",
        {"files": [str(path) for path in files_read]},
    ).fetchall()
    if dict(found) != {str(path): ids for path, ids in files_read.items() if ids}:
        raise InputError(
            "Expected a file that every reader of Parquet reads alike, got one that two of them "
            "read differently."
        )


def _sql_list(paths: Iterable[Path]) -> str:
    quoted = ["'" + str(path).replace("'", "''") + "'" for path in paths]
    return f"[{', '.join(quoted)}]"

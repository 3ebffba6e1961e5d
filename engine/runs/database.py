"""The files of the run log as tables of this process's own in-memory DuckDB.

Before every answer the folders are listed and unseen files loaded; a file that is gone is
forgotten. Files that are no part of the log are :attr:`Database.skipped` with a reason. A run that
is stored twice counts once: the record made first (``created_at``, then the smaller loss) of those
that no deletion hides (:mod:`engine.runs.deletions`).

DuckDB 2.0.0 gives wrong results when it scans pandas or Arrow objects: values come in as Parquet
or bound. One cursor a query, because a shared connection is "busy" to a second thread.
"""

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from engine import durable
from engine.errors import InputError
from engine.runs import deletions, files
from engine.runs.arrow import SCHEMA
from engine.runs.files import SkippedFile
from engine.runs.folder import listing
from engine.runs.record import FIELDS, RunRecord
from engine.untrusted.guard import reason_of

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


class Database:
    """The runs in some folders, and what the first of them deletes; its methods may be called from
    any thread."""

    def __init__(self, folders: Sequence[Path], published: Iterable[RunRecord]) -> None:
        """``published``: records that lie in no folder."""
        self._folders = folders
        self._lock = threading.Lock()
        self._loaded: dict[Path, tuple[int, ...]] = {}
        self._skipped: dict[Path, tuple[tuple[int, ...], SkippedFile]] = {}
        self._deletions = deletions.Watch(folders[0])
        self._connection = duckdb.connect(":memory:", config=DUCKDB_LIMITS)
        # Also at exit: the process's log, which is never closed, would be reported as a leak.
        self._finalizer = weakref.finalize(self, self._connection.close)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(_VIEWS)
        self._bind(published)
        # Queries may come from a page: they can read these folders, and nothing else.
        self._connection.execute(f"SET allowed_directories = {_sql_list(folders)}")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Close it; nothing of the log is in it alone."""
        with self._lock:
            self._finalizer()

    def refresh(self) -> None:
        """Load the files that came since, forget those that went."""
        with self._lock:
            for folder in self._folders:
                with files.locked(folder, exclusive=False):
                    self._load(folder)
            self._load_deletions()

    @property
    def tombstones(self) -> deletions.State:
        """What is deleted now."""
        self.refresh()
        with self._lock:
            return self._deletions.state

    @property
    def skipped(self) -> list[SkippedFile]:
        """Files in the folders that hold no runs or deletions, with reasons."""
        self.refresh()
        with self._lock:
            damaged = self._deletions.damaged.items()
            return [
                *(entry for _, entry in self._skipped.values()),
                *(SkippedFile(path=path, reason=reason) for path, reason in damaged),
            ]

    def fetch(self, sql: str, parameters: dict[str, object] | None = None) -> pa.Table:
        """The rows of one SELECT over ``runs``, ``curves``, ``stored`` or ``deleted``. Raises
        :class:`InputError` with DuckDB's words when it fails."""
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

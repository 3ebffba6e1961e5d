"""The run log: every run in a folder, queried through this process's own in-memory DuckDB.

``RunLog.open()`` reads the installation's folder (environment variable KESSAI_DATA, else
``data/runs``), the committed campaign in ``data/runs`` and the published records that the caller
hands over. Published facts are never copied into the folder: they are a second, read-only source
of the same view. So there is nothing to fill on first use, nothing for two processes to race for,
and an image whose folders cannot be written still answers every question; only
:meth:`RunLog.append` and :meth:`RunLog.compact` then refuse, and say why.

Before every answer the folders are listed and unseen files loaded; a file that is gone is
forgotten. Files that are no part of the log are :attr:`RunLog.skipped` with a reason. A run that
is stored twice counts once: the record made first (``created_at``, then the smaller loss).

DuckDB 2.0.0 gives wrong results when it scans pandas or Arrow objects: values come in as Parquet
or bound. One cursor a query, because a shared connection is "busy" to a second thread.
"""

import hashlib
import os
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import duckdb
import pandas as pd
import pyarrow as pa

from engine.errors import InputError
from engine.runs import files
from engine.runs.arrow import SCHEMA, from_table
from engine.runs.files import Compaction, SkippedFile
from engine.runs.record import FIELDS, RunRecord

DATA_VARIABLE = "KESSAI_DATA"
"""Environment variable: the folder that this installation's runs go to."""
COMMITTED = Path(__file__).resolve().parents[2] / "data" / "runs"
"""The campaign that comes with the source, and the default folder."""

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
CREATE VIEW runs AS SELECT {_COLUMNS} FROM stored
QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY created_at, cross_entropy, file) = 1;
CREATE VIEW curves AS
SELECT run_id, unnest(curve, recursive := true) FROM runs;
"""


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
        self._connection = duckdb.connect(":memory:")
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
        chosen = os.environ.get(DATA_VARIABLE)
        return cls(Path(chosen) if chosen else COMMITTED, also=[COMMITTED], published=published)

    def append(self, records: Iterable[RunRecord]) -> list[str]:
        """Store the records that the log does not hold yet, all or none, and return their run ids.

        They are durable when this returns. Raises InputError where the folder cannot be written.
        """
        known = set(self._column("SELECT run_id FROM runs"))
        new = {record.run_id: record for record in records if record.run_id not in known}
        files.write(self.folder, new.values())
        return sorted(new)

    def records(self, family: str | None = None) -> list[RunRecord]:
        """The runs of one family, or all, in order of run id; curves included."""
        sql = (
            f"SELECT {_COLUMNS} FROM runs WHERE $family IS NULL OR family = $family ORDER BY run_id"
        )
        return from_table(self._fetch(sql, {"family": family}))

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
            return [entry for _, entry in self._skipped.values()]

    def compact(self) -> Compaction:
        """Merge the folder's small files (see :func:`engine.runs.files.compact`)."""
        return files.compact(self.folder)

    def refresh(self) -> None:
        """Load the files that came since, forget those that went. Every answer does so first."""
        with self._lock:
            for folder in self._folders:
                with files.locked(folder, exclusive=False):
                    self._load(folder)

    def close(self) -> None:
        """Close the database of this view; nothing of the log is in it alone."""
        with self._lock:
            self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self, folder: Path) -> None:
        found = {path: _signature(path) for path in files.listing(folder)}
        gone = [p for p in self._loaded if p.parent == folder and self._loaded[p] != found.get(p)]
        for path in [p for p in self._skipped if p.parent == folder]:
            if self._skipped[path][0] != found.get(path):
                del self._skipped[path]
        fresh = []
        for path, signature in found.items():
            if path in self._skipped or (path in self._loaded and path not in gone):
                continue
            try:
                files.read(path)
            except FileNotFoundError:
                continue
            except InputError as error:
                self._skipped[path] = (signature, SkippedFile(path=path, reason=error))
            else:
                fresh.append(path)
        try:
            self._exchange(fresh, gone)
        except duckdb.Error:  # one was removed by hand since: find out which
            self._exchange([], gone)
            fresh = [path for path in fresh if self._try(path, found[path])]
        for path in gone:
            del self._loaded[path]
        self._loaded.update((path, found[path]) for path in fresh)

    def _try(self, path: Path, signature: tuple[int, ...]) -> bool:
        try:
            self._exchange([path], [])
        except duckdb.Error as error:
            reason = InputError("Expected a readable Parquet file: {detail}", detail=error)
            self._skipped[path] = (signature, SkippedFile(path=path, reason=reason))
            return False
        return True

    def _exchange(self, fresh: list[Path], gone: list[Path]) -> None:
        """Swap files' rows in one transaction, so that a query sees all of it or nothing."""
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
            cursor.commit()
        except duckdb.Error:
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

    def _column(self, sql: str) -> list[object]:
        values: list[object] = self._fetch(sql, {}).column(0).to_pylist()
        return values

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


def _signature(path: Path) -> tuple[int, ...]:
    """Tells a file from another that took its name; () for one that just went."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _sql_list(paths: Iterable[Path]) -> str:
    quoted = ["'" + str(path).replace("'", "''") + "'" for path in paths]
    return f"[{', '.join(quoted)}]"

"""The run log: every run in a folder, queried through this process's own in-memory DuckDB.

``RunLog.open()`` reads the installation's folder (environment variable KESSAI_DATA, else
``data/runs``), the committed campaign in ``data/runs`` and the published records that the caller
hands over. Published facts are never copied into the folder: they are a second, read-only source
of the same view. So there is nothing to fill on first use, nothing for two processes to race for,
and an image whose folders cannot be written still answers every question; only
:meth:`RunLog.append` and :meth:`RunLog.compact` then refuse, and say why.

What lies in the folders is queried as tables (:mod:`engine.runs.database`).
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa

from engine.access.rights import LOCAL, Person
from engine.decision_log import recorded
from engine.errors import InputError
from engine.runs import annotations, deletions, files
from engine.runs.arrow import SCHEMA, from_table
from engine.runs.database import Database
from engine.runs.files import Compaction, SkippedFile
from engine.runs.folder import unwritable
from engine.runs.record import RunRecord

DATA_VARIABLE = "KESSAI_DATA"
"""Environment variable: the folder that this installation's runs go to."""
COMMITTED = Path(__file__).resolve().parents[2] / "data" / "runs"
"""The campaign that comes with the source, and the default folder."""

_RECORDS = "SELECT * FROM runs WHERE $family IS NULL OR family = $family ORDER BY run_id"


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
        folders = [self.folder, *(path for path in others if path != self.folder)]
        self._database = Database(folders, published)

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
        found = self._database.fetch(
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
        found = self._database.fetch(
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
        return self._database.tombstones

    def run_ids(self) -> set[str]:
        """Of all runs."""
        return set(self._database.fetch("SELECT run_id FROM runs").column(0).to_pylist())

    def outlines(self, *, deleted: bool = False) -> list[dict[str, object]]:
        """A row a run, without its curve, of which ``points`` says the number: the fields of a
        record by name. Or so the deleted ones, with ``deleted_at`` and the ``reason``."""
        view, more = ("deleted", ", deleted_at, reason") if deleted else ("runs", "")
        names = ", ".join(name for name in SCHEMA.names if name != "curve")
        rows: list[dict[str, object]] = self._database.fetch(
            f"SELECT {names}, len(curve) AS points{more} FROM {view} "
            "ORDER BY family, created_at, run_id"
        ).to_pylist()
        return rows

    def curve(self, run_id: str) -> list[tuple[int, float]]:
        """The losses of one run on its way, (iteration, nats); empty where none are recorded."""
        found = self._database.fetch(
            "SELECT iteration, cross_entropy FROM curves WHERE run_id = $id ORDER BY iteration",
            {"id": run_id},
        )
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def table(self, family: str | None = None) -> pa.Table:
        """The runs of one family, or all, with the columns of the log's files, in order of id."""
        return self._database.fetch(_RECORDS, {"family": family})

    def records(self, family: str | None = None) -> list[RunRecord]:
        """The runs of one family, or all, in order of run id; curves included."""
        return from_table(self.table(family))

    def families(self) -> dict[str, int]:
        """Number of runs by family, in alphabetical order."""
        table = self._database.fetch(
            "SELECT family, count(*) AS runs FROM runs GROUP BY family ORDER BY family"
        )
        return dict(zip(table["family"].to_pylist(), table["runs"].to_pylist(), strict=True))

    def query(self, sql: str, **parameters: object) -> pd.DataFrame:
        """Rows of one SELECT over ``runs`` (a row a run) and ``curves`` (run_id, iteration, loss).

        ``parameters`` are bound to ``$name``. The query can change nothing, and read no files
        but the log's. Raises InputError with DuckDB's words when it fails.
        """
        frame: pd.DataFrame = self._database.fetch(sql, parameters).to_pandas()
        return frame

    @property
    def version(self) -> str:
        """Changes when a run comes, goes or is replaced: what results are cached by."""
        table = self._database.fetch(
            "SELECT run_id, created_at, cross_entropy FROM runs ORDER BY run_id"
        )
        return hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()[:16]

    @property
    def skipped(self) -> list[SkippedFile]:
        """Files in the folders that are no part of the log, with reasons."""
        found, said = self._database.skipped, annotations.state(self.folder).damaged
        return found + [SkippedFile(path=path, reason=reason) for path, reason in said.items()]

    def compact(self) -> Compaction:
        """Merge the folder's small files (see :func:`engine.runs.files.compact`)."""
        return files.compact(self.folder)

    def close(self) -> None:
        """Close the database of this view; nothing of the log is in it alone."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def after(moment: datetime) -> datetime:
    """The next moment that a record can tell from this one."""
    return moment + timedelta(microseconds=1)


def _token(until: Mapping[str, datetime], run_ids: Iterable[str]) -> str:
    """What tells the file of runs that were deleted before from the one that is hidden; "" where
    none was."""
    parts = [f"{name} {until[name].isoformat()}" for name in sorted(run_ids) if name in until]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8] if parts else ""

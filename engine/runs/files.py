"""The files of the run log: immutable Parquet, written whole or not at all.

One file holds one run, or the runs of one import, with their loss curves as a column of lists:
a single rename then publishes a run with its curve, and no crash can leave one without the other.
A file is named after the run ids inside, so that writing the same runs twice meets one name; after
a deletion (:mod:`engine.runs.deletions`) the same runs get another one.

**Durability.** Files are written by :func:`engine.durable.write`: after :func:`write` returns,
power may fail; when it is killed before, there is no file, or the whole one. :func:`compact` writes
and reads back the merged file before it removes a source, so that a kill at any point leaves every
run in at least one file; readers drop doubles by run id. What is deleted is kept: it may be brought
back.

**Concurrency.** Writers need no lock. Readers hold the folder's flock shared while they list and
read, compaction exclusively, so no file vanishes under a reader, and no listing misses both the
sources and the merged file. The kernel frees a killed process's lock.

Not covered: folders shared between machines (flock is per machine on some network file systems).
A reader validates files again, records included: a foreign file is a reason, never a crash.
"""

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq

from engine import durable
from engine.errors import InputError
from engine.runs import annotations, deletions
from engine.runs.arrow import from_table, preferred, require_schema, to_table
from engine.runs.folder import listing, unwritable
from engine.runs.record import RunRecord
from engine.untrusted.guard import guarded
from engine.untrusted.parquet import parquet_table

SMALL_FILE = 4 * 2**20
"""Bytes; compaction leaves larger files alone, so that its cost stays that of the new runs."""


@dataclass(frozen=True, kw_only=True)
class SkippedFile:
    """A file in the folder that is no part of the log, and why."""

    path: Path
    reason: InputError


@dataclass(frozen=True, kw_only=True)
class Compaction:
    """What :func:`compact` did: ``sources`` files became ``merged`` (None: nothing to merge)."""

    sources: int
    runs: int
    merged: Path | None
    skipped: tuple[SkippedFile, ...]


def write(folder: Path, records: Iterable[RunRecord], *, again: str = "") -> Path | None:
    """Store ``records`` durably as one file and return its path; None where there are none.

    All or nothing. A file that holds these runs already stays as it is, unless they were deleted
    since: ``again`` tells what is written after one deletion from what is after another. Raises
    InputError where the folder cannot be written.
    """
    by_id = {record.run_id: record for record in records}
    if not by_id:
        return None
    path = folder / file_name(by_id, again=again)
    try:
        durable.make_folder(folder)
        if _holds(path, set(by_id)):
            durable.sync_folder(folder)  # its writer may have died before it did so
        else:
            _publish(path, [by_id[run_id] for run_id in sorted(by_id)])
    except OSError as error:
        raise unwritable(folder, error) from error
    return path


def read(path: Path) -> list[RunRecord]:
    """The records of one file; InputError with the reason where it is not one of the log's.

    FileNotFoundError passes: the caller knows whether that is news.
    """
    _require_plain_name(path.name)

    def parse() -> list[RunRecord]:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            raise InputError("Expected a regular file.")
        with path.open("rb") as handle:
            return from_table(parquet_table(handle, status.st_size, accept=require_schema))

    return guarded(parse, not_parquet, passing=(FileNotFoundError,))


def not_parquet(reason: str) -> InputError:
    """The refusal of a file that is no Parquet, or a damaged one."""
    return InputError("Expected a readable Parquet file: {detail}", detail=reason)


def _require_plain_name(name: str) -> None:
    """Raises InputError for a name that DuckDB would take for a pattern of other files."""
    if re.search(r"[*?\[]", name):
        raise InputError(
            "Expected a file name without *, ? and [, got {name}: rename the file.", name=name
        )


def file_name(run_ids: Iterable[str], *, again: str = "") -> str:
    """``run-<id>.parquet`` for one run, ``runs-<hash of the ids>.parquet`` for several; with
    ``-<again>`` behind where that is said."""
    ids = sorted(set(run_ids))
    end = f"-{again}.parquet" if again else ".parquet"
    if len(ids) == 1:
        return f"run-{ids[0]}{end}"
    return f"runs-{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:32]}{end}"


@contextmanager
def locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold the folder's lock. Where there is no lock to be had, readers go without, and
    compaction, the only one to remove files, is refused."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if exclusive:
            raise unwritable(folder, error) from error
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        except OSError as error:
            if exclusive:
                raise unwritable(folder, error) from error
        yield
    finally:
        os.close(handle)


def compact(folder: Path) -> Compaction:
    """Merge the folder's small files into one. Safe to kill, and to run beside anything.

    Raises InputError where the folder cannot be written. Unreadable files are left and reported.
    """
    listing(folder)  # refuses what is there and cannot be read
    if not folder.is_dir():
        return Compaction(sources=0, runs=0, merged=None, skipped=())
    with locked(folder, exclusive=True):
        try:
            durable.remove_leftovers(folder)
            durable.remove_leftovers(folder / deletions.FOLDER)
            durable.remove_leftovers(folder / annotations.FOLDER)
            return _compact(folder)
        except OSError as error:
            raise unwritable(folder, error) from error


def _compact(folder: Path) -> Compaction:
    sources: list[Path] = []
    records: list[RunRecord] = []
    skipped: list[SkippedFile] = []
    watch = deletions.Watch(folder)
    watch.refresh()
    if watch.damaged:  # which of two rows of a run counts is not known
        unread = (SkippedFile(path=path, reason=why) for path, why in watch.damaged.items())
        return Compaction(sources=0, runs=0, merged=None, skipped=tuple(unread))
    for path in listing(folder):
        try:
            if path.stat().st_size > SMALL_FILE:
                continue
            records += read(path)
        except FileNotFoundError:  # removed by hand
            continue
        except InputError as error:
            skipped.append(SkippedFile(path=path, reason=error))
        else:
            sources.append(path)
    if len(sources) < 2:
        return Compaction(sources=0, runs=0, merged=None, skipped=tuple(skipped))
    kept = _of_every_generation(records, watch.state)
    chosen = {record.run_id for record in kept}
    merged = folder / file_name(chosen)
    # Written even where the name exists: the source of that name may hold an outcome that lost.
    _publish(merged, kept)
    if not _holds(merged, chosen):
        raise InputError("Expected to read {path} back: nothing was removed.", path=merged)
    for path in sources:
        if path != merged:
            os.unlink(path)
    durable.sync_folder(folder)
    return Compaction(sources=len(sources), runs=len(chosen), merged=merged, skipped=tuple(skipped))


def _of_every_generation(records: list[RunRecord], deleted: deletions.State) -> list[RunRecord]:
    """Of each run the preferred record, and of those before each of its deletions that one too."""
    generations: dict[int, list[RunRecord]] = {}
    for record in records:
        number = deleted.generation(record.run_id, record.created_at)
        generations.setdefault(number, []).append(record)
    found = [one for rows in generations.values() for one in preferred(rows).values()]
    return sorted(found, key=lambda one: (one.run_id, one.created_at))


def _holds(path: Path, run_ids: set[str]) -> bool:
    try:
        return {record.run_id for record in read(path)} == run_ids
    except (FileNotFoundError, InputError):
        return False


def _publish(path: Path, records: list[RunRecord]) -> None:
    buffer = BytesIO()
    pq.write_table(to_table(records), buffer, compression="zstd", write_page_checksum=True)
    durable.write(path, buffer.getbuffer(), mode=0o644)

"""Questions in SQL about the runs, answered in a process that can reach nothing else.

``runs`` has a row a run, as an export has (:mod:`engine.runs.export`), ``curves`` the losses on the
way. A query may be anybody's and anything: it runs beside this process
(:mod:`engine.runs.query_process`), sees a copy, and is ended when it takes too long, when who waits
for it gives up, or when it wants more than its memory.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from engine import durable
from engine.errors import InputError, inert
from engine.runs import query_process
from engine.runs.export import catalogue_table
from engine.runs.log import RunLog
from engine.untrusted import confinement
from engine.untrusted.guard import first_line
from engine.untrusted.parquet import parquet_table
from engine.untrusted.texts import json_value

SECONDS = 20.0
"""That a query may take."""
LONGEST = 10_000
"""Characters of a query."""
AT_ONCE = 2
"""Queries of one process: each takes up to a GiB."""
MOST_ROWS = query_process.MOST_ROWS
_LOOK = 0.05
_LONGEST_REASON = 200
_free = threading.BoundedSemaphore(AT_ONCE)

Cell = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Rows:
    """An answer."""

    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    """Column by column."""
    more: bool
    """Whether there are rows beyond :data:`MOST_ROWS`, which are left out."""

    def __len__(self) -> int:
        return len(self.cells[0]) if self.cells else 0

    def by_row(self) -> Iterator[tuple[Cell, ...]]:
        """Row by row."""
        return zip(*self.cells, strict=True)


def ask(
    log: RunLog,
    sql: str,
    *,
    seconds: float = SECONDS,
    waiting: Callable[[float], None] = lambda _: None,
) -> Rows:
    """The first rows of one SELECT over ``runs`` and ``curves``.

    ``waiting`` is called with the seconds so far while the query runs; what it raises ends the
    query and passes. Raises :class:`InputError`, one sentence, for a query that is no SELECT,
    fails, takes longer than ``seconds``, or needs or answers too much, and where
    :data:`AT_ONCE` queries run already.
    """
    if not sql.strip() or len(sql) > LONGEST:
        raise InputError(
            "Expected a query of 1 to {most} characters, got {length}.",
            most=LONGEST,
            length=len(sql.strip()),
        )
    with _turn(), durable.scratch("query") as folder:
        (folder / query_process.QUERY).write_text(_text(sql), encoding="utf-8")
        table = catalogue_table(log)
        pq.write_table(table, folder / query_process.RUNS, compression="none")
        status = _waited(folder, seconds, waiting)
        return _answer(folder, status)


@contextmanager
def _turn() -> Iterator[None]:
    if not _free.acquire(blocking=False):
        raise InputError(
            "Expected at most {most} queries at once: wait until one has ended.", most=AT_ONCE
        )
    try:
        yield
    finally:
        _free.release()


def _text(sql: str) -> str:
    """Raises :class:`InputError` for halves of characters, which no file can hold."""
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise InputError("Expected a query of whole characters.") from error
    return sql


def _waited(folder: Path, seconds: float, waiting: Callable[[float], None]) -> int:
    """The exit status of the process, which is gone when this returns or raises."""
    started = time.monotonic()
    process = subprocess.Popen(
        confinement.command(query_process.__name__, str(folder)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        # No word of the environment goes along: secrets may stand there.
        env=confinement.environment(home=folder),
    )
    try:
        while process.poll() is None:
            elapsed = time.monotonic() - started
            if elapsed > seconds:
                raise InputError(
                    "Expected a query that answers within {seconds} seconds, this one took "
                    "longer: ask for less.",
                    seconds=f"{seconds:g}",
                )
            waiting(elapsed)
            time.sleep(_LOOK)
    finally:
        process.kill()
        process.wait()
    return process.returncode


def _answer(folder: Path, status: int) -> Rows:
    """What the process left; raises :class:`InputError` where that is a refusal, or nothing."""
    answer, refusal = folder / query_process.ANSWER, folder / query_process.REFUSAL
    if refusal.exists():
        raise _refusal(*json_value(refusal.read_bytes()))
    if status != 0 or not answer.exists():
        raise _refusal("memory", "")
    with answer.open("rb") as handle:
        table = parquet_table(handle, answer.stat().st_size)
    return Rows(
        columns=tuple(table.column_names),
        cells=tuple(tuple(map(_shown, column.to_pylist())) for column in table.columns),
        more=bool(table.schema.metadata and b"more" in table.schema.metadata),
    )


def _shown(cell: Cell) -> Cell:
    """A cell whose text, which may be anybody's, turns no writing around and hides nothing."""
    return inert(cell) if isinstance(cell, str) else cell


def _refusal(kind: str, detail: str) -> InputError:
    if kind == "statement":
        return InputError(
            "Expected one SELECT over runs and curves, got {kinds}: a query changes nothing.",
            kinds=detail or "nothing",
        )
    if kind == "memory":
        return InputError(
            "Expected a query that needs at most {memory} of memory, this one wanted more: ask for "
            "less.",
            memory=query_process.MEMORY,
        )
    if kind == "size":
        return InputError(
            "Expected an answer of at most {most} MB, this one is larger: ask for less.",
            most=detail,
        )
    reason = first_line(detail, _LONGEST_REASON)
    return InputError("The query failed: {reason}.", reason=reason)

"""Every run that there is, listed: of the run log, and of imports the ones that are no point of a
law; who they are, what is suspicious about them, and which of them a person means.

Nothing here reads a curve. Deleted runs are listed apart, with when and why.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from engine import durable
from engine.errors import InputError
from engine.runs import annotations, deletions
from engine.runs.annotations import NOTHING_SAID, Annotation
from engine.runs.folder import listing
from engine.runs.imports import journal
from engine.runs.imports.journal import Entry, JournalRun
from engine.runs.log import RunLog

SHORTEST_ID = 6
"""Digits of a run id from which on its beginning names it."""
_FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One run of the catalogue. Units as in :class:`engine.runs.record.RunRecord`."""

    run_id: str
    name: str
    """In its file; of our own trainings the note, or the beginning of the id."""
    family: str
    status: str
    flags: tuple[str, ...]
    reasons: tuple[InputError, ...]
    """Of status and flags."""
    settings: Mapping[str, object]
    """Fields of the record; empty for a run that is no point of a law."""
    points: int
    """Of its curve."""
    import_id: str | None
    file: str | None
    created_at: datetime
    deleted_at: datetime | None = None
    deleted_because: str = ""
    annotation: Annotation = NOTHING_SAID

    @property
    def tags(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return tuple(tag.text for tag in self.annotation.tags)

    @property
    def note(self) -> str:
        """What a person wrote on it; "" where nobody did."""
        return self.annotation.note.text if self.annotation.note else ""

    @cached_property
    def searched(self) -> str:
        """What a search looks in: name, family, id, file, source, tags and note, as
        :func:`searchable` has them."""
        source = str(self.settings.get("source", ""))
        words = [
            self.name,
            self.family,
            self.run_id,
            self.file or "",
            source,
            *self.tags,
            self.note,
        ]
        return searchable(" ".join(words))

    @property
    def sources(self) -> tuple[str, ...]:
        """What it is from: the tool or table, and the file that it came in."""
        source = self.settings.get("source")
        return tuple(str(one) for one in (source, self.file) if one)

    @property
    def is_point(self) -> bool:
        """Whether the run log holds it: a point of a law."""
        return bool(self.settings)

    @property
    def noise_multiplier(self) -> float | None:
        """σ, as stated or from σ/B; None where neither is known."""
        stated, ratio, batch = (
            self.settings.get(name)
            for name in ("noise_multiplier", "noise_batch_ratio", "batch_size")
        )
        if isinstance(stated, float):
            return stated
        return ratio * batch if isinstance(ratio, float) and isinstance(batch, int) else None


def searchable(text: str) -> str:
    """A text in one form of width and case.

    >>> searchable(" ＲＵＮ-7")
    'run-7'
    """
    return unicodedata.normalize("NFKC", text).casefold().strip()


def catalogue(log: RunLog, *, deleted: bool = False) -> list[Listed]:
    """All runs by family and time, or all deleted ones."""
    found = journal.entries(log.folder) if deleted else journal.live(log)
    noted = {run.run_id: (entry, run) for entry in found for run in entry.runs if run.stored}
    rows = [_listed(row, noted) for row in log.outlines(deleted=deleted)]
    rows += _undone(log, found) if deleted else _loose(found)
    said = annotations.state(log.folder).of
    rows = [
        replace(one, annotation=said[one.run_id]) if one.run_id in said else one for one in rows
    ]
    return sorted(rows, key=lambda one: (one.family, one.created_at, one.name, one.run_id))


def stamp(log: RunLog) -> str:
    """Changes with what :func:`catalogue` lists, deleted or not, and costs no query: it looks at
    the names and times of the files in the log's own folder."""
    places = (
        (log.folder, ".parquet"),
        (log.folder / journal.FOLDER, ".json"),
        (log.folder / deletions.FOLDER, ".json"),
        (log.folder / annotations.FOLDER, ".json"),
    )
    files = [(path.name, durable.signature(path)) for place in places for path in listing(*place)]
    return _digest((str(log.folder), files))


def family_version(log: RunLog, family: str) -> str:
    """Changes with the runs of a family, their flags and their unit."""
    runs = [
        (row["run_id"], row["created_at"], row["cross_entropy"])
        for row in log.outlines()
        if row["family"] == family
    ]
    entries = [entry for entry in journal.live(log) if entry.family == family]
    return _digest((runs, entries))


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def _listed(row: Mapping[str, object], noted: Mapping[str, tuple[Entry, JournalRun]]) -> Listed:
    """A run of the log, with what its import said of it."""
    run_id, note = str(row["run_id"]), str(row["note"])
    entry, run = noted.get(run_id, (None, None))
    created_at, deleted_at = row["created_at"], row.get("deleted_at")
    assert isinstance(created_at, datetime)
    assert deleted_at is None or isinstance(deleted_at, datetime)
    points = row["points"]
    apart = ("run_id", "family", "points", "created_at", "deleted_at", "reason")
    return Listed(
        run_id=run_id,
        name=run.run if run else note or run_id[:8],
        family=str(row["family"]),
        status=run.status if run else _FINISHED,
        flags=run.flags if run else (),
        reasons=run.reasons if run else (),
        settings={name: value for name, value in row.items() if name not in apart},
        points=points if isinstance(points, int) else 0,
        import_id=entry.id if entry else None,
        file=entry.file if entry else None,
        created_at=created_at,
        deleted_at=deleted_at,
        deleted_because=str(row.get("reason") or ""),
    )


def _loose(entries: Iterable[Entry]) -> list[Listed]:
    """Runs of imports that are no points of a law, each once."""
    found = {}
    for entry in entries:
        for run in entry.runs:
            if not run.stored:
                found[entry.family, run.run_id, run.run] = _unstored(entry, run)
    return list(found.values())


def _undone(log: RunLog, entries: Iterable[Entry]) -> list[Listed]:
    """Such runs of imports that were undone."""
    stones = log.tombstones.imports
    return [
        _unstored(entry, run, deleted_at=last.at, reason=last.reason)
        for entry in entries
        if journal.is_undone(entry, stones)
        for last in stones[entry.id][-1:]
        for run in entry.runs
        if not run.stored
    ]


def _unstored(
    entry: Entry, run: JournalRun, *, deleted_at: datetime | None = None, reason: str = ""
) -> Listed:
    return Listed(
        run_id=run.run_id,
        name=run.run,
        family=entry.family,
        status=run.status,
        flags=run.flags,
        reasons=run.reasons,
        settings={},
        points=0,
        import_id=entry.id,
        file=entry.file,
        created_at=entry.moment,
        deleted_at=deleted_at,
        deleted_because=reason,
    )


def named(rows: Sequence[Listed], said: str) -> Listed:
    """The one run that a person means: its id, the id's beginning, or its name.

    Raises :class:`InputError` where there is none, or several.
    """
    same = [one for one in rows if one.run_id == said]
    same = same or [one for one in rows if one.name == said]
    if not same and len(said) >= SHORTEST_ID:
        same = [one for one in rows if one.run_id.startswith(said)]
    if not same:
        raise InputError(
            "Expected a run by its name or its id, got {value}: list the runs.", value=said[:40]
        )
    if len(same) > 1:
        raise InputError(
            "Expected one run, got {number} called {value}: say the id of one of them, {ids}.",
            number=len(same),
            value=said[:40],
            ids=", ".join(one.run_id[:12] for one in same[:5]),
        )
    return same[0]

"""What was deleted from the run log, and brought back: numbered files beside it, never changed.

A deletion is a tombstone. It names each run with the ``created_at`` of the row that it hides: that
row and older ones are no part of the log any more, a newer one is. So an import that is corrected
and made again comes through, and no clock has to agree with another. Bringing back takes the latest
tombstone of a run away. Imports (:mod:`engine.runs.imports.journal`) are deleted alike.

**Durability and concurrency.** One deletion of many runs is one file
(:mod:`engine.runs.numbered`): a kill leaves all of a deletion or nothing of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine import durable
from engine.errors import InputError
from engine.runs import numbered

FOLDER = "deletions"
LONGEST_REASON = 500
_FORMAT = "kessai-deletion-1"


class Act(StrEnum):
    """What an entry does."""

    DELETE = "delete"
    RESTORE = "restore"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One deletion, or one undoing of earlier ones."""

    act: Act
    at: datetime
    reason: str = ""
    runs: Mapping[str, datetime] = field(default_factory=dict)
    """Run id -> ``created_at`` of the newest row that is hidden."""
    imports: Mapping[str, datetime] = field(default_factory=dict)
    """Import id -> when it was made."""


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """What hides a run or an import."""

    until: datetime
    """What was made by then is hidden."""
    at: datetime
    reason: str


Stacks = dict[str, tuple[Tombstone, ...]]
"""Id -> its tombstones, the latest last, each later than the one before."""


@dataclass(frozen=True, kw_only=True)
class State:
    """All that is deleted now."""

    runs: Stacks = field(default_factory=dict)
    imports: Stacks = field(default_factory=dict)

    def generation(self, run_id: str, created_at: datetime) -> int:
        """How many tombstones of its run a row came after; rows of one generation are doubles."""
        return sum(created_at > stone.until for stone in self.runs.get(run_id, ()))


def state_of(entries: Iterable[Entry]) -> State:
    """What entries in their order come to."""
    runs: Stacks = {}
    imports: Stacks = {}
    for entry in entries:
        for stacks, named in ((runs, entry.runs), (imports, entry.imports)):
            for name, until in named.items():
                stacks[name] = _changed(stacks.get(name, ()), entry, until)
    return State(
        runs={name: stones for name, stones in runs.items() if stones},
        imports={name: stones for name, stones in imports.items() if stones},
    )


def _changed(stones: tuple[Tombstone, ...], entry: Entry, until: datetime) -> tuple[Tombstone, ...]:
    """Two processes may have deleted, or brought back, the same row: it counts once."""
    last = stones[-1].until if stones else None
    if entry.act is Act.RESTORE:
        return stones[:-1] if last == until else stones
    if last is not None and until <= last:
        return stones
    return (*stones, Tombstone(until=until, at=entry.at, reason=entry.reason))


def write(folder: Path, entry: Entry) -> Path:
    """Add an entry beside the log of ``folder``, durably. Raises :class:`OSError` where it cannot.

    Raises :class:`InputError` for a reason that is too long.
    """
    if len(entry.reason) > LONGEST_REASON:
        raise InputError(
            "Expected a reason of at most {most} characters, got {length}.",
            most=LONGEST_REASON,
            length=len(entry.reason),
        )
    return numbered.write(folder / FOLDER, _plain(entry))


def listing(folder: Path) -> list[Path]:
    """The entries' files in their order, with whatever else has the ending .json. Raises
    :class:`InputError` where the folder is there and cannot be read."""
    return numbered.listing(folder / FOLDER)


def read(path: Path) -> Entry:
    """One entry; :class:`InputError` where the file is none, or damaged."""

    refusal = InputError(
        "Expected a deletion from the run log, got another file, or a damaged one."
    )
    return numbered.read(path, _entry, refusal)


def _entry(content: Any) -> Entry:
    if content["format"] != _FORMAT:
        raise ValueError("another format")
    return Entry(
        act=Act(content["act"]),
        at=_moment(content["at"]),
        reason=str(content["reason"]),
        runs={str(name): _moment(text) for name, text in content["runs"].items()},
        imports={str(name): _moment(text) for name, text in content["imports"].items()},
    )


class Watch:
    """The entries of one folder as they come: only those that are new are read."""

    def __init__(self, folder: Path) -> None:
        self.state = State()
        self.damaged: dict[Path, InputError] = {}
        """Files that are no entries, and why."""
        self._folder = folder
        self._seen: dict[Path, tuple[int, ...]] = {}
        self._entries: dict[Path, Entry] = {}

    def refresh(self) -> bool:
        """Look again; whether :attr:`state` may be another one since."""
        found = {path: durable.signature(path) for path in listing(self._folder)}
        if found == self._seen:
            return False
        old, self._seen = self._seen, found
        kept = {path for path in found if found[path] == old.get(path)}
        self._entries = {path: entry for path, entry in self._entries.items() if path in kept}
        self.damaged = {path: why for path, why in self.damaged.items() if path in kept}
        for path in found.keys() - kept:
            try:
                self._entries[path] = read(path)
            except FileNotFoundError:
                continue
            except InputError as error:
                self.damaged[path] = error
        self.state = state_of(self._entries[path] for path in sorted(self._entries))
        return True


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "act": entry.act,
        "at": entry.at.isoformat(),
        "reason": entry.reason,
        "runs": {name: until.isoformat() for name, until in entry.runs.items()},
        "imports": {name: until.isoformat() for name, until in entry.imports.items()},
    }


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment

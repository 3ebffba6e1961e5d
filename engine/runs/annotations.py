"""Tags and notes on runs, with who wrote them and when: numbered files beside the log.

A run has any number of tags and one note. A later note takes the place of an earlier one, and an
empty one takes it away; what stood there before stays in its file (:mod:`engine.runs.numbered`).
A run's tags and note stay while it is deleted, and come back with it.

>>> plain_tag("  要確認 ")
'要確認'
>>> plain_tag("a,b")
Traceback (most recent call last):
engine.errors.InputError: Expected a tag of 1 to 40 characters without commas, got a,b.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.runs import numbered

FOLDER = "annotations"
LONGEST_TAG = 40
LONGEST_NOTE = 2_000
_FORMAT = "kessai-annotation-1"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A tag or a note: what it says, who wrote it, and when."""

    text: str
    who: str
    """The e-mail of who signed in; "" for the local person."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What people wrote on one run."""

    tags: tuple[Said, ...] = ()
    """In alphabetical order, each once."""
    note: Said | None = None


NOTHING_SAID = Annotation()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one person said of some runs at once."""

    at: datetime
    who: str
    runs: tuple[str, ...]
    """Run ids."""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    note: str | None = None
    """None: the note stays as it is; "": it goes."""


@dataclass(frozen=True, kw_only=True)
class State:
    """All that counts now."""

    of: Mapping[str, Annotation] = field(default_factory=dict)
    """Run id -> what is on it."""
    damaged: Mapping[Path, InputError] = field(default_factory=dict)
    """Files that are no entries, and why."""


def plain_tag(text: str) -> str:
    """A tag as it is kept. Raises :class:`InputError` for one that is empty or too long, or holds
    what separates tags from each other."""
    tag = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 1 <= len(tag) <= LONGEST_TAG or not tag.isprintable() or set(tag) & set(",、;"):
        raise InputError(
            "Expected a tag of 1 to {most} characters without commas, got {value}.",
            most=LONGEST_TAG,
            value=text[:80] or "nothing",
        )
    return tag


def plain_note(text: str) -> str:
    """A note as it is kept; "" takes one away. Raises :class:`InputError` for one that is too
    long."""
    note = text.strip()
    if len(note) > LONGEST_NOTE:
        raise InputError(
            "Expected a note of at most {most} characters, got {length}.",
            most=LONGEST_NOTE,
            length=len(note),
        )
    return note


def write(folder: Path, entry: Entry) -> Path:
    """Add an entry beside the log of ``folder``, durably. Raises :class:`OSError` where it
    cannot."""
    return numbered.write(
        folder / FOLDER,
        {
            "format": _FORMAT,
            "at": entry.at.isoformat(),
            "who": entry.who,
            "runs": list(entry.runs),
            "add": list(entry.add),
            "remove": list(entry.remove),
            "note": entry.note,
        },
    )


def read(path: Path) -> Entry:
    """One entry; :class:`InputError` where the file is none, or damaged."""
    refusal = InputError("Expected tags and notes on runs, got another file, or a damaged one.")
    return numbered.read(path, _entry, refusal)


def state(folder: Path) -> State:
    """What the entries beside the log of ``folder`` come to. Raises :class:`InputError` where they
    are there and cannot be listed."""
    entries, damaged = [], {}
    for path in numbered.listing(folder / FOLDER):
        try:
            entries.append(read(path))
        except FileNotFoundError:
            continue
        except InputError as error:
            damaged[path] = error
    return State(of=state_of(entries), damaged=damaged)


def state_of(entries: Iterable[Entry]) -> dict[str, Annotation]:
    """What entries in their order come to; runs without tag and note are left out."""
    found: dict[str, Annotation] = {}
    for entry in entries:
        for run_id in entry.runs:
            found[run_id] = _changed(found.get(run_id, NOTHING_SAID), entry)
    return {run_id: one for run_id, one in found.items() if one != NOTHING_SAID}


def _changed(before: Annotation, entry: Entry) -> Annotation:
    """A tag that is there already keeps who put it there first."""
    tags = {tag.text: tag for tag in before.tags if tag.text not in entry.remove}
    for text in entry.add:
        tags.setdefault(text, Said(text=text, who=entry.who, at=entry.at))
    note = before.note
    if entry.note is not None:
        note = Said(text=entry.note, who=entry.who, at=entry.at) if entry.note else None
    return Annotation(tags=tuple(tags[text] for text in sorted(tags)), note=note)


def _entry(content: Any) -> Entry:
    if content["format"] != _FORMAT:
        raise ValueError("another format")
    at, note = datetime.fromisoformat(content["at"]), content["note"]
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone")
    runs, add, remove = (tuple(map(str, content[name])) for name in ("runs", "add", "remove"))
    return Entry(
        at=at,
        who=str(content["who"]),
        runs=runs,
        add=tuple(map(plain_tag, add)),
        remove=remove,
        note=None if note is None else plain_note(str(note)),
    )

"""Scenarios kept as files: one small JSON file a scenario, in a folder beside the run log.

A scenario is its fields (:mod:`engine.scenarios.fields`), written out in full, so that it means the
same when a default changes; of the assumptions it holds those that are not the defaults. The file
also holds its history: who changed which field when, where people give their names; entries are
only ever added. And it holds what the scenario answered when it was saved
(:mod:`engine.scenarios.frozen_figures`); files of earlier versions do not.

A file is written whole or not at all (:mod:`engine.durable`), so nobody ever reads half of one.
What people do with scenarios, and may do, is :mod:`engine.scenarios.acts`.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from engine import durable
from engine.errors import InputError, inert
from engine.scenarios import fields as grammar
from engine.scenarios.frozen_figures import Frozen
from engine.untrusted import regular
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

VARIABLE = "KESSAI_SCENARIOS"
"""Environment variable: a folder in place of ``scenarios`` beside the run log's."""
FORMAT = "kessai-scenario-1"
NOT_KEPT = ("lang", "plane", "shown", "pilot", "with", "slide", "tour", "view", "meeting")
"""What else a link may hold: a file that has it is read without."""
LARGEST_FILE = 2_000_000
"""Characters: thousands of changes, hundreds of long ones."""
LONGEST_NAME = 60
_READABLE = 40


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of a history: when (ISO 8601, UTC), who ("" if no name was given), and what each
    field was before and is after, as texts of a link ("" for none)."""

    at: str
    who: str
    fields: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A scenario with its name and history. ``fields`` are texts of a grammar."""

    name: str
    fields: Mapping[str, str]
    history: tuple[Change, ...]
    frozen: Frozen | None = None
    """What it answered; None: saved before that was kept, or without an answer."""
    replaces: tuple[str, str] | None = None
    """Name and version of the approved scenario whose place it is to take."""
    path: Path | None = field(default=None, compare=False)
    """Where it was read, whatever the file is called; None before it is kept."""

    @property
    def values(self) -> dict[str, grammar.Value]:
        """The value of every field that is kept."""
        return grammar.read_all(self.fields)[0]

    @property
    def evidence_id(self) -> str:
        """The evidence that it asks."""
        return self.fields.get(grammar.EVIDENCE.key, grammar.EVIDENCE.default)

    @cached_property
    def version(self) -> str:
        """Changes with every change of the file."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()


def folder(runs: Path) -> Path:
    """Where scenarios are kept, for a run log in ``runs``; it may not exist yet."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else runs.parent / "scenarios"


def stamp(place: Path) -> str:
    """Changes whenever a scenario is kept, changed or deleted."""
    return repr([(path.name, durable.signature(path)) for path in sorted(place.glob("*.json"))])


def texts(values: Mapping[str, grammar.Value]) -> dict[str, str]:
    """The fields that are kept, each with its text, defaults too."""
    return {
        key: grammar.write(key, values[key]) for key in grammar.FIELDS if values[key] is not None
    }


def renamed(scenario: Saved, name: str) -> Saved:
    """The scenario under another name, its history the same. Raises InputError for an unusable
    one."""
    return replace(scenario, name=valid_name(name))


def listed(place: Path) -> tuple[list[Saved], list[InputError]]:
    """Every scenario by name, and a refusal for every file that is none or repeats a name."""
    found, refused = {}, []
    for path in sorted(place.glob("*.json")):
        try:
            one = read(path)
            if one.name in found:
                raise taken(one.name)
            found[one.name] = one
        except InputError as error:
            refused.append(error)
    return sorted(found.values(), key=lambda scenario: scenario.name.casefold()), refused


def read(path: Path) -> Saved:
    try:
        text = regular.bytes_of(path, 4 * LARGEST_FILE).decode("utf-8")
        found = from_json(text, source=path.name)
        return replace(found, path=path)
    except (OSError, UnicodeDecodeError):
        raise _no_scenario(path.name) from None


def write(path: Path, scenario: Saved, *, replace_file: bool = True) -> None:
    text = to_json(scenario)
    if len(text) > LARGEST_FILE:  # It could not be read again.
        raise InputError(
            "The history of “{name}” is full: keep this scenario under another name.",
            name=scenario.name,
        )
    durable.write(path, text.encode(), replace=replace_file, mode=0o600)


def to_json(scenario: Saved) -> str:
    """The text of a file."""
    content = {
        "format": FORMAT,
        "name": scenario.name,
        "fields": dict(scenario.fields),
        "history": [
            {"at": c.at, "who": c.who, "fields": {k: list(v) for k, v in c.fields.items()}}
            for c in scenario.history
        ],
        # Only where they are: files of before keep their version.
        **({} if scenario.frozen is None else {"frozen": scenario.frozen.to_dict()}),
        **({} if scenario.replaces is None else {"replaces": list(scenario.replaces)}),
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def from_json(text: str, *, source: str) -> Saved:
    """The scenario in a file's text. Raises InputError for anything else, naming ``source``."""
    if len(text) > LARGEST_FILE:
        raise _no_scenario(source)

    def parse() -> Saved:
        content = json_value(text)
        if content["format"] != FORMAT or not isinstance(content["name"], str):
            raise _no_scenario(source)
        frozen, replaced = content.get("frozen"), content.get("replaces")
        return Saved(
            name=content["name"],
            fields={str(k): str(v) for k, v in content["fields"].items() if k not in NOT_KEPT},
            history=tuple(_change(entry) for entry in content["history"]),
            frozen=None if frozen is None else Frozen.from_dict(frozen),
            replaces=None
            if replaced is None
            else (inert(str(replaced[0])), inert(str(replaced[1]))),
        )

    found = attempted(parse)
    if found is None:
        raise _no_scenario(source)
    unknown = found.fields.keys() - grammar.FIELDS.keys()
    missing = set(grammar.BUDGETS) - found.fields.keys()
    if unknown or missing:
        raise _no_scenario(source)
    _, refused = grammar.read_all(found.fields)
    for error in refused.values():
        raise error
    return replace(found, name=valid_name(found.name))


def from_file(name: str, content: bytes) -> Saved:
    """The scenario in an uploaded file."""
    try:
        return from_json(content[: LARGEST_FILE + 1].decode("utf-8-sig"), source=name)
    except UnicodeDecodeError:
        raise _no_scenario(name) from None


def asks(one: Saved, values: Mapping[str, grammar.Value]) -> bool:
    """Whether a scenario asks what these values ask, in whatever currency."""
    return _asked(one.values) == _asked(values)


def _asked(values: Mapping[str, grammar.Value]) -> dict[str, str]:
    return texts({**values, grammar.CURRENCY.key: None})


def path_of(place: Path, name: str) -> Path:
    return place / file_name(name)


def file_name(name: str) -> str:
    """A name for the file: readable, safe on every disk, and another one for every other name."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return f"{_plain(plain)}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}.json"


def readable(name: str) -> str:
    """A name as part of a file's, in letters, digits and hyphens alone.

    >>> readable("第1案: A/B")
    '第1案-A-B'
    """
    return _plain(unicodedata.normalize("NFKC", name))


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name).strip("-")[:_READABLE]


def _change(entry: Mapping[str, Any]) -> Change:
    """An entry of a history. The file may hold anything: so may this raise, and its texts are made
    such as can be shown and kept."""
    fields = {str(k): (str(v[0]), str(v[1])) for k, v in dict(entry["fields"]).items()}
    at, who = inert(str(entry["at"])), inert(str(entry["who"]))
    return Change(at=at[:40], who=who[:LONGEST_NAME], fields=fields)


def valid_name(name: str) -> str:
    """The name on one line. Raises InputError for an empty or a long one."""
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy or len(tidy) > LONGEST_NAME or not tidy.isprintable():
        raise InputError(
            "Expected a name of 1 to {most} characters, got “{value}”.",
            most=LONGEST_NAME,
            value=tidy[:40],
        )
    return tidy


def taken(name: str) -> InputError:
    return InputError("A scenario is called “{name}” already: choose another name.", name=name)


def _no_scenario(source: str) -> InputError:
    return InputError(
        "Expected a scenario in {source}, got something else: save one here to see the form.",
        source=source[:LONGEST_NAME],
    )

"""Scenarios kept as files: one small JSON file a scenario, in a folder beside the run log.

A scenario is its fields (:mod:`engine.scenarios.fields`), written out in full, so that it means the
same when a default changes; of the assumptions it holds those that are not the defaults. The file
also holds its history: who changed which field when, where people give their names; entries are
only ever added. And it holds what the scenario answered when it was saved
(:mod:`engine.scenarios.frozen`); files of earlier versions do not.

A scenario is a draft until it is proposed, and one that was approved stays as it is: a change makes
a new version of it, a scenario that names the one whose place it takes. States are lines in the log
of decisions (:mod:`engine.approvals`), looked at under the lock of the folder.

A file is written whole or not at all (:mod:`engine.durable`), so nobody ever reads half of one. A
lock of the folder lets one process at a time look and write; and an update names the version that
it was made from, so that nobody undoes a change unseen.
"""

import fcntl
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from engine import approvals, durable
from engine.access.check import require, require_own
from engine.access.ownership import made_by
from engine.access.rights import LOCAL, Person, Right
from engine.approvals import Ruling, Standing, Standings, State
from engine.decision_log import Entry, recorded
from engine.errors import InputError, inert
from engine.runs.log import data_folder
from engine.scenarios import fields as grammar
from engine.scenarios.frozen import Frozen, is_certified
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

VARIABLE = "KESSAI_SCENARIOS"
"""Environment variable: a folder in place of ``scenarios`` beside the run log's."""
FORMAT = "kessai-scenario-1"
NOT_KEPT = ("lang", "plane", "shown", "pilot", "with", "slide", "tour")
"""What else a link may hold: a file that has it is read without."""
LARGEST_FILE = 2_000_000
"""Characters: thousands of changes, hundreds of long ones."""
LONGEST_NAME = 60
_READABLE = 40
_NUMBERED = re.compile(r" v[0-9]+$")
_SAVE, _IMPORT, _DELETE = approvals.SAVE, "scenario-import", approvals.DELETE
"""Acts in the log of decisions."""


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


def created(
    place: Path,
    name: str,
    values: Mapping[str, grammar.Value],
    *,
    who: str,
    at: str,
    frozen: Frozen | None = None,
    by: Person = LOCAL,
) -> Saved:
    """Keep a new scenario. ``who``: the name that somebody gave, for whom no login says one;
    ``frozen``: what it answers. Raises InputError where the name is unusable or taken, and where
    ``by`` may not."""
    scenario = _begun(_name(name), values, who=_who(by, who), at=at, frozen=frozen)
    _require(by, _SAVE, scenario)
    with _alone(place):
        _keep_new(place, scenario, by)
    return scenario


def new_version(
    place: Path,
    known: Saved,
    values: Mapping[str, grammar.Value],
    *,
    who: str,
    at: str,
    frozen: Frozen | None = None,
    by: Person = LOCAL,
) -> Saved:
    """Keep a draft that is to take the place of ``known``, which is approved and stays as it is
    until the new one is approved too. Its name is that of ``known`` with the next free number.

    Raises InputError where ``known`` is not approved, and as :func:`created`.
    """
    _require(by, _SAVE, known)
    with _alone(place):
        _require_unchanged(place, known)
        if standing(known).state is not State.APPROVED:
            raise InputError(
                "Expected an approved scenario, “{name}” is none: save its changes under its own "
                "name.",
                name=known.name,
            )
        scenario = replace(
            _begun(_next_name(place, known.name), values, who=_who(by, who), at=at, frozen=frozen),
            replaces=(known.name, known.version),
        )
        _keep_new(place, scenario, by)
    return scenario


def proposed(
    place: Path, known: Saved, frozen: Frozen, *, who: str, at: str, by: Person = LOCAL
) -> Saved:
    """Put a draft before those who decide, with the figures that it has now: they are frozen, and a
    decision is on these. Raises InputError where ``by`` may not, where it is no draft, and for
    figures whose promise is not certified."""
    require(by, Right.PROPOSE, approvals.PROPOSE, _named(known), folder=data_folder())
    if not is_certified(frozen):
        raise InputError(
            "Expected figures with a certified promise to propose “{name}”, got estimated ones: "
            "wait until it is certified, or change the plan where it cannot be.",
            name=known.name,
        )
    who = _who(by, who)
    with _alone(place):
        path = _require_unchanged(place, known)
        _require_open(known)
        if standing(known).state is State.PROPOSED:
            raise InputError(
                "“{name}” is proposed already: it waits for a decision.", name=known.name
            )
        is_news = known.frozen is None or not (known.frozen.is_whole and frozen.is_as(known.frozen))
        scenario = _frozen_anew(known, frozen, who=who, at=at) if is_news else known
        with _recorded(approvals.PROPOSE, scenario, by, who=who):
            if is_news:
                _write(path, scenario)
    return scenario


def decided(
    place: Path,
    known: Saved,
    ruling: Ruling,
    *,
    reason: str = "",
    who: str = "",
    by: Person = LOCAL,
) -> None:
    """Approve or decline a proposed scenario that still stands as it was read. An approved one
    takes the place of the one that it replaces.

    Raises InputError where ``by`` may not, where it is not proposed, and where its frozen figures
    are not as they were written.
    """
    what = {**_named(known), "ruling": str(ruling)}
    require(by, Right.DECIDE, approvals.ACT, what, folder=data_folder())
    with _alone(place):
        _require_unchanged(place, known)
        _require_open(known)
        if standing(known).state is not State.PROPOSED:
            raise InputError(
                "Expected a proposed scenario, “{name}” is a draft: propose it first.",
                name=known.name,
            )
        if known.frozen is None or not known.frozen.is_whole:
            raise InputError(
                "Expected the frozen figures of “{name}” as they were saved, got changed ones: "
                "save it again and propose that.",
                name=known.name,
            )
        approvals.decide(
            known.name,
            known.version,
            ruling,
            reason=reason,
            who=who,
            folder=data_folder(),
            by=by,
            replaces=known.replaces if ruling is Ruling.APPROVED else None,
            versions=known.frozen.versions,
        )


def standing(known: Saved) -> Standing:
    """How a scenario stands. Raises as :func:`engine.approvals.standings`."""
    return approvals.standings(data_folder()).of(known.name, known.version)


def missing(found: Sequence[Saved], book: Standings) -> tuple[str, ...]:
    """Names of approved scenarios whose files are gone by other means."""
    names = {one.name for one in found}
    return tuple(name for name in book.approved if name not in names)


def _begun(
    name: str,
    values: Mapping[str, grammar.Value],
    *,
    who: str,
    at: str,
    frozen: Frozen | None,
) -> Saved:
    fresh = texts(values)
    first = Change(at=at, who=who, fields={key: ("", text) for key, text in fresh.items()})
    return Saved(name=name, fields=fresh, history=(first,), frozen=frozen)


def _keep_new(place: Path, scenario: Saved, by: Person) -> None:
    _require_free(place, scenario)
    with _recorded(_SAVE, scenario, by, who=scenario.history[0].who):
        _add(place, scenario)


def _frozen_anew(known: Saved, frozen: Frozen, *, who: str, at: str) -> Saved:
    entry = Change(at=at, who=who, fields={})
    return replace(known, frozen=frozen, history=(*known.history, entry))


def _next_name(place: Path, name: str) -> str:
    """The name with the next number whose file is free."""
    first = _NUMBERED.sub("", name)
    number = 2
    while True:
        ending = f" v{number}"
        found = f"{first[: LONGEST_NAME - len(ending)].rstrip()}{ending}"
        if not _path(place, found).exists():
            return found
        number += 1


def _require_open(known: Saved) -> None:
    """Nothing while it may be changed. Raises InputError for one that was approved."""
    found = standing(known)
    if found.was_changed:
        raise InputError(
            "“{name}” was approved, and its file was changed by other means since: bring the file "
            "back as it was, or save under another name.",
            name=known.name,
        )
    if found.state.is_locked:
        raise InputError(
            "“{name}” was approved and stays as it is: make a new version of it and change that.",
            name=known.name,
        )


def added(place: Path, scenario: Saved, *, by: Person = LOCAL) -> Saved:
    """Keep an imported scenario as it is, but that it takes nobody's place. Raises InputError where
    its name is taken, and where ``by`` may not."""
    scenario = replace(scenario, replaces=None)
    _require(by, _IMPORT, scenario)
    with _alone(place):
        _require_free(place, scenario)
        with _recorded(_IMPORT, scenario, by):
            _add(place, scenario)
    return scenario


def renamed(scenario: Saved, name: str) -> Saved:
    """The scenario under another name, its history the same. Raises InputError for an unusable
    one."""
    return replace(scenario, name=_name(name))


def updated(
    place: Path,
    known: Saved,
    values: Mapping[str, grammar.Value],
    *,
    who: str,
    at: str,
    frozen: Frozen | None = None,
    by: Person = LOCAL,
) -> Saved:
    """Keep new values under the name of ``known``, which must still stand as it was read;
    ``frozen``: what they answer.

    Nothing is written where neither values nor figures changed. Raises InputError
    where somebody changed or deleted the scenario meanwhile, where it was approved, and where
    ``by`` may not.
    """
    _require(by, _SAVE, known)
    fresh = texts(values)
    changes = {
        key: (known.fields.get(key, ""), fresh.get(key, ""))
        for key in grammar.FIELDS
        if known.fields.get(key, "") != fresh.get(key, "")
    }
    is_news = frozen is not None and (known.frozen is None or not frozen.is_as(known.frozen))
    if not changes and not is_news:
        return known
    entry = Change(at=at, who=_who(by, who), fields=changes)
    scenario = replace(
        known, fields=fresh, history=(*known.history, entry), frozen=frozen, path=None
    )
    with _alone(place):
        path = _require_unchanged(place, known)
        _require_open(known)
        with _recorded(_SAVE, scenario, by, who=entry.who):
            _write(path, scenario)
    return scenario


def delete(place: Path, known: Saved, *, by: Person = LOCAL) -> None:
    """Remove a scenario that still stands as it was read. Raises InputError where ``by`` may not
    (who saved or imported it may, as the log of decisions says, and who may delete anybody's), and
    where it was approved."""
    maker = None if by.may(Right.DELETE_ANY) else _maker(known)
    require_own(by, _DELETE, _what(_DELETE, known), made_by=maker, folder=data_folder())
    with _alone(place):
        path = _require_unchanged(place, known)
        _require_open(known)
        with _recorded(_DELETE, known, by):
            path.unlink()


def _maker(scenario: Saved) -> str | None:
    def is_of_it(line: Entry) -> bool:
        return line.what.get("scenario") == scenario.name

    return made_by(
        data_folder(),
        is_made=lambda line: line.act in (_SAVE, _IMPORT) and is_of_it(line),
        is_gone=lambda line: line.act == _DELETE and is_of_it(line),
    )


def _require(by: Person, act: str, scenario: Saved) -> None:
    require(by, Right.SAVE, act, _what(act, scenario), folder=data_folder())


def _require_free(place: Path, scenario: Saved) -> None:
    """Before anything is on record: a name that was only tried is nobody's."""
    if _path(place, scenario.name).exists():
        raise _taken(scenario.name)


def _add(place: Path, scenario: Saved) -> None:
    try:
        _write(_path(place, scenario.name), scenario, replace_file=False)
    except FileExistsError:
        raise _taken(scenario.name) from None


def _recorded(
    act: str, scenario: Saved, by: Person, *, who: str = ""
) -> AbstractContextManager[None]:
    """The act on record."""
    versions = {} if scenario.frozen is None else scenario.frozen.versions
    what = _what(act, scenario)
    return recorded(act, what, folder=data_folder(), who=who, by=by, versions=versions)


def _what(act: str, scenario: Saved) -> dict[str, str]:
    """What the log says of it. An imported history is named as what it is: claimed by a file."""
    what = _named(scenario)
    if act == _IMPORT:
        what["claimed_changes"] = str(len(scenario.history))
    return what


def _named(scenario: Saved) -> dict[str, str]:
    return {"scenario": scenario.name, "version": scenario.version}


def listed(place: Path) -> tuple[list[Saved], list[InputError]]:
    """Every scenario by name, and a refusal for every file that is none or repeats a name."""
    found, refused = {}, []
    for path in sorted(place.glob("*.json")):
        try:
            one = _read(path)
            if one.name in found:
                raise _taken(one.name)
            found[one.name] = one
        except InputError as error:
            refused.append(error)
    return sorted(found.values(), key=lambda scenario: scenario.name.casefold()), refused


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
    return replace(found, name=_name(found.name))


def from_file(name: str, content: bytes) -> Saved:
    """The scenario in an uploaded file."""
    try:
        return from_json(content[: LARGEST_FILE + 1].decode("utf-8-sig"), source=name)
    except UnicodeDecodeError:
        raise _no_scenario(name) from None


def file_name(name: str) -> str:
    """A name for the file: readable, safe on every disk, and another one for every other name."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    readable = re.sub(r"[^\w]+", "-", plain).strip("-")[:_READABLE]
    return f"{readable}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}.json"


def _change(entry: Mapping[str, Any]) -> Change:
    """An entry of a history. The file may hold anything: so may this raise, and its texts are made
    such as can be shown and kept."""
    fields = {str(k): (str(v[0]), str(v[1])) for k, v in dict(entry["fields"]).items()}
    at, who = inert(str(entry["at"])), inert(str(entry["who"]))
    return Change(at=at[:40], who=who[:LONGEST_NAME], fields=fields)


def _name(name: str) -> str:
    """The name on one line. Raises InputError for an empty or a long one."""
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy or len(tidy) > LONGEST_NAME or not tidy.isprintable():
        raise InputError(
            "Expected a name of 1 to {most} characters, got “{value}”.",
            most=LONGEST_NAME,
            value=tidy[:40],
        )
    return tidy


def _who(by: Person, who: str) -> str:
    """Whose change it is: who signed in, else the name that was given."""
    if by.login:
        return by.who[:LONGEST_NAME]
    return _name(who) if who.strip() else ""


def _path(place: Path, name: str) -> Path:
    return place / file_name(name)


def _read(path: Path) -> Saved:
    try:
        found = from_json(path.read_text(encoding="utf-8"), source=path.name)
        return replace(found, path=path)
    except (OSError, UnicodeDecodeError):
        raise _no_scenario(path.name) from None


def _require_unchanged(place: Path, known: Saved) -> Path:
    """The file of ``known``. Raises InputError where it was changed or deleted since it was
    read."""
    path = known.path or _path(place, known.name)
    if not path.exists() or _read(path).version != known.version:
        raise InputError(
            "Somebody changed “{name}” meanwhile: look at it again before you change it.",
            name=known.name,
        )
    return path


def _write(path: Path, scenario: Saved, *, replace_file: bool = True) -> None:
    text = to_json(scenario)
    if len(text) > LARGEST_FILE:  # It could not be read again.
        raise InputError(
            "The history of “{name}” is full: keep this scenario under another name.",
            name=scenario.name,
        )
    durable.write(path, text.encode(), replace=replace_file, mode=0o600)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Lock the folder: one process at a time reads and writes. Raises InputError where the folder
    is not writable."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise InputError(
            "Expected to write to the folder of scenarios: {reason}. Set KESSAI_SCENARIOS to a "
            "folder that can be written.",
            reason=error.strerror or "no reason given",
        ) from error


def _taken(name: str) -> InputError:
    return InputError("A scenario is called “{name}” already: choose another name.", name=name)


def _no_scenario(source: str) -> InputError:
    return InputError(
        "Expected a scenario in {source}, got something else: save one here to see the form.",
        source=source[:LONGEST_NAME],
    )

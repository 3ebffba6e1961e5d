"""What people do with saved scenarios: keep, change, propose, decide, delete.

A scenario is a draft until it is proposed, and one that was approved stays as it is: a change makes
a new version of it, a scenario that names the one whose place it takes. States are lines in the log
of decisions (:mod:`engine.approvals`), looked at under the lock of the folder.

That lock lets one process at a time look and write; and an act names the version that it was made
from, so that nobody undoes a change unseen.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from engine import approvals, durable
from engine.access.check import refuse, require, require_own
from engine.access.ownership import made_by
from engine.access.rights import LOCAL, Person, Right
from engine.approvals import Ruling, Standing, Standings, State
from engine.decision_log import Entry, recorded
from engine.errors import InputError
from engine.runs.log import data_folder
from engine.scenarios import fields as grammar
from engine.scenarios.approval_lock import require_open
from engine.scenarios.frozen_figures import Frozen, is_certified
from engine.scenarios.saved import (
    LONGEST_NAME,
    Change,
    Saved,
    path_of,
    read,
    taken,
    texts,
    valid_name,
    write,
)
from engine.untrusted.regular import descriptor_of

_NUMBERED = re.compile(r" v[0-9]+$")
_SAVE, _IMPORT, _DELETE = approvals.SAVE, approvals.IMPORT, approvals.DELETE
"""Acts in the log of decisions."""


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
    scenario = _begun(valid_name(name), values, who=_who(by, who), at=at, frozen=frozen)
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
        require_open(known.name, standing(known))
        if standing(known).state is State.PROPOSED:
            raise InputError(
                "“{name}” is proposed already: it waits for a decision.", name=known.name
            )
        is_news = known.frozen is None or not (known.frozen.is_whole and frozen.is_as(known.frozen))
        scenario = _frozen_anew(known, frozen, who=who, at=at) if is_news else known
        with _recorded(approvals.PROPOSE, scenario, by, who=who):
            if is_news:
                write(path, scenario)
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

    Raises InputError where ``by`` may not or, with login, proposed it, where it is not proposed,
    and where its frozen figures are not as they were written.
    """
    what = {**_named(known), "ruling": str(ruling)}
    require(by, Right.DECIDE, approvals.ACT, what, folder=data_folder())
    with _alone(place):
        _require_unchanged(place, known)
        require_open(known.name, standing(known))
        now = standing(known)
        if now.state is not State.PROPOSED:
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
        if ruling is Ruling.APPROVED:
            _require_another(by, now, what)
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
        require_open(known.name, standing(known))
        with _recorded(_SAVE, scenario, by, who=entry.who):
            write(path, scenario)
    return scenario


def delete(place: Path, known: Saved, *, by: Person = LOCAL) -> None:
    """Remove a scenario that still stands as it was read. Raises InputError where ``by`` may not
    (who saved or imported it may, as the log of decisions says, and who may delete anybody's), and
    where it was approved."""
    maker = None if by.may(Right.DELETE_ANY) else _maker(known)
    require_own(by, _DELETE, _what(_DELETE, known), made_by=maker, folder=data_folder())
    with _alone(place):
        path = _require_unchanged(place, known)
        require_open(known.name, standing(known))
        with _recorded(_DELETE, known, by):
            path.unlink()


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
        if not path_of(place, found).exists():
            return found
        number += 1


def _require_another(by: Person, now: Standing, what: Mapping[str, str]) -> None:
    """Four eyes: who signed in approves nothing that they proposed. The attempt is on record. The
    local person, who is the only one without login, may."""
    if by.login and now.proposal is not None and now.proposal.login == by.login:
        refuse(
            by,
            approvals.ACT,
            what,
            InputError(
                "Expected somebody else than {who}, who proposed this version, to approve it: ask "
                "another approver.",
                who=by.who,
            ),
            folder=data_folder(),
        )


def _require_free(place: Path, scenario: Saved) -> None:
    """Before anything is on record: a name that was only tried is nobody's."""
    if path_of(place, scenario.name).exists():
        raise taken(scenario.name)


def _require_unchanged(place: Path, known: Saved) -> Path:
    """The file of ``known``. Raises InputError where it was changed or deleted since it was
    read."""
    path = known.path or path_of(place, known.name)
    if not path.exists() or read(path).version != known.version:
        raise InputError(
            "Somebody changed “{name}” meanwhile: look at it again before you change it.",
            name=known.name,
        )
    return path


def _add(place: Path, scenario: Saved) -> None:
    try:
        write(path_of(place, scenario.name), scenario, replace_file=False)
    except FileExistsError:
        raise taken(scenario.name) from None


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


def _who(by: Person, who: str) -> str:
    """Whose change it is: who signed in, else the name that was given."""
    if by.login:
        return by.who[:LONGEST_NAME]
    return valid_name(who) if who.strip() else ""


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Lock the folder: one process at a time reads and writes. Raises InputError where the folder
    is not writable."""
    try:
        durable.make_folder(place)
        with os.fdopen(descriptor_of(place / ".lock", os.O_CREAT | os.O_RDWR), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise InputError(
            "Expected to write to the folder of scenarios: {reason}. Set KESSAI_SCENARIOS to a "
            "folder that can be written.",
            reason=error.strerror or "no reason given",
        ) from error

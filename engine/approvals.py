"""What was proposed and decided on a scenario: by whom, when, and which version of it.

A proposal and a decision are lines in the log of decisions and stand nowhere else: nobody takes
them back, a file from elsewhere brings none along, and they are shown only while the log is whole
(:func:`engine.decision_log.verify`). They name the version that they were made on, the hash of the
scenario's file: whatever changes the scenario is another version, which nobody has approved.

A version is a draft until it is proposed; it is approved, or declined and so a draft again; and an
approved one is superseded when the version that was made to replace it is approved. What locks a
version, :mod:`engine.scenarios.approval_lock` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine import decision_log, durable
from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import Entry
from engine.errors import InputError, inert
from engine.untrusted.guard import guarded

ACT, PROPOSE, SAVE = "decision", "scenario-propose", "scenario-save"
IMPORT, DELETE = "scenario-import", "scenario-delete"
"""In the log of decisions."""
LONGEST_REASON = 500
"""Characters."""


class Ruling(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    DECLINED = "declined"


class State(StrEnum):
    """How a version of a scenario stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One proposal, as the log holds it."""

    version: str
    at: str
    """ISO 8601, UTC."""
    who: str
    """Who signed in, or the name that a person gave; "" for none."""
    login: str
    """Issuer and subject of who signed in; "" where no provider of logins vouches for :attr:`who`.
    """

    @property
    def is_signed_in(self) -> bool:
        """Whether a provider of logins vouches for :attr:`who`."""
        return bool(self.login)


@dataclass(frozen=True, kw_only=True)
class Decision(Proposal):
    """One decision, as the log holds it."""

    ruling: Ruling
    reason: str
    replaces: tuple[str, str] | None = None
    """Name and version of the scenario that an approval takes the place of."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a version stands, by the log."""

    state: State
    decision: Decision | None = None
    """The last one on this version."""
    proposal: Proposal | None = None
    superseded_by: str = ""
    """The scenario that took its place."""
    is_claimed: bool = False
    """Whether this version came from elsewhere, with figures that its file claims."""
    claimed_changes: int | None = None
    """How many of the first entries of its history are what a file from elsewhere claims; None
    where no line of the log says of any that it was made here."""
    was_changed: bool = False
    """Whether another version under this name is approved, and this one was never saved here: the
    file was changed by other means."""


class Standings:
    """How all scenarios stand, from one look at the log."""

    def __init__(self, lines: list[Entry]) -> None:
        failed = {line.what.get("number") for line in lines if line.act.endswith("-failed")}
        done = [line for line in lines if line.number not in failed]
        self._proposals: dict[tuple[str, str], tuple[int, Proposal]] = {}
        self._decisions: dict[tuple[str, str], tuple[int, Decision]] = {}
        self._replaced: dict[tuple[str, str], str] = {}
        self._known: set[tuple[str, str]] = set()
        self._own: set[tuple[str, str]] = set()
        self._approved: dict[str, str] = {}
        self._claimed: dict[str, int] = {}
        for line in done:
            name, version = line.what.get("scenario"), line.what.get("version")
            if not isinstance(name, str) or not isinstance(version, str):
                continue
            self._known.add((name, version))
            if line.act in (SAVE, PROPOSE):
                self._own.add((name, version))
                self._claimed.setdefault(name, 0)
            if line.act == IMPORT:
                self._claimed[name] = int(line.what["claimed_changes"])
            elif line.act == DELETE:  # Earlier versions let an approved one be deleted.
                self._approved.pop(name, None)
                self._claimed.pop(name, None)
            elif line.act == PROPOSE:
                self._proposals[name, version] = line.number, _proposal(line)
            elif line.act == ACT:
                found = _decision(line)
                self._decisions[name, version] = line.number, found
                if found.ruling is Ruling.APPROVED:
                    self._approved[name] = version
                    if found.replaces is not None:
                        self._replaced[found.replaces] = name

    @property
    def approved(self) -> tuple[str, ...]:
        """Names of the scenarios that were approved and not superseded."""
        return tuple(n for n, v in self._approved.items() if (n, v) not in self._replaced)

    def of(self, scenario: str, version: str) -> Standing:
        """How a version of the scenario of this name stands."""
        key = scenario, version
        proposed, proposal = self._proposals.get(key, (0, None))
        decided, decision = self._decisions.get(key, (0, None))
        by = self._replaced.get(key, "")
        if decision is not None and decision.ruling is Ruling.APPROVED:
            state = State.SUPERSEDED if by else State.APPROVED
        else:
            state = State.PROPOSED if proposed > decided else State.DRAFT
        return Standing(
            state=state,
            decision=decision,
            proposal=proposal,
            superseded_by=by,
            is_claimed=key not in self._own,
            claimed_changes=self._claimed.get(scenario) if key in self._known else None,
            was_changed=scenario in self._approved and key not in self._known,
        )


def stamp(folder: Path) -> str:
    """Changes with every line of the log."""
    return repr(durable.signature(decision_log.log_folder(folder) / decision_log.FILE))


def standings(folder: Path) -> Standings:
    """How all scenarios stand. Raises :class:`InputError` where the log by ``folder`` cannot be
    read, and where it is not as it was written."""
    lines = decision_log.entries(folder)
    if any(line.act in (ACT, PROPOSE) for line in lines) and not decision_log.verify(folder).sound:
        raise _changed("")
    return guarded(lambda: Standings(lines), _changed)


def decide(
    scenario: str,
    version: str,
    ruling: Ruling,
    *,
    reason: str = "",
    who: str = "",
    folder: Path,
    by: Person = LOCAL,
    replaces: tuple[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
) -> None:
    """Put a decision on record. ``who``: the name that somebody gave, for whom no login says one;
    ``folder``: that of the runs, by which the log stands; ``replaces``: name and version of the
    scenario whose place an approved one takes; ``versions``: of the evidence and law behind it.

    Raises :class:`InputError` where ``by`` may not, for a reason that is too long, and where the
    log cannot be written.
    """
    what = {"scenario": scenario, "version": version, "ruling": str(ruling)}
    require(by, Right.DECIDE, ACT, what, folder=folder)
    if len(reason) > LONGEST_REASON:
        raise InputError(
            "Expected a reason of at most {most} characters, got {length}.",
            most=LONGEST_REASON,
            length=len(reason),
        )
    said: dict[str, object] = {**what, "reason": inert(" ".join(reason.split()))}
    if replaces is not None:
        said["replaces"] = list(replaces)
    decision_log.append(ACT, said, folder=folder, who=who, by=by, versions=versions)


def decisions(scenario: str, folder: Path) -> tuple[Decision, ...]:
    """All that was decided on the scenario of this name, the first one first.

    Raises :class:`InputError` where the log cannot be read, and where it is not as it was written.
    """
    lines = [
        line
        for line in decision_log.entries(folder)
        if line.act == ACT and line.what.get("scenario") == scenario
    ]
    if lines and not decision_log.verify(folder).sound:
        raise _changed("")
    return guarded(lambda: tuple(_decision(line) for line in lines), _changed)


def _proposal(line: Entry) -> Proposal:
    return Proposal(
        version=str(line.what["version"]),
        at=line.at,
        who=line.who,
        login=line.login,
    )


def _decision(line: Entry) -> Decision:
    replaced = line.what.get("replaces")
    return Decision(
        version=str(line.what["version"]),
        ruling=Ruling(line.what["ruling"]),
        reason=str(line.what["reason"]),
        at=line.at,
        who=line.who,
        login=line.login,
        replaces=None if replaced is None else (str(replaced[0]), str(replaced[1])),
    )


def _changed(_: str) -> InputError:
    return InputError(
        "Expected the log of decisions as it was written, got one that was changed: what was "
        "decided is not shown until python -m engine log verify has been looked at."
    )

"""What was decided on a scenario: approved or declined, by whom, when, and which version of it.

A decision is a line in the log of decisions and stands nowhere else: nobody takes it back, a file
from elsewhere brings none along, and it is shown only while the log is whole
(:func:`engine.decision_log.verify`). It names the version that it was made on, the hash of the
scenario's file: whatever changes the scenario is another version, which nobody has approved.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine import decision_log
from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import Entry
from engine.errors import InputError, inert
from engine.untrusted.guard import guarded

ACT = "decision"
"""In the log of decisions."""
LONGEST_REASON = 500
"""Characters."""


class Ruling(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision, as the log holds it."""

    version: str
    ruling: Ruling
    reason: str
    at: str
    """ISO 8601, UTC."""
    who: str
    """Who signed in, or the name that a person gave; "" for none."""
    is_signed_in: bool
    """Whether a provider of logins vouches for :attr:`who`."""


def decide(
    scenario: str,
    version: str,
    ruling: Ruling,
    *,
    reason: str = "",
    who: str = "",
    folder: Path,
    by: Person = LOCAL,
) -> None:
    """Put a decision on record. ``who``: the name that somebody gave, for whom no login says one;
    ``folder``: that of the runs, by which the log stands.

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
    said = {**what, "reason": inert(" ".join(reason.split()))}
    decision_log.append(ACT, said, folder=folder, who=who, by=by)


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
    return guarded(lambda: tuple(_of(line) for line in lines), _changed)


def _of(line: Entry) -> Decision:
    return Decision(
        version=str(line.what["version"]),
        ruling=Ruling(line.what["ruling"]),
        reason=str(line.what["reason"]),
        at=line.at,
        who=line.who,
        is_signed_in=bool(line.login),
    )


def _changed(_: str) -> InputError:
    return InputError(
        "Expected the log of decisions as it was written, got one that was changed: what was "
        "decided is not shown until python -m engine log verify has been looked at."
    )

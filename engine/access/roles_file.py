"""The file that says who has which role: ``access.toml`` beside the folder of runs, or what
KESSAI_ACCESS names.

Only the operator writes it, with an editor; it is read anew for each action. It fails closed: where
it is missing, cannot be read or says anything that is not expected, nobody has a role. ::

    default = "none"           # or "viewer": whoever the provider signs in may look
    hours = 12                 # then one signs in again
    claim = "groups"           # where the provider lists a person's groups
    unverified = "refuse"      # or "accept": the provider names no verified e-mails, and is trusted

    [people]
    analyst = ["hanako@example.com"]
    operator = ["taro@example.com"]

    [groups]
    viewer = ["everybody-in-research"]

E-mails compare without regard to case and width (NFKC); groups as they are written.
"""

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.access.rights import Role
from engine.errors import InputError
from engine.untrusted import regular
from engine.untrusted.guard import guarded
from engine.untrusted.texts import toml_document

VARIABLE = "KESSAI_ACCESS"
"""Environment variable: the file of roles."""
NAME = "access.toml"
LONGEST_FILE = 1_000_000
"""Bytes: tens of thousands of people."""
LONGEST_HOURS = 24 * 30
"""For as long as Streamlit keeps its cookie."""
_SETTINGS = {"default", "hours", "claim", "unverified", "people", "groups"}


@dataclass(frozen=True, kw_only=True)
class RolesFile:
    """What the file says."""

    default: frozenset[Role] = frozenset()
    """Of everybody who signs in."""
    hours: float = 12.0
    """After which a sign-in is too old."""
    claim: str = "groups"
    accepts_unverified: bool = False
    people: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    """By e-mail as :func:`same_email` writes it."""
    groups: Mapping[str, frozenset[Role]] = field(default_factory=dict)

    def roles(self, email: str, groups: tuple[str, ...] = ()) -> frozenset[Role]:
        """All that somebody has. ``email``: "" for one that nobody vouches for."""
        own = self.people.get(same_email(email), frozenset()) if email else frozenset()
        return self.default.union(own, *(self.groups.get(one, frozenset()) for one in groups))


def roles_file(runs: Path) -> Path:
    """KESSAI_ACCESS, else ``access.toml`` beside ``runs``, the folder of runs."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else runs.parent / NAME


def same_email(email: str) -> str:
    """One spelling for all that name one mailbox.

    >>> same_email("Ｈanako@Example.com ") == same_email("hanako@example.com")
    True
    """
    folded = unicodedata.normalize("NFKC", email).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def read(path: Path) -> RolesFile:
    """What the file says. Raises :class:`InputError`, whose sentence is for the operator: it names
    the file and what is wrong with it."""

    def refusal(reason: object) -> InputError:
        return InputError(
            "Expected a file of roles in {file}: {reason}. Nobody who signs in may do anything "
            "until then.",
            file=path,
            reason=reason,
        )

    def content() -> str:
        with regular.opened(path) as file:
            found = file.read(LONGEST_FILE + 1)
        if len(found) > LONGEST_FILE:
            raise refusal(InputError("it has more than {most} bytes", most=LONGEST_FILE))
        return found.decode("utf-8-sig")

    document = toml_document(guarded(content, refusal), refusal)
    try:
        return _parsed(document)
    except _Unexpected as unexpected:
        raise refusal(unexpected.reason) from None


class _Unexpected(Exception):  # noqa: N818 (a reason, of which :func:`read` makes a sentence)
    def __init__(self, reason: InputError) -> None:
        self.reason = reason
        super().__init__(str(reason))


def _parsed(document: Mapping[str, Any]) -> RolesFile:
    for name in document.keys() - _SETTINGS:
        raise _Unexpected(
            InputError(
                "expected one of {known}, got {name}", known=", ".join(sorted(_SETTINGS)), name=name
            )
        )
    default = _one_of(document, "default", ("none", Role.VIEWER))
    unverified = _one_of(document, "unverified", ("refuse", "accept"))
    hours = document.get("hours", RolesFile.hours)
    if (
        isinstance(hours, bool)
        or not isinstance(hours, int | float)
        or not 0 < hours <= LONGEST_HOURS
    ):
        raise _Unexpected(
            InputError("expected hours above 0 and at most {most}", most=LONGEST_HOURS)
        )
    claim = document.get("claim", RolesFile.claim)
    if not isinstance(claim, str) or not claim:
        raise _Unexpected(InputError("expected the name of a claim in claim"))
    return RolesFile(
        default=frozenset() if default == "none" else frozenset({Role.VIEWER}),
        hours=float(hours),
        claim=claim,
        accepts_unverified=unverified == "accept",
        people=_holders(document.get("people", {}), "people"),
        groups=_holders(document.get("groups", {}), "groups"),
    )


def _one_of(document: Mapping[str, Any], name: str, known: tuple[str, str]) -> str:
    value = document.get(name, known[0])
    if value not in known:
        raise _Unexpected(
            InputError("expected {name} to be {known}", name=name, known=" or ".join(known))
        )
    return str(value)


def _holders(table: Any, name: str) -> dict[str, frozenset[Role]]:
    """Who is listed under which roles."""
    if not isinstance(table, dict):
        raise _Unexpected(InputError("expected [{name}] to be a table of roles", name=name))
    found: dict[str, frozenset[Role]] = {}
    for role, listed in table.items():
        if role not in set(Role):
            raise _Unexpected(
                InputError(
                    "expected a role ({known}) in [{name}], got {role}",
                    known=", ".join(Role),
                    name=name,
                    role=role,
                )
            )
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise _Unexpected(
                InputError("expected a list of texts for {role} in [{name}]", role=role, name=name)
            )
        for one in listed:
            key = _email(one) if name == "people" else one
            if not key:
                raise _Unexpected(InputError("expected the name of a group, got an empty one"))
            found[key] = found.get(key, frozenset()) | {Role(role)}
    return found


def _email(text: str) -> str:
    """Raises for what no provider would send: a list of people is written once and read never."""
    key = same_email(text)
    before, at, after = key.partition("@")
    if not (before and at and after) or "@" in after or not key.isprintable() or " " in key:
        raise _Unexpected(InputError("expected an e-mail in [people], got {value}", value=text))
    return key

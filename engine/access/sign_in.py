"""From what a provider of logins says of somebody to a person with roles.

The claims are those of an OpenID Connect ID token, whose signature, audience and time were checked
by who received it (https://openid.net/specs/openid-connect-core-1_0.html, sections 2 and 5.1). An
e-mail counts only where the provider says that it verified it (``email_verified``), unless the file
of roles accepts that it says nothing; what it denies never counts. Roles are those of the file at
this moment, so that who is struck off may do nothing more, whatever page is open.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.access.rights import Person
from engine.access.roles_file import RolesFile, read, roles_file
from engine.errors import InputError, inert

SKEW = 300.0
"""Seconds by which a provider's clock may be ahead."""
LONGEST_NAME = 200
"""Characters of an e-mail or an identifier."""


def person_of(claims: Mapping[str, Any], *, now: float, runs: Path) -> Person:
    """Who signed in, with the roles of the file beside ``runs``; ``now``: seconds since 1970.

    Raises :class:`InputError`, which says nothing of the file, where it cannot be read, where the
    claims name nobody, and where they are older than the file allows.
    """
    try:
        access = read(roles_file(runs))
    except InputError as error:
        raise InputError(
            "Expected a file of roles that can be read: nobody may do anything until this "
            "Kessai's administrator has run python -m engine access check."
        ) from error
    login = " ".join(_text(claims, name) for name in ("iss", "sub"))
    _require_fresh(claims.get("iat"), access, now)
    email = _email(claims, access)
    groups = claims.get(access.claim)
    listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return Person(
        who=inert(email or _text(claims, "sub")),
        roles=access.roles(email, tuple(one for one in listed if isinstance(one, str))),
        login=login,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME:
        raise InputError(
            "Expected a sign-in that names its issuer and its subject, got none in {name}: ask "
            "this Kessai's administrator.",
            name=name,
        )
    return value


def _require_fresh(issued: object, access: RolesFile, now: float) -> None:
    is_time = isinstance(issued, int | float) and not isinstance(issued, bool)
    if not is_time or not now - access.hours * 3600 <= float(str(issued)) <= now + SKEW:
        raise InputError(
            "Expected a sign-in of the last {hours} hours: sign out and in again.",
            hours=f"{access.hours:g}",
        )


def _email(claims: Mapping[str, Any], access: RolesFile) -> str:
    """The e-mail that counts; "" where none does."""
    email, verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(email, str) or not 0 < len(email) <= LONGEST_NAME:
        return ""
    is_vouched_for = verified is True or verified == "true"
    return email if is_vouched_for or (verified is None and access.accepts_unverified) else ""

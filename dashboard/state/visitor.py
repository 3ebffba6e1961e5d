"""Who sits before the page: the one local person, or who signed in, with the roles of this moment.

Login is on where Streamlit's secrets have an ``[auth]`` section, as ``st.login`` reads it. Once it
was on it stays on until the server ends: secrets that vanish or break meanwhile open nothing. All
that a page asks of the engine goes under :func:`person`, asked for at that moment, since roles may
be taken from somebody whose page is open.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import streamlit as st
from streamlit import config

from engine.api.access import LOCAL, Person, person_of
from engine.api.runs import data_folder
from engine.errors import InputError

SECTION = "auth"
SHORTEST_SECRET = 32
"""Characters of the secret that signs cookies: whoever guesses it is anybody."""
NEEDED = ("authlib", "httpx")
"""Packages of requirements-login.txt."""
_PROVIDER = ("client_id", "client_secret", "server_metadata_url")


class Latch:
    """Whether login was ever on in this process."""

    def __init__(self) -> None:
        self.is_set = False


LATCH = Latch()


class Ended:
    """Sign-ins that somebody ended, the newest :data:`MOST` of this process.

    A cookie says who signed in until it is too old, also to other tabs and to whoever copied it.
    Of several servers each knows its own.
    """

    MOST = 10_000

    def __init__(self) -> None:
        self._those: OrderedDict[str, None] = OrderedDict()
        self._turn = Lock()

    def add(self, claims: Mapping[str, Any]) -> None:
        """No page opens under these claims any more."""
        with self._turn:
            self._those[self._key(claims)] = None
            while len(self._those) > self.MOST:
                self._those.popitem(last=False)

    def __contains__(self, claims: Mapping[str, Any]) -> bool:
        with self._turn:
            return self._key(claims) in self._those

    @staticmethod
    def _key(claims: Mapping[str, Any]) -> str:
        """One sign-in of one person."""
        said = [claims.get(name) for name in ("iss", "sub", "iat", "nonce", "jti")]
        return sha256(repr(said).encode("utf-8", "backslashreplace")).hexdigest()


ENDED = Ended()


def has_login() -> bool:
    """Whether people sign in here. Raises :class:`InputError` where nobody can tell, and where
    login is set up so that it would protect nothing."""
    section = _section()
    if section is None and LATCH.is_set:
        raise _misconfigured(
            InputError("the section [auth] is gone, which was there when the server started")
        )
    if section is None:
        return False
    LATCH.is_set = True
    if len(str(section.get("cookie_secret", ""))) < SHORTEST_SECRET:
        raise _misconfigured(
            InputError("cookie_secret has fewer than {least} characters", least=SHORTEST_SECRET)
        )
    if config.get_option("server.trustedUserHeaders"):
        raise _misconfigured(
            InputError("server.trustedUserHeaders lets a header say who somebody is")
        )
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise _misconfigured(
            InputError(
                "{packages} is not installed: pip install -r requirements-login.txt",
                packages=", ".join(missing),
            )
        )
    return True


def providers() -> list[str | None]:
    """What :func:`streamlit.login` takes for each provider that is set up; None: the default."""
    section = _section() or {}
    if all(key in section for key in _PROVIDER):
        return [None]
    named = {name: inner for name, inner in section.items() if isinstance(inner, Mapping)}
    return [name for name in sorted(named) if all(key in named[name] for key in _PROVIDER)]


def is_signed_in() -> bool:
    """Whether somebody signed in to this session, with or without a role, and did not sign out, be
    it on another page."""
    claims = st.user.to_dict()
    return claims.get("is_logged_in") is True and claims not in ENDED


def sign_out() -> None:
    """End this sign-in, on all its pages, and lead to the door."""
    ENDED.add(st.user.to_dict())
    st.logout()


def person() -> Person:
    """Who asks, for the engine's actions. Raises :class:`InputError` where somebody has yet to sign
    in, or the roles cannot be read."""
    if not has_login():
        return LOCAL
    if not is_signed_in():
        raise InputError("Expected somebody who is signed in: sign in first.")
    return of_claims(dict(st.user.to_dict()))


def of_claims(claims: Mapping[str, Any]) -> Person:
    """Who an ID token names. Raises as :func:`engine.access.sign_in.person_of`, and where that
    sign-in was ended."""
    if claims in ENDED:
        raise InputError("Expected somebody who is signed in: sign in first.")
    return person_of(claims, now=time.time(), runs=data_folder())


def _section() -> Mapping[str, Any] | None:
    if not st.secrets.load_if_toml_exists():
        # Streamlit takes secrets that it cannot read for none.
        if any(Path(path).exists() for path in config.get_option("secrets.files")):
            raise _misconfigured(InputError("the secrets of Streamlit cannot be read"))
        return None
    section: Mapping[str, Any] | None = st.secrets.get(SECTION)
    return section


def _misconfigured(reason: InputError) -> InputError:
    return InputError(
        "Expected a login that is set up: {reason}. Nobody gets in until this Kessai's "
        "administrator has mended it.",
        reason=reason,
    )

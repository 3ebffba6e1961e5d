"""Who may reach the dashboard: its address, host names, and whether people sign in."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine import durable
from engine.access.roles_file import read as read_roles
from engine.access.roles_file import roles_file
from engine.doctor.finding import Finding, State
from engine.doctor.installation import ROOT
from engine.errors import InputError
from engine.runs.log import data_folder
from engine.untrusted.guard import attempted
from engine.untrusted.texts import toml_document

_OWN = {"127.0.0.1", "localhost", "::1"}
_ADDRESS = "STREAMLIT_SERVER_ADDRESS"
_HOSTS = "STREAMLIT_SERVER_ALLOWED_HOSTS"
_SECRETS = "STREAMLIT_SECRETS_FILES"
_SHORTEST_SECRET = 32
"""Characters of the secret that signs who signed in, as the dashboard asks for."""


def network() -> Iterator[Finding]:
    """Who may reach the dashboard as it is configured; an option of its own start is not seen."""
    path = ROOT / ".streamlit" / "config.toml"
    server: dict[str, Any] = toml_document(path.read_text(encoding="utf-8")).get("server", {})
    address = os.environ.get(_ADDRESS, str(server.get("address", "")))
    hosts = os.environ.get(_HOSTS, ",".join(map(str, server.get("allowedHosts", ()))))
    if address in _OWN:
        yield Finding(name="network", state=State.OK, found=f"this machine alone ({address})")
    elif _auth_sections():
        found = f"listens to {address or 'every address'}: people sign in"
        yield Finding(name="network", state=State.OK, found=found)
    else:
        yield Finding(
            name="network",
            state=State.LOOK,
            found=f"listens to {address or 'every address'}: whoever reaches it may do anything",
            to_do="let people sign in, or put a proxy in front that authenticates "
            "(docs/operations.md)",
        )
    named = [host.strip() for host in hosts.split(",") if host.strip()]
    if not named or "*" in named:
        yield Finding(
            name="network",
            state=State.BROKEN,
            found="answers under any host name: a page elsewhere may reach it",
            to_do="name the hosts in server.allowedHosts",
        )
    else:
        yield Finding(name="network", state=State.OK, found=f"answers to {', '.join(named)}")
    if server.get("enableXsrfProtection") is False or server.get("enableCORS") is False:
        yield Finding(
            name="network",
            state=State.BROKEN,
            found="pages of other origins are let in",
            to_do="set enableXsrfProtection and enableCORS to true",
        )


def login() -> Iterator[Finding]:
    """Whether people sign in, and whether what that rests on is whole."""
    sections = _auth_sections()
    if not sections:
        found = "nobody signs in: whoever reaches the dashboard is one local person, every role"
        yield Finding(name="login", state=State.OK, found=found)
        return
    for path, section in sections.items():
        if section is None:
            yield Finding(
                name="login",
                state=State.BROKEN,
                found=f"the secrets of Streamlit in {path.name} cannot be read: nobody gets in",
                to_do="mend the file",
            )
            continue
        if len(str(section.get("cookie_secret", ""))) < _SHORTEST_SECRET:
            yield Finding(
                name="login",
                state=State.BROKEN,
                found=f"cookie_secret has fewer than {_SHORTEST_SECRET} characters: nobody gets in",
                to_do="draw a longer one at random",
            )
        if path.stat().st_mode & 0o077:
            yield Finding(
                name="login",
                state=State.LOOK,
                found=f"{path.name} can be read by others: who reads it can sign in as anybody",
                to_do="chmod 600",
            )
        address = str(section.get("redirect_uri", ""))
        if address.startswith("http://") and (urlsplit(address).hostname or "") not in _OWN:
            yield Finding(
                name="login",
                state=State.LOOK,
                found="redirect_uri begins with http: who signed in is sent unencrypted",
                to_do="end TLS in the proxy and name https",
            )
    missing = [name for name in ("authlib", "httpx") if find_spec(name) is None]
    if missing:
        yield Finding(
            name="login",
            state=State.BROKEN,
            found=f"{', '.join(missing)} is not installed: nobody gets in",
            to_do="pip install -r requirements-login.txt",
        )
    try:
        roles = read_roles(roles_file(data_folder()))
    except InputError as error:
        yield Finding(name="login", state=State.BROKEN, found=str(error), to_do="mend the file")
        return
    found = f"people sign in; {len(roles.people)} people and {len(roles.groups)} groups have roles"
    yield Finding(name="login", state=State.OK, found=found)


def _auth_sections() -> dict[Path, dict[str, Any] | None]:
    """The sections [auth] of Streamlit's secrets; None for a file that cannot be read."""
    chosen = os.environ.get(_SECRETS)
    homes = filter(None, (attempted(lambda: durable.expanded("~")), ROOT))
    paths = [Path(chosen)] if chosen else [one / ".streamlit" / "secrets.toml" for one in homes]
    found: dict[Path, dict[str, Any] | None] = {}
    for path in paths:
        if not path.exists():
            continue
        document = attempted(lambda path=path: toml_document(path.read_text(encoding="utf-8")))  # type: ignore[misc]
        if document is None or "auth" in document:
            found[path] = None if document is None else dict(document["auth"])
    return found

"""What this installation rests on, looked at: each line is ok, to be looked at, or broken.

"Broken" is what makes an answer wrong or impossible; "look" is what costs time, or leaves something
out, and says what to do. Nothing is written, nothing is fitted, nobody is asked over the network,
and it takes some seconds.

Not covered: whether the machine keeps its clock, and what a proxy in front of the dashboard does.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine import approvals, decision_log, durable
from engine.access.roles_file import read as read_roles
from engine.access.roles_file import roles_file
from engine.decision.fitted import EVIDENCE, PUBLISHED_BERT, evidence_of, is_ready, run_log
from engine.durable import cache_folder
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE, require_sound
from engine.pilot.running import lifecycle
from engine.pilot.running.folder import folder_of, pilots_folder
from engine.report.fonts import japanese_face
from engine.runs.log import data_folder
from engine.scenarios import acts, saved
from engine.untrusted.guard import attempted, guarded
from engine.untrusted.texts import toml_document

ROOT = Path(__file__).resolve().parents[1]
LEAST_FREE = 2**30
"""Bytes that a disk should have left: a pilot's checkpoints are the most that is written."""
_FEW = 3
_PYTHON = (3, 11)
_OWN = {"127.0.0.1", "localhost", "::1"}
_WHY = "It cannot be looked at: {reason}."
_ADDRESS = "STREAMLIT_SERVER_ADDRESS"
_HOSTS = "STREAMLIT_SERVER_ALLOWED_HOSTS"
_SECRETS = "STREAMLIT_SECRETS_FILES"
_SHORTEST_SECRET = 32
"""Characters of the secret that signs who signed in, as the dashboard asks for."""


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: of what, how it stands, what was found and, unless it is ok, what to do."""

    name: str
    state: State
    found: str
    to_do: str = ""
    is_awaited: bool = False
    """Whether the first page waits for it."""


def findings(*, only: frozenset[str] = frozenset()) -> list[Finding]:
    """What was found of everything, or of ``only`` these names. A look that fails is broken."""
    return [
        finding
        for name, look in _LOOKS.items()
        if not only or name in only
        for finding in _looked(name, look)
    ]


NEEDED = frozenset({"python", "packages", "evidence", "law", "runs"})
"""What must be ok before the dashboard answers at once: readiness."""


def _looked(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return guarded(lambda: list(look()), lambda reason: InputError(_WHY, reason=reason))
    except InputError as error:
        return [Finding(name=name, state=State.BROKEN, found=str(error), to_do="see the sentence")]


def _python() -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == _PYTHON:
        yield Finding(name="python", state=State.OK, found=found)
    else:
        yield Finding(
            name="python", state=State.LOOK, found=found, to_do="use Python 3.11, as it is tested"
        )


def _packages() -> Iterator[Finding]:
    known, missing, others = pins(), [], []
    for name, pinned in known.items():
        try:
            found = version(name).split("+")[0]  # torch says +cpu behind it
        except PackageNotFoundError:
            missing.append(name)
            continue
        if found != pinned:
            others.append(f"{name} {found} (pinned {pinned})")
    if missing or others:
        yield Finding(
            name="packages",
            state=State.BROKEN if missing else State.LOOK,
            found="; ".join([*(f"{name} is not installed" for name in missing), *others]),
            to_do="pip install -r requirements.txt",
        )
    else:
        yield Finding(name="packages", state=State.OK, found=f"{len(known)}, each as pinned")


def pins() -> dict[str, str]:
    """Package -> the version that requirements.txt names."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("#")[0].strip().partition("==") for line in lines)
    return {name: pinned for name, _, pinned in pairs if pinned}


def _evidence() -> Iterator[Finding]:
    for name in EVIDENCE:
        one = evidence_of(name)
        yield Finding(
            name="evidence",
            state=State.OK,
            found=f"{one.id}: {one.runs} runs, {one.sha256[:12]}",
        )


def _law() -> Iterator[Finding]:
    for name in EVIDENCE:
        if is_ready(name):
            yield Finding(name="law", state=State.OK, found=f"{name}: fitted before")
        else:
            yield Finding(
                name="law",
                state=State.LOOK,
                found=f"{name}: not fitted yet, the first answer takes some seconds longer",
                to_do=f"python -m engine fit --evidence {name}",
                is_awaited=name == PUBLISHED_BERT,
            )


def _runs() -> Iterator[Finding]:
    log = run_log()
    count = sum(log.families().values())
    yield Finding(name="runs", state=State.OK, found=f"{count} runs, {log.folder}")
    for entry in log.skipped:
        yield Finding(
            name="runs",
            state=State.LOOK,
            found=f"set aside: {entry.path.name}: {entry.reason}",
            to_do="move the file elsewhere, or import it",
        )


def _pilots() -> Iterator[Finding]:
    entries = lifecycle.history()
    damaged = 0
    for entry in entries:
        if entry.plan is None:
            damaged += 1
            yield Finding(
                name="pilots",
                state=State.BROKEN,
                found=f"{entry.plan_id}: its plan cannot be read or was changed",
                to_do="bring it back from a backup: it proves nothing as it is",
            )
        for path in sorted(folder_of(entry.plan_id).path.glob(f"*/{LEDGER_FILE}")):
            try:
                require_sound(path)
            except (InputError, OSError) as error:
                damaged += 1
                yield Finding(
                    name="ledger",
                    state=State.BROKEN,
                    found=f"{entry.plan_id}, {path.parent.name}: {error}",
                    to_do="take all promised steps of this training as spent",
                )
    if not damaged:
        yield Finding(
            name="pilots", state=State.OK, found=f"{len(entries)}, plans and ledgers are whole"
        )


def _scenarios() -> Iterator[Finding]:
    book = approvals.standings(data_folder())
    scenarios, refused = saved.listed(saved.folder(data_folder()))
    for refusal in refused:
        yield Finding(
            name="scenarios",
            state=State.LOOK,
            found=str(refusal),
            to_do="bring the file back from a backup, or move it elsewhere",
        )
    spoilt = [(name, "approved, and its file is gone") for name in acts.missing(scenarios, book)]
    for one in scenarios:
        if book.of(one.name, one.version).was_changed:
            spoilt.append((one.name, "its file is not what was approved"))
        elif one.frozen is not None and not one.frozen.is_whole:
            spoilt.append((one.name, "its frozen figures are not as they were saved"))
    for name, found in spoilt:
        yield Finding(
            name="scenarios",
            state=State.BROKEN,
            found=f"{name}: {found}",
            to_do="bring the file back from a backup",
        )
    if not spoilt:
        yield Finding(name="scenarios", state=State.OK, found=f"{len(scenarios)}, as saved")


def _log() -> Iterator[Finding]:
    found = decision_log.verify(data_folder())
    if not found.sound:
        yield Finding(
            name="log",
            state=State.BROKEN,
            found="; ".join(found.wrong[:_FEW]),
            to_do="python -m engine log verify; nothing that was decided is shown until then",
        )
        return
    torn = f", {len(found.torn)} torn lines of killed writers" if found.torn else ""
    said = f"{found.entries} entries, whole{torn}"
    last = f", last hash {found.head[:12]}" if found.entries else ""
    yield Finding(name="log", state=State.OK, found=f"{said}{last}")


def _folders() -> Iterator[Finding]:
    cache = attempted(cache_folder)
    if cache is None:
        yield Finding(
            name="folders",
            state=State.LOOK,
            found="no folder for the cache: laws are fitted anew in each process",
            to_do="set KESSAI_CACHE",
        )
    places = {"runs": run_log().folder, "pilots": pilots_folder(), "cache": cache}
    for name, place in places.items():
        if place is None:
            continue
        there = next(one for one in (place, *place.parents) if one.exists())
        free = shutil.disk_usage(there).free
        if not os.access(there, os.W_OK | os.X_OK):
            yield Finding(
                name="folders",
                state=State.LOOK,
                found=f"{name}: {place} cannot be written",
                to_do=f"set KESSAI_{'DATA' if name == 'runs' else name.upper()}, or see that this "
                "user may write there",
            )
        elif free < LEAST_FREE:
            yield Finding(
                name="folders",
                state=State.LOOK,
                found=f"{name}: {free / 2**20:,.0f} MB free at {place}",
                to_do="make room: what cannot be written is refused",
            )
        else:
            yield Finding(
                name="folders",
                state=State.OK,
                found=f"{name}: {place}, {free / 2**30:,.0f} GB free",
            )


def _font() -> Iterator[Finding]:
    try:
        yield Finding(name="font", state=State.OK, found=str(japanese_face().regular))
    except InputError as error:
        yield Finding(
            name="font", state=State.LOOK, found=str(error), to_do="else PDFs are refused"
        )


def _gpu() -> Iterator[Finding]:
    found = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    yield Finding(
        name="gpu",
        state=State.OK,
        found=", ".join(found) or "none: pilots train on the processor",
    )


def _network() -> Iterator[Finding]:
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


def _login() -> Iterator[Finding]:
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


_LOOKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "python": _python,
    "packages": _packages,
    "evidence": _evidence,
    "law": _law,
    "runs": _runs,
    "pilots": _pilots,
    "scenarios": _scenarios,
    "log": _log,
    "folders": _folders,
    "font": _font,
    "gpu": _gpu,
    "network": _network,
    "login": _login,
}

"""Who did what when: a file of JSON lines that is only ever added to, each chained to the last.

A line holds its number, time (UTC), user of this machine and the name that a person gave, the act
and what it was done to, the versions of evidence and code it stood on, the hash of the line before,
and its own. It is written and flushed before the act, which is refused where that fails; an act
that then fails is a line too. Processes take turns by a lock of the file. A writer that is killed
leaves at most a torn last line, which granted nothing: the next writer ends it, and :func:`verify`
names it.

Beside the file stands its head, the number and hash of the last line, so that lines missing at the
end are noticed too.

Not covered: whoever may write the folder can write all lines and the head anew. Who keeps the hash
that ``log verify`` prints elsewhere can prove later, by ``--expect``, that all up to it still
stands. A user's name is what the machine calls the process's user, and no proof of a person; who
signed in is what the provider of the login said.
"""

import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import durable
from engine.access.rights import LOCAL, Person
from engine.code_version import code_version
from engine.errors import InputError, inert
from engine.untrusted.guard import attempted
from engine.untrusted.regular import descriptor_of, whole
from engine.untrusted.texts import json_value

VARIABLE = "KESSAI_LOG"
"""Environment variable: the log's folder, in place of that of the runs."""
FILE, HEAD = "decisions.jsonl", "decisions.head"
FORMAT = "kessai-decision-1"
FIRST = "0" * 64
"""What the first line follows."""
_LONGEST = 20_000
"""Characters of one line's content."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line. ``hash`` is the SHA-256 of the others, as JSON with sorted keys."""

    number: int
    at: str
    user: str
    who: str
    """The name that a person gave, which is claimed and not proved; with :attr:`login`, who signed
    in. "" for none."""
    act: str
    what: Mapping[str, Any]
    versions: Mapping[str, str]
    before: str
    hash: str = ""
    format: str = FORMAT
    login: str = ""
    """Issuer and subject of who signed in; "" where nobody did, and then no part of the line."""

    @property
    def content(self) -> dict[str, Any]:
        """All but the hash."""
        values = {name: value for name, value in asdict(self).items() if name != "hash"}
        return values if self.login else {k: v for k, v in values.items() if k != "login"}

    @property
    def expected_hash(self) -> str:
        """What :attr:`hash` must be."""
        return hashlib.sha256(_canonical(self.content)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What :func:`verify` found."""

    entries: int
    head: str
    """Hash of the last line; that of nothing where there is none."""
    wrong: tuple[str, ...] = ()
    """A sentence for each thing that was tampered with or lost."""
    torn: tuple[int, ...] = field(default=())
    """Lines of writers that were killed: they granted nothing."""

    @property
    def sound(self) -> bool:
        """Whether the chain is whole."""
        return not self.wrong


def append(
    act: str,
    what: Mapping[str, Any],
    *,
    folder: Path,
    who: str = "",
    by: Person = LOCAL,
    versions: Mapping[str, str] | None = None,
) -> Entry:
    """Write one line, durably, before the act that it names; ``who`` stands in it unless ``by``
    signed in. Raises :class:`InputError` where it cannot be written, or the log's end is not what
    was written last."""
    place = log_folder(folder)
    try:
        durable.make_folder(place)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        with os.fdopen(descriptor_of(place / FILE, flags), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            content = file.read()
            found = [one for _, one in _read(content) if one is not None]
            last = found[-1] if found else None
            made = _entry(act, what, last, who, by, versions or {})
            line = _canonical({**made.content, "hash": made.hash}) + b"\n"
            # A writer that was killed left part of a line, or all of it but its end.
            ends = not content or content.endswith(b"\n")
            try:
                _write(file.fileno(), line if ends else b"\n" + line)
                durable.write(place / HEAD, _head(made), mode=0o600)
            except OSError:
                # What is refused must not stand: neither the line nor a head that names it.
                with suppress(OSError):
                    os.ftruncate(file.fileno(), len(content))
                    os.fsync(file.fileno())
                    if last is not None and _named(place) == made.hash:
                        durable.write(place / HEAD, _head(last), mode=0o600)
                raise
    except OSError as error:
        raise InputError(
            "Expected to write the log of decisions in {folder}: {reason}. Nothing was done; set "
            "KESSAI_LOG to a folder that can be written.",
            folder=place,
            reason=error.strerror or error,
        ) from error
    return made


def _write(descriptor: int, line: bytes) -> None:
    """All of it, on the disk."""
    while line:
        line = line[os.write(descriptor, line) :]
    os.fsync(descriptor)


def _head(one: Entry) -> bytes:
    return f"{one.number} {one.hash}\n".encode()


def _named(place: Path) -> str | None:
    """The hash of the line that the head names; None where there is no head."""
    head = attempted(lambda: whole(place / HEAD).decode("ascii").split())
    return None if head is None else head[1] if len(head) == 2 else ""


@contextmanager
def recorded(
    act: str,
    what: Mapping[str, Any],
    *,
    folder: Path,
    who: str = "",
    by: Person = LOCAL,
    versions: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Do something that is on record: a line before it, and one more where it fails."""
    made = append(act, what, folder=folder, who=who, by=by, versions=versions)
    try:
        yield
    except BaseException as error:
        with suppress(InputError):
            failed = {"number": made.number, "reason": inert(str(error))[:200]}
            append(f"{act}-failed", failed, folder=folder, who=who, by=by, versions=versions)
        raise


def entries(folder: Path) -> list[Entry]:
    """Every line that is one, oldest first. Raises :class:`InputError` where the file cannot be
    read."""
    return [one for _, one in _read(_content(log_folder(folder))) if one is not None]


def verify(folder: Path, *, expect: str = "") -> Verified:
    """Whether every line follows from the one before it and none is missing at the end.

    ``expect``: a head that was noted earlier and must still be among them. Raises
    :class:`InputError` where the file cannot be read.
    """
    place = log_folder(folder)
    wrong, torn, before, number = [], [], FIRST, 0
    hashes = set()
    named = _named(place)  # before the lines, which may grow meanwhile
    for line, one in _read(_content(place)):
        if one is None:
            torn.append(line)
            continue
        if one.hash != one.expected_hash:
            wrong.append(f"line {line} was changed: its hash is another")
        if one.before != before:
            wrong.append(f"line {line} does not follow from the one before it")
        if one.number != number + 1:
            wrong.append(f"line {line} is number {one.number}, expected {number + 1}")
        before, number = one.hash, one.number
        hashes.add(one.hash)
    if named is None and hashes:
        wrong.append("the head is missing: lines may be missing at the end")
    elif named is not None and named not in hashes:
        wrong.append("the last line that was written is missing: the end was cut off")
    if expect and expect not in hashes:
        wrong.append(f"no line has the hash {expect[:64]}")
    return Verified(entries=len(hashes), head=before, wrong=tuple(wrong), torn=tuple(torn))


def log_folder(folder: Path) -> Path:
    """KESSAI_LOG, else ``folder``, that of the runs."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else folder


def _entry(
    act: str,
    what: Mapping[str, Any],
    last: Entry | None,
    who: str,
    by: Person,
    versions: Mapping[str, str],
) -> Entry:
    if last is not None and last.hash != last.expected_hash:
        raise InputError(
            "Expected the log of decisions as it was written, got one whose last line was changed: "
            "run python -m engine log verify."
        )
    if len(_canonical(what)) > _LONGEST:
        what = {"sha256": hashlib.sha256(_canonical(what)).hexdigest(), "is_too_long": True}
    draft = Entry(
        number=1 if last is None else last.number + 1,
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        user=_user(),
        who=inert(by.who if by.login else who),
        login=inert(by.login),
        act=act,
        what=json.loads(_canonical(what)),
        versions={"code": code_version(), **versions},
        before=FIRST if last is None else last.hash,
    )
    return Entry(**{**asdict(draft), "hash": draft.expected_hash})


def _read(content: bytes) -> Iterator[tuple[int, Entry | None]]:
    """Lines with their numbers; None for one that is none of ours, or torn."""
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line:
            yield number, attempted(lambda line=line: _parsed(line))  # type: ignore[misc]


def _parsed(line: bytes) -> Entry:
    one = Entry(**json_value(line))
    if one.format != FORMAT or type(one.number) is not int:
        raise ValueError("another format")
    return one


def _content(place: Path) -> bytes:
    try:
        return whole(place / FILE)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(
            "Expected to read the log of decisions in {folder}: {reason}. Set KESSAI_LOG to a "
            "folder that can be read.",
            folder=place,
            reason=error.strerror or error,
        ) from error


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _user() -> str:
    """What this machine calls the process's user."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"

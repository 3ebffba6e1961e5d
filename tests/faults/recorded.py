"""A layer under Python's files that records every change of a folder, and a disk without power.

:func:`recording` puts itself under ``open`` and the functions of ``os`` that change files, and
writes down what they did below one folder. :func:`after_power_loss` builds the folder that a disk
may show after the first so many of these changes and a power cut:

- what a file held when it was last flushed is there, and of what was written since any beginning,
  whose last piece may be torn;
- the names in a folder are those of its last flush, and of the changes since any beginning, or any
  of them, as file systems with and without an ordered journal do it; a folder whose name is lost is
  lost with all in it.

A file whose name is there and whose content was never flushed may thus be empty. Not modelled: a
disk that lies about a flush, and pages of one write that arrive in another order.
"""

import builtins
import io
import os
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Change:
    """One change, or flush. ``file``: a number that stays with a file whatever it is called."""

    what: str
    file: int = 0
    at: int = 0
    content: bytes = b""
    name: str = ""
    to: str = ""


@dataclass
class Recording:
    """All changes below ``root``, in order."""

    root: Path
    changes: list[Change] = field(default_factory=list)

    def inside(self, path: Any) -> str:
        """The path below the root, "" for another one."""
        text = os.path.abspath(os.fspath(path)) if not isinstance(path, int) else ""
        root = f"{self.root}{os.sep}"
        return text.removeprefix(root) if text.startswith(root) else ""

    def add(self, what: str, **about: Any) -> None:
        """One change."""
        self.changes.append(Change(what, **about))


@contextmanager
def recording(root: Path) -> Iterator[Recording]:
    """Record what this process does to the files below ``root``."""
    made = Recording(root)
    kept = {name: getattr(os, name) for name in _FUNCTIONS}
    files: dict[int, int] = {}  # of each descriptor
    names: dict[str, Any] = {
        "open": _opened,
        "write": _written,
        "fsync": _flushed,
        "close": _closed,
    }
    plain_open: Any = io.open

    def opened(path: Any, *arguments: Any, **options: Any) -> Any:
        """``open``, which for a file below the root goes through the functions above."""
        mode = arguments[0] if arguments else options.get("mode", "r")
        below = isinstance(path, int) and path in files
        writes = any(letter in mode for letter in "wax+")
        if not (below or (not isinstance(path, int) and made.inside(path))) or not writes:
            return plain_open(path, *arguments, **options)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        flags |= os.O_TRUNC if "w" in mode else os.O_APPEND if "a" in mode else 0
        descriptor = path if below else os.open(path, flags, 0o666)
        raw = _Raw(descriptor, "rb+" if "+" in mode else "wb")
        buffering = options.get("buffering", arguments[1] if len(arguments) > 1 else -1)
        if buffering == 0:
            return raw
        binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return binary if "b" in mode else io.TextIOWrapper(binary, encoding="utf-8")

    def changed(name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if name in names:
                return names[name](made, files, kept, *arguments, **options)
            result = kept[name](*arguments, **options)
            inside = [made.inside(one) for one in arguments[:2] if isinstance(one, (str, Path))]
            if any(inside):
                to = inside[1] if len(inside) > 1 else ""
                made.add(name, name=inside[0], to=to)
            return result

        return call

    for name in _FUNCTIONS:
        setattr(os, name, changed(name))
    io.open = builtins.open = opened  # type: ignore[assignment]
    try:
        yield made
    finally:
        for name, function in kept.items():
            setattr(os, name, function)
        io.open = builtins.open = plain_open


_FUNCTIONS = (
    "open", "write", "fsync", "close", "replace", "rename", "link", "unlink", "mkdir", "rmdir",
    "ftruncate",
)  # fmt: skip


class _Raw(io.FileIO):
    """Writes through ``os.write``, which records."""

    def write(self, content: Any) -> int:
        """As a raw file does."""
        return os.write(self.fileno(), bytes(content))

    def close(self) -> None:
        """As a raw file does, on record."""
        if not self.closed:
            descriptor = os.dup(self.fileno())
            os.close(descriptor)
        super().close()


def _opened(made: Recording, files: dict, kept: dict, path: Any, flags: int, *mode: Any, **o: Any):
    is_there = os.path.exists(path)
    descriptor = kept["open"](path, flags, *mode, **o)
    if inside := made.inside(path):
        number = os.fstat(descriptor).st_ino
        files[descriptor] = number
        if not is_there:
            made.add("create", file=number, name=inside)
        elif flags & os.O_TRUNC:
            made.add("truncate", file=number)
    elif os.path.abspath(os.fspath(path)) == str(made.root):
        files[descriptor] = 0
    else:
        files.pop(descriptor, None)
    return descriptor


def _written(made: Recording, files: dict, kept: dict, descriptor: int, content: Any):
    count = kept["write"](descriptor, content)
    if files.get(descriptor):
        end = os.lseek(descriptor, 0, os.SEEK_CUR)
        written = bytes(content[:count])
        made.add("write", file=files[descriptor], at=end - count, content=written)
    return count


def _flushed(made: Recording, files: dict, kept: dict, descriptor: int):
    kept["fsync"](descriptor)
    if descriptor in files:
        status = os.fstat(descriptor)
        is_folder = os.path.isdir(f"/proc/self/fd/{descriptor}")
        place = os.readlink(f"/proc/self/fd/{descriptor}")
        inside = "" if place == str(made.root) else made.inside(place)
        made.add("flush-folder" if is_folder else "flush", file=status.st_ino, name=inside)


def _closed(made: Recording, files: dict, kept: dict, descriptor: int):
    files.pop(descriptor, None)
    kept["close"](descriptor)


def after_power_loss(found: Recording, count: int, chosen: random.Random, to: Path) -> None:
    """Build in ``to``, an empty folder, what may be there after ``count`` changes."""
    names, contents = _Names(), {}
    for change in found.changes[:count]:
        if change.what == "create":
            contents[change.file] = _Content()
        if change.what in ("write", "truncate", "flush"):
            contents.setdefault(change.file, _Content()).take(change)
        else:
            names.take(change)
    standing = names.standing(chosen)
    for folder in sorted(name for name, number in standing.items() if number is None):
        (to / folder).mkdir(parents=True, exist_ok=True)
    for name, number in standing.items():
        if number is not None:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(contents[number].standing(chosen))


class _Content:
    """What a file holds for sure, and what may have come since."""

    def __init__(self) -> None:
        self._sure = b""
        self._since: list[Change] = []

    def take(self, change: Change) -> None:
        """One change in its order."""
        if change.what == "flush":
            self._sure, self._since = _applied(self._sure, self._since), []
        else:
            self._since.append(change)

    def standing(self, chosen: random.Random) -> bytes:
        """One content that the disk may show."""
        some = self._since[: chosen.randint(0, len(self._since))]
        if some and some[-1].what == "write" and chosen.random() < 0.5:
            last = some[-1]
            torn = last.content[: chosen.randint(0, len(last.content))]
            some = [*some[:-1], Change("write", at=last.at, content=torn)]
        return _applied(self._sure, some)


def _applied(content: bytes, changes: list[Change]) -> bytes:
    for change in changes:
        if change.what == "truncate":
            content = b""
        else:
            end = change.at + len(change.content)
            content = content[: change.at].ljust(change.at, b"\0") + change.content + content[end:]
    return content


Put = tuple[str, int | None, bool]
"""A name, its file (None: a folder), and whether it is there from now on."""


class _Names:
    """The names of all folders: those of the last flush, and what changed since."""

    def __init__(self) -> None:
        self._now: dict[str, int | None] = {}
        self._sure: dict[str, int | None] = {}
        self._since: dict[str, list[list[Put]]] = {}

    def take(self, change: Change) -> None:
        """One change in its order."""
        if change.what == "create":
            self._do((change.name, change.file, True))
        elif change.what == "mkdir":
            self._do((change.name, None, True))
        elif change.what in ("replace", "rename"):
            self._do((change.to, self._now.get(change.name), True), (change.name, None, False))
        elif change.what == "link":
            self._do((change.to, self._now.get(change.name), True))
        elif change.what in ("unlink", "rmdir"):
            self._do((change.name, None, False))
        elif change.what == "flush-folder":
            for puts in self._since.pop(change.name, []):
                _put(self._sure, puts)

    def _do(self, *puts: Put) -> None:
        """Together or not at all, as a rename is."""
        _put(self._now, puts)
        self._since.setdefault(os.path.dirname(puts[0][0]), []).append(list(puts))

    def standing(self, chosen: random.Random) -> dict[str, int | None]:
        """Names that the disk may show: none without its folder."""
        found = dict(self._sure)
        for since in self._since.values():
            if chosen.random() < 0.5:
                some = since[: chosen.randint(0, len(since))]
            else:
                some = [one for one in since if chosen.random() < 0.5]
            for puts in some:
                _put(found, puts)
        return {name: number for name, number in found.items() if _has_folders(found, name)}


def _has_folders(names: dict[str, int | None], name: str) -> bool:
    above = os.path.dirname(name)
    return not above or (above in names and _has_folders(names, above))


def _put(names: dict[str, int | None], puts: Iterable[Put]) -> None:
    for name, number, is_there in puts:
        if is_there:
            names[name] = number
        else:
            names.pop(name, None)

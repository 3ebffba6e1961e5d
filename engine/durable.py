"""Files that outlast a power cut and are never seen half-written, and the cache folder.

:func:`write` puts the bytes under a hidden temporary name in the same folder, flushes them to the
disk, gives them their name in one step and flushes the folder. A reader therefore sees the former
file or the new one, whatever happens to the writer. Flushing a file keeps its content; its name is
kept by the folder, which has to be flushed too (fsync(2), notes).

A write that fails removes its temporary file. A writer that is killed cannot: the next write of the
same name removes what is older than :data:`STALE_AFTER`, the next write in the same folder what is
older than :data:`DAY`, and :func:`remove_leftovers` does so for a whole folder. Folders for a while
(:func:`scratch`) are removed by the next one that is made.

Nothing in the cache folder is evidence or a result: deleting it costs time only.

Assumes a file system on which rename is atomic and fsync reaches the disk. Not covered: two writers
of one name both succeed, and the last one's content stays; who may write is the caller's to decide.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> write(folder / "plan.json", b"{}")
>>> (folder / "plan.json").read_bytes(), len(list(folder.iterdir()))
(b'{}', 1)
"""

import errno
import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from engine.errors import InputError
from engine.untrusted.regular import descriptor_of

CACHE_VARIABLE = "KESSAI_CACHE"
"""Environment variable: a folder in place of the one in the user's cache folder."""
STALE_AFTER = 3600.0
"""Seconds after which a temporary file counts as left by a killed writer."""
DAY = 24 * 3600.0
"""Seconds that no temporary file outlives, whatever name it was to have."""

_SCRATCH = re.compile(r"kessai-scratch-[^/]+")
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.\d+\.[0-9a-f]{8}\.tmp", re.DOTALL)
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def write(
    path: Path,
    content: bytes | memoryview,
    *,
    replace: bool = True,
    sync: bool = True,
    mode: int = 0o666,
) -> None:
    """Store ``content`` as the file ``path``, whole or not at all; its folder must exist.

    Args:
        replace: Whether an existing file gives way. Otherwise :class:`FileExistsError` is raised
            and it stays as it is, even where two writers come at the same moment. (On a file system
            without hard links such a moment is not covered.)
        sync: Whether file and folder are flushed before this returns. Without, a power cut may
            leave the former file, none, or an empty one; a kill still cannot.
        mode: Permissions of the file, less those that the umask takes.

    Raises :class:`OSError` where the file cannot be written; the former file, if any, then stays
    and no temporary one is left.
    """
    _remove_temporaries(path.parent, older_than=DAY, of_name=(path.name, STALE_AFTER))
    temporary = temporary_path(path)
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if sync:
                sync_file(file)
        if replace:
            temporary.replace(path)
        else:
            _name_once(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time of ``path``, over processes, by a hidden file beside it (flock).

    Raises :class:`OSError` where that cannot be written. Not covered: folders shared between
    machines whose locks bind one of them only.
    """
    lock = path.with_name(f".{path.name}.lock")
    descriptor = descriptor_of(lock, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A folder for a while, readable by its owner alone and gone afterwards; ``purpose``: small
    letters, part of its name.

    Whoever is killed leaves one behind: the next that is made on this machine, by the same user,
    removes it. Raises :class:`OSError` where none can be made.
    """
    with tempfile.TemporaryDirectory(prefix=f"kessai-scratch-{purpose}-") as place:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            _remove_scratch(Path(place).parent)
            within = Path(place) / "in"  # its own lock is free: a training takes it
            within.mkdir(mode=0o700)
            yield within
        finally:
            os.close(descriptor)


def temporary_path(path: Path) -> Path:
    """A hidden name beside ``path`` that no other writer uses, for what will be renamed to it."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")


def make_folder(path: Path, *, mode: int = 0o777) -> None:
    """Make the folder ``path`` and those above it, unless they are there; their names, too, outlast
    a power cut. ``mode``: of ``path`` alone, less what the umask takes.

    Raises :class:`OSError` as ``mkdir`` does.
    """
    missing = []
    place = path
    while not place.exists() and place.parent != place:
        missing.append(place)
        place = place.parent
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    for made in reversed(missing):
        sync_folder(made.parent)


def signature(path: Path) -> tuple[int, ...]:
    """Tells a file from another that took its name; () for one that just went."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def remove_leftovers(folder: Path, *, older_than: float = STALE_AFTER) -> None:
    """Remove the temporary files and folders that killed writers left in ``folder``.

    ``older_than`` is in seconds since the last change. A younger one may belong to a writer at
    work; 0 is for a caller that knows of no other writer, because it holds the folder's lock.
    """
    _remove_temporaries(folder, older_than=older_than)


def sync_file(file: IO[bytes]) -> None:
    """Flush what was written to ``file`` to the disk. Raises :class:`OSError` where it is full."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder``. Raises :class:`OSError` where it
    cannot be opened or written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder() -> Path:
    """The folder of fitted laws and corpora; it may not exist yet.

    Raises :class:`InputError` for a user without a home, as containers may have one.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    chosen = os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else home(CACHE_VARIABLE) / ".cache") / "kessai"


def expanded(path: str) -> Path:
    """A path as people write it, with ~ for a home. Raises :class:`InputError` where that is of
    nobody."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(
            "Expected a path that begins with a known home, got {path}: write it out from /.",
            path=path,
        ) from None


def home(variable: str) -> Path:
    """The user's home. Raises :class:`InputError`, which asks for ``variable``, where there is
    none."""
    try:
        return Path.home()
    except RuntimeError:
        raise InputError(
            "Expected a home folder, found none (HOME is not set, and the user is not listed): set "
            "{variable} to a folder that can be written.",
            variable=variable,
        ) from None


def _name_once(temporary: Path, path: Path) -> None:
    """Give ``temporary`` the name ``path`` unless that exists: a link never replaces a file."""
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.replace(path)
    else:
        temporary.unlink()


def _remove_temporaries(
    folder: Path, *, older_than: float, of_name: tuple[str, float] | None = None
) -> None:
    """Those of any file, and of the file ``of_name`` by an age of its own. What cannot be listed or
    removed is left."""
    now = time.time()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _TEMPORARY.fullmatch(entry.name)
            if found is None:
                continue
            is_named = of_name is not None and found["name"] == of_name[0]
            age = of_name[1] if of_name is not None and is_named else older_than
            _remove_old(entry, now - age)


def _remove_old(entry: os.DirEntry[str], latest: float) -> None:
    with suppress(OSError):
        if entry.stat(follow_symlinks=False).st_mtime > latest:
            return
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink()


def _remove_scratch(folder: Path) -> None:
    """Folders of :func:`scratch` whose processes are gone. Those of others are left."""
    latest = time.time() - STALE_AFTER
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _SCRATCH.fullmatch(entry.name) or not entry.is_dir(follow_symlinks=False):
                continue
            if entry.stat(follow_symlinks=False).st_uid != os.getuid() or _is_held(entry.path):
                continue
            _remove_old(entry, latest)


def _is_held(folder: str) -> bool:
    """Whether a process that is alive holds it: the kernel lets go for a dead one."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)

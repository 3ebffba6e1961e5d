"""Files that somebody names: regular ones alone, as they are at that moment, and not too large.

A pipe would be waited for, a device never ends, and both may have taken a file's place since it was
looked at.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from engine.errors import InputError
from engine.untrusted.guard import reason_of


def opened(path: Path) -> BufferedReader:
    """The open file. Raises OSError for what is no regular file, or cannot be read."""
    return os.fdopen(descriptor_of(path, os.O_RDONLY), "rb")


def descriptor_of(path: Path, flags: int, mode: int = 0o600) -> int:
    """A descriptor of the file, as ``os.open`` gives it. Raises OSError as :func:`opened`."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def added_to(path: Path, mode: int = 0o600, *, buffering: int = -1) -> BinaryIO:
    """The file, open to be read and to be added to at its end; made with ``mode`` where there is
    none. Raises OSError as :func:`opened`."""
    descriptor = descriptor_of(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, mode)
    return os.fdopen(descriptor, "ab+", buffering=buffering)


def unreadable(name: str, reason: str) -> InputError:
    """The sentence that ``name`` could not be read."""
    return InputError("Could not read {file}: {reason}.", file=name, reason=reason)


def whole(path: Path) -> bytes:
    """All bytes of a file of our own, however many. Raises OSError as :func:`opened`."""
    with opened(path) as file:
        return file.read()


@contextmanager
def reading(name: str) -> Iterator[None]:
    """An OSError within becomes :func:`unreadable`."""
    try:
        yield
    except OSError as error:
        raise unreadable(name, reason_of(error)) from error


def content(path: Path, most: int, *, name: str | None = None) -> bytes:
    """All bytes of a file, which is called ``name`` where it is refused; None: as the file is.

    Raises :class:`InputError` for what is no regular file, cannot be read, or has more than
    ``most`` bytes.
    """
    with reading(name or path.name):
        return bytes_of(path, most)


def bytes_of(path: Path, most: int) -> bytes:
    """:func:`content`, for those who have a sentence of their own: raises OSError as
    :func:`opened`, and :class:`InputError` for more than ``most`` bytes."""
    with opened(path) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise InputError(
            "Expected a file of at most {most} kB, {file} is larger.",
            most=most // 2**10,
            file=path.name,
        )
    return found

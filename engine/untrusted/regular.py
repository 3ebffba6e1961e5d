"""Files that somebody names: regular ones alone, as they are at that moment, and not too large.

A pipe would be waited for, a device never ends, and both may have taken a file's place since it was
looked at.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from engine.errors import InputError


def opened(path: Path) -> BinaryIO:
    """The open file. Raises OSError for what is no regular file, or cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(descriptor, "rb")


def content(path: Path, most: int) -> bytes:
    """All bytes of a file. Raises :class:`InputError` for more than ``most``, and as
    :func:`opened`."""
    with opened(path) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise InputError(
            "Expected a file of at most {most} kB, {file} is larger.",
            most=most // 2**10,
            file=path.name,
        )
    return found

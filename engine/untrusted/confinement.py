"""Processes beside this one that parse what is not trusted: how they are started, and held back.

A parser in this process could take all its memory, or its time within one call, which no guard
around the call ends. In a process of its own it meets the kernel's limits, is ended from outside,
and gets of this one's environment only what it cannot do without, where secrets may stand.

Not covered: what a file can make a parser do to files and networks that this user may reach. A
parser that is taken over runs as the user who started it.
"""

import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

import engine

_GRACE = 5
"""Seconds of processor time between the signal that says why and the end."""
_ALWAYS = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")


def command(module: str, *arguments: str) -> list[str]:
    """What starts a module of the engine as a process; the folder it starts in adds no code."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(*, home: Path | str, also: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables of such a process: where its code lies, and ``also``."""
    root = str(Path(engine.__file__).parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: os.environ[name] for name in _ALWAYS if name in os.environ}
    return {
        **(also or {}),
        "PATH": os.defpath,
        **kept,
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def hold_back(
    *,
    processor_seconds: int,
    data: int | None = None,
    address_space: int | None = None,
    largest_file: int | None = None,
) -> None:
    """Let the kernel limit this process, for good.

    ``data``: bytes of memory of its own, so that files may be mapped beyond it; ``address_space``:
    bytes that it may map at all; ``largest_file``: bytes of a file that it may write, 0 for none.
    It leaves no image of its memory behind, which would hold what it read.
    """
    wanted = {
        resource.RLIMIT_CPU: processor_seconds,
        resource.RLIMIT_DATA: data,
        resource.RLIMIT_AS: address_space,
        resource.RLIMIT_FSIZE: largest_file,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        if most is not None:
            _, hard = resource.getrlimit(kind)
            # At the limit of time itself the kernel kills; below it says why.
            least = most + _GRACE if kind == resource.RLIMIT_CPU else most
            hard = least if hard == resource.RLIM_INFINITY else min(least, hard)
            resource.setrlimit(kind, (min(most, hard), hard))

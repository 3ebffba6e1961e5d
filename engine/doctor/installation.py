"""Python and packages against their pins, folders and disks, font, GPU."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engine.decision.fitted import run_log
from engine.doctor.finding import Finding, State
from engine.durable import cache_folder
from engine.errors import InputError
from engine.pilot.running.folder import pilots_folder
from engine.report.fonts import japanese_face
from engine.untrusted.guard import attempted

ROOT = Path(__file__).resolve().parents[2]
LEAST_FREE = 2**30
"""Bytes that a disk should have left: a pilot's checkpoints are the most that is written."""
_PYTHON = (3, 11)


def python() -> Iterator[Finding]:
    """The version of Python, against the one that is tested."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == _PYTHON:
        yield Finding(name="python", state=State.OK, found=found)
    else:
        yield Finding(
            name="python", state=State.LOOK, found=found, to_do="use Python 3.11, as it is tested"
        )


def packages() -> Iterator[Finding]:
    """Every package against its pin in requirements.txt."""
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


def folders() -> Iterator[Finding]:
    """Whether folders can be written and their disks have room."""
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


def font() -> Iterator[Finding]:
    """The Japanese font of printed documents."""
    try:
        yield Finding(name="font", state=State.OK, found=str(japanese_face().regular))
    except InputError as error:
        yield Finding(
            name="font", state=State.LOOK, found=str(error), to_do="else PDFs are refused"
        )


def gpu() -> Iterator[Finding]:
    """The GPUs that this machine has."""
    found = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    yield Finding(
        name="gpu",
        state=State.OK,
        found=", ".join(found) or "none: pilots train on the processor",
    )

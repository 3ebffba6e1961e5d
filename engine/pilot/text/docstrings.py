"""The corpus that is always there: the docstrings of the packages that Kessai pins.

Some 27,000 documents and 25 MB of English and code, without a download. One document is one
privacy unit; identical ones count once, or a class and its heirs would be several units with one
text. :data:`PACKAGES` are pinned in ``requirements.txt``, so every installation has the same text
and losses compare between machines; packages that they bring along are left out, because their
versions move, and so is what is pinned later: a new dependency must not change the text that the
law of our own trainings rests on. Left out too: folders of tests, and texts shorter than
:data:`SHORTEST` bytes.

Files are parsed, never imported (:mod:`engine.pilot.text.pysource`), in as many processes as there
are cores. The order is that of distribution, path and line.

"python-source" collects the functions of the same packages in the same way: another kind of text
from the same machine, for experiments on how a law carries over.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from engine.errors import InputError
from engine.pilot.text import pysource, refusals
from engine.pilot.text.refusals import Progress, Refused, Row

PACKAGES = (
    "babel",
    "dp-accounting",
    "duckdb",
    "numpy",
    "opacus",
    "pandas",
    "plotly",
    "pyarrow",
    "scipy",
    "statsmodels",
    "streamlit",
    "torch",
)
CODE_VERSION = 2
"""Rises when other texts come out of the same packages."""
KINDS = ("docstrings", "python-source")
SHORTEST = 96
"""Bytes. Shorter ones are many and say little."""

_TEST_FOLDERS = frozenset({"test", "tests", "_tests", "testing"})
_CHUNK = 4 * 2**20
"""Bytes of source that one process parses: small enough to keep the cores equally busy."""
_MOST_PROCESSES = 16


def distributions() -> list[Distribution]:
    """The installed :data:`PACKAGES`, in their order.

    Raises :class:`InputError` where one is missing: the text would be another one.
    """
    found = []
    for name in PACKAGES:
        try:
            found.append(distribution(name))
        except PackageNotFoundError:
            raise InputError(
                "Expected the package {name} among those installed, whose docstrings are the "
                "default text: pip install -r requirements.txt.",
                name=name,
            ) from None
    return found


def state(kind: str) -> str:
    """What decides the corpus of this installation, as a text to hash."""
    pins = [f"{each.metadata['Name']}=={each.version}" for each in distributions()]
    return "\n".join([kind, str(CODE_VERSION), *pins])


def rows(kind: str, progress: Progress) -> Iterator[Row | Refused]:
    """The documents, each a unit of its own; too short and repeated ones as refused."""
    files = [file for each in distributions() for file in _sources(each)]
    total = sum(size for _, size in files) or 1
    chunks = list(_chunks(files))
    said: set[bytes] = set()
    done = number = 0
    pool = ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_PROCESSES))
    try:
        for chunk, texts in zip(chunks, pool.map(lambda c: _parsed(kind, c), chunks), strict=True):
            for text in texts:
                number += 1
                yield _row(text, number, said)
            done += sum(size for _, size in chunk)
            progress(done / total)
    finally:  # where nobody wants the rest, do not parse it
        pool.shutdown(cancel_futures=True)


def _sources(of: Distribution) -> Iterator[tuple[str, int]]:
    """Path and size of its Python files in the order of their names; tests excepted."""
    for file in sorted(of.files or (), key=str):
        if file.suffix == ".py" and not _TEST_FOLDERS.intersection(file.parts[:-1]):
            path = Path(str(file.locate()))
            if path.is_file():  # a hand-made installation may have lost some
                yield str(path), path.stat().st_size


def _chunks(files: Iterable[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    chunk: list[tuple[str, int]] = []
    held = 0
    for path, size in files:
        chunk.append((path, size))
        held += size
        if held >= _CHUNK:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _parsed(kind: str, chunk: list[tuple[str, int]]) -> list[str]:
    """Texts of the chunk's files, from a process of its own.

    Not multiprocessing: that would run the caller's main module again, the dashboard's included.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", pysource.__file__],
        input=json.dumps({"kind": kind, "paths": [path for path, _ in chunk]}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise InputError(
            "Expected to parse the installed packages, got a process that ended with code {code}: "
            "try again, or install the packages anew.",
            code=done.returncode,
        )
    return [text for texts in json.loads(done.stdout) for text in texts]


def _row(text: str, number: int, said: set[bytes]) -> Row | Refused:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return Refused(reason=refusals.ENCODING, place=number)
    if len(encoded) < SHORTEST:
        return Refused(reason=refusals.SHORT, place=number)
    if encoded in said:
        return Refused(reason=refusals.REPEATED, place=number)
    said.add(encoded)
    return Row(text=text, unit=None, place=number)

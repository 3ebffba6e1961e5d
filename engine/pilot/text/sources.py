"""The user's own text: a folder, JSONL, CSV or Parquet, or a Hugging Face dataset.

Everything is streamed, so that a file may be larger than memory. A row without sound text or
without its person (:mod:`engine.pilot.text.documents`) is a
:class:`~engine.pilot.text.refusals.Refused` with its place and its reason, never its content;
whether there are too many is for others to judge.

- "folder": every ``*.txt`` and ``*.md`` below ``path``; a file is a document and a unit, its place
  its number in order of the names. A file linked twice counts once; a link that leads out of
  the folder is refused.
- "jsonl": an object a line. "csv": with a header, read strictly, since a stray quote could join
  the texts of several persons in one; its separator is found by the names of the columns.

The encoding of text files is found from their first MiB (:mod:`engine.tables.encoding`).
- "parquet": one file. "huggingface": what ``datasets`` saved with ``save_to_disk``, or what its
  ``load_dataset`` takes; needs the optional package. Of several splits, "train".
"""

import csv
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.durable import expanded
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import refusals
from engine.pilot.text.columnar import dataset_of, huggingface_rows, parquet_rows
from engine.pilot.text.documents import (
    columns_of,
    document,
    document_of,
    require_columns,
    unreadable,
)
from engine.pilot.text.refusals import Progress, Refused, Row
from engine.runs.checks import canonical_json
from engine.tables.encoding import SAMPLE, detect
from engine.tables.reader import long_cells, separator_of
from engine.tables.table import key
from engine.untrusted import regular
from engine.untrusted.texts import json_value

CODE_VERSION = 5
"""Rises when the same files give other documents."""
TEXT_FILES = (".md", ".txt")
LONGEST = 64 * 2**20
"""Bytes of a file, characters of a line."""

_ROWS = 1024
"""Lines between two calls of ``progress``."""


def name(source: CorpusSource) -> str:
    """What to call the corpus."""
    return Path(source.path).stem or source.kind


def identity(source: CorpusSource) -> str:
    """Which text ``source`` means, in whatever state it is, as a text to hash."""
    path = _found(source) if is_local(source) else source.path
    columns = () if source.kind == "folder" else (source.text_column, source.unit_column)
    return canonical_json([source.kind, str(path), *columns, *sorted(source.rules_off)])


def state(source: CorpusSource) -> str:
    """The state of its files (or the dataset's own fingerprint), as a text to hash."""
    if not is_local(source):
        return f"{CODE_VERSION} {getattr(dataset_of(source), '_fingerprint', '')}"
    found = _found(source)
    digest = hashlib.sha256(str(CODE_VERSION).encode())
    try:
        for file in _text_files(found) if source.kind == "folder" else _files(found):
            status = file.stat()
            entry = (os.fsencode(file), status.st_size, status.st_mtime_ns)
            digest.update(repr(entry).encode())
    except OSError as error:
        raise unreadable(source, error.strerror or type(error).__name__) from None
    return digest.hexdigest()


def rows(source: CorpusSource, progress: Progress) -> Iterator[Row | Refused]:
    """The documents of ``source`` in their order. Raises
    :class:`InputError` if it is unreadable."""
    try:
        if source.kind == "huggingface":
            yield from huggingface_rows(source, progress)
        else:
            yield from _READERS[source.kind](source, _found(source), progress)
    except OSError as error:
        raise unreadable(source, error.strerror or type(error).__name__) from None


def is_local(source: CorpusSource) -> bool:
    """Whether ``source`` lies in files of this machine."""
    return source.kind != "huggingface" or Path(source.path).exists()


def _found(source: CorpusSource) -> Path:
    """The path of ``source``, absolute; refused where it is not what the kind needs."""
    if source.kind not in (*_READERS, "huggingface"):
        raise InputError(
            "Expected a corpus of kind docstrings, python-source, folder, jsonl, csv, parquet or "
            "huggingface, got {kind}.",
            kind=source.kind,
        )
    path = expanded(source.path)
    wanted = {"folder": path.is_dir, "huggingface": path.exists}.get(source.kind, path.is_file)
    try:
        mode = path.stat().st_mode if source.path else 0
        is_sound = bool(source.path) and wanted()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a NUL is in no path
        mode, is_sound = 0, False
    except OSError as error:  # a folder on the way that may not be looked into, a name too long
        raise unreadable(source, error.strerror or type(error).__name__) from None
    if not mode:
        raise InputError(
            "Expected {kind} text at {path}, got nothing there: check the path.",
            kind=source.kind,
            path=source.path or '""',
        )
    if not is_sound and stat.S_ISDIR(mode):
        raise InputError(
            "Expected a file of {kind} text at {path}, got a folder: name the file, or choose the "
            "kind folder.",
            kind=source.kind,
            path=source.path,
        )
    if not is_sound and not stat.S_ISREG(mode):
        raise InputError(
            "Expected a regular file or a folder of {kind} text at {path}, got a pipe or a device: "
            "write the text into a file first.",
            kind=source.kind,
            path=source.path,
        )
    if not is_sound:
        raise InputError(
            "Expected a folder of text files at {path}, got a file: name its folder, or its kind "
            "(jsonl, csv, parquet).",
            path=source.path,
        )
    return path.resolve()


def _files(found: Path) -> list[Path]:
    return sorted(p for p in found.rglob("*") if p.is_file()) if found.is_dir() else [found]


def _text_files(folder: Path) -> list[Path]:
    found = [path for path in _files(folder) if path.suffix.lower() in TEXT_FILES]
    seen = set()
    once = []
    for path in found:
        status = path.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            once.append(path)
    return once


def _folder_rows(_: CorpusSource, folder: Path, progress: Progress) -> Iterator[Row | Refused]:
    files = _text_files(folder)
    for number, path in enumerate(files, start=1):
        if not path.resolve().is_relative_to(folder):  # it may not have been meant to be read
            yield Refused(reason=refusals.OUTSIDE, place=number)
        elif path.stat().st_size > LONGEST:
            yield Refused(reason=refusals.LONG, place=number)
        else:
            with regular.opened(path) as file:
                content = file.read(LONGEST + 1)  # it may have grown meanwhile
            yield document(_decoded(content), None, number, with_unit=False)
        progress(number / len(files))


def _decoded(content: bytes) -> str | bytes:
    """A file's text; its bytes where they are no text in any encoding."""
    try:
        return content.decode(detect(content)).removeprefix("\ufeff")
    except (InputError, UnicodeDecodeError):
        return content


def _jsonl_rows(source: CorpusSource, path: Path, progress: Progress) -> Iterator[Row | Refused]:
    with regular.opened(path) as file:
        for number, line in _lines(file, path, _encoding(file, source), progress):
            if len(line) > LONGEST:
                yield Refused(reason=refusals.LONG, place=number)
            elif line.strip():
                yield _json_row(line, number, source)


def _json_row(line: str, number: int, source: CorpusSource) -> Row | Refused:
    if any("\udc80" <= letter <= "\udcff" for letter in line):
        return Refused(reason=refusals.ENCODING, place=number)
    try:
        values = json_value(line, may_hold_halves=True)
    except InputError:
        return Refused(reason=refusals.NOT_JSON, place=number)
    if not isinstance(values, dict):
        return Refused(reason=refusals.NOT_JSON, place=number)
    return document_of(values, number, source)


def _csv_rows(source: CorpusSource, path: Path, progress: Progress) -> Iterator[Row | Refused]:
    with long_cells(), regular.opened(path) as file:
        encoding = _encoding(file, source)
        sample = file.read(SAMPLE).decode(encoding, "replace")
        file.seek(0)
        separator = separator_of(sample, columns_of(source))
        lines = (_short(line, path) for _, line in _lines(file, path, encoding, progress))
        reader = csv.reader(lines, delimiter=separator, strict=True)
        while isinstance(header := _next(reader), list) and not any(map(str.strip, header)):
            pass
        if not isinstance(header, list):
            raise unreadable(source, "no header line")
        columns = _columns(source, header)
        before = reader.line_num
        while (row := _next(reader)) is not None:
            place, lost = before + 1, reader.line_num - before
            before = reader.line_num
            if isinstance(row, list) and not any(map(str.strip, row)):
                continue  # an empty line, or separators alone
            if not isinstance(row, list) or not _fits(row, len(columns)):
                yield Refused(reason=refusals.NOT_CSV, place=place, rows=max(lost, 1))
            else:
                yield document_of(dict(zip(columns, row, strict=False)), place, source)


def _columns(source: CorpusSource, header: list[str]) -> list[str]:
    """The header's names, those of the source as the source spells them."""
    while not header[-1].strip():  # what a spreadsheet leaves behind the last column
        header.pop()
    wanted = {key(name): name for name in columns_of(source)}
    columns = [wanted.get(key(name), name) for name in header]
    require_columns(source, columns)
    for name in wanted.values():
        if columns.count(name) > 1:
            raise InputError(
                "Expected every column of {file} once, got {name} twice: rename or remove one.",
                file=source.path,
                name=name,
            )
    return columns


def _fits(row: list[str], width: int) -> bool:
    """Whether a row has a cell for each column, and nothing beyond."""
    return len(row) >= width and not any(map(str.strip, row[width:]))


def _next(reader: Iterator[list[str]]) -> list[str] | csv.Error | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        return error


def _encoding(file: BinaryIO, source: CorpusSource) -> str:
    """The encoding of a file that is read from its beginning afterwards."""
    sample = file.read(SAMPLE + 1)
    file.seek(0)
    try:
        return detect(sample)
    except InputError as error:
        raise unreadable(source, error) from None


def _lines(
    file: BinaryIO, path: Path, encoding: str, progress: Progress
) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; of one that is too long, its beginning, longer than the limit."""
    total, number = path.stat().st_size or 1, 0
    # Bytes that are none of the encoding survive as surrogates, which no row with them does.
    text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
    while line := text.readline(LONGEST + 2):
        number += 1
        rest = line
        while len(line) > LONGEST and not rest.endswith(("\n", "\r")) and rest:
            rest = text.readline(LONGEST)
        yield number, line.removeprefix("\ufeff") if number == 1 else line
        if number % _ROWS == 0:
            progress(min(file.tell() / total, 1.0))
    text.detach()


def _short(line: str, path: Path) -> str:
    if len(line) > LONGEST:
        raise InputError(
            "Expected lines of at most 64 MiB in {path}, got a longer one: is it a CSV file?",
            path=path,
        )
    return line


_READERS = {
    "folder": _folder_rows,
    "jsonl": _jsonl_rows,
    "csv": _csv_rows,
    "parquet": parquet_rows,
}

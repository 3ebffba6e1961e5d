"""The user's own text: a folder, JSONL, CSV or Parquet, or a Hugging Face dataset.

Everything is streamed, so that a file may be larger than memory. A row without sound text or
without its person (:mod:`engine.pilot.text.documents`) is a
:class:`~engine.pilot.text.refusals.Refused` with its place and its reason, never its content;
whether there are too many is for others to judge.

- "folder": every ``*.txt`` and ``*.md`` below ``path``; a file is a document and a unit, its place
  its number in order of the names. A file linked twice counts once.
- "jsonl": an object a line. "csv": with a header, read strictly, since a stray quote could join
  the texts of several persons in one.
- "parquet": one file. "huggingface": what ``datasets`` saved with ``save_to_disk``, or what its
  ``load_dataset`` takes; needs the optional package. Of several splits, "train".
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import refusals
from engine.pilot.text.columnar import dataset_of, huggingface_rows, parquet_rows
from engine.pilot.text.documents import document, document_of, require_columns, unreadable
from engine.pilot.text.refusals import Progress, Refused, Row
from engine.runs.checks import canonical_json

CODE_VERSION = 1
"""Rises when the same files give other documents."""
TEXT_FILES = (".md", ".txt")
LONGEST = 64 * 2**20
"""Bytes of a line or file."""

_ROWS = 1024
"""Lines between two calls of ``progress``."""
_BOM = b"\xef\xbb\xbf"


def name(source: CorpusSource) -> str:
    """What to call the corpus."""
    return Path(source.path).stem or source.kind


def identity(source: CorpusSource) -> str:
    """Which text ``source`` means, in whatever state it is, as a text to hash."""
    path = _found(source) if _is_local(source) else source.path
    columns = () if source.kind == "folder" else (source.text_column, source.unit_column)
    return canonical_json([source.kind, str(path), *columns])


def state(source: CorpusSource) -> str:
    """The state of its files (or the dataset's own fingerprint), as a text to hash."""
    if not _is_local(source):
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


def _is_local(source: CorpusSource) -> bool:
    return source.kind != "huggingface" or Path(source.path).exists()


def _found(source: CorpusSource) -> Path:
    """The path of ``source``, absolute; refused where it is not what the kind needs."""
    if source.kind not in (*_READERS, "huggingface"):
        raise InputError(
            "Expected a corpus of kind docstrings, python-source, folder, jsonl, csv, parquet or "
            "huggingface, got {kind}.",
            kind=source.kind,
        )
    path = Path(source.path).expanduser()
    sound = {"folder": path.is_dir, "huggingface": path.exists}.get(source.kind, path.is_file)
    if not source.path or not sound():
        raise InputError(
            "Expected {kind} text at {path}, got nothing there: check the path.",
            kind=source.kind,
            path=source.path or '""',
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
        if path.stat().st_size > LONGEST:
            yield Refused(reason=refusals.LONG, place=number)
        else:
            yield document(path.read_bytes().removeprefix(_BOM), None, number, with_unit=False)
        progress(number / len(files))


def _jsonl_rows(source: CorpusSource, path: Path, progress: Progress) -> Iterator[Row | Refused]:
    with path.open("rb") as file:
        for number, line in _lines(file, path, progress):
            if len(line) > LONGEST:
                yield Refused(reason=refusals.LONG, place=number)
            elif line.strip():
                yield _json_row(line, number, source)


def _json_row(line: bytes, number: int, source: CorpusSource) -> Row | Refused:
    try:
        values = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return Refused(reason=refusals.ENCODING, place=number)
    except (ValueError, RecursionError):
        return Refused(reason=refusals.NOT_JSON, place=number)
    if not isinstance(values, dict):
        return Refused(reason=refusals.NOT_JSON, place=number)
    return document_of(values, number, source)


@contextmanager
def _long_fields() -> Iterator[None]:
    """The csv module's limit is the whole process's: other readers get theirs back."""
    before = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv_rows(source: CorpusSource, path: Path, progress: Progress) -> Iterator[Row | Refused]:
    with _long_fields(), path.open("rb") as file:
        # Bytes that are not UTF-8 survive as surrogates, which no row with them does.
        lines = (
            _short(line, path).decode("utf-8", "surrogateescape")
            for _, line in _lines(file, path, progress)
        )
        reader = csv.reader(lines, strict=True)
        columns = _next(reader)
        if not isinstance(columns, list):
            raise unreadable(source, "no header line")
        require_columns(source, columns)
        before = reader.line_num
        while (row := _next(reader)) is not None:
            place, lost = before + 1, reader.line_num - before
            before = reader.line_num
            if isinstance(row, list) and not row:
                continue  # an empty line
            if not isinstance(row, list) or len(row) != len(columns):
                yield Refused(reason=refusals.NOT_CSV, place=place, rows=max(lost, 1))
            else:
                yield document_of(dict(zip(columns, row, strict=True)), place, source)


def _next(reader: Iterator[list[str]]) -> list[str] | csv.Error | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        return error


def _lines(file: BinaryIO, path: Path, progress: Progress) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; of one that is too long, its beginning, longer than the limit."""
    total, done, number = path.stat().st_size or 1, 0, 0
    while line := file.readline(LONGEST + 2):
        number += 1
        done += len(line)
        rest = line
        while len(line) > LONGEST and not rest.endswith(b"\n") and rest:
            rest = file.readline(LONGEST)
            done += len(rest)
        yield number, line.removeprefix(_BOM) if number == 1 else line
        if number % _ROWS == 0:
            progress(min(done / total, 1.0))


def _short(line: bytes, path: Path) -> bytes:
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

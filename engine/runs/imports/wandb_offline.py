"""Runs that Weights & Biases kept offline (``offline-run-*/run-*.wandb``) -> a sheet.

A file is a log as LevelDB writes it, after seven bytes of its own: blocks of 32 kB with records
(checksum, length, kind, bytes), of which the first, middle and last parts of a long one stand in
neighbouring blocks. A record is a message of W&B's own protocol buffers
(wandb/proto/wandb_internal.proto), of which name, settings, history and exit are read here; W&B
itself is not needed. A file that ends within a record was cut while it was written: what came
before counts, and the run, which has no exit, is cut.

Checked on files of wandb 0.31.0. Not covered: media, tables, system metrics, steps of one's own
(``define_metric``).
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from engine.runs.imports.sheet import Sheet
from engine.runs.imports.tracked import TrackedRun, tracked_sheet
from engine.runs.imports.wire import fields, inside
from engine.untrusted import regular
from engine.untrusted.texts import json_value

START = b":W&B"
"""How such a file begins."""
ENDING = ".wandb"
"""Of such a file's name."""
_HEADER, _HEAD = 7, struct.Struct("<IHB")
_BLOCK = 32_768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_LARGEST, _LONGEST = 2**30, 2**28
"""Bytes of a file, and of a record."""
_HISTORY, _CONFIG, _RUN, _EXIT = 2, 5, 17, 18
"""Fields of a record."""


def has_offline_runs(folder: Path) -> bool:
    """Whether a folder, or one below it, holds offline runs."""
    return next(_files(folder), None) is not None


def offline_sheet(place: Path) -> Sheet:
    """The runs of a file or below a folder. Raises :class:`InputError`."""
    files = [place] if place.is_file() else sorted(_files(place))
    return tracked_sheet(place.name, [_run(path) for path in files])


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob(f"*{ENDING}") if path.is_file())


def _run(path: Path) -> TrackedRun:
    found = TrackedRun(id=path.stem.removeprefix("run-"), name="", status="running")
    for record in _records(path):
        for number, _, content in fields(record):
            if not isinstance(content, bytes):
                continue
            if number == _RUN:
                names = inside(content, 8)
                found.name = _text(names[-1]) if names else found.name
                for config in inside(content, 4):
                    _configure(found, config)
            elif number == _CONFIG:
                _configure(found, content)
            elif number == _HISTORY:
                _measure(found, content)
            elif number == _EXIT:
                code = next((value for n, _, value in fields(content) if n == 1), 0)
                found.status = "failed" if code else "finished"
    return found


def _configure(run: TrackedRun, config: bytes) -> None:
    for name, value in _items(config):
        if not name.startswith("_"):
            try:
                run.settings[name] = json_value(value)
            except InputError:
                run.settings[name] = value


def _measure(run: TrackedRun, history: bytes) -> None:
    """The numbers of one step; what is none (media, texts) is no measurement."""
    cells = dict(_items(history))
    steps = [value for part in inside(history, 2) for n, _, value in fields(part) if n == 1]
    step = steps[-1] if steps else cells.get("_step", "0")
    for name, text in cells.items():
        value = _number(text)
        if not name.startswith("_") and value is not None:
            run.measure(name, step, value)


def _number(text: str) -> float | None:
    try:
        return float(text.strip('"'))
    except ValueError:
        return None


def _items(content: bytes) -> Iterator[tuple[str, str]]:
    """Names, of which nested ones are joined by a stroke, and values as JSON."""
    for item in inside(content, 1):
        parts = inside(item, 2) or inside(item, 1)
        values = inside(item, 16)
        if parts and values:
            yield "/".join(map(_text, parts)), _text(values[-1])


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _records(path: Path) -> Iterator[bytes]:
    """The records that are whole. Raises :class:`InputError` where one was altered."""
    content = regular.content(path, _LARGEST)
    if not content.startswith(START):
        raise InputError("Expected an offline run of Weights & Biases, got {file}.", file=path.name)
    at, parts, held = _HEADER, list[bytes](), 0
    while at + _HEAD.size <= len(content):
        left = _BLOCK - at % _BLOCK
        if left < _HEAD.size:  # too little for a header: filled with zeros
            at += left
            continue
        checksum, length, kind = _HEAD.unpack_from(content, at)
        start, end = at + _HEAD.size, at + _HEAD.size + length
        if end > len(content) or kind == 0:  # cut, or space that was not yet written
            return
        part = content[start:end]
        if zlib.crc32(part, zlib.crc32(bytes([kind]))) != checksum or held > _LONGEST:
            raise InputError(
                "Expected {file} as Weights & Biases wrote it, got an altered record at byte "
                "{place}.",
                file=path.name,
                place=at,
            )
        if kind in (_FULL, _FIRST):
            parts, held = [], 0
        parts.append(part)
        held += len(part)
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
        at = end

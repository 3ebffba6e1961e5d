"""TensorBoard's event files -> a sheet with a row a run and step.

A file is a row of records (length, checksum, bytes, checksum), each an ``Event`` in protocol
buffers (tensorflow/core/util/event.proto, summary.proto), of which only step, scalars and
hyperparameters are read here: no TensorFlow and no TensorBoard is needed. A folder is a run, called
by its path; hyperparameters that PyTorch's ``add_hparams`` writes into a folder below belong to the
run above. A file that ends within a record was cut while it was written: what came before counts.

Not covered: images, histograms and text, and values that are no scalars.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from engine.runs.imports.sheet import Sheet
from engine.runs.imports.tracked import TrackedRun, tracked_sheet
from engine.runs.imports.wire import FLOAT, fields, inside
from engine.untrusted import regular

_LARGEST, _LONGEST = 2**31, 2**28
"""Bytes of a file, and of a record."""
_HPARAMS = "_hparams_/session_start_info"


def is_event_file(path: Path) -> bool:
    """Whether a file is called as TensorBoard's are."""
    return ".tfevents." in path.name


def has_events(folder: Path) -> bool:
    """Whether a folder, or one below it, holds event files."""
    return next(_event_files(folder), None) is not None


def events_sheet(place: Path) -> Sheet:
    """The runs below a folder, or the one of a file. Raises :class:`InputError` without any."""
    files = [place] if place.is_file() else sorted(_event_files(place))
    root = place.parent if place.is_file() else place
    runs: dict[Path, TrackedRun] = {}
    for path in files:
        name = path.parent.relative_to(root).as_posix()
        run = runs.setdefault(
            path.parent, TrackedRun(id=name, name=place.name if name == "." else name)
        )
        for step, tag, value in _scalars(path, run.settings):
            run.measure(tag, step, value)
    for folder in sorted(runs, key=lambda one: len(one.parts), reverse=True):
        above = runs.get(folder.parent)
        if above is not None and runs[folder].settings and not above.settings:
            above.settings = runs.pop(folder).settings
    return tracked_sheet(place.name, [runs[folder] for folder in sorted(runs)])


def _event_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.tfevents.*") if path.is_file())


def _scalars(path: Path, settings: dict[str, object]) -> Iterator[tuple[int, str, float]]:
    """Step, tag and value of each scalar; hyperparameters go into ``settings``."""
    for record in _records(path):
        step, summary = 0, b""
        for number, _, content in fields(record):
            if number == 2 and isinstance(content, int):
                step = content
            elif number == 5 and isinstance(content, bytes):
                summary = content
        for number, _, content in fields(summary):
            if number == 1 and isinstance(content, bytes):
                yield from _value(step, content, settings)


def _value(
    step: int, content: bytes, settings: dict[str, object]
) -> Iterator[tuple[int, str, float]]:
    tag, value = "", None
    metadata = b""
    for number, kind, part in fields(content):
        if number == 1 and isinstance(part, bytes):
            tag = part.decode("utf-8", errors="replace")
        elif number == 2 and kind == FLOAT and isinstance(part, bytes):
            value = struct.unpack("<f", part)[0]
        elif number == 8 and isinstance(part, bytes):
            value = _tensor(part)
        elif number == 9 and isinstance(part, bytes):
            metadata = part
    if tag == _HPARAMS:
        settings.update(_hyperparameters(metadata))
    elif tag and value is not None:
        yield step, tag, float(value)


def _tensor(content: bytes) -> float | None:
    """The value of a tensor that holds one float or double."""
    kind, data = 0, b""
    for number, _, part in fields(content):
        if number == 1 and isinstance(part, int):
            kind = part
        elif number in (4, 5, 6) and isinstance(part, bytes):
            data = part
    sizes = {1: ("<f", 4), 2: ("<d", 8)}
    if kind not in sizes or len(data) != sizes[kind][1]:
        return None
    found: float = struct.unpack(sizes[kind][0], data)[0]
    return found


def _hyperparameters(metadata: bytes) -> dict[str, object]:
    """plugin_data.content.session_start_info.hparams: names and values."""
    found: dict[str, object] = {}
    for plugin in inside(metadata, 1):
        for content in inside(plugin, 2):
            for info in inside(content, 3):
                for entry in inside(info, 1):
                    name, value = "", None
                    for number, _, part in fields(entry):
                        if number == 1 and isinstance(part, bytes):
                            name = part.decode("utf-8", errors="replace")
                        elif number == 2 and isinstance(part, bytes):
                            value = _plain(part)
                    found[name] = value
    return found


def _plain(content: bytes) -> object:
    """A google.protobuf.Value of a number, a text or a truth."""
    for number, _, part in fields(content):
        if number == 2 and isinstance(part, bytes):
            return struct.unpack("<d", part)[0]
        if number == 3 and isinstance(part, bytes):
            return part.decode("utf-8", errors="replace")
        if number == 4:
            return bool(part)
    return None


def _records(path: Path) -> Iterator[bytes]:
    content = regular.content(path, _LARGEST)
    at = 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        end = at + 12 + length
        if length > _LONGEST or end + 4 > len(content):
            return
        yield content[at + 12 : end]
        at = end + 4

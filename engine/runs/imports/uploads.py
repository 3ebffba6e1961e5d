"""Files that come as bytes, from a page: the same door as :mod:`.importing`, by way of a folder
that lasts as long as the reading.

Several files are a tracker's folder (MLflow's ``mlruns``, TensorBoard's event files). A file's name
is somebody's text: of it only the parts that stay inside that folder are used.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from engine import durable
from engine.errors import InputError
from engine.runs.imports.importing import Asked, Imported, import_file
from engine.runs.imports.reading import read
from engine.runs.imports.sheet import Sheet
from engine.runs.log import RunLog
from engine.tables.table import Corrections
from engine.untrusted import regular

_LONGEST = 120
_MOST_FILES = 20_000


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file as it came."""

    name: str
    """Its name, or its path inside the folder that came."""
    content: bytes


def import_upload(
    files: Sequence[Upload],
    log: RunLog,
    asked: Asked,
    *,
    created_at: datetime,
    sheet: Sheet | None = None,
) -> Imported:
    """What :func:`.importing.import_file` says of a file, or of a folder of several.

    Raises :class:`InputError`.
    """
    with _placed(files) as path:
        return import_file(path, log, asked, created_at=created_at, sheet=sheet)


def read_upload(files: Sequence[Upload], corrections: Corrections | None = None) -> Sheet:
    """Its table alone, before anything is known of its columns. Raises :class:`InputError`."""
    with _placed(files) as path:
        return read(path, corrections)


def safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a path that stay below the folder it is put in.

    >>> safe_parts("../../etc/passwd"), safe_parts("mlruns/0/meta.yaml"), safe_parts("/")
    (('etc', 'passwd'), ('mlruns', '0', 'meta.yaml'), ('file',))
    """
    tidy = "".join(letter for letter in name.replace("\\", "/") if letter.isprintable())
    parts = (part.strip()[-_LONGEST:] for part in PurePosixPath(tidy).parts)
    return tuple(part for part in parts if part.strip("./ ")) or ("file",)


@contextmanager
def _placed(files: Sequence[Upload]) -> Iterator[Path]:
    """The path to read: the one file, or the folder of several."""
    if not files:
        raise InputError("Expected a file, got none: choose one.")
    if len(files) > _MOST_FILES:
        raise InputError(
            "Expected at most {most} files, got {number}: import the folder with the command line.",
            most=_MOST_FILES,
            number=len(files),
        )
    with durable.scratch("import") as root:
        placed = []
        for file in files:
            place = root.joinpath(*safe_parts(file.name))
            with regular.reading(file.name[:_LONGEST]):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.content)
            placed.append(place)
        tops = list(root.iterdir())
        several = len(placed) > 1
        yield placed[0] if not several else tops[0] if len(tops) == 1 else root

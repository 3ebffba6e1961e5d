"""Corpora on disk: token arrays that every process maps into memory and none can tear.

One corpus is one folder with ``tokens.npy``, ``document_starts.npy``, ``unit_starts.npy`` and
``corpus.json``. It is written under a hidden name in the same folder, flushed and renamed. Two
processes that make the same corpus each write their own; the second finds the first one's in place
and removes its own. A folder whose content does not give its fingerprint is not read, and is
replaced.

**Privacy.** The folder holds the text itself, as tokens that anybody can turn back. It is readable
by its owner only (0700, files 0600), and making a corpus from a changed source removes what was
kept of its former state. Names of persons (the unit column) are in no file: units are numbered in
the order in which they came, and of spellings only counts are kept. Deleting the folder is always
safe.
"""

import errno
import hashlib
import json
import shutil
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from engine.durable import remove_leftovers, sync_file, sync_folder, temporary_path
from engine.errors import InputError
from engine.pilot.text.identity import IdentityCounts
from engine.untrusted.texts import json_value

FORMAT = 1
"""Rises when the files or the fingerprint change."""
STALE_AFTER = 24 * 3600.0
"""Seconds after which an unfinished folder counts as left by a killed process."""

_DESCRIPTION = "corpus.json"
_COPIED = 2**22
"""Tokens copied or hashed at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """The arrays of :class:`engine.pilot.text.corpus.Corpus` and what was refused on the way."""

    tokens: np.ndarray
    document_starts: np.ndarray
    unit_starts: np.ndarray
    fingerprint: str
    refused: tuple[tuple[str, int], ...]
    identity: IdentityCounts | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a corpus lies: ``source`` says whose it is, ``state`` in which state it was read."""

    folder: Path
    source: str
    state: str

    @property
    def path(self) -> Path:
        return self.folder / f"{_short(self.source)}-{_short(self.state)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:20]


def read(place: Place, tokenizer_sha256: str) -> Stored | None:
    """The corpus there; None where there is none, or a torn or changed one."""
    try:
        description = json_value((place.path / _DESCRIPTION).read_text(encoding="utf-8"))
        arrays = [
            np.load(place.path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("tokens", "document_starts", "unit_starts")
        ]
        stored = Stored(
            tokens=arrays[0],
            document_starts=arrays[1],
            unit_starts=arrays[2],
            fingerprint=description["fingerprint"],
            refused=tuple((str(reason), int(count)) for reason, count in description["refused"]),
            identity=IdentityCounts(**counted) if (counted := description["identity"]) else None,
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return stored if _fingerprint(arrays, tokenizer_sha256) == stored.fingerprint else None


def _fingerprint(arrays: list[np.ndarray], tokenizer_sha256: str) -> str:
    digest = hashlib.sha256(f"kessai corpus {FORMAT} {tokenizer_sha256}\n".encode())
    for values in arrays:
        digest.update(f"{values.dtype.str} {values.size}\n".encode())
        for start in range(0, values.size, _COPIED):
            digest.update(np.ascontiguousarray(values[start : start + _COPIED]).data)
    return digest.hexdigest()


class Writer:
    """Takes documents in any order of units and writes them one unit after the other."""

    def __init__(self, folder: Path, dtype: np.dtype) -> None:
        self.folder = folder
        self._dtype = dtype
        self._lengths = array("q")
        self._units = array("q")
        self._numbers: dict[str, int] = {}
        self._arrived = _create(folder / "arrived")

    def add(self, tokens: np.ndarray, unit: str | None) -> None:
        """One document of the person ``unit``; None is a unit of its own."""
        # A source has a unit column or none, so the two ways of numbering never meet.
        if unit is None:
            number = len(self._lengths)
        else:
            number = self._numbers.setdefault(unit, len(self._numbers))
        self._units.append(number)
        self._lengths.append(tokens.size)
        self._arrived.write(tokens.data)

    @property
    def units(self) -> int:
        return len(self._numbers) or len(self._lengths)

    def arrays(self) -> list[np.ndarray]:
        """Write what came and return it as it was written: tokens and both kinds of starts."""
        self._arrived.close()
        lengths, units = np.asarray(self._lengths), np.asarray(self._units)
        order = np.argsort(units, kind="stable")
        starts = np.concatenate([[0], np.cumsum(lengths[order])]).astype("<i8")
        unit_starts = np.concatenate([[0], np.cumsum(np.bincount(units))]).astype("<i8")
        path = self.folder / "arrived"
        arrived = np.memmap(path, dtype=self._dtype, mode="r")
        with _create(self.folder / "tokens.npy") as file:
            shape = {"descr": self._dtype.str, "fortran_order": False, "shape": (arrived.size,)}
            np.lib.format.write_array_header_1_0(file, shape)
            for start, end in _stretches(order, lengths):
                file.write(arrived[start:end].data)
            sync_file(file)
        for name, values in (("document_starts", starts), ("unit_starts", unit_starts)):
            with _create(self.folder / f"{name}.npy") as file:
                np.save(file, values, allow_pickle=False)
                sync_file(file)
        path.unlink()
        return [np.load(self.folder / "tokens.npy", mmap_mode="r"), starts, unit_starts]

    def close(self) -> None:
        with suppress(OSError):  # a full disk has said so before
            self._arrived.close()


def _stretches(order: np.ndarray, lengths: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of the arrived tokens in the new order, neighbours joined up to a limit."""
    ends = np.cumsum(lengths)
    start = end = 0
    for document in order:
        first, last = int(ends[document] - lengths[document]), int(ends[document])
        if first != end or end - start > _COPIED:
            yield start, end
            start = first
        end = last
    yield start, end


@contextmanager
def writing(place: Place, dtype: np.dtype) -> Iterator[Writer]:
    """A writer on a folder of its own, which is gone afterwards unless :func:`publish` moved it.

    Raises :class:`InputError` where the folder cannot be written or the disk is full; what the
    caller reads meanwhile must not raise OSError.
    """
    temporary = temporary_path(place.path)
    writer = None
    try:
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_leftovers(place.folder, older_than=STALE_AFTER)
        temporary.mkdir(mode=0o700)
        writer = Writer(temporary, dtype)
        yield writer
    except OSError as error:
        raise InputError(
            "Expected to keep the corpus in {folder}: {reason}. Set KESSAI_CACHE to a folder with "
            "room that can be written.",
            folder=place.folder,
            reason=error.strerror or error,
        ) from None
    finally:
        if writer is not None:
            writer.close()
        shutil.rmtree(temporary, ignore_errors=True)


def publish(
    writer: Writer,
    place: Place,
    *,
    tokenizer_sha256: str,
    refused: tuple[tuple[str, int], ...],
    identity: IdentityCounts | None = None,
    keep_other_states: bool,
) -> None:
    """Write out ``writer`` and put it in place, unless another process did so before."""
    fingerprint = _fingerprint(writer.arrays(), tokenizer_sha256)
    with _create(writer.folder / _DESCRIPTION) as file:
        description = {
            "fingerprint": fingerprint,
            "refused": refused,
            "identity": None if identity is None else asdict(identity),
        }
        file.write(json.dumps(description).encode())
        sync_file(file)
    sync_folder(writer.folder)
    while True:
        try:
            writer.folder.rename(place.path)
            break
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if read(place, tokenizer_sha256) is not None:
            break
        _remove(place.path)  # torn: it gives way to ours
    sync_folder(place.folder)
    if not keep_other_states:
        for other in place.folder.glob(f"{_short(place.source)}-*"):
            if other != place.path:
                _remove(other)  # processes that have it mapped keep what they mapped


def _remove(folder: Path) -> None:
    """Remove a corpus: renamed first, so that no other process reads half of it."""
    aside = temporary_path(folder)
    with suppress(FileNotFoundError):
        folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def _create(path: Path) -> BinaryIO:
    path.touch(mode=0o600, exist_ok=False)
    return path.open("wb")

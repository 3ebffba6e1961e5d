"""Laws as they once stood: one file a version, beside the log of decisions, never changed.

A version holds what went in (runs by id, evidence hash, forms and their weights, the version of the
code and of NumPy and SciPy) and the whole fit, so that a question can be asked of it years later,
by whatever code reads it then. Its name is the hash of the fit that every export prints
(:func:`engine.law.version.fit_version`): the same law kept twice is one version.

Files are written whole or not at all (:mod:`engine.durable`); one that cannot be read is named, and
stands in nobody's way. Not covered: whoever may write the folder can change a version; its name
then is no longer that of its content, and :func:`read` refuses it.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from engine import decision_log, durable
from engine.access.rights import LOCAL, Person
from engine.allocation.reach import Coverage
from engine.allocation.space import Space
from engine.code_version import code_version
from engine.errors import InputError, inert
from engine.law.stack import StackedFit
from engine.law.version import fit_version
from engine.runs.evidence import Evidence
from engine.runs.imports.selection import ALL, Choice
from engine.untrusted import regular
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

FOLDER = "laws"
CURRENT = "current.json"
REFIT = "refit-asked"
"""Written anew when somebody asks for a refit."""
FORMAT = "kessai-law-1"
LONGEST_NOTE = 200
_LARGEST = 2**26
"""Bytes of a version."""
SHORTEST_NAME = 4
"""Digits of a version's name that name it."""
_NAME = re.compile(r"[0-9a-f]{12}\.json")
_CHOICE = re.compile(r'("(?:[^"\\\x00-\x1f]|\\.)+")\s*:\s*"([0-9a-f]{12})"')
"""An evidence and the version that answers for it, in :data:`CURRENT`."""


@dataclass(frozen=True, kw_only=True)
class LawVersion:
    """A law and what went into it."""

    version: str
    """12 hexadecimal digits, as exports print them."""
    kept_at: str
    """ISO time, UTC."""
    note: str
    evidence_id: str
    evidence_hash: str
    runs: int
    run_ids: tuple[str, ...]
    noise_from: str
    code: str
    libraries: Mapping[str, str]
    fit: StackedFit
    space: Space
    coverage: Coverage
    choice: Choice = ALL
    """What a person left out of the runs as they stood, or took in."""

    @property
    def hashes(self) -> dict[str, str]:
        """What the log of decisions names beside an act."""
        return {"evidence": self.evidence_hash, "law": self.version}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` gives an equal version back."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        people = self.coverage.data_budget
        known = {"data_budget": people if math.isfinite(people) else None}  # JSON has no infinity
        return plain | {
            "format": FORMAT,
            "run_ids": list(self.run_ids),
            "libraries": dict(self.libraries),
            "fit": self.fit.to_dict(),
            "space": asdict(self.space),
            "coverage": asdict(self.coverage) | known,
            "choice": asdict(self.choice),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "LawVersion":
        """Inverse of :meth:`to_dict`. Raises :class:`ValueError` for another format, or a content
        that is not what its name says."""
        if data["format"] != FORMAT:
            raise ValueError(f"Expected the format {FORMAT}, got {data['format']}.")
        fit = StackedFit.from_dict(data["fit"])
        if fit_version(fit) != data["version"]:
            raise ValueError("Expected a fit of the version's name.")
        ranges = ("model_size", "iterations", "noise_batch_ratio")
        space = Space(**{**data["space"], **{name: tuple(data["space"][name]) for name in ranges}})
        seen = data["coverage"]
        people = math.inf if seen["data_budget"] is None else seen["data_budget"]
        coverage = Coverage(
            **{**seen, "runs": tuple(map(tuple, seen["runs"])), "data_budget": people}
        )
        chosen = data.get("choice", {})  # none in a version of before there were choices
        return cls(
            **{name: data[name] for name in _PLAIN},
            run_ids=tuple(data["run_ids"]),
            libraries=dict(data["libraries"]),
            fit=fit,
            space=space,
            coverage=coverage,
            choice=Choice(**{name: tuple(map(str, runs)) for name, runs in chosen.items()}),
        )


_PLAIN = (
    "version", "kept_at", "note", "evidence_id", "evidence_hash", "runs", "noise_from", "code",
)  # fmt: skip


def version_of(
    evidence: Evidence,
    fit: StackedFit,
    space: Space,
    coverage: Coverage,
    *,
    noise_from: str = "",
    note: str = "",
    choice: Choice = ALL,
) -> LawVersion:
    """The version that a law is, now; not yet kept."""
    return LawVersion(
        version=fit_version(fit),
        kept_at=datetime.now(UTC).isoformat(timespec="seconds"),
        note=note,
        evidence_id=evidence.id,
        evidence_hash=evidence.sha256,
        runs=evidence.runs,
        run_ids=tuple(sorted(evidence.run_ids)),
        noise_from=noise_from,
        code=code_version(),
        libraries={name: installed(name) for name in ("numpy", "scipy")},
        fit=fit,
        space=space,
        coverage=coverage,
        choice=choice,
    )


def keep(one: LawVersion, folder: Path) -> LawVersion:
    """Keep a version; one of its name that is there stays as it is, but for a new note.

    Returns what is kept. Raises :class:`InputError` for a note that is too long, and where the
    folder cannot be written.
    """
    if len(one.note) > LONGEST_NOTE or inert(one.note) != one.note:
        raise InputError(
            "Expected a note of one line and at most {most} characters, got {count}.",
            most=LONGEST_NOTE,
            count=len(one.note),
        )
    place = _place(folder)
    path = place / f"{one.version}.json"
    kept = _read(path)
    if kept is not None:
        if one.note in ("", kept.note):
            return kept
        one = replace(kept, note=one.note)
    try:
        durable.make_folder(place)
        durable.write(path, json.dumps(one.to_dict(), allow_nan=False).encode(), mode=0o600)
    except OSError as error:
        raise _unwritable(place, error) from error
    return one


def versions(folder: Path, evidence_id: str | None = None) -> tuple[LawVersion, ...]:
    """Every version that can be read, of one evidence or all, oldest first.

    Raises :class:`InputError` where their folder is there and cannot be read: it is not empty.
    """
    found = [one for one in map(_read, _paths(folder)) if one is not None]
    return tuple(
        sorted(
            (one for one in found if evidence_id in (None, one.evidence_id)),
            key=lambda one: (one.kept_at, one.version),
        )
    )


def unreadable(folder: Path) -> tuple[str, ...]:
    """Names of versions that are damaged, or of a later Kessai."""
    return tuple(path.stem for path in _paths(folder) if _read(path) is None)


def read(name: str, folder: Path) -> LawVersion:
    """The version called ``name``, or by the beginning of its name. Raises :class:`InputError`
    where there is none, or several."""
    names = [path.stem for path in _paths(folder)]
    like = [one for one in names if len(name) >= SHORTEST_NAME and one.startswith(name)]
    if len(like) != 1:
        raise InputError(
            "Expected the name of a kept law, or its first {least} digits, got {value}: law list "
            "shows them.",
            least=SHORTEST_NAME,
            value=name[:40],
        )
    found = _read(_place(folder) / f"{like[0]}.json")
    if found is None:
        raise InputError(
            "Expected the kept law {name} as it was written, got a file that is damaged or of "
            "another version of Kessai.",
            name=like[0],
        )
    return found


def stamp(folder: Path) -> str:
    """Changes whenever a version is kept or made the current one."""
    paths = [*_paths(folder), _place(folder) / CURRENT]
    return repr([(path.name, durable.signature(path)) for path in paths])


def current(evidence_id: str, folder: Path) -> LawVersion | None:
    """The version that answers for an evidence; None: the law of its runs as they stand.

    Raises :class:`InputError` where one is set that cannot be read: nobody gets another law than
    the one that was chosen.
    """
    name = current_name(evidence_id, folder)
    return None if name is None else read(name, folder)


def current_name(evidence_id: str, folder: Path) -> str | None:
    """The name of that version alone, which costs next to nothing. Raises as :func:`current`."""
    return _currents(folder).get(evidence_id)


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A file of current laws that was damaged, and what could be read of it."""

    file: Path
    """Where it lies now, as it was."""
    kept: tuple[str, ...]
    """Evidence whose choice was read and still stands."""


def set_current(
    evidence_id: str, one: LawVersion | None, folder: Path, *, by: Person = LOCAL
) -> SetAside | None:
    """Let a version answer for its evidence from now on, or, with None, the law of the runs as they
    stand; on record.

    Where the file of the choices was damaged, it is set aside under another name, and those choices
    in it that name a kept version of their evidence still stand. Raises :class:`InputError` where
    it cannot be written.
    """
    name = "" if one is None else one.version
    place = _place(folder)
    what = {"evidence": evidence_id, "version": name or "newest"}
    versions = {} if one is None else one.hashes
    with decision_log.recorded("law-current", what, folder=folder, by=by, versions=versions):
        try:
            durable.make_folder(place)
            with durable.locked(place / CURRENT):
                text = _text_of(folder)
                others, aside = _parsed(text), None
                if others is None:
                    others, file = _saved(text, folder), _set_aside(place / CURRENT, text)
                    kept = tuple(sorted(others.keys() - {evidence_id}))
                    aside = SetAside(file=file, kept=kept)
                chosen = {**others, evidence_id: name}
                content = {each: version for each, version in chosen.items() if version}
                try:
                    durable.write(place / CURRENT, json.dumps(content).encode(), mode=0o600)
                except OSError:
                    if aside is not None:  # the damaged file itself still stands
                        aside.file.unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise _unwritable(place, error) from error
    return aside


def ask_refit(folder: Path, *, by: Person = LOCAL) -> None:
    """Have every process take up the runs that came since; on record. Raises :class:`InputError`
    where that cannot be written."""
    place = _place(folder)
    with decision_log.recorded("refit-ask", {}, folder=folder, by=by):
        try:
            durable.make_folder(place)
            at = datetime.now(UTC).isoformat()
            durable.write(place / REFIT, f"{at}\n".encode(), mode=0o600)
        except OSError as error:
            raise _unwritable(place, error) from error


def asked_refit(folder: Path) -> str:
    """Changes whenever somebody asks for a refit, in whatever process; "" where nobody has."""
    found = durable.signature(_place(folder) / REFIT)
    return repr(found) if found else ""


def _currents(folder: Path) -> dict[str, str]:
    found = _parsed(_text_of(folder))
    if found is None:
        raise InputError(
            "Expected the current laws in {path}, got a file that is damaged: choose them again "
            "with law use.",
            path=_place(folder) / CURRENT,
        )
    return found


def _text_of(folder: Path) -> bytes:
    """The file of the choices; that of none where there is no file. Raises :class:`InputError`
    where there is one that cannot be read: that is no damage."""
    path = _place(folder) / CURRENT
    try:
        return regular.whole(path)
    except FileNotFoundError:
        return b"{}"
    except OSError as error:
        raise _unread(path.parent, error) from error


def _parsed(text: bytes) -> dict[str, str] | None:
    """The choices; None: the file is damaged."""
    found = attempted(lambda: json_value(text))
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        return None
    return found


def _saved(text: bytes, folder: Path) -> dict[str, str]:
    """The choices that stand whole in a damaged file: names of kept versions beside the evidence
    that they are of. Nothing else is believed of it."""
    choices = _CHOICE.findall(text.decode("utf-8", errors="replace"))
    found = {one.version: one.evidence_id for one in versions(folder)}
    said = [(attempted(partial(json_value, one)), name) for one, name in choices]
    return {evidence: name for evidence, name in said if evidence and found.get(name) == evidence}


def _set_aside(path: Path, text: bytes) -> Path:
    """Copy a damaged file to a name that no other has, so that it stays in its place until the next
    one replaces it; where the copy lies."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.stem}.damaged-{at}{path.suffix}")
    durable.write(aside, text, replace=False, mode=0o600)
    return aside


def _unwritable(place: Path, error: OSError) -> InputError:
    return InputError(
        "Expected to write the versions of laws in {folder}: {reason}. Set KESSAI_LOG to a "
        "folder that can be written.",
        folder=place,
        reason=error.strerror or error,
    )


def _unread(place: Path, error: OSError) -> InputError:
    return InputError(
        "Expected to read the versions of laws in {folder}: {reason}. Set KESSAI_LOG to a folder "
        "that can be read.",
        folder=place,
        reason=error.strerror or error,
    )


def _place(folder: Path) -> Path:
    return decision_log.log_folder(folder) / FOLDER


def _paths(folder: Path) -> list[Path]:
    place = _place(folder)
    try:
        return sorted(path for path in place.iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unread(place, error) from error


def _read(path: Path) -> LawVersion | None:
    found = attempted(lambda: LawVersion.from_dict(json_value(regular.bytes_of(path, _LARGEST))))
    return found if found is not None and found.version == path.stem else None

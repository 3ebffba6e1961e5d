"""What was imported, from where and how it was read: one JSON file an import, beside the run log.

The log holds runs that are points of a law; the journal also names those that are none (diverged,
cut, copies, incomplete), with their reasons, the unit of the family's losses, and which column was
taken for what, so that the next file with the same columns is read in the same way.

An entry is named by the file's content and the family: the same import twice is one entry. It
counts as long as it is not undone and one of the runs that it stored is there.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from engine import durable
from engine.errors import InputError
from engine.loss_unit import Measure, unit_of
from engine.runs.deletions import Stacks
from engine.runs.folder import listing, unwritable
from engine.runs.log import RunLog
from engine.untrusted import regular
from engine.untrusted.texts import json_value

_LARGEST = 2**24
"""Bytes of an entry."""
FOLDER = "imports"
_ODD_FIELD = re.compile(r"\{\w*[^\w}]")
"""What stands in the braces of no sentence of ours: attributes, places, formats."""


@dataclass(frozen=True, kw_only=True)
class JournalRun:
    """One run of an import."""

    run: str
    run_id: str
    status: str
    flags: tuple[str, ...]
    reasons: tuple[InputError, ...]
    """Of status and flags, with their values apart: each reader has them in the own language."""
    stored: bool
    """Whether the run log holds it."""


@dataclass(frozen=True, kw_only=True)
class RefusedRow:
    """A row of the file that was none, or a run of which nothing could be made."""

    row: int
    run: str
    reason: InputError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One import."""

    family: str
    file: str
    sha256: str
    created_at: str
    measure: str
    """Of the family's losses: nats-per-token or nats-per-byte."""
    columns: tuple[str, ...]
    said: Mapping[str, str]
    """What a person said of columns: theirs -> ours."""
    loss_unit: str | None
    """What a person said of the losses."""
    assumed: tuple[str, ...]
    runs: tuple[JournalRun, ...]
    refused: tuple[RefusedRow, ...]

    @property
    def id(self) -> str:
        """Its name, which another file's import into another family does not have."""
        return f"{self.family}-{self.sha256[:16]}"

    @property
    def moment(self) -> datetime:
        """:attr:`created_at`."""
        return datetime.fromisoformat(self.created_at)

    @property
    def stored(self) -> set[str]:
        """Ids of the runs that it brought into the log."""
        return {run.run_id for run in self.runs if run.stored}


def write(folder: Path, entry: Entry) -> None:
    """Keep an entry beside the log of ``folder``. Raises :class:`InputError` where it cannot."""
    content = json.dumps(asdict(entry), indent=1, ensure_ascii=False, default=_plain).encode()
    try:
        durable.make_folder(folder / FOLDER)
        durable.write(folder / FOLDER / f"{entry.id}.json", content, mode=0o644)
    except OSError as error:
        raise unwritable(folder, error) from error


def live(log: RunLog) -> list[Entry]:
    """The entries that count, oldest first."""
    deleted, there = log.tombstones.imports, log.run_ids()
    return [
        entry
        for entry in entries(log.folder)
        if not is_undone(entry, deleted) and (not entry.stored or entry.stored & there)
    ]


def is_undone(entry: Entry, deleted: Stacks) -> bool:
    """Whether an import was deleted since it was made."""
    stones = deleted.get(entry.id, ())
    return any(entry.moment <= stone.until for stone in stones[-1:])


def entries(folder: Path) -> list[Entry]:
    """All entries, oldest first, those that were undone too; a file that is none is passed over.

    Raises :class:`InputError` where the folder cannot be read.
    """
    found = []
    for path in listing(folder / FOLDER, ".json"):
        try:
            found.append(_entry(json_value(regular.bytes_of(path, _LARGEST))))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return sorted(found, key=lambda entry: (entry.created_at, entry.family, entry.sha256))


def _entry(content: Mapping[str, object]) -> Entry:
    values = dict(content)
    runs, refused = values.pop("runs"), values.pop("refused")
    if not isinstance(runs, Sequence) or not isinstance(refused, Sequence):
        raise TypeError("runs and refused are lists")
    lists = {name: tuple(_texts(values.pop(name))) for name in ("columns", "assumed")}
    said = values.pop("said")
    texts = {name: str(value) for name, value in values.items() if name != "loss_unit"}
    unit = values.get("loss_unit")
    return Entry(
        **texts,
        columns=lists["columns"],
        assumed=lists["assumed"],
        said={str(a): str(b) for a, b in dict(said).items()} if isinstance(said, dict) else {},
        loss_unit=None if unit is None else str(unit),
        runs=tuple(_run(run) for run in runs),
        refused=tuple(map(_refused, refused)),
    )


def _refused(content: Mapping[str, object]) -> RefusedRow:
    return RefusedRow(
        row=int(str(content["row"])), run=str(content["run"]), reason=_reason(content["reason"])
    )


def _run(content: Mapping[str, object]) -> JournalRun:
    return JournalRun(
        run=str(content["run"]),
        run_id=str(content["run_id"]),
        status=str(content["status"]),
        flags=tuple(_texts(content["flags"])),
        reasons=tuple(_reasons(content["reasons"])),
        stored=bool(content["stored"]),
    )


def _plain(value: object) -> object:
    """What JSON has no form for: a reason, and of its values what is no number."""
    if isinstance(value, InputError):
        return {"template": value.template, "values": value.values}
    return str(value)


def _reasons(value: object) -> list[InputError]:
    if not isinstance(value, list):
        raise TypeError("a list of reasons was expected")
    return [_reason(one) for one in value]


def _reason(content: object) -> InputError:
    if not isinstance(content, dict):  # a journal of before reasons were kept with their values
        return InputError(str(content).replace("{", "{{").replace("}", "}}"))
    if _ODD_FIELD.search(str(content["template"])):
        raise ValueError("a template with names in its braces was expected")
    values = {
        str(name): _reason(one) if isinstance(one, dict) else one
        for name, one in content["values"].items()
    }
    try:
        return InputError(str(content["template"]), **values)
    except (LookupError, AttributeError) as error:
        raise ValueError("a template whose values are there was expected") from error


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("a list of texts was expected")
    return [str(one) for one in value]


def measure_of(found: Sequence[Entry], family: str) -> Measure | None:
    """The unit of an imported family's losses; None where it was not imported."""
    units = [entry.measure for entry in found if entry.family == family]
    return Measure(units[-1]) if units else None


def unit_in(found: Sequence[Entry], family: str) -> Measure:
    """The unit of any family's losses."""
    return measure_of(found, family) or unit_of(family).measure


def remembered(found: Sequence[Entry], columns: Sequence[str]) -> Entry | None:
    """The latest import of a file with the same columns."""
    same = [entry for entry in found if entry.columns == tuple(columns)]
    return same[-1] if same else None

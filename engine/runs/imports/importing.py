"""One door for run records: any file or folder of runs -> a family of the run log.

Reads (:mod:`.reading`), finds what the columns say (:mod:`.columns`),
makes runs of the rows (:mod:`.measured`), derives and checks their settings (:mod:`.settle`) and
judges them (:mod:`.quality`). Nothing is written before :func:`store`; every run of the file is
in the result, with its status and flags, also those that are no point of a law.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import recorded
from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.imports import archive, journal
from engine.runs.imports.columns import Columns, choose_columns
from engine.runs.imports.histories import histories_in_columns
from engine.runs.imports.journal import Entry, JournalRun, RefusedRow, is_undone
from engine.runs.imports.measured import Refused, measured_runs
from engine.runs.imports.quality import judged, settings_key, stored_twin
from engine.runs.imports.reading import read
from engine.runs.imports.recorded import loose_id, record_of
from engine.runs.imports.settle import (
    Assumed,
    Flag,
    Found,
    Settled,
    Status,
    settle,
)
from engine.runs.imports.sheet import Sheet
from engine.runs.log import RunLog, after
from engine.runs.record import DEFINING, Provenance, RunRecord, require_family, run_id_of
from engine.tables.table import Corrections, Detected
from engine.untrusted import regular

IMPORT = "runs-import"
"""The act in the log of decisions."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person says of a file."""

    family: str | None = None
    """None: named after the file."""
    said: Mapping[str, str] = field(default_factory=dict)
    """Theirs -> ours, with ``:millions`` behind where it is in millions."""
    loss_unit: Measure | None = None
    vocabulary_size: int | None = None
    sequence_length: int | None = None
    corrections: Corrections | None = None


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What a file holds, before or after it is stored."""

    family: str
    runs: tuple[Settled, ...]
    refused: tuple[Refused, ...]
    columns: Columns
    sheet: Sheet
    entry: Entry
    remembered: Entry | None = None
    """The earlier import whose reading was taken over."""

    @property
    def detected(self) -> Detected | None:
        """How a text table was read."""
        return self.sheet.detected

    @property
    def records(self) -> list[RunRecord]:
        """The points of a law among the runs."""
        return [run.record for run in self.runs if run.record is not None]


def import_file(
    path: Path, log: RunLog, asked: Asked, *, created_at: datetime, sheet: Sheet | None = None
) -> Imported:
    """The runs of a file, judged beside those that the log holds; nothing is written. ``sheet`` is
    what :func:`read` gave of it with the same corrections, where that is known.

    Raises :class:`InputError` for a file that is no table of runs, for an ambiguous unit, and for a
    family that other files keep.
    """
    past = journal.live(log)
    sheet = sheet or read(path, asked.corrections)
    family = asked.family or family_of(path)
    _require_free(family, log, past)
    before = journal.remembered(past, sheet.header)
    said = asked.said or (before.said if before else {})
    unit = asked.loss_unit or (Measure(before.loss_unit) if before and before.loss_unit else None)
    if archive.is_archive(sheet):
        return _of_archive(path, sheet, log, asked, past, created_at)
    if not sheet.rows and not sheet.refused:
        raise InputError("Expected rows under the header of {file}, got none.", file=sheet.name)
    columns = choose_columns(sheet.header, said, sheet.name, unit)
    _require_length(columns, asked)
    measure = (columns.measure or Measure.NATS_PER_TOKEN).in_nats
    _require_unit(family, measure, past)
    assumed = Assumed(
        family=family,
        source=sheet.source,
        of_bytes=measure.of_bytes,
        vocabulary_size=asked.vocabulary_size,
        sequence_length=asked.sequence_length,
    )
    histories = histories_in_columns(sheet, columns)
    if histories is None and sheet.row_by_row is not None:
        again = sheet.row_by_row()
        return import_file(path, log, asked, created_at=created_at, sheet=again)
    found, refused = (histories, []) if histories is not None else measured_runs(sheet, columns)
    settled = []
    for run in found:
        try:
            settled.append(settle(run, columns, assumed))
        except InputError as error:
            refused.append(Refused(line=run.line, run=run.name, reason=error))
    stored = log.records(family=family)
    kept, more = _with_records(judged(settled, stored), stored, assumed, created_at)
    refused += more
    return Imported(
        family=family,
        runs=tuple(kept),
        refused=tuple(sorted(refused, key=lambda one: one.line)),
        columns=columns,
        sheet=sheet,
        entry=_entry(path, sheet, kept, refused, assumed, measure, said, unit, created_at),
        remembered=before if before and (said or unit) and not asked.said else None,
    )


def _of_archive(
    path: Path,
    sheet: Sheet,
    log: RunLog,
    asked: Asked,
    past: Sequence[Entry],
    created_at: datetime,
) -> Imported:
    """The paper's archive by its own reader, which knows its models."""
    assumed = Assumed(family=asked.family or archive.FAMILY)
    _require_free(assumed.family, log, past)
    measure = Measure.NATS_PER_TOKEN
    _require_unit(assumed.family, measure, past)
    stored = log.records(family=assumed.family)
    runs, refused = archive.archive_runs(path, assumed.family, asked.corrections, created_at)
    kept = judged(runs, stored)
    return Imported(
        family=assumed.family,
        runs=tuple(kept),
        refused=tuple(refused),
        columns=Columns(
            by_role={"run": "Model"}, scale={}, said=frozenset(), measure=measure, unused=()
        ),
        sheet=sheet,
        entry=_entry(path, sheet, kept, refused, assumed, measure, {}, None, created_at),
    )


def store(log: RunLog, found: Imported, *, by: Person = LOCAL) -> list[str]:
    """Write the journal and the runs; the run ids that are new in the log. Raises
    :class:`InputError` where ``by`` may not.

    The journal comes first: a kill between the two leaves an entry that does not count yet. Runs
    that were deleted before come again.
    """
    ids = [record.run_id for record in found.records]
    what = {"family": found.family, "file_sha256": found.entry.sha256, "runs": len(ids)}
    require(by, Right.IMPORT, IMPORT, what, folder=log.folder)
    if imported_before(log, found) is None:
        entry, deleted = found.entry, log.tombstones.imports
        if is_undone(entry, deleted):  # the clock was set back since
            later = after(deleted[entry.id][-1].until)
            entry = replace(entry, created_at=later.isoformat())
        journal.write(log.folder, entry)
    with recorded(IMPORT, what, folder=log.folder, by=by, versions={"evidence": log.version}):
        return log.append(found.records, again=True)


def imported_before(log: RunLog, found: Imported) -> Entry | None:
    """The import of this very file into this family that the log holds already."""
    same = (found.family, found.entry.sha256)
    kept = [one for one in journal.live(log) if (one.family, one.sha256) == same]
    return kept[-1] if kept else None


def family_of(path: Path) -> str:
    """A family's name from a file's.

    >>> family_of(Path("My Runs (v2).csv")), family_of(Path("結果.csv"))
    ('my-runs-v2', 'imported')
    """
    tidy = unicodedata.normalize("NFKC", path.name.split(".")[0]).casefold()
    return re.sub(r"[^a-z0-9]+", "-", tidy).strip("-")[:64].strip("-") or "imported"


def _require_free(family: str, log: RunLog, past: Sequence[Entry]) -> None:
    """A family of published or measured runs takes no imports: they are another's runs."""
    require_family(family)
    if any(entry.family == family for entry in past):
        return
    if any(run.provenance is not Provenance.IMPORTED for run in log.records(family=family)):
        raise InputError(
            "Expected a family of your own, got {family}, which holds published or measured runs: "
            "choose another name with --family.",
            family=family,
        )


def _require_length(columns: Columns, asked: Asked) -> None:
    """Ask what a length is counted in where only a person can know it."""
    if columns.has("tokens", "compute_flops", "iterations", "step"):
        return
    column = columns.by_role.get("examples")
    if column and not (columns.has("sequence_length", "batch_size") or asked.sequence_length):
        raise InputError(
            "Expected tokens, got examples in {column}: say --sequence-length, or --map "
            '"{column}=tokens" where they are tokens.',
            column=column,
        )
    column = columns.by_role.get("data_budget")
    if column and not columns.has("examples", "epsilon") and "data_budget" not in columns.said:
        raise InputError(
            "Expected tokens or people in {column}, got a size of data that may be either: say "
            '--map "{column}=tokens" or --map "{column}=data_budget".',
            column=column,
        )


def _require_unit(family: str, measure: Measure, past: Sequence[Entry]) -> None:
    before = journal.unit_in(past, family)
    known_unit = any(entry.family == family for entry in past)
    if known_unit and before is not measure:
        raise InputError(
            "Expected losses in {expected}, as the family {family} has them, got {value}: choose "
            "another name with --family.",
            expected=before.phrase,
            family=family,
            value=measure.phrase,
        )


def _with_records(
    runs: Sequence[Settled], stored: Sequence[RunRecord], assumed: Assumed, created_at: datetime
) -> tuple[list[Settled], list[Refused]]:
    """The runs with their ids and, where they are points of a law, their records.

    Runs of equal settings are numbered as seeds where they have none; a copy has the id of its
    first.
    """
    kept: list[Settled] = []
    refused: list[Refused] = []
    taken = {record.run_id for record in stored}
    for run in runs:
        if any(one.flag is Flag.DUPLICATE for one in run.flags):
            kept.append(replace(run, run_id=_first_id(run, kept, stored, assumed)))
            continue
        reason = _no_point(run)
        if reason is not None and run.status is not Status.DIVERGED and not _is_out(run):
            run = replace(run, flags=_added(run.flags, Found(flag=Flag.INCOMPLETE, reason=reason)))
        if reason is None:
            try:
                record = _record(run, assumed, created_at, taken)
            except InputError as error:
                if _is_contradiction(error):
                    refused.append(Refused(line=run.measured.line, run=run.name, reason=error))
                    continue
                reason = error
            else:
                taken.add(record.run_id)
                kept.append(replace(run, record=record, run_id=record.run_id))
                continue
        if run.status is Status.FINISHED and not _is_out(run):
            run = replace(run, flags=_added(run.flags, Found(flag=Flag.INCOMPLETE, reason=reason)))
        try:
            kept.append(replace(run, run_id=loose_id(run, assumed)))
        except InputError as error:  # a setting that no run can have
            refused.append(Refused(line=run.measured.line, run=run.name, reason=error))
    return kept, refused


def _added(flags: tuple[Found, ...], one: Found) -> tuple[Found, ...]:
    return flags if any(old.flag is one.flag for old in flags) else (*flags, one)


def _is_out(run: Settled) -> bool:
    return any(one.flag is Flag.OUT_OF_RANGE for one in run.flags)


def _is_contradiction(error: InputError) -> bool:
    """Whether a record was refused because of what is there, not of what is missing."""
    return "missing" not in error.values


def _no_point(run: Settled) -> InputError | None:
    """Why a run is no point of a law, whatever its settings; None where it is one."""
    if run.status is not Status.FINISHED:
        return run.ended or InputError("The run did not finish.")
    if run.loss is None or not math.isfinite(run.loss) or run.loss <= 0:
        return InputError("No loss of this run is recorded.")
    return None


def _record(run: Settled, assumed: Assumed, created_at: datetime, taken: set[str]) -> RunRecord:
    """The run's record under the first seed that is free."""
    stated = run.settings.get("seed")
    seed = None if stated is None or not math.isfinite(stated) else round(stated)
    record = record_of(run, assumed, created_at, seed)
    if record.run_id not in taken:
        return record
    asked = {name: getattr(record, name) for name in DEFINING}
    number = (seed or 0) + 2
    while run_id_of({**asked, "seed": number}) in taken:
        number += 1
    return replace(record, seed=number)


def _first_id(
    run: Settled, kept: Sequence[Settled], stored: Sequence[RunRecord], assumed: Assumed
) -> str:
    if twin := stored_twin(run, stored):
        return twin.run_id
    key = settings_key(run.settings)
    for other in kept:
        if settings_key(other.settings) == key and other.loss == run.loss:
            return other.run_id
    return loose_id(run, assumed)


def _entry(
    path: Path,
    sheet: Sheet,
    runs: Sequence[Settled],
    refused: Sequence[Refused],
    assumed: Assumed,
    measure: Measure,
    said: Mapping[str, str],
    unit: Measure | None,
    created_at: datetime,
) -> Entry:
    digest = hashlib.sha256(assumed.family.encode())
    if path.is_file():
        with regular.opened(path) as file:  # a database may be larger than memory
            hashlib.file_digest(file, lambda: digest)
    else:
        digest.update(repr([(run.name, run.loss) for run in runs]).encode())
    return Entry(
        family=assumed.family,
        file=path.name,
        sha256=digest.hexdigest(),
        created_at=created_at.isoformat(),
        measure=str(measure),
        columns=sheet.header,
        said=dict(said),
        loss_unit=None if unit is None else str(unit),
        assumed=tuple(sorted({name for run in runs for name in run.assumed})),
        runs=tuple(
            JournalRun(
                run=run.name,
                run_id=run.run_id,
                status=str(run.status),
                flags=tuple(str(one.flag) for one in run.flags),
                reasons=(*filter(None, [run.ended]), *(one.reason for one in run.flags)),
                stored=run.record is not None,
            )
            for run in runs
        ),
        refused=tuple(RefusedRow(row=one.line, run=one.run, reason=one.reason) for one in refused),
    )

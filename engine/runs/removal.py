"""Delete runs, a family or an import from the run log, and bring them back.

What is deleted is hidden, not destroyed (:mod:`engine.runs.deletions`). To delete a family deletes
its imports too: another file can then bring it again, in another unit even.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.access.check import require_own
from engine.access.ownership import made_by
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import Entry as Line
from engine.errors import InputError
from engine.runs.catalogue import Listed, catalogue, named
from engine.runs.deletions import Act
from engine.runs.imports import journal
from engine.runs.imports.importing import IMPORT
from engine.runs.imports.journal import Entry
from engine.runs.log import RunLog


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a person wants to delete or bring back: one of the three."""

    runs: tuple[str, ...] = ()
    """Names or ids."""
    family: str | None = None
    import_id: str | None = None

    def __post_init__(self) -> None:
        said = [bool(self.runs), self.family is not None, self.import_id is not None]
        if sum(said) != 1:
            raise InputError("Expected runs, or --family, or --import: one of the three.")


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was deleted or brought back."""

    run_ids: tuple[str, ...]
    imports: tuple[str, ...]


def delete(
    log: RunLog, chosen: Chosen, *, at: datetime, reason: str = "", by: Person = LOCAL
) -> Removed:
    """Delete what was chosen. Raises :class:`InputError` where there is no such thing, for runs
    that come with Kessai, and where ``by`` may not: who may delete only what is own deletes what
    imports of that person brought."""
    entries = journal.live(log)
    if chosen.runs:
        run_ids, undone = _points(catalogue(log), chosen.runs), []
    elif chosen.import_id is not None:
        undone = [_import(entries, chosen.import_id)]
        run_ids = _brought_by(undone[0], entries)
    else:
        undone = [entry for entry in entries if entry.family == chosen.family]
        run_ids = [one.run_id for one in catalogue(log) if one.family == chosen.family]
        if not run_ids:
            raise _no_family(chosen.family, log.families())
    _require(by, log, Act.DELETE, run_ids, undone, entries)
    gone = log.delete(
        run_ids,
        at=at,
        by=by,
        reason=" ".join(reason.split()),
        imports={entry.id: entry.moment for entry in undone},
    )
    return Removed(run_ids=tuple(gone), imports=tuple(entry.id for entry in undone))


def restore(log: RunLog, chosen: Chosen, *, at: datetime, by: Person = LOCAL) -> Removed:
    """Bring back what was chosen. Raises :class:`InputError` where nothing of it is deleted, and as
    :func:`delete` where ``by`` may not."""
    rows, stones = catalogue(log, deleted=True), log.tombstones.imports
    undone = [one for one in journal.entries(log.folder) if journal.is_undone(one, stones)]
    if chosen.runs:
        said = [named(rows, one) for one in chosen.runs]
        run_ids = [one.run_id for one in said if one.is_point]
        # Their unit and flags stand in their imports, which hold the runs that are no points.
        back = [entry for entry in undone if entry.id in {one.import_id for one in said}]
    elif chosen.import_id is not None:
        back = [_import(undone, chosen.import_id)]
        run_ids = [one.run_id for one in rows if one.run_id in back[0].stored]
    else:
        back = [entry for entry in undone if entry.family == chosen.family]
        run_ids = [one.run_id for one in rows if one.family == chosen.family]
        if not run_ids:
            raise _no_family(chosen.family, (one.family for one in rows))
    _require(by, log, Act.RESTORE, run_ids, back, journal.entries(log.folder))
    returned = log.restore(run_ids, at=at, imports=[entry.id for entry in back], by=by)
    return Removed(run_ids=tuple(returned), imports=tuple(entry.id for entry in back))


def _require(
    by: Person,
    log: RunLog,
    act: Act,
    run_ids: Sequence[str],
    imports: Sequence[Entry],
    entries: Sequence[Entry],
) -> None:
    """Whether ``by`` may delete these runs and imports: all of them brought by that person alone,
    or anybody's."""
    makers: set[str | None] = set()
    if not by.may(Right.DELETE_ANY):
        brought = {one: [entry for entry in entries if one in entry.stored] for one in run_ids}
        makers = {None for found in brought.values() if not found}
        of_runs = (entry for found in brought.values() for entry in found)
        for entry in {entry.id: entry for entry in (*imports, *of_runs)}.values():
            makers.add(_maker(log, entry))
    what = {"runs": sorted(run_ids), "imports": sorted(entry.id for entry in imports)}
    only = makers.pop() if len(makers) == 1 else None
    require_own(by, f"runs-{act}", what, made_by=only, folder=log.folder)


def _maker(log: RunLog, entry: Entry) -> str | None:
    """Who imported it first. A deletion ends nothing here: who brings back is who deleted."""

    def is_made(line: Line) -> bool:
        said = (line.what.get("family"), line.what.get("file_sha256"))
        return line.act == IMPORT and said == (entry.family, entry.sha256)

    return made_by(log.folder, is_made=is_made, is_gone=lambda _: False)


def _points(rows: Sequence[Listed], said: Sequence[str]) -> list[str]:
    """Ids of runs by name or id; only those that the log holds can be deleted by themselves."""
    found = [named(rows, one) for one in said]
    for one in found:
        if not one.is_point:
            raise InputError(
                "Expected a point of a law, got {run}, which {file} names and the run log does not "
                "hold: delete its import {id}.",
                run=one.name,
                file=one.file,
                id=one.import_id,
            )
    return [one.run_id for one in found]


def _import(entries: Sequence[Entry], said: str) -> Entry:
    found = [entry for entry in entries if said in (entry.id, entry.file)]
    if len(found) != 1:
        raise InputError(
            "Expected one import among {known}, got {value}.",
            known=", ".join(entry.id for entry in entries) or "none",
            value=said[:80],
        )
    return found[0]


def _brought_by(undone: Entry, entries: Sequence[Entry]) -> list[str]:
    """The runs that an import stored, less those that a later one brought again."""
    later = [entry for entry in entries if entry.moment > undone.moment]
    return sorted(undone.stored.difference(*(entry.stored for entry in later)))


def _no_family(family: str | None, known: Iterable[str]) -> InputError:
    return InputError(
        "Expected a family among {known}, got {value}.",
        known=", ".join(sorted(set(known))) or "none",
        value=(family or "none")[:80],
    )

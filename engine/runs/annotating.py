"""Tag runs and write notes on them, on record."""

from collections.abc import Sequence
from datetime import datetime

from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.decision_log import recorded
from engine.errors import InputError
from engine.runs import annotations
from engine.runs.annotations import Entry, plain_note, plain_tag
from engine.runs.catalogue import catalogue, named
from engine.runs.folder import unwritable
from engine.runs.log import RunLog

ACT = "runs-annotate"


def annotate(
    log: RunLog,
    runs: Sequence[str],
    *,
    at: datetime,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    note: str | None = None,
    by: Person = LOCAL,
) -> list[str]:
    """Put tags on runs, take tags off, or write a note ("" takes it away); returns their ids.

    ``runs`` are names, ids or beginnings of ids. Raises :class:`InputError` for a run that is not
    there, for a tag to take off that is on none of them, for a tag or note that is none, where the
    folder cannot be written, and where ``by`` may not.
    """
    require(by, Right.ANNOTATE, ACT, {"runs": list(runs)}, folder=log.folder)
    found = [named(listed, one) for listed in [catalogue(log)] for one in runs]
    added, removed = (tuple(dict.fromkeys(map(plain_tag, tags))) for tags in (add, remove))
    if not found or not (added or removed or note is not None):
        raise InputError("Expected runs, and tags or a note for them, got none.")
    there = {tag for one in found for tag in one.tags}
    for tag in removed:
        if tag not in there:
            raise InputError(
                "Expected a tag that is on these runs ({known}), got {value}.",
                known=", ".join(sorted(there)) or "none",
                value=tag,
            )
    entry = Entry(
        at=at,
        who=by.who,
        runs=tuple(dict.fromkeys(one.run_id for one in found)),
        add=added,
        remove=removed,
        note=None if note is None else plain_note(note),
    )
    what = {"runs": list(entry.runs), "add": list(added), "remove": list(removed), "note": note}
    with recorded(ACT, what, folder=log.folder, by=by, versions={"evidence": log.version}):
        try:
            annotations.write(log.folder, entry)
        except OSError as error:
            raise unwritable(log.folder, error) from error
    return list(entry.runs)

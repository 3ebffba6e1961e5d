"""Who made what there is, by the log of decisions and not by what a file claims of itself.

What was made before anybody signed in, or is not on record, is nobody's own: only who may delete
anything deletes it.
"""

from collections.abc import Callable
from pathlib import Path

from engine import decision_log
from engine.decision_log import Entry

Is = Callable[[Entry], bool]


def made_by(folder: Path, *, is_made: Is, is_gone: Is) -> str | None:
    """The login of who made a thing first since it was last gone; "" for the local person, None
    where no line says. Raises :class:`InputError` where the log by ``folder`` cannot be read.

    A line that was followed by a failure made, or ended, nothing.
    """
    lines = decision_log.entries(folder)
    failed = {line.what.get("number") for line in lines if line.act.endswith("-failed")}
    maker: str | None = None
    for line in lines:
        if line.number in failed:
            continue
        if is_gone(line):
            maker = None
        elif maker is None and is_made(line):
            maker = line.login
    return maker

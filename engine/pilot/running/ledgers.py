"""Whether what the privacy ledgers of a pilot say can be believed, asked by whatever reads a pilot.

A ledger notices lines that were lost or changed by itself (:mod:`engine.pilot.dpsgd.ledger`). One
that is gone, or that was put back as it stood earlier together with its head, is noticed by what
else the pilot says: a result, and the last status, name steps that were charged.

Not covered: a folder that was put back as a whole. Loads no torch.
"""

import time
from functools import lru_cache
from pathlib import Path

from engine.durable import signature
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE, head_of, most_charged
from engine.pilot.plan import PilotPlan
from engine.pilot.running.folder import PilotFolder, folder_of
from engine.pilot.running.spending import is_private
from engine.pilot.running.status import TrainingResult, read_status

_SETTLED = 2_000_000_000
"""Nanoseconds after which a file's next writing has another time."""


def ledger_doubt(plan_id: str) -> InputError | None:
    """Why nobody knows what a pilot has spent; None where its ledgers are whole, or it has spent
    nothing yet. Raises :class:`InputError` for what can be no plan's id."""
    folder = folder_of(plan_id)
    try:
        plan = folder.plan()
    except InputError:
        plan = None
    # What was said first: a ledger is written before anything is said of its steps.
    said = {} if plan is None else _said(folder, plan)
    try:
        found = {path.name for path in folder.path.iterdir() if _may_have_one(path)}
    except FileNotFoundError:
        found = set()
    except OSError as error:
        return _unreadable(folder.name, error)
    for training in sorted(found | set(said)):
        doubt = _doubt(folder, training, said.get(training, 0))
        if doubt is not None:
            return doubt
    return None


def _may_have_one(path: Path) -> bool:
    """Whether a ledger lies in a folder, or nobody may look."""
    try:
        return path.is_dir() and (path / LEDGER_FILE).exists()
    except OSError:
        return True


def _said(folder: PilotFolder, plan: PilotPlan) -> dict[str, int]:
    """Steps that results and the last status say were charged, by the training's folder."""
    status = read_status(folder.status_file)
    said: dict[str, int] = {}
    for arm in filter(is_private, plan.arms):
        for repeat in range(plan.repeats):
            result = TrainingResult.from_json(folder.result(arm.name, repeat))
            charged = 0 if result is None else result.charged
            if status is not None and (status.arm, status.repeat) == (arm.name, repeat):
                charged = max(charged, status.charged)
            if charged:
                said[folder.training_folder(arm.name, repeat).name] = charged
    return said


def _unreadable(where: str, error: OSError) -> InputError:
    return InputError(
        "The privacy ledger {file} cannot be read ({reason}): what was spent is unknown.",
        file=where,
        reason=error.strerror or str(error),
    )


def _counted(path: Path) -> int:
    """:func:`most_charged`, read once while neither file changes: pages ask on each click. A file
    that was just written is read each time, for two writings within its clock's tick look alike."""
    seen = signature(path), signature(head_of(path))
    newest = max((one[-1] for one in seen if one), default=0)
    if time.time_ns() - newest < _SETTLED:
        return most_charged(path)
    return _read_once(path, seen)


@lru_cache(maxsize=4096)
def _read_once(path: Path, seen: tuple[tuple[int, ...], ...]) -> int:
    return most_charged(path)


def _doubt(folder: PilotFolder, training: str, said: int) -> InputError | None:
    path = folder.path / training / LEDGER_FILE
    where = f"{folder.name}/{training}/{LEDGER_FILE}"
    try:
        counted = _counted(path)
    except FileNotFoundError:
        return InputError(
            "The privacy ledger {file} is gone: what was spent is unknown. Bring it back from a "
            "backup, and take all that the pilot promised as spent.",
            file=where,
        )
    except OSError as error:
        return _unreadable(where, error)
    except InputError as error:
        return InputError(
            "The privacy ledger {file} is damaged at line {line}, or lines are missing there: what "
            "was spent is unknown. Bring it back from a backup, and take all that the pilot "
            "promised as spent.",
            file=where,
            line=error.values["line"],
        )
    if counted < said:
        return InputError(
            "The privacy ledger {file} counts {counted} steps where {said} were charged: what was "
            "spent is unknown. Bring it back from a backup, and take all that the pilot promised "
            "as spent.",
            file=where,
            counted=counted,
            said=said,
        )
    return None

"""Start, watch, pause, resume and cancel pilots; each is a process that outlives the page.

A pilot runs as ``python -m engine.pilot run <folder>`` in a session of its own. The engine takes
the runner's lock, hands it to the child as an open descriptor and lets go: so there is never a
moment in which a second click could start a second process, and a pilot whose lock is free has no
process, however it ended. Starting again what paused, failed or was killed goes on from its
checkpoints with the privacy ledgers as they stand.

A launcher may run the pilot elsewhere instead, on the same folders: its process then takes the lock
itself when it begins. Not covered: locks that do not reach from one machine to another, and a
runner that hangs inside the device's driver: it shows as stalled and takes no request.

Loads no torch: pages and commands import it.
"""

import time
from collections.abc import Callable, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from engine.access.check import require
from engine.access.rights import LOCAL, Person, Right
from engine.code_version import code_version
from engine.decision_log import recorded
from engine.durable import remove_leftovers
from engine.errors import InputError
from engine.pilot.compiling import Compiling
from engine.pilot.compiling import require as require_compiled
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.population import charge_pilot
from engine.pilot.prepared import Prepared, read_prepared
from engine.pilot.running.folder import (
    PilotFolder,
    Request,
    folder_of,
    folders,
    preparation_of,
    preparations,
)
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.running.process import detached, handed_over
from engine.pilot.running.ranks import Ranks, printed
from engine.pilot.running.standing import believed, interrupted, started_plans, status_of
from engine.pilot.running.status import (
    RUNNING,
    State,
    Status,
    read_status,
    write_status,
)
from engine.runs.log import data_folder

_OVER = frozenset({State.FINISHED, State.CANCELLED})
"""States of a pilot that does not go on."""
_STOPPED = frozenset({State.CANCELLED, State.FAILED, State.INTERRUPTED})
"""States without a process, which a pause would hide."""
_FRESH = 5.0
"""Seconds within which a heartbeat proves a living runner without a look at its lock."""
_PATIENCE = 1.0
"""Seconds that a launcher waits for a lock that somebody may only be looking at."""
_LONGEST_ID = 80
"""Characters of what is written down as a plan's id before it is known to be one."""


@dataclass(frozen=True, kw_only=True)
class Handle:
    """A pilot, or a preparation, that was started or had been already."""

    name: str
    """The plan's id."""
    folder: Path
    started: bool
    """Whether this call started a process."""
    process: int | None = None


def register(plan: PilotPlan, *, by: Person = LOCAL) -> None:
    """Write ``plan`` down, to be started later; what is registered already stays as it is.

    Raises :class:`InputError` where the folder cannot be written, and where ``by`` may not.
    """
    _require(by, "pilot-register", plan.plan_id)
    folder = folder_of(plan.plan_id)
    try:
        folder.store_plan(plan)
    except OSError as error:
        raise _unwritable(folder, error) from error


def start(
    plan: PilotPlan,
    *,
    by: Person = LOCAL,
    ranks: int | None = None,
    compiling: Compiling | None = None,
    through: Callable[[list[str]], None] | None = None,
) -> Handle:
    """Register ``plan`` and run it, once, however often this is called.

    ``ranks``: processes of one machine that train together, one a GPU where it has some; None: as
    before, at first one. ``compiling``: whether its pass is compiled; None: as before, at first
    "auto". ``through``: runs the pilot's command wherever it likes, on the same folders, and
    returns when it has ended; None: a process of this machine that runs on.

    What paused, failed or was interrupted goes on; what runs, has finished or was cancelled stays
    as it is. Raises :class:`InputError` where the folder cannot be written, where the account of
    the population that its text is about does not admit it, for one that ran on several machines
    without ``ranks``, and where ``by`` may not.
    """
    _require(by, "pilot-start", plan.plan_id)
    if through is None:
        _require_compiled(plan, compiling, ranks)
    register(plan, by=by)
    charge_pilot(plan, started_plans, by=by)
    folder = folder_of(plan.plan_id)
    with _recorded("pilot-start", folder, by):
        _store(folder, compiling)
        if through is not None:
            return _handed_over(folder, through, ranks)
        return _launch(folder, "run", unless=_OVER, ranks=ranks)


def resume(
    plan_id: str,
    *,
    by: Person = LOCAL,
    ranks: int | None = None,
    compiling: Compiling | None = None,
) -> Handle:
    """Go on with a pilot, a cancelled one too; in as many processes as before, or in ``ranks``;
    compiled as before, or as ``compiling`` says. Raises :class:`InputError` for an unknown one, for
    one of several machines without ``ranks``, and as :func:`start`."""
    _require(by, "pilot-resume", plan_id)
    folder = folder_of(plan_id)
    plan = folder.plan()
    _require_compiled(plan, compiling, ranks)
    charge_pilot(plan, started_plans, by=by)
    with _recorded("pilot-resume", folder, by):
        _store(folder, compiling)
        return _launch(folder, "run", unless={State.FINISHED}, ranks=ranks)


def command(plan: PilotPlan, ranks: Ranks) -> str:
    """What is to be typed on each machine, in the checkout, to run ``plan``, once it is registered,
    in ``ranks``. The folder of pilots and the text must be shared between the machines."""
    return printed(folder_of(plan.plan_id).path, ranks)


def poll(plan_id: str) -> Status:
    """Where a pilot stands; without ε spent where its ledgers are in doubt. Raises
    :class:`InputError` for an unknown one."""
    return believed(status_of(_known(plan_id)), ledger_doubt(plan_id))


def cancel(plan_id: str, *, by: Person = LOCAL) -> Status:
    """End a pilot for good; what it spent stays spent, and :func:`resume` would go on. Raises
    :class:`InputError` where ``by`` may not."""
    _require(by, "pilot-cancel", plan_id)
    folder = _known(plan_id)
    with _recorded("pilot-cancel", folder, by):
        return _ask(folder, Request.CANCEL, State.CANCELLED)


def pause(plan_id: str, *, by: Person = LOCAL) -> Status:
    """Let a pilot write a checkpoint and end its process; :func:`resume` goes on. Raises
    :class:`InputError` for one that does not run, and where ``by`` may not."""
    _require(by, "pilot-pause", plan_id)
    folder = _known(plan_id)
    state = status_of(folder).state
    if state is State.PLANNED:
        raise InputError(
            "Nothing to pause: the pilot {plan_id} has not begun. Cancel it if it is not to begin.",
            plan_id=plan_id,
        )
    if state in _STOPPED:
        raise InputError(
            "Nothing to pause: the pilot {plan_id} does not run. It was cancelled, failed or died; "
            "its status says which.",
            plan_id=plan_id,
        )
    with _recorded("pilot-pause", folder, by):
        return _ask(folder, Request.PAUSE, State.PAUSED)


def _require_compiled(plan: PilotPlan, compiling: Compiling | None, ranks: int | None) -> None:
    require_compiled(compiling, [arm.settings for arm in plan.arms], plan.device, ranks=ranks or 1)


def _store(folder: PilotFolder, compiling: Compiling | None) -> None:
    try:
        if compiling is not None:
            folder.store_compiling(compiling)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _require(by: Person, act: str, plan_id: str) -> None:
    """The right to pilots; what is refused is on record."""
    require(by, Right.PILOT, act, {"plan_id": plan_id[:_LONGEST_ID]}, folder=data_folder())


def _recorded(act: str, folder: PilotFolder, by: Person) -> AbstractContextManager[None]:
    """The act on record, in the log that stands by the runs, with what the plan rests on; a plan
    that cannot be read any more can still be ended."""
    plan = _plan_of(folder)
    versions = {} if plan is None else {"evidence": plan.evidence_hash, "plan": plan.code_version}
    what = {"plan_id": folder.name}
    return recorded(act, what, folder=data_folder(), by=by, versions=versions)


def _plan_of(folder: PilotFolder) -> PilotPlan | None:
    try:
        return folder.plan()
    except InputError:
        return None


def sweep_stale() -> tuple[str, ...]:
    """Write down which pilots were killed and remove their temporary files; the pilots' ids."""
    found = []
    for folder in (*folders(), *preparations()):
        try:
            lock = folder.take_lock()
        except OSError:  # somebody else's pilot, or a disk that is only read
            continue
        if lock is None:
            continue
        try:
            status = read_status(folder.status_file)
            if status is not None and status.is_running:
                write_status(folder.status_file, interrupted(folder, status))
                found.append(folder.name)
            remove_leftovers(folder.path)
            for path in folder.path.iterdir():
                if path.is_dir():
                    remove_leftovers(path)
        except OSError:  # a full disk: poll says the same without the file
            continue
        finally:
            lock.release()
    return tuple(found)


def prepare(source: CorpusSource, *, again: bool = False, by: Person = LOCAL) -> Handle:
    """Read the corpus and measure this machine, in a process; nothing where that was done.

    ``again``: the corpus has changed since. Raises :class:`InputError` where ``by`` may not.
    """
    require(by, Right.PILOT, "pilot-prepare", folder=data_folder())
    folder = preparation_of(source)
    if prepared(source) is not None and not again:
        return Handle(name=folder.name, folder=folder.path, started=False)
    try:
        folder.store_source(source)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return _launch(folder, "prepare", unless=set())


def prepared(source: CorpusSource) -> Prepared | None:
    """What :func:`prepare` found; None where it has not ended, or other versions found it."""
    return read_prepared(preparation_of(source).path)


def poll_preparation(source: CorpusSource) -> Status:
    """Where a preparation stands."""
    return status_of(preparation_of(source))


def _known(plan_id: str) -> PilotFolder:
    folder = folder_of(plan_id)
    if not folder.is_registered:
        folder.plan()  # says that there is none
    return folder


def _ask(folder: PilotFolder, request: Request, state: State) -> Status:
    if status_of(folder).state is State.FINISHED:
        return status_of(folder)
    try:
        folder.ask(request)
        lock = folder.take_lock()
        if lock is not None:  # nobody is there to hear it
            try:
                status = _last_word(folder)
                if status.is_running:  # its process died
                    status = interrupted(folder, status)
                if status.state is not State.FINISHED:
                    write_status(
                        folder.status_file,
                        replace(status, state=state, reason=None, values={}),
                    )
                folder.withdraw_requests()
            finally:
                lock.release()
    except OSError as error:
        raise _unwritable(folder, error) from error
    return status_of(folder)


def _last_word(folder: PilotFolder) -> Status:
    return read_status(folder.status_file) or Status(state=State.PLANNED, heartbeat=time.time())


def _handed_over(
    folder: PilotFolder, through: Callable[[list[str]], None], ranks: int | None
) -> Handle:
    """Until it begins, which may be long after, it stays as it is: it can be cancelled."""
    is_new = not (status_of(folder).state in _OVER or folder.is_held())
    if is_new:
        through(handed_over(folder.path, _here(_last_word(folder), ranks)))
    return Handle(name=folder.name, folder=folder.path, started=is_new)


def _launch(
    folder: PilotFolder, action: str, *, unless: Set[State], ranks: int | None = None
) -> Handle:
    """Start the process unless one lives or the state is among ``unless``."""
    as_it_is = Handle(name=folder.name, folder=folder.path, started=False)
    until = time.monotonic() + _PATIENCE
    try:
        while (lock := folder.take_lock()) is None:
            status = read_status(folder.status_file)
            runs = (
                status is not None
                and status.state in RUNNING
                and time.time() - status.heartbeat < _FRESH
            )
            if runs or time.monotonic() > until:
                return as_it_is
            time.sleep(0.02)
        try:
            if _last_word(folder).state in unless:
                return as_it_is
            folder.withdraw_requests()
            now = time.time()
            before = _last_word(folder)
            here = _here(before, ranks)
            queued = replace(
                before,
                state=State.QUEUED,
                heartbeat=now,
                started=now,
                ranks=here,
                nodes=1,
                reason=None,
                values={},
                code_version=code_version(),
                # What was prepared before is prepared anew; a pilot goes on.
                progress=before.progress if action == "run" else 0.0,
            )
            write_status(folder.status_file, queued)
            process = detached(folder, action, lock.descriptor, ranks=here)
            return replace(as_it_is, started=True, process=process)
        finally:
            lock.release()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _here(before: Status, ranks: int | None) -> int:
    """Processes to start on this machine."""
    if ranks is not None:
        return Ranks(per_node=ranks).total
    if before.nodes > 1:
        raise InputError(
            "Expected a pilot of one machine, got one that ran on {nodes}: start its command again "
            "on each of them, or say how many processes are to go on with it here (--ranks).",
            nodes=before.nodes,
        )
    return before.ranks


def _unwritable(folder: PilotFolder, error: OSError) -> InputError:
    return InputError(
        "Expected to write the folder of pilots {folder}: {reason}. Set KESSAI_PILOTS to a folder "
        "that can be written.",
        folder=folder.path.parent,
        reason=error.strerror or error,
    )

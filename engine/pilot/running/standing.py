"""Every pilot of this installation, and where each stands; none is changed. Loads no torch."""

from dataclasses import dataclass, replace

from engine.code_version import code_version
from engine.durable import signature
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE, charged_steps, epsilon_spent
from engine.pilot.plan import PilotPlan
from engine.pilot.running.folder import PilotFolder, folder_of, folders
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.running.spending import is_private
from engine.pilot.running.status import State, Status, TrainingResult, read_status

DIED = (
    "The process ended without a word (killed, out of memory, out of power): resume it to go on "
    "from its last checkpoint."
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A pilot in the history; ``plan`` None where its file cannot be read."""

    plan_id: str
    plan: PilotPlan | None
    status: Status
    results: tuple[TrainingResult, ...]
    ledger_doubt: InputError | None = None
    """Why nobody knows what it has spent; None where its ledgers are whole."""

    @property
    def began(self) -> float:
        """When it was started, or else planned, in seconds since 1970."""
        return self.status.started or self.status.heartbeat


def results(plan_id: str) -> tuple[TrainingResult, ...]:
    """Results so far, in the order of training. Raises :class:`InputError` for an unknown pilot."""
    folder = folder_of(plan_id)
    return _results(folder, folder.plan())


def require_results(plan: PilotPlan) -> None:
    """Raises :class:`InputError` where a result may be there and cannot be read: nobody knows then
    whether the training has ended."""
    folder = folder_of(plan.plan_id)
    for repeat in range(plan.repeats):
        for arm in plan.arms:
            folder.require_result(arm.name, repeat)


def entries() -> tuple[Entry, ...]:
    """Every pilot of this installation, the one that began last first; one that was never started
    by when it was planned."""
    found = []
    for folder in folders():
        if not folder.is_registered:
            continue
        try:
            plan = folder.plan()
        except InputError:
            plan = None
        results = () if plan is None else _results(folder, plan)
        doubt = ledger_doubt(folder.name)
        found.append(
            Entry(
                plan_id=folder.name,
                plan=plan,
                status=believed(status_of(folder), doubt),
                results=results,
                ledger_doubt=doubt,
            )
        )
    return tuple(sorted(found, key=lambda entry: -entry.began))


def stamp() -> str:
    """Changes when a pilot comes, goes, or says something. Raises :class:`InputError` where the
    folder of pilots cannot be read."""
    return repr([(folder.name, signature(folder.status_file)) for folder in folders()])


def started_plans() -> list[PilotPlan]:
    """The plans of all pilots that were ever started. Raises :class:`InputError` where one cannot
    be read: nobody knows then what it has promised to whom."""
    return [
        folder.plan()
        for folder in folders()
        if folder.is_registered and status_of(folder).state is not State.PLANNED
    ]


def other_code(plan: PilotPlan, status: Status) -> str | None:
    """The version of the code that trains what is left of ``plan`` (or would, or trained it), where
    another one planned it."""
    lives = status.is_running or status.state is State.FINISHED
    trains = status.code_version if lives else code_version()
    return None if trains in (None, plan.code_version) else trains


def believed(status: Status, doubt: InputError | None) -> Status:
    """Without ε spent where its ledgers are in doubt."""
    return status if doubt is None else replace(status, epsilon_spent=None)


def status_of(folder: PilotFolder) -> Status:
    """What a pilot or a preparation last said, and whether its process lives."""
    status = read_status(folder.status_file)
    if status is not None and not status.is_running:
        return status
    if folder.is_held():
        return status or Status(state=State.QUEUED)
    # The last word is written before the lock goes: read after the lock was found free, it stands.
    status = read_status(folder.status_file)
    if status is None and not folder.is_readable:
        return Status(state=State.UNREADABLE, heartbeat=folder.registered)
    if status is None and folder.has_begun:
        # It may have spent all of its promise.
        return Status(state=State.INTERRUPTED, heartbeat=folder.registered, reason=DIED)
    if status is None:
        return Status(state=State.PLANNED, heartbeat=folder.registered)
    return interrupted(folder, status) if status.is_running else status


def interrupted(folder: PilotFolder, status: Status) -> Status:
    """What its ledger says of the training under way: the process may have died between a charge
    and its next word."""
    died = replace(status, state=State.INTERRUPTED, reason=DIED, values={}, seconds_left=None)
    if status.arm is None or status.repeat is None:
        return died
    ledger = folder.training_folder(status.arm, status.repeat) / LEDGER_FILE
    try:
        plan = folder.plan()
        charged = charged_steps(ledger)
    except FileNotFoundError:  # not yet begun, or no private training
        return died
    except (OSError, InputError):  # ledger_doubt says why
        return replace(died, epsilon_spent=None)
    arm = next((arm for arm in plan.arms if arm.name == status.arm), None)
    if arm is None or not is_private(arm):
        return died
    spent = epsilon_spent(arm.settings.mechanism, charged=charged, delta=plan.delta)
    return replace(died, charged=charged, epsilon_spent=spent)


def _results(folder: PilotFolder, plan: PilotPlan) -> tuple[TrainingResult, ...]:
    found = (
        TrainingResult.from_json(folder.result(arm.name, repeat))
        for repeat in range(plan.repeats)
        for arm in plan.arms
    )
    return tuple(result for result in found if result is not None)

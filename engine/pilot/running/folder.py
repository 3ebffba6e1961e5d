"""The folder of a pilot: where its files lie, who may write them, and how requests
reach the runner.

::

    <pilots folder>/<plan_id>/
        plan.json            the plan, written once
        status.json          what the runner last said (engine.pilot.running.status)
        lock                 held by the runner for its life; its text says which process
        cancel, pause        requests to it
        runner.log           what the process printed: tracebacks, never text of the corpus
        <arm>-<repeat>/      one training: its ledger, checkpoint, result.json

Files are replaced whole (:func:`engine.durable.write`): a reader finds the former file or the new
one; a file that is torn all the same (a disk that lost it) reads as missing. The lock is the
kernel's (flock): it goes when its holder dies, in whatever way, and a process that is started with
the lock's descriptor holds it from its first instruction.

Not covered: folders shared between machines, where flock may bind one machine only.

Loads no torch: pages and commands import it.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from engine import durable
from engine.errors import InputError
from engine.pilot.compiling import Compiling
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.runs.log import data_folder
from engine.untrusted.guard import attempted
from engine.untrusted.regular import descriptor_of, whole
from engine.untrusted.texts import json_value

PILOTS_VARIABLE = "KESSAI_PILOTS"
"""Environment variable: the folder of all pilots."""
PLAN_FILE, STATUS_FILE, LOCK_FILE, LOG_FILE = "plan.json", "status.json", "lock", "runner.log"
SOURCE_FILE = "source.json"
"""What a preparation's folder holds in place of a plan: the corpus to prepare."""
RESULT_FILE = "result.json"
CODE_FILE = "code.txt"
COMPILING_FILE = "compile.txt"
"""In a training's folder: the versions of the code that had a part in it, a line each."""
_PLAN_ID = re.compile(r"[0-9a-f]{16}")
_PREPARATION = "preparation-"


class Request(StrEnum):
    """What a page may ask of a runner; the name of the file that asks."""

    CANCEL = "cancel"
    PAUSE = "pause"


class Stopped(Exception):  # noqa: N818 (it is no error)
    """Ends the work under way because a request waits."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The runner's lock, held; :meth:`release` or the end of the process gives it up."""

    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, kw_only=True)
class PilotFolder:
    """One pilot's folder; it need not exist."""

    path: Path

    @property
    def name(self) -> str:
        """The plan's id, or the preparation's."""
        return self.path.name

    @property
    def status_file(self) -> Path:
        return self.path / STATUS_FILE

    @property
    def log_file(self) -> Path:
        return self.path / LOG_FILE

    @property
    def is_registered(self) -> bool:
        """Whether there is a plan, readable or not."""
        try:
            return (self.path / PLAN_FILE).exists()
        except PermissionError:  # a folder that others may not look into is somebody's pilot
            return True

    @property
    def has_begun(self) -> bool:
        """Whether a process has said or trained anything, though its last word may be torn."""
        try:
            return any(path.name == STATUS_FILE or path.is_dir() for path in self.path.iterdir())
        except OSError:
            return False

    @property
    def is_readable(self) -> bool:
        """Whether its last word may be read, or there is none yet."""
        try:
            whole(self.status_file)
        except FileNotFoundError:
            return not self.path.exists() or os.access(self.path, os.R_OK)
        except OSError:
            return False
        return True

    @property
    def registered(self) -> float:
        """When the plan was written down, in seconds since 1970; 0 where there is none."""
        try:
            return (self.path / PLAN_FILE).stat().st_mtime
        except OSError:
            return 0.0

    def training_folder(self, arm: str, repeat: int) -> Path:
        """Folder of one training."""
        return self.path / f"{arm}-{repeat}"

    def result(self, arm: str, repeat: int) -> str | None:
        """What is written of a training that has ended."""
        return read_text(self.training_folder(arm, repeat) / RESULT_FILE)

    def require_result(self, arm: str, repeat: int) -> None:
        """Raises :class:`InputError` where what is written of a training cannot be read; nothing
        may be written yet."""
        try:
            whole(self.training_folder(arm, repeat) / RESULT_FILE)
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                "Expected to read the training {folder} of the pilot {plan_id}: {reason}. Ask its "
                "owner for it.",
                folder=self.training_folder(arm, repeat).name,
                plan_id=self.name,
                reason=error.strerror or error,
            ) from error

    def store_result(self, arm: str, repeat: int, text: str) -> None:
        """Say that a training has ended, and how."""
        write_text(self.training_folder(arm, repeat) / RESULT_FILE, text)

    def trained_by(self, arm: str, repeat: int, code_version: str) -> tuple[str, ...]:
        """Write down that this code goes on with a training; all that did, the last one last."""
        path = self.training_folder(arm, repeat) / CODE_FILE
        before = tuple((read_text(path) or "").split())
        if before[-1:] == (code_version,):
            return before
        write_text(path, "".join(f"{code}\n" for code in (*before, code_version)))
        return (*before, code_version)

    def plan(self) -> PilotPlan:
        """The plan. Raises :class:`InputError` where there is none, or it was changed since."""
        text = read_text(self.path / PLAN_FILE)
        if text is None and self.is_registered:
            raise InputError(
                "Expected the plan of the pilot {plan_id} in {folder}, got a file that cannot be "
                "read: ask its owner for it.",
                plan_id=self.name,
                folder=self.path.parent,
            )
        if text is None:
            raise InputError(
                "Expected a pilot called {plan_id} in {folder}, found none: list the pilots.",
                plan_id=self.name,
                folder=self.path.parent,
            )
        plan = PilotPlan.from_json(text)
        if plan.plan_id != self.name:
            raise InputError(
                "Expected the plan {plan_id} as it was registered, got one with the hash {value}: "
                "it was changed since, so that it proves nothing.",
                plan_id=self.name,
                value=plan.plan_id,
            )
        return plan

    def store_plan(self, plan: PilotPlan) -> None:
        """Register ``plan``; one that is registered already stays as it is."""
        if read_text(self.path / PLAN_FILE) is None:
            write_text(self.path / PLAN_FILE, plan.to_json())

    def compiling(self) -> Compiling:
        """Whether the pass is compiled, as last said."""
        said = (read_text(self.path / COMPILING_FILE) or "").strip()
        return Compiling(said) if said in list(Compiling) else Compiling.AUTO

    def store_compiling(self, compiling: Compiling) -> None:
        """Say so to every process that goes on with the pilot."""
        write_text(self.path / COMPILING_FILE, f"{compiling}\n")

    def source(self) -> CorpusSource:
        """The corpus that a preparation is for. Raises :class:`InputError` where there is none."""
        text = read_text(self.path / SOURCE_FILE)
        found = attempted(lambda: CorpusSource(**json_value(text or "")))
        if found is None:
            raise InputError(
                "Expected a preparation called {name}, found none: start one.", name=self.name
            )
        return found

    def store_source(self, source: CorpusSource) -> None:
        """Say which corpus is to be prepared."""
        write_text(self.path / SOURCE_FILE, json.dumps(asdict(source), ensure_ascii=False))

    def ask(self, request: Request) -> None:
        """Leave a request for the runner, which looks several times a second."""
        write_text(self.path / request, "")

    def asked(self) -> Request | None:
        """The request that waits; cancelling goes before pausing."""
        return next((request for request in Request if (self.path / request).exists()), None)

    def stop_if_asked(self) -> None:
        """Raises :class:`Stopped` where a request waits."""
        if self.asked() is not None:
            raise Stopped

    def withdraw_requests(self) -> None:
        for request in Request:
            (self.path / request).unlink(missing_ok=True)

    def take_lock(self) -> Lock | None:
        """The runner's lock; None where another process holds it."""
        durable.make_folder(self.path, mode=0o700)
        descriptor = descriptor_of(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        while not _locks(descriptor, fcntl.LOCK_EX):
            # A reader that looks whether the lock is free holds it shared for that instant.
            if not _locks(descriptor, fcntl.LOCK_SH):
                os.close(descriptor)
                return None
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        return Lock(descriptor=descriptor)

    def adopt_lock(self, descriptor: int) -> Lock:
        """The lock that this process was started with. Raises :class:`InputError` for another."""
        try:
            same = os.path.samestat(os.fstat(descriptor), (self.path / LOCK_FILE).stat())
        except OSError:
            same = False
        if not same or not _locks(descriptor, fcntl.LOCK_EX):
            raise InputError("Expected the lock of {name}, got another file.", name=self.name)
        os.set_inheritable(descriptor, False)
        return Lock(descriptor=descriptor)

    def sign_lock(self, lock: Lock, process: int) -> None:
        """Write into the lock who holds it: for people, decides nothing."""
        os.ftruncate(lock.descriptor, 0)
        os.pwrite(lock.descriptor, f"{process}\n".encode(), 0)

    def holder(self) -> str:
        """Process that last signed the lock, "?" where nobody did."""
        return (read_text(self.path / LOCK_FILE) or "").strip() or "?"

    def is_held(self) -> bool:
        """Whether a runner lives."""
        try:
            descriptor = descriptor_of(self.path / LOCK_FILE, os.O_RDONLY)
        except OSError:
            return False
        try:
            return not _locks(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)


def pilots_folder() -> Path:
    """KESSAI_PILOTS, else ``pilots`` beside the folder of runs."""
    chosen = os.environ.get(PILOTS_VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    return data_folder().parent / "pilots"


def folder_of(plan_id: str) -> PilotFolder:
    """The folder of a plan. Raises :class:`InputError` for what can be no plan's id."""
    if not is_plan_id(plan_id):
        raise InputError(
            "Expected the id of a pilot, 16 hexadecimal digits, got {value}: list the pilots.",
            value=plan_id,
        )
    return PilotFolder(path=pilots_folder() / plan_id)


def is_plan_id(name: str) -> bool:
    """Whether a plan may be called that."""
    return _PLAN_ID.fullmatch(name) is not None


def preparation_of(source: CorpusSource) -> PilotFolder:
    """The folder in which the corpus ``source`` is prepared."""
    digest = hashlib.sha256(json.dumps(asdict(source), sort_keys=True).encode()).hexdigest()
    return PilotFolder(path=pilots_folder() / f"{_PREPARATION}{digest[:16]}")


def folders() -> list[PilotFolder]:
    """Every pilot's folder, in order of id. Raises :class:`InputError` where the folder of pilots
    cannot be read."""
    return [folder for folder in _all_folders() if is_plan_id(folder.name)]


def preparations() -> list[PilotFolder]:
    """Every preparation's folder."""
    return [folder for folder in _all_folders() if folder.name.startswith(_PREPARATION)]


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, durably, whole or not at all."""
    # What lies here names files and holds exact losses: the operator's alone.
    durable.make_folder(path.parent, mode=0o700)
    durable.write(path, text.encode())


def read_text(path: Path) -> str | None:
    """What ``path`` holds; None where it is missing, empty or no text."""
    try:
        return whole(path).decode() or None
    except (OSError, UnicodeDecodeError):
        return None


def _all_folders() -> list[PilotFolder]:
    try:
        paths = sorted(pilots_folder().iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            "Expected to read the folder of pilots {folder}: {reason}. Set KESSAI_PILOTS to a "
            "folder that can be read.",
            folder=pilots_folder(),
            reason=error.strerror or error,
        ) from error
    return [PilotFolder(path=path) for path in paths if path.is_dir()]


def _locks(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True

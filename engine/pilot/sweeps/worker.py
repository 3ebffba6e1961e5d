"""One process's share of a sweep: claims runs in order, trains them, stores their records.

A run is claimed by a lock on its folder, which the kernel frees when the holder dies, however that
happens; once it is held the run log is asked again. So workers need no queue, and two sweeps of one
plan share its runs. The folder holds the training's checkpoints and goes when the record is
durable: what a killed worker leaves is continued by the next one that claims the run.

A run that diverged says nothing of the law and would diverge again: it gets a line in a file of
notes beside the folders, and is not tried again until that line is deleted.

Not covered: folders shared between machines, where locks may bind one machine only.

Imports torch only when the first training starts.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from engine.errors import InputError
from engine.pilot.plan import TrainingSettings
from engine.pilot.running.folder import Lock, PilotFolder
from engine.pilot.sweeps.grid import run_id
from engine.pilot.sweeps.record import (
    STOPPED_FILE,
    Place,
    Result,
    divergence,
    failures,
    note,
    record_of,
)
from engine.pilot.text.corpus import Corpus
from engine.runs.checks import canonical_json
from engine.runs.fine_tuned import tuned_family
from engine.runs.log import RunLog
from engine.runs.record import RunRecord


class What(StrEnum):
    """What became of a run in this process."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    KNOWN = "known"
    """Stored, or noted as failed, by another process since."""
    BUSY = "busy"
    """Another process is at it."""
    NEEDLESS = "needless"
    """Its result could not change the decision any more; what it had done stays as a checkpoint."""
    STOPPED = "stopped"
    """On request, in the middle; its checkpoint stays."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change of one run."""

    what: What
    run_id: str
    cross_entropy: float | None = None
    """Final loss of a finished run, nats per token or byte."""
    seconds: float = 0.0
    """How long a finished or needless run trained, over all its processes."""
    reason: str = ""


class Trainer(Protocol):
    """Trains one run in ``folder``, going on from what lies there."""

    def __call__(
        self,
        settings: TrainingSettings,
        corpus: Corpus,
        *,
        folder: Path,
        device: str,
        threads: int,
        should_stop: Callable[[], bool],
    ) -> Result: ...


def work(
    runs: Iterable[TrainingSettings],
    corpus: Corpus,
    place: Place,
    *,
    train: Trainer,
    should_stop: Callable[[], bool],
    needless: Callable[[str], str] = lambda name: "",
) -> Iterator[Event]:
    """Train what nobody has trained or is training. Raises InputError where nothing can be stored.

    ``needless``: why the result of a run is not wanted any more, by its id; empty while it is. The
    events of a run come after what they tell of is durable.
    """
    log = RunLog.open(place.log_folder)
    try:
        for run in runs:
            if should_stop():
                return
            yield from _one(run, corpus, place, log, train, should_stop, needless)
    finally:
        log.close()


def finished(log: RunLog, family: str) -> dict[str, RunRecord]:
    """The records of the family by run id, those that began from a public start among them."""
    families = (family, tuned_family(family))
    return {record.run_id: record for name in families for record in log.records(name)}


def _one(
    run: TrainingSettings,
    corpus: Corpus,
    place: Place,
    log: RunLog,
    train: Trainer,
    should_stop: Callable[[], bool],
    needless: Callable[[str], str],
) -> Iterator[Event]:
    name = run_id(run, family=corpus.family)
    if why := needless(name):
        yield Event(what=What.NEEDLESS, run_id=name, reason=why)
        return
    folder = PilotFolder(path=place.folder / name)
    lock = _claim(folder, place.folder)
    if lock is None:
        yield Event(what=What.BUSY, run_id=name)
        return
    try:
        # Only now: another process may have finished it between our look at the log and the claim.
        if name in finished(log, corpus.family) or name in failures(place.folder):
            _tidy(folder)
            yield Event(what=What.KNOWN, run_id=name)
            return
        folder.sign_lock(lock, os.getpid())
        yield Event(what=What.STARTED, run_id=name)
        result = train(
            run,
            corpus,
            folder=folder.path / _exact(run, corpus),
            device=place.device,
            threads=place.threads,
            should_stop=lambda: should_stop() or bool(needless(name)),
        )
        if result.stopped and (why := needless(name)):
            note(place.folder, name, run, why, file=STOPPED_FILE, seconds=result.seconds)
            yield Event(what=What.NEEDLESS, run_id=name, reason=why, seconds=result.seconds)
            return
        if result.stopped:
            yield Event(what=What.STOPPED, run_id=name)
            return
        reason = result.failure or divergence(run, result)
        if reason:
            note(place.folder, name, run, reason)
            event = Event(what=What.FAILED, run_id=name, reason=reason)
        else:
            log.append([record_of(run, corpus, place, result)])
            event = Event(
                what=What.FINISHED,
                run_id=name,
                cross_entropy=result.cross_entropy,
                seconds=result.seconds,
            )
        _tidy(folder)
        yield event
    finally:
        lock.release()


def _tidy(folder: PilotFolder) -> None:
    try:
        shutil.rmtree(folder.path)
    except OSError as error:
        # Another process looks at the run just now and has made its lock anew: it will find the
        # run done, and tidy in its turn.
        if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
            raise


def _exact(run: TrainingSettings, corpus: Corpus) -> str:
    """Names what the run id leaves out too: a checkpoint is of no use to other settings."""
    content = canonical_json([run.to_dict(), corpus.fingerprint])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _claim(folder: PilotFolder, parent: Path) -> Lock | None:
    try:
        return folder.take_lock()
    except FileNotFoundError:  # whoever just finished it has removed the folder under our hands
        return None
    except OSError as error:
        raise InputError(
            "Expected to write the folder of the sweep {folder}: {reason}. Set KESSAI_PILOTS to a "
            "folder that can be written.",
            folder=parent,
            reason=error.strerror or error,
        ) from error

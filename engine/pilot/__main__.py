"""The process of a pilot: ``python -m engine.pilot run|prepare FOLDER``.

Under torchrun it is one of several that train together: rank 0 runs the plan as a single process
does, the others add up sums for it.

Started by :mod:`engine.pilot.running.lifecycle`; ``python -m engine pilot`` is the
command for people.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.errors import InputError
from engine.pilot.dpsgd.team import Team, joined
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.population import charge_pilot
from engine.pilot.prepared import Speed
from engine.pilot.pretraining import losses_of_starts
from engine.pilot.running.devices import Device, device
from engine.pilot.running.folder import Lock, PilotFolder, Request
from engine.pilot.running.follower import follow
from engine.pilot.running.freed_memory import keep_freed_memory
from engine.pilot.running.preparation import run_preparation
from engine.pilot.running.ranks import Place, Ranks, is_too_large, place_of
from engine.pilot.running.runner import Workshop, run_plan
from engine.pilot.running.speed import measure
from engine.pilot.running.standing import started_plans
from engine.pilot.running.status import State, read_status
from engine.pilot.running.supervisor import lock_from
from engine.pilot.running.tracebacks import without_text
from engine.pilot.running.trainer import discard, keep, train
from engine.pilot.text.corpus import Corpus, load


def main() -> int:
    """Run one folder to its end; 0 unless it failed."""
    sys.excepthook = without_text
    os.umask(0o077)  # plans name files, statuses hold exact losses: the operator's alone
    parser = argparse.ArgumentParser(prog="python -m engine.pilot")
    parser.add_argument("action", choices=["run", "prepare"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lock", type=int, help="descriptor of the lock, from the launcher")
    parser.add_argument(
        "--as-job", action="store_true", help="nothing to do where it has ended or was cancelled"
    )
    parser.add_argument("--lock-from", type=Path, help="socket that hands it out")
    options = parser.parse_args()
    keep_freed_memory()
    folder = PilotFolder(path=options.folder.absolute())
    place = place_of(os.environ) if options.action == "run" else None
    if place is None:
        return _run(folder, options)
    try:
        return _ranked(folder, options, place)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _ranked(folder: PilotFolder, options: argparse.Namespace, place: Place) -> int:
    """One of several processes."""
    here = device(place.local_rank)
    team = joined(
        rank=place.rank,
        size=place.ranks.total,
        device=here.kind,
        is_sharded=_needs_parts(folder.plan(), here),
    )
    if place.rank:
        # Who ends all of them asks each: rank 0 then writes its checkpoint and lets the others go.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        follow(folder, team, device=here.kind, load=load)
        return 0
    try:
        return _run(folder, options, place, team)
    finally:
        team.dismiss()


def _needs_parts(plan: PilotPlan, here: Device) -> bool:
    """Whether some training of ``plan`` has no room on one device. Low-rank parts have; and on a
    processor all ranks share one memory, so that parts would save nothing."""
    settings = [arm.settings for arm in plan.arms]
    whole = [one for one in settings if one.start is None or not one.start.lora_rank]
    return here.kind != "cpu" and any(
        is_too_large(one.config.model_size, here.memory_bytes) for one in whole
    )


def _run(
    folder: PilotFolder,
    options: argparse.Namespace,
    place: Place | None = None,
    team: Team | None = None,
) -> int:
    """What a single process does, or rank 0 with its ``team``."""
    lock = _lock(folder, options)
    if lock is None:
        sys.stderr.write(f"{folder.name} is run by process {folder.holder()} already.\n")
        return 1
    if options.as_job and _is_over(folder):
        lock.release()
        return 0
    # The machine goes down, or somebody is in a hurry: end as after a request to pause.
    signal.signal(signal.SIGTERM, lambda *_: folder.ask(Request.PAUSE))
    ranks = Ranks() if place is None else place.ranks
    here = device(0 if place is None else place.local_rank)
    if options.action == "prepare":
        status = run_preparation(
            folder, lock, here, load=_load, measure=_measure, begin=losses_of_starts
        )
    else:
        workshop = Workshop(
            train=partial(train, device=here.kind, compiling=folder.compiling(), team=team),
            load=_load,
            device=here.kind,
            hardware=here.hardware if team is None else f"{ranks.total} × {here.hardware}",
            ranks=ranks,
            # What needed many devices to train is audited where there is room.
            keep=partial(keep, device="cpu" if team and team.is_sharded else here.kind),
            discard=discard,
            admit=partial(charge_pilot, started=started_plans),
        )
        status = run_plan(folder, lock, workshop)
    lock.release()  # the rest takes no part in anything: who resumes need not wait for it
    if status.sentence:
        sys.stderr.write(f"{status.sentence}\n")
    return 1 if status.state is State.FAILED else 0


def _is_over(folder: PilotFolder) -> bool:
    """Whether a job that waited for its turn comes too late."""
    status = read_status(folder.status_file)
    return status is not None and status.state in (State.FINISHED, State.CANCELLED)


def _lock(folder: PilotFolder, options: argparse.Namespace) -> Lock | None:
    if options.lock_from is not None:
        return folder.adopt_lock(lock_from(options.lock_from))
    if options.lock is not None:
        return folder.adopt_lock(options.lock)
    lock = folder.take_lock()
    if lock is not None:  # what was asked of an earlier process
        folder.withdraw_requests()
    return lock


def _load(source: CorpusSource, progress: Callable[[float], None]) -> Corpus:
    return load(source, progress=progress)


def _measure(corpus: Corpus, here: Device, progress: Callable[[float], None]) -> tuple[Speed, ...]:
    return measure(corpus, here, progress=progress)


if __name__ == "__main__":
    raise SystemExit(main())

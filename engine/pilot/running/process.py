"""Starts the process of a pilot, which outlives the one that starts it.

It gets a session of its own, so that no terminal's Ctrl-C reaches it, writes what it prints into
the folder's log, and holds the folder's lock from its first instruction.

Loads no torch: pages and commands import it.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import engine
from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.ranks import Ranks
from engine.untrusted.regular import added_to

MODULE = "engine.pilot"
"""What is run, as ``python -m`` takes it."""
SUPERVISOR = "engine.pilot.running.supervisor"
"""What is run in its place where several processes train together, and starts them."""

JOB = "engine.pilot.running.job"
"""What a launcher runs, which becomes one of the two."""


def detached(folder: PilotFolder, action: str, lock: int, *, ranks: int = 1) -> int:
    """Start ``action`` ("run" or "prepare") on ``folder`` with the descriptor of its lock; the
    process's id. ``ranks``: processes that train together. Raises OSError where no process can be
    started."""
    command = [sys.executable, "-P", "-m", MODULE, action, str(folder.path)]
    threads = {"OMP_NUM_THREADS": str(cores())}
    if ranks > 1:
        command = [sys.executable, "-P", "-m", SUPERVISOR, str(folder.path), "--ranks", str(ranks)]
        threads = {}  # theirs to divide
    root = str(Path(engine.__file__).parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **threads,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
    }
    with added_to(folder.log_file, 0o666) as log:
        process = subprocess.Popen(
            [*command, "--lock", str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
            env=environment,
        )
    # Collects the exit status: otherwise a page that runs for months would collect zombies.
    threading.Thread(target=process.wait, daemon=True, name="pilot-reaper").start()
    return process.pid


def handed_over(folder: Path, ranks: int) -> list[str]:
    """The command that runs the pilot in ``folder`` as a launcher's job, started in the checkout
    any number of times: it goes on with what is left, and does nothing where nothing is."""
    there = Ranks(per_node=ranks)
    return [sys.executable, "-m", JOB, str(folder), "--ranks", str(there.total)]


def cores() -> int:
    """All that this process may use; by itself, torch would take one thread of two."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

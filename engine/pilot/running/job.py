"""Becomes a pilot's process where a launcher put its job:
``python -m engine.pilot.running.job FOLDER --ranks N``.

How many cores there are is known there alone. Unless somebody says otherwise (``OMP_NUM_THREADS``,
as Ray does for the cpus that it was asked for), the ranks share them, as on this machine. The
process stays the same one, so that what the launcher sends it reaches the pilot, or torchrun.

Loads no torch.
"""

import argparse
import os
import sys
from pathlib import Path

from engine.pilot.running.process import MODULE, cores
from engine.pilot.running.ranks import Ranks, torchrun


def main() -> None:
    """Does not return."""
    parser = argparse.ArgumentParser(prog="python -m engine.pilot.running.job")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ranks", type=int, required=True)
    options = parser.parse_args()
    command = become(options.folder, options.ranks)
    threads = {"OMP_NUM_THREADS": str(max(1, cores() // options.ranks))}
    os.execve(sys.executable, command, {**threads, **os.environ})


def become(folder: Path, ranks: int) -> list[str]:
    """The command that runs the pilot in ``folder`` on this machine, started in the checkout any
    number of times: it goes on with what is left, and does nothing where nothing is."""
    program = [MODULE, "run", str(folder), "--as-job"]
    if ranks == 1:
        return [sys.executable, "-m", *program]
    there = Ranks(per_node=ranks)
    return torchrun(
        there, program, meeting="localhost:0", run_id=folder.name, python=sys.executable
    )


if __name__ == "__main__":
    main()

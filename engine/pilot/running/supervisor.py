"""Starts the ranks of a pilot on this machine and stays until they have ended:
``python -m engine.pilot.running.supervisor FOLDER --ranks N --lock DESCRIPTOR``.

torchrun hands no descriptor on to the processes that it starts. So this process, which the
launcher gave the pilot's lock, hands it to rank 0 through a socket that only its owner can reach,
and keeps it as well: the lock is free once rank 0 and this process are gone, at no moment before.

Loads no torch.
"""

import argparse
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from engine import durable
from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.process import MODULE, cores
from engine.pilot.running.ranks import Ranks, torchrun

_LOOKS = 0.2
"""Seconds between two looks whether torchrun has ended."""
_PATIENCE = 30.0
"""Seconds that rank 0 waits for the lock."""


def main() -> int:
    """The exit status of torchrun."""
    parser = argparse.ArgumentParser(prog="python -m engine.pilot.running.supervisor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ranks", type=int, required=True)
    parser.add_argument("--lock", type=int, required=True)
    options = parser.parse_args()
    folder = PilotFolder(path=options.folder.absolute())
    lock = folder.adopt_lock(options.lock)
    os.umask(0o077)
    ranks = Ranks(per_node=options.ranks)
    with durable.scratch("lock") as place:
        meeting = place / "lock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(meeting))
            server.listen()
            program = [MODULE, "run", str(folder.path), "--lock-from", str(meeting)]
            command = torchrun(
                ranks,
                program,
                meeting="localhost:0",  # any port that is free
                run_id=folder.name,
                python=sys.executable,
            )
            # Unless somebody says otherwise, the processes share the machine's cores.
            threads = str(max(1, cores() // ranks.per_node))
            environment = {"OMP_NUM_THREADS": threads, **os.environ}
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment) as process:
                signal.signal(signal.SIGTERM, lambda *_: process.terminate())
                while process.poll() is None:
                    _hand_out(server, lock.descriptor)
    return process.returncode


def lock_from(meeting: Path) -> int:
    """The descriptor of the lock that the supervisor at ``meeting`` hands out. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_PATIENCE)
        client.connect(str(meeting))
        _, (descriptor, *_), _, _ = socket.recv_fds(client, 1, 1)
    return descriptor


def _hand_out(server: socket.socket, descriptor: int) -> None:
    """Give the lock to who asks within a moment."""
    readable, _, _ = select.select([server], [], [], _LOOKS)
    if readable:
        client, _ = server.accept()
        with client:
            socket.send_fds(client, [b"."], [descriptor])


if __name__ == "__main__":
    raise SystemExit(main())

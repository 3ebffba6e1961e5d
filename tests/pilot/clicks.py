"""Starts a registered plan from several threads at once, then dies without burying it: a process.

Arguments: plan's id, number of threads. Prints which of the clicks started a process.
"""

import os
import signal
import sys
import threading

from engine.pilot.running import lifecycle, process
from engine.pilot.running.folder import folder_of


def main() -> None:
    process.MODULE = "tests.pilot.fake_pilots"
    plan = folder_of(sys.argv[1]).plan()
    started = []
    ready = threading.Barrier(int(sys.argv[2]))

    def click() -> None:
        ready.wait()
        started.append(lifecycle.start(plan).started)

    clicks = [threading.Thread(target=click) for _ in range(int(sys.argv[2]))]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    print(sum(started), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()

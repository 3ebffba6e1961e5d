"""Trains on a real file system of so many KiB until it is full, makes room, and goes on: a process.

Runs in a mount namespace of its own (``unshare``). Arguments: folder to mount on, KiB. Prints how
each run ended, as JSON.
"""

import json
import subprocess
import sys
from pathlib import Path

from engine.pilot.dpsgd.ledger import LEDGER_FILE
from engine.pilot.dpsgd.training import Training
from tests.pilot.fake_training import Corpus, settings
from tests.pilot.ledgers import charged_steps


def main() -> None:
    place = Path(sys.argv[1])
    options = ["-o", f"size={sys.argv[2]}k"]
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], check=True)
    steps, ballast = [0], place / "somebody elses"

    def fill() -> None:
        steps[0] += 1
        if steps[0] == 30:
            with ballast.open("wb", buffering=0) as file:
                try:
                    while file.write(bytes(4096)):
                        pass
                except OSError:
                    return

    found = []
    for _ in range(2):
        plan = settings(iterations=80, seed=None, noise=0.05)
        training = Training(plan, Corpus(), folder=place / "run")
        outcome = training.run(should_stop=fill)
        found.append(
            {
                "stop": outcome.stop,
                "reason": str(outcome.reason),
                "done": outcome.iterations_done,
                "charged": outcome.charged,
                "on_disk": charged_steps(place / "run" / LEDGER_FILE),
                "begun": steps[0],
            }
        )
        ballast.unlink(missing_ok=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

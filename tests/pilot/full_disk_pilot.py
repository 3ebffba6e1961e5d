"""Runs a plan on a real file system of so many KiB that fills up under way, then makes
room: a process.

Runs in a mount namespace of its own (``unshare``). Arguments: folder to mount on, KiB. Prints the
statuses that the runner left on the disk and what was charged and taken, as JSON.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.runner import run_plan
from engine.pilot.running.status import read_status
from tests.pilot.fake_pilots import believe, made_plan, train, workshop
from tests.pilot.ledgers import charged_steps


def main() -> None:
    place = Path(sys.argv[1])
    os.environ["KESSAI_DATA"] = str(place.parent / "runs")
    text = place.parent / "text"
    text.write_text("made")
    options = ["-o", f"size={sys.argv[2]}k"]
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], check=True)
    plan = made_plan(text)
    folder = PilotFolder(path=place / plan.plan_id)
    folder.store_plan(plan)
    believe(plan)
    ballast, steps = place / "somebody elses", [0]

    def filling(*arguments, asked, **keywords):
        def fill():
            steps[0] += 1
            if steps[0] == 30:
                with ballast.open("wb", buffering=0) as file:
                    try:
                        while file.write(bytes(4096)):
                            pass
                    except OSError:
                        pass
            return asked()

        return train(*arguments, asked=fill, **keywords)

    found = []
    for _ in range(2):
        lock = folder.take_lock()
        assert lock is not None
        run_plan(folder, lock, workshop(train=filling))
        lock.release()
        status = read_status(folder.status_file)
        places = [folder.training_folder(arm.name, 0) for arm in plan.arms]
        found.append(
            {
                "state": status and status.state,
                "sentence": status and status.sentence,
                "charged": [charged_steps(each / "ledger.jsonl") for each in places],
                "taken": [len((each / "taken").read_bytes()) for each in places if each.exists()],
            }
        )
        ballast.unlink(missing_ok=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

"""Cuts the power at random moments of what is done, and looks at what the disk may then show.

``python -m tests.faults.power FOLDER SEED CUTS [KIND …]`` does the acts of each kind once, on
record (:mod:`tests.faults.recorded`), builds so many disks that a power cut may leave, each of a
moment and of losses drawn by the seed, and lets a process that knows nothing else check that all
that was acknowledged by then is there. A line of JSON for each cut.
"""

import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults import acts
from tests.faults.acts import KINDS, Kind
from tests.faults.kill import in_child
from tests.faults.recorded import Recording, after_power_loss, recording


def cuts(kind: Kind, root: Path, seed: str, count: int) -> list[dict[str, object]]:
    """What became of each; in a process on ``root``."""
    base = root / "disk"
    kind.prepare(base)
    acknowledged: list[tuple[int, object]] = []
    whole = {path: path.read_bytes() for path in base.rglob("*") if path.is_file()}
    folders = [path for path in base.rglob("*") if path.is_dir()]
    with recording(base) as made:
        for path in folders:
            made.add("mkdir", name=made.inside(path))
        for path, content in whole.items():
            number = path.stat().st_ino
            made.add("create", file=number, name=made.inside(path))
            made.add("write", file=number, content=content)
            made.add("flush", file=number)
        for path in [base, *folders]:
            made.add("flush-folder", name=made.inside(path))
        begun = len(made.changes)
        for number in range(kind.times):
            acknowledged.append((0, kind.act(base, number)))
            acknowledged[-1] = len(made.changes), acknowledged[-1][1]
    return [
        _cut(kind, root, made, acknowledged, begun, random.Random(f"{seed} {number}"), number)
        for number in range(count)
    ]


def _cut(
    kind: Kind,
    root: Path,
    made: Recording,
    acknowledged: list[tuple[int, object]],
    begun: int,
    chosen: random.Random,
    number: int,
) -> dict[str, object]:
    moment = chosen.randint(begun, len(made.changes))
    if number % 3 == 0:  # right after an acknowledgement
        moment = chosen.choice(acknowledged)[0]
    done = [what for at, what in acknowledged if at <= moment]
    folder = root / str(number)
    folder.mkdir()
    after_power_loss(made, moment, chosen, folder)

    def check(say: Callable[[object], None]) -> None:
        more = [kind.act(folder, 100)] if kind.times > 1 else []
        kind.check(folder, [*done, *more])
        acts.whole_log()

    status, _ = in_child(folder, check)
    return {"changes": len(made.changes), "moment": moment, "done": len(done), "failed": status}


def main() -> None:
    """The cuts."""
    root, seed, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    names = sys.argv[4:] or [name for name in KINDS if name != "export"]
    if "refit" in names:
        acts.make_laws()
    for name in names:
        kind = KINDS[name]
        (root / name / "disk").mkdir(parents=True)

        def task(say: Callable[[object], None], kind: Kind = kind, name: str = name) -> None:
            tempfile.tempdir = str(root / name)
            for one in cuts(kind, root / name, f"{seed} {name}", count):
                say(one)

        status, said = in_child(root / name / "disk", task)
        assert status == 0
        for one in said:
            print(json.dumps({"kind": name, **one}), flush=True)


if __name__ == "__main__":
    main()

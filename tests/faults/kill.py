"""Kills processes with SIGKILL at random points of what they do, and looks at what is left.

``python -m tests.faults.kill FOLDER SEED TRIALS [KIND …]`` makes that many trials, the kinds in
turn, and prints a line of JSON each. A point is the n-th call of any function, Python's or C's, or,
in every other trial, the n-th of those that speak with the disk; n is drawn among those that the
same acts made when nobody was killed. After a kill somebody goes on, a day passes, a dashboard
starts; then a process that knows nothing but the folder checks.
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from engine import leftovers
from tests.faults import acts
from tests.faults.acts import KINDS, Kind

DISK = frozenset(
    {"open", "write", "fsync", "flock", "replace", "rename", "link", "unlink", "mkdir", "close"}
)
"""Functions of C that speak with the disk; some have namesakes that do not."""
DAY = 25 * 3600.0


class Calls:
    """Counts the calls of this process, and ends it at one of them."""

    def __init__(self, fatal: int = 0, *, of_disk: bool = False) -> None:
        self.all = self.disk = 0
        self._fatal, self._of_disk = fatal, of_disk

    def __call__(self, _frame: FrameType, event: str, of: object) -> None:
        """One event of the interpreter."""
        self.all += 1
        is_disk = event in ("c_call", "c_return") and getattr(of, "__name__", "") in DISK
        self.disk += is_disk
        if self._fatal and (self.disk if self._of_disk else self.all) >= self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def begin(self) -> None:
        """From here on."""
        threading.setprofile(self)
        sys.setprofile(self)


def in_child(folder: Path, task: Callable[[Callable[[object], None]], None]) -> tuple[int, list]:
    """The status of a process on ``folder`` that does ``task``, and what it said, in order."""
    read, written = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        names = {"DATA": "runs", "LOG": "log", "SCENARIOS": "scenarios", "CACHE": "cache"}
        os.environ |= {f"KESSAI_{name}": str(folder / place) for name, place in names.items()}
        os.environ["KESSAI_PILOTS"] = str(folder / "pilots")
        (folder / "tmp").mkdir(exist_ok=True)
        tempfile.tempdir = str(folder / "tmp")
        status = 3
        try:
            task(lambda said: void(os.write(written, json.dumps(said).encode() + b"\n")))
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    os.close(written)
    with os.fdopen(read, "rb") as pipe:
        said = [json.loads(line) for line in pipe if line.endswith(b"\n")]
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def void(_: object) -> None:
    """Nothing."""


def doing(kind: Kind, folder: Path, calls: Calls, say: Callable[[object], None]) -> None:
    """The acts one after the other, each acknowledged."""
    calls.begin()
    for number in range(kind.times):
        say(kind.act(folder, number))
    sys.setprofile(None)
    threading.setprofile(None)


def counted(kind: Kind, root: Path) -> tuple[int, int]:
    """How many calls the acts make when nobody is killed, and how many of them of the disk."""
    calls = Calls()

    def task(say: Callable[[object], None]) -> None:
        kind.prepare(root)
        doing(kind, root, calls, void)
        say([calls.all, calls.disk])

    status, said = in_child(root, task)
    assert status == 0
    return said[0][0], said[0][1]


def trial(kind: Kind, folder: Path, calls: Calls) -> dict[str, object]:
    """One process killed, one that goes on, one that checks."""
    folder.mkdir()
    status, _ = in_child(folder, lambda say: kind.prepare(folder))
    assert status == 0
    killed, done = in_child(folder, lambda say: doing(kind, folder, calls, say))
    left = [path for path in folder.rglob("*") if is_temporary(path)]
    then = time.time() - DAY
    for path in folder.rglob("*"):
        os.utime(path, (then, then), follow_symlinks=False)

    def go_on(say: Callable[[object], None]) -> None:
        if kind.times > 1:
            say(kind.act(folder, 100))
        leftovers.remove()

    went_on, more = in_child(folder, go_on)

    def check(say: Callable[[object], None]) -> None:
        kind.check(folder, [*done, *more])
        acts.whole_log()
        litter = [str(path) for path in folder.rglob("*") if is_temporary(path)]
        assert not litter, litter

    checked, _ = in_child(folder, check)
    is_killed = killed == -signal.SIGKILL
    failed = went_on or checked or killed not in (0, -signal.SIGKILL)
    return {
        "killed": is_killed, "done": len(done), "left": len(left), "failed": bool(failed),
    }  # fmt: skip


def is_temporary(path: Path) -> bool:
    """Whether a file or folder is one that a writer would have renamed or removed."""
    return path.name.endswith(".tmp") or path.name.startswith("kessai-")


def main() -> None:
    """The trials."""
    root, seed, trials = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    names = sys.argv[4:] or list(KINDS)
    if "refit" in names:
        acts.make_laws()
    totals = {}
    for number in range(trials):
        name = names[number % len(names)]
        kind, of_disk = KINDS[name], number // len(names) % 2 == 0
        if name not in totals:
            (root / name).mkdir()
            totals[name] = counted(kind, root / name)
        most = totals[name][1 if of_disk else 0]
        chosen = random.Random(f"{seed} {number} {name}")
        calls = Calls(chosen.randint(1, most), of_disk=of_disk)
        found = trial(kind, root / f"{name}-{number}", calls)
        print(json.dumps({"kind": name, "number": number, **found}), flush=True)


if __name__ == "__main__":
    main()

"""A part of a sweep where no folder is shared: what it must know is sent along, what it made comes
back.

Along go the runs that are stored (so that none is trained twice) and the notes of failures; back
come the runs that were added and the new notes. A run's id is a hash of what defines it and its
record is stored under it, so that a part which is sent twice stores each run once. What a part had
under way, or not yet sent back, is lost with its machine: it is trained again.

Not covered: private texts and pilots, whose ledger must outlive any machine. A text on disk must
lie at the plan's path there, and the checkout where it lies here.

Loads no torch.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.pilot.sweeps.record import NOTES, append_notes
from engine.runs import deletions
from engine.runs.log import RunLog
from engine.untrusted.regular import whole

Files = dict[str, bytes]
"""Contents by path, relative to the folder that all of them lie in."""
_RUNS, _SWEEPS = "runs", "pilots/sweeps"


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """What goes and comes between this machine's folders and those of a part."""

    log_folder: Path
    sweeps_folder: Path
    """Where the notes of failures lie."""

    def packed(self) -> Files:
        """What a part must know."""
        runs = [*self.log_folder.glob("*.parquet"), *(self.log_folder / deletions.FOLDER).glob("*")]
        found = {f"{_RUNS}/{path.relative_to(self.log_folder)}": path for path in runs}
        found |= {f"{_SWEEPS}/{name}": self.sweeps_folder / name for name in NOTES}
        return {name: path.read_bytes() for name, path in sorted(found.items()) if path.is_file()}

    def unpacked(self, files: Files) -> None:
        """Store what a part sent back. Raises :class:`InputError` or OSError where it cannot be
        stored."""
        with tempfile.TemporaryDirectory() as place:
            _write(Path(place), files)
            with RunLog.open(Path(place) / _RUNS) as theirs:
                records = theirs.records()
        if records:
            with RunLog.open(self.log_folder) as ours:
                ours.append(records)
        for name in NOTES:
            notes = self.sweeps_folder / name
            known = whole(notes).splitlines() if notes.exists() else []
            new = [line for line in files.get(f"{_SWEEPS}/{name}", b"").splitlines() if line]
            if added := [line for line in new if line not in known]:
                notes.parent.mkdir(parents=True, exist_ok=True)
                append_notes(self.sweeps_folder, added, name)


def apart(
    run: Callable[[Sequence[str], Mapping[str, str]], tuple[int, str]],
    command: Sequence[str],
    files: Files,
) -> tuple[int, str, Files]:
    """Run ``command`` by ``run``, which takes its environment too, in folders of its own that
    ``files`` begin: exit code, end of what it said, and what was added."""
    with tempfile.TemporaryDirectory(prefix="kessai-part-") as place:
        root = Path(place)
        _write(root, files)
        folders = {
            "KESSAI_DATA": str(root / _RUNS),
            "KESSAI_PILOTS": str(root / "pilots"),
            "KESSAI_LOG": str(root / "log"),
        }
        code, said = run(command, {**os.environ, **folders})
        made = [*(root / _RUNS).glob("*.parquet"), *(root / _SWEEPS / name for name in NOTES)]
        there = {str(path.relative_to(root)): path.read_bytes() for path in made if path.is_file()}
    return code, said, {name: text for name, text in there.items() if files.get(name) != text}


def _write(root: Path, files: Files) -> None:
    (root / _RUNS).mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

"""Nothing that was acknowledged is lost when the power goes, as far as the disk keeps its word."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from engine import durable
from tests.faults.recorded import after_power_loss, recording

ROOT = Path(__file__).parents[2]


def failed_of(folder, seed, cuts, *kinds):
    """Cuts that were tried, those that lost something, and why."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.power", str(folder), str(seed), str(cuts), *kinds],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return len(found), [one for one in found if one["failed"]], done.stderr


def test_power_cuts(tmp_path, record_property):
    tried, failed, why = failed_of(tmp_path, 16, 5, "log", "save")
    record_property("tried", f"power cuts, seed 16: tried {tried}, failed {len(failed)}")
    assert (tried, failed) == (10, []), why


@pytest.mark.exhaustive
def test_three_hundred_power_cuts(tmp_path, record_property):
    tried, failed, why = failed_of(tmp_path, 2026, 40)
    record_property("tried", f"power cuts, seed 2026: tried {tried}, failed {len(failed)}")
    assert (tried, failed) == (320, []), why


def kept(made, tmp_path, seeds=40):
    """What the disk may hold of a file after everything was done, over many cuts."""
    found = set()
    for seed in range(seeds):
        folder = tmp_path / str(seed)
        folder.mkdir()
        after_power_loss(made, len(made.changes), random.Random(seed), folder)
        path = folder / "a" / "file"
        found.add(path.read_bytes() if path.exists() else None)
    return found


def written(how, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    with recording(disk) as made:
        how(disk / "a")
    assert (disk / "a" / "file").read_bytes() == b"content"
    return kept(made, tmp_path)


def test_the_layer_sees_what_is_not_flushed(tmp_path):
    """Each part of a durable write that is left out shows as a loss."""

    def careless(folder):
        folder.mkdir()
        (folder / "file").write_bytes(b"content")

    (tmp_path / "1").mkdir()
    found = written(careless, tmp_path / "1")
    assert {None, b"", b"content"} < found and len(found) > 3

    def without_folder(folder):
        folder.mkdir()
        durable.write(folder / "file", b"content")

    (tmp_path / "2").mkdir()
    assert written(without_folder, tmp_path / "2") == {None, b"content"}

    def without_name(folder):
        durable.make_folder(folder)
        with (folder / "file").open("wb") as file:
            file.write(b"content")
            durable.sync_file(file)

    (tmp_path / "3").mkdir()
    assert written(without_name, tmp_path / "3") == {None, b"content"}

    def durably(folder):
        durable.make_folder(folder)
        durable.write(folder / "file", b"content")

    (tmp_path / "4").mkdir()
    assert written(durably, tmp_path / "4") == {b"content"}


def test_the_layer_goes_away(tmp_path):
    before = os.open, os.write, open
    with recording(tmp_path):
        assert os.open is not before[0]
    assert (os.open, os.write, open) == before

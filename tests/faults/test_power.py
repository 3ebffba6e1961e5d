"""Nothing that was acknowledged is lost when the power goes, as far as the disk keeps its word."""

import os
import random

import pytest

from engine import durable
from tests.faults.recorded import after_power_loss, recording
from tests.faults.trials import made


def test_power_cuts(tmp_path, record_property):
    found = made("tests.faults.power", tmp_path, 16, 5, "log", "save")
    said = f"power cuts, seed 16: tried {len(found.tried)}, failed {len(found.failed)}"
    record_property("tried", said)
    assert (len(found.tried), found.failed) == (10, []), found.why


@pytest.mark.exhaustive
def test_three_hundred_power_cuts(tmp_path, record_property):
    found = made("tests.faults.power", tmp_path, 2026, 40)
    said = f"power cuts, seed 2026: tried {len(found.tried)}, failed {len(found.failed)}"
    record_property("tried", said)
    assert (len(found.tried), found.failed) == (320, []), found.why


def kept(layer, tmp_path, seeds=40):
    """What the disk may hold of a file after everything was done, over many cuts."""
    found = set()
    for seed in range(seeds):
        folder = tmp_path / str(seed)
        folder.mkdir()
        after_power_loss(layer, len(layer.changes), random.Random(seed), folder)
        path = folder / "a" / "file"
        found.add(path.read_bytes() if path.exists() else None)
    return found


def written(how, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    with recording(disk) as layer:
        how(disk / "a")
    assert (disk / "a" / "file").read_bytes() == b"content"
    return kept(layer, tmp_path)


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

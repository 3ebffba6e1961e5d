import errno
import os
from dataclasses import replace

import pytest
import torch

from engine.durable import temporary_path
from engine.errors import InputError
from engine.pilot.dpsgd import checkpoint
from tests.pilot.fake_training import settings

CPU = torch.device("cpu")


def state(value=1.0):
    return {"weights": torch.full((1000,), value), "curve": [(32, 1.5)], "loss": None}


def loaded(folder):
    found = checkpoint.load(folder, device=CPU)
    return found and float(found["weights"][0])


class Disk:
    """A disk with so much room: fsync finds out, as on a file system that allocates late."""

    def __init__(self, folder, room, monkeypatch):
        self.folder, self.room = folder, room
        self.fsync, self.fallocate = os.fsync, os.posix_fallocate
        monkeypatch.setattr(os, "fsync", self.checked_fsync)
        monkeypatch.setattr(os, "posix_fallocate", self.checked_fallocate)

    def used(self):
        return sum(path.stat().st_size for path in self.folder.iterdir())

    def checked_fsync(self, descriptor):
        self.check(self.used())
        self.fsync(descriptor)

    def checked_fallocate(self, descriptor, start, size):
        self.check(self.used() + size)
        self.fallocate(descriptor, start, size)

    def check(self, used):
        if used > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_was_saved_last_is_loaded(tmp_path):
    assert checkpoint.load(tmp_path, device=CPU) is None
    for value in (1.0, 2.0):
        assert checkpoint.save(tmp_path, state(value))
        assert loaded(tmp_path) == value
    last = checkpoint.load(tmp_path, device=CPU)
    assert last is not None and last["curve"] == [(32, 1.5)]


def test_what_is_removed_leaves_the_ledger_alone(tmp_path):
    checkpoint.save(tmp_path, state())
    ledger, unfinished = tmp_path / "ledger.jsonl", temporary_path(tmp_path / checkpoint.NAME)
    for path in (ledger, unfinished):
        path.write_bytes(b"x")
    checkpoint.remove(tmp_path)
    assert list(tmp_path.iterdir()) == [ledger]
    checkpoint.remove(tmp_path)  # and may be asked twice


def test_what_is_no_folder_is_locked_for_nobody(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), checkpoint.locked(tmp_path / "file"):
        pass


def test_a_reserve_of_its_size_lies_beside_it(tmp_path):
    checkpoint.save(tmp_path, state())
    sizes = {path.name: path.stat() for path in tmp_path.iterdir()}
    assert set(sizes) == {"checkpoint.pt", "checkpoint.reserve"}
    reserve = sizes["checkpoint.reserve"]
    assert reserve.st_size >= sizes["checkpoint.pt"].st_size
    assert reserve.st_blocks * 512 >= reserve.st_size, "its room is taken, not only promised"


def test_a_full_disk_takes_the_reserve_and_the_newest_is_saved(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state(1.0))
    Disk(tmp_path, sum(p.stat().st_size for p in tmp_path.iterdir()) + 10, monkeypatch)
    assert checkpoint.save(tmp_path, state(2.0)) is False
    assert loaded(tmp_path) == 2.0
    assert not (tmp_path / "checkpoint.reserve").exists()


def test_where_there_is_no_room_at_all_the_last_one_stays(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state(1.0))
    Disk(tmp_path, 100, monkeypatch)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(tmp_path, state(2.0))
    assert loaded(tmp_path) == 1.0
    assert not list(tmp_path.glob(".*")), "nothing is left behind"


def test_no_reserve_at_the_start_is_told(tmp_path, monkeypatch):
    Disk(tmp_path, 12_000, monkeypatch)
    assert checkpoint.save(tmp_path, state()) is False


def test_other_trouble_than_a_full_disk_keeps_the_reserve(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state(1.0))

    def broken(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        checkpoint.save(tmp_path, state(2.0))
    assert loaded(tmp_path) == 1.0
    assert (tmp_path / "checkpoint.reserve").exists()


def test_a_kill_while_writing_leaves_the_last_one(tmp_path):
    checkpoint.save(tmp_path, state(1.0))
    temporary_path(tmp_path / checkpoint.NAME).write_bytes(b"half of one")
    assert loaded(tmp_path) == 1.0
    checkpoint.save(tmp_path, state(2.0))
    assert loaded(tmp_path) == 2.0
    assert not list(tmp_path.glob(".*")), "the next one makes room first"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x80\x02nonsense."])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / checkpoint.NAME).write_bytes(content)
    with pytest.raises(InputError, match="Expected a checkpoint of a training, got something else"):
        checkpoint.load(tmp_path, device=CPU)


def test_a_checkpoint_runs_no_code(tmp_path):
    class Code:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    torch.save({"weights": Code()}, tmp_path / checkpoint.NAME)
    with pytest.raises(InputError, match="Expected a checkpoint"):
        checkpoint.load(tmp_path, device=CPU)
    assert not (tmp_path / "made").exists()


def test_the_identity_is_of_what_decides_the_result():
    plan = settings()
    same = checkpoint.identity(plan, "f")
    assert checkpoint.identity(replace(plan, physical_batch_size=1), "f") == same
    others = [
        checkpoint.identity(plan, "g"),
        *(
            checkpoint.identity(replace(plan, **change), "f")
            for change in ({"seed": None}, {"noise_batch_ratio": 0.1}, {"averaging": 1.0})
        ),
    ]
    assert same not in others and len(set(others)) == 4


def test_a_folder_is_one_trainings(tmp_path):
    with (
        checkpoint.locked(tmp_path),
        pytest.raises(InputError, match="got one under way in another process"),
        checkpoint.locked(tmp_path),
    ):
        pass
    with checkpoint.locked(tmp_path):
        pass

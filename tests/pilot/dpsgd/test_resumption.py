import errno
import os

import pytest
import torch

from engine import durable
from engine.errors import InputError
from engine.pilot.dpsgd import checkpoint
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger
from engine.pilot.dpsgd.progress import DiskError
from engine.pilot.dpsgd.resumption import Store
from tests.pilot.fake_training import settings
from tests.pilot.ledgers import charged_steps

CPU = torch.device("cpu")


def store(folder, *, private=True, fingerprint="f", **changes):
    plan = settings(**{"iterations": 100, "seed": None if private else 1, **changes})
    return Store(folder, plan, fingerprint, private=private)


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_in_memory_everything_is_granted_at_once_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subject = store(None, private=False)
    with subject.opened(CPU) as state:
        assert state is None
        assert subject.grant(0) == 100 and subject.grant(60) == 40 and subject.grant(100) == 0
        subject.save(7, {})
        subject.settle(3)
    assert list(tmp_path.iterdir()) == []
    assert subject.charged(7) == 7 and subject.opacus_epsilon(1e-5) is None


def test_steps_are_charged_when_they_are_granted(tmp_path):
    subject = store(tmp_path)
    with subject.opened(CPU):
        assert subject.grant(0) == 1, "the pace is unknown"
        assert charged_steps(tmp_path / LEDGER_FILE) == 1
        subject.pace.step(1e-3)
        assert subject.grant(1) == 2, "2 % of a hundred steps"
        assert subject.charged(1) == charged_steps(tmp_path / LEDGER_FILE) == 3
        assert subject.left(1) == 97


def test_a_seeded_run_has_blocks_and_no_ledger(tmp_path):
    subject = store(tmp_path, private=False)
    with subject.opened(CPU):
        assert subject.grant(0) == 1 and subject.grant(99) == 1 and subject.grant(100) == 0
        assert subject.charged(42) == 42
    assert not (tmp_path / LEDGER_FILE).exists()


def test_the_next_process_knows_what_was_lost(tmp_path):
    first = store(tmp_path)
    with first.opened(CPU):
        first.pace.step(1e-3)
        for taken in (0, 2):
            first.grant(taken)
        first.save(2, {"weights": torch.ones(3)})
        charged = first.charged(2)
    second = store(tmp_path)
    with second.opened(CPU) as state:
        assert state["weights"].tolist() == [1, 1, 1] and state["taken"] == 2
        assert second.lost == charged - 2 > 0
        assert second.pace.step_seconds == pytest.approx(1e-3)
        assert second.left(2) == 100 - charged
        second.begin()
        assert second._riding.steps == charged + 1


def test_unused_steps_go_back_and_a_full_disk_keeps_them_charged(tmp_path, monkeypatch):
    subject = store(tmp_path)
    with subject.opened(CPU):
        subject.grant(0)
        subject.settle(1)
        assert subject.charged(0) == 0
        subject.grant(0)
        monkeypatch.setattr(Ledger, "_write", full)
        subject.settle(1)
        assert subject.charged(0) == 1 == charged_steps(tmp_path / LEDGER_FILE)


def test_every_failure_to_write_says_the_disk(tmp_path, monkeypatch):
    subject = store(tmp_path)
    with subject.opened(CPU):
        with monkeypatch.context() as patch:
            patch.setattr(durable, "write", full)
            with pytest.raises(DiskError, match="No space left on device"):
                subject.save(0, {})
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "_keep_reserve", full)
            with pytest.raises(DiskError, match="No space"):  # saved, but it would be the last
                subject.save(0, {})
            subject.grant(0)
        monkeypatch.setattr(Ledger, "_write", full)
        with pytest.raises(DiskError, match="No space"):
            subject.grant(1)
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError), store(tmp_path / "file" / "below").opened(CPU):
        pass


def test_the_last_checkpoint_needs_no_room_for_another(tmp_path, monkeypatch):
    subject = store(tmp_path, private=False)
    monkeypatch.setattr(checkpoint, "_keep_reserve", full)
    with subject.opened(CPU):
        subject.save(100, {"done": True})
    with store(tmp_path, private=False).opened(CPU) as state:
        assert state["done"]


def test_another_corpus_and_another_process_are_refused(tmp_path):
    with (
        store(tmp_path).opened(CPU),
        pytest.raises(InputError, match="another process"),
        store(tmp_path).opened(CPU),
    ):
        pass
    subject = store(tmp_path)
    with subject.opened(CPU):
        subject.save(0, {})
    with (
        pytest.raises(InputError, match="Expected the checkpoint of this training"),
        store(tmp_path, fingerprint="g").opened(CPU),
    ):
        pass

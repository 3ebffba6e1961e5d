"""A pilot's files are whole, its lock is the kernel's, its plan cannot be changed unnoticed."""

import os
import subprocess
import sys
import threading
import time

import pytest

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.running.folder import (
    PilotFolder,
    Request,
    folder_of,
    folders,
    pilots_folder,
    preparation_of,
    preparations,
    read_text,
    write_text,
)
from tests.pilot.fake_pilots import made_plan


@pytest.fixture
def folder(tmp_path):
    return PilotFolder(path=tmp_path / "pilot")


def until(condition, what):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def test_a_plan_is_written_once_and_proves_itself(tmp_path):
    (tmp_path / "text").write_text("")
    plan = made_plan(tmp_path / "text")
    folder = PilotFolder(path=tmp_path / plan.plan_id)
    folder.store_plan(plan)
    assert folder.plan() == plan
    before = (folder.path / "plan.json").stat().st_mtime_ns
    folder.store_plan(plan)
    assert (folder.path / "plan.json").stat().st_mtime_ns == before
    elsewhere = PilotFolder(path=tmp_path / ("0" * 16))
    elsewhere.store_plan(plan)
    with pytest.raises(InputError, match="it was changed since"):
        elsewhere.plan()


def test_one_process_holds_the_lock(folder):
    assert not folder.is_held()
    lock = folder.take_lock()
    assert folder.is_held() and folder.take_lock() is None
    folder.sign_lock(lock, 123)
    assert folder.holder() == "123"
    lock.release()
    assert not folder.is_held()
    folder.take_lock().release()


def test_a_lock_passes_to_a_child_and_goes_when_it_dies(folder):
    lock = folder.take_lock()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        pass_fds=(lock.descriptor,),
    )
    lock.release()
    assert folder.is_held() and folder.take_lock() is None
    child.kill()
    child.communicate()
    assert not folder.is_held()


def test_only_the_lock_itself_is_adopted(folder, tmp_path):
    lock = folder.take_lock()
    assert folder.adopt_lock(os.dup(lock.descriptor)).descriptor > 0
    another = os.open(tmp_path / "another", os.O_CREAT)
    with pytest.raises(InputError, match="got another file"):
        folder.adopt_lock(another)
    os.close(another)
    with pytest.raises(InputError, match="got another file"):
        folder.adopt_lock(9999)
    lock.release()


def test_cancelling_goes_before_pausing(folder):
    assert folder.asked() is None
    folder.ask(Request.PAUSE)
    assert folder.asked() is Request.PAUSE
    folder.ask(Request.CANCEL)
    assert folder.asked() is Request.CANCEL
    folder.withdraw_requests()
    folder.withdraw_requests()
    assert folder.asked() is None


def test_pilots_lie_beside_the_runs_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("KESSAI_PILOTS", raising=False)
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    assert pilots_folder() == tmp_path / "pilots"
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "mine"))
    assert pilots_folder() == tmp_path / "mine"
    assert folders() == preparations() == []
    source = CorpusSource(kind="jsonl", path="a")
    preparation_of(source).store_source(source)
    write_text(folder_of("0" * 16).path / "plan.json", "{}")
    (tmp_path / "mine" / "something").mkdir()
    assert [folder.name for folder in folders()] == ["0" * 16]
    assert [folder.source() for folder in preparations()] == [source]


@pytest.mark.parametrize("name", ["", "../../etc", "0" * 15, "G" * 16, "0" * 17, "0" * 16 + "\n"])
def test_a_name_that_is_no_id_leads_nowhere(name):
    with pytest.raises(InputError, match="16 hexadecimal digits"):
        folder_of(name)


def test_what_is_no_text_reads_as_missing(tmp_path):
    path = tmp_path / "file"
    assert read_text(path) is None
    path.write_bytes(b"")
    assert read_text(path) is None
    path.write_bytes(b"\xff")
    assert read_text(path) is None


def test_a_failure_to_write_leaves_the_former_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_text(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file"]


def test_files_are_whole_for_a_reader_while_they_are_written(tmp_path):
    path, over = tmp_path / "status.json", threading.Event()

    def write() -> None:
        while not over.is_set():
            write_text(path, "x" * 100_000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(path.exists, "nothing was written")
        assert {len(path.read_text()) for _ in range(200)} == {100_000}
    finally:
        over.set()
        writer.join()

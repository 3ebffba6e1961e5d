"""The heartbeat goes on whatever the work does, and a full disk does not stop it."""

import errno
import time

import pytest

from engine.pilot.running import reporter as module
from engine.pilot.running.reporter import Reporter
from engine.pilot.running.status import State, Status, read_status, write_status
from tests.present import present


def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_file_follows_while_the_work_is_silent(tmp_path):
    path = tmp_path / "status.json"
    with Reporter(path, Status(state=State.PREPARING), interval=0.01) as reporter:
        first = present(read_status(path)).heartbeat
        until(lambda: present(read_status(path)).heartbeat > first)
        reporter.update(iteration=7)
        until(lambda: present(read_status(path)).iteration == 7)
        reporter.update(state=State.FINISHED)
    assert read_status(path) == reporter.status
    assert reporter.status.state is State.FINISHED


def test_the_last_word_is_written_on_an_error_too(tmp_path):
    path = tmp_path / "status.json"
    with (
        pytest.raises(KeyError),
        Reporter(path, Status(state=State.PREPARING), interval=60) as reporter,
    ):
        reporter.update(iteration=3)
        raise KeyError
    assert present(read_status(path)).iteration == 3
    assert not reporter._thread.is_alive()


def test_a_status_that_cannot_be_written_is_tried_again(tmp_path, monkeypatch):
    path, real = tmp_path / "status.json", write_status
    calls = []

    def full(*arguments):
        calls.append(1)
        if len(calls) < 3:
            raise OSError(errno.ENOSPC, "full")
        real(*arguments)

    monkeypatch.setattr(module, "write_status", full)
    with Reporter(path, Status(state=State.PREPARING), interval=0.01):
        until(path.exists)

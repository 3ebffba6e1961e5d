"""Statuses survive whatever happens to their file, and go on being written."""

import errno
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.running import reporter, status
from engine.pilot.running.reporter import Reporter
from engine.pilot.running.status import (
    RUNNING,
    STALLED_AFTER,
    State,
    Status,
    TrainingResult,
    read_status,
    reason_of,
    write_status,
)
from tests.present import present

FULL = OSError(errno.ENOSPC, "No space left on device")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
STATUSES = st.builds(
    Status,
    state=st.sampled_from(State),
    heartbeat=NUMBERS,
    arm=st.none() | st.text(),
    iteration=st.integers(0, 10**9),
    epsilon_spent=st.none() | NUMBERS,
    curve=st.lists(st.tuples(st.integers(), NUMBERS), max_size=4).map(tuple),
    reason=st.none() | st.text(),
    values=st.dictionaries(st.text(), st.text(), max_size=3),
)


@given(STATUSES)
def test_a_status_is_read_as_it_was_written(one):
    assert Status.from_json(one.to_json()) == one


@given(STATUSES, st.floats(0, 1, exclude_max=True))
def test_a_torn_status_is_none(one, share):
    text = one.to_json()
    assert Status.from_json(text[: int(share * len(text))]) is None


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str))
def test_any_other_text_is_none(text):
    assert Status.from_json(text) is None
    assert TrainingResult.from_json(text) is None


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"null", b'{"state": "resting"}'])
def test_a_file_that_is_no_status_is_none(tmp_path, content):
    path = tmp_path / "status.json"
    assert read_status(path) is None
    path.write_bytes(content)
    assert read_status(path) is None


def test_a_later_version_may_say_more():
    text = Status(state=State.PAUSED).to_json()
    assert Status.from_json(text[:-1] + ', "mood": "good"}') == Status(state=State.PAUSED)


def test_a_number_that_json_lacks_is_not_written():
    with pytest.raises(ValueError, match="Out of range"):
        Status(state=State.TRAINING, train_loss=float("nan")).to_json()


def test_a_reason_keeps_its_template_and_reads_in_english():
    error = InputError("Expected {name} of at least {low}.", name="T", low=3)
    found = Status(state=State.FAILED, **reason_of(error))
    assert (found.reason, found.values) == (error.template, {"name": "T", "low": "3"})
    assert present(Status.from_json(found.to_json())).sentence == str(error)
    assert Status(state=State.PAUSED).sentence == ""


@pytest.mark.parametrize("state", State)
def test_only_who_lives_can_be_stuck(state):
    one = Status(state=state, heartbeat=1000.0)
    assert not one.is_stalled(1000.0 + STALLED_AFTER)
    assert one.is_stalled(1001.0 + STALLED_AFTER) is (state in RUNNING) is one.is_running


def test_on_a_full_disk_the_last_word_goes_over_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "status.json"
    write_status(path, Status(state=State.TRAINING, reason="a long reason " * 20))

    def full(*_):
        raise FULL

    monkeypatch.setattr(status, "write_text", full)
    said = Status(state=State.FAILED, reason="Make room.")
    write_status(path, said)
    assert read_status(path) == said, "nothing of the longer one is left behind"
    with pytest.raises(OSError, match="No space left"):
        write_status(tmp_path / "new.json", said)


def test_other_failures_are_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"exists|directory"):
        write_status(tmp_path / "file" / "status.json", Status(state=State.QUEUED))


def test_the_heart_beats_while_the_work_says_nothing(tmp_path):
    path = tmp_path / "status.json"
    with Reporter(path, Status(state=State.PREPARING), interval=0.01) as one:
        first = present(read_status(path)).heartbeat
        until = time.monotonic() + 120
        while present(read_status(path)).heartbeat <= first:
            assert time.monotonic() < until
            time.sleep(0.01)
        one.update(state=State.TRAINING, iteration=3)
        one.update(iteration=4)
    last = read_status(path)
    assert last == one.status and (last.state, last.iteration) == (State.TRAINING, 4)
    time.sleep(0.05)
    assert read_status(path) == last, "it goes on after its end"


def test_a_status_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch):
    calls = []

    def full(*_):
        calls.append(1)
        raise FULL

    monkeypatch.setattr(reporter, "write_status", full)
    with Reporter(tmp_path / "status.json", Status(state=State.TRAINING), interval=0.001):
        until = time.monotonic() + 120
        while len(calls) < 4:
            assert time.monotonic() < until, "it is not tried again"
            time.sleep(0.001)

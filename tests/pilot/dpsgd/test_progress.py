import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.dpsgd.progress import (
    CHECKPOINT_SECONDS,
    DiskError,
    DivergedError,
    Journal,
    MemoryFullError,
    Pace,
    Stop,
    milestones,
    running,
)


def test_evaluations_are_spaced_by_root_two_and_the_last_is_one():
    assert sorted(milestones(300)) == [32, 45, 64, 91, 128, 181, 256, 300]
    assert sorted(milestones(256)) == [32, 45, 64, 91, 128, 181, 256]
    assert sorted(milestones(5)) == [5]


@given(st.integers(1, 10**6))
def test_evaluations_lie_within_the_run(iterations):
    found = milestones(iterations)
    assert iterations in found and min(found) >= 1 and max(found) == iterations


def paced(step, checkpoint, iterations=1000):
    pace = Pace(iterations)
    pace.step(step)
    pace.checkpoint(checkpoint)
    for _ in range(12):
        block = pace.block()
    return block


def test_the_first_block_is_one_step_and_blocks_grow_by_four():
    pace = Pace(10**6)
    assert pace.block() == 1
    pace.step(1e-3)
    assert [pace.block() for _ in range(4)] == [4, 16, 64, 256]


@pytest.mark.parametrize(
    ("step", "checkpoint", "block"),
    [
        (0.05, 0.01, 20),  # 2 % of 1000 steps
        (1.0, 0.01, 5),  # five seconds
        (60.0, 0.01, 1),  # a step is longer
        (0.05, 0.2, 80),  # checkpoints take at most 5 % of the time
    ],
)
def test_checkpoints_are_frequent_and_cheap(step, checkpoint, block):
    assert CHECKPOINT_SECONDS == 5
    assert paced(step, checkpoint) == pytest.approx(block, abs=1)


def test_an_instant_step_is_no_trouble():
    assert paced(0.0, 0.0) >= 1
    assert Pace(5).steps_per_second == 0


def test_a_pace_is_a_rate():
    pace = Pace(100)
    pace.step(0.25)
    assert pace.steps_per_second == 4


def test_a_running_mean_begins_at_its_first_value_and_follows():
    mean = running(None, 4.0)
    assert mean == 4.0
    for _ in range(200):
        mean = running(mean, 1.0)
    assert mean == pytest.approx(1.0, abs=1e-3)


def test_a_journal_goes_on_from_its_state():
    journal = Journal()
    assert journal.last[0] == 0 and math.isnan(journal.last[1])
    journal.curve.append((32, 1.5))
    journal.saw(2.0)
    state = {**journal.state(), "seconds": 100.0}
    again = Journal()
    again.load(state)
    assert again.last == (32, 1.5) and again.train_loss == 2.0 and math.isnan(again.trained_loss)
    assert 100 <= again.seconds < 101


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        (DivergedError(), Stop.DIVERGED),
        (MemoryFullError(tokens=64), Stop.MEMORY),
        (DiskError(reason="No space left on device"), Stop.DISK),
    ],
)
def test_a_reason_keeps_its_template_and_survives_another_process(error, stop):
    assert error.stop is stop and isinstance(error, InputError)
    assert error.template.format(**error.values) == str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.values) == (type(error), str(error), error.values)

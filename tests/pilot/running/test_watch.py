"""Reports become a status: shares of the whole plan, ε spent, time left of all trainings."""

import math
from typing import Any

import pytest

from engine.pilot.dpsgd.progress import Progress
from engine.pilot.running.reporter import Reporter
from engine.pilot.running.spending import Spending
from engine.pilot.running.status import State, Status
from engine.pilot.running.watch import Watch


def watch(tmp_path, **changes):
    values: dict[str, Any] = {
        "reporter": Reporter(tmp_path / "status.json", Status(state=State.TRAINING)),
        "spending": Spending(points=((1, 1.0), (100, 4.0))),
        "tokens": 1e6, "expected_seconds": 200.0, "done": 0.5, "share": 0.25, "later": 0.25,
    }  # fmt: skip
    return Watch(**(values | changes))


def progress(**changes):
    values: dict[str, Any] = {
        "iteration": 40, "iterations": 100, "charged": 50, "curve": ((32, 4.0), (40, math.nan)),
        "train_cross_entropy": 4.1, "tokens_per_second": 1e4, "seconds_left": 60.0,
        "physical_batch_size": 32,
    }  # fmt: skip
    return Progress(**(values | changes))


def test_shares_and_time_are_of_the_whole_plan(tmp_path):
    seen = watch(tmp_path)
    seen(progress())
    status = seen.reporter.status
    assert status.progress == pytest.approx(0.5 + 0.25 * 0.4)
    # This training takes 100 s where 50 s were planned: so will the later one.
    assert status.seconds_left == pytest.approx(60 + 100)
    assert 1.0 < status.epsilon_spent < 4.0
    assert status.curve == ((32, 4.0),)


def test_numbers_that_are_none_are_left_out(tmp_path):
    seen = watch(tmp_path, spending=None)
    seen(progress(train_cross_entropy=None, seconds_left=None, tokens_per_second=0.0))
    status = seen.reporter.status
    assert (status.epsilon_spent, status.seconds_left, status.train_loss) == (None, None, None)
    assert status.to_json()

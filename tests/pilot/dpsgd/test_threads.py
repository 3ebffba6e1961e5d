"""Threads of a training, on machines that are made: a step's time by threads and by the hour."""

from functools import partial

import torch

from engine.pilot.dpsgd import training
from engine.pilot.dpsgd.threads import Threads
from engine.pilot.dpsgd.training import Training
from tests.pilot.fake_training import Corpus, settings


class Machine:
    """Steps a second as measured on two cores, quiet, beside a busy process, and with five to
    eight that wait for a core: by threads."""

    QUIET, BUSY, CROWDED = {2: 22.8, 1: 13.6}, {2: 6.1, 1: 11.9}, {2: 1.0, 1: 10.3}

    def __init__(self) -> None:
        self.time, self.using = 0.0, [2]
        self.threads = Threads(2, use=self.using.append, clock=lambda: self.time)

    def run(self, seconds: float, speeds: dict[int, float], examples: int = 64) -> float:
        """Steps a second over so long."""
        ends, began, steps = self.time + seconds, self.time, 0
        while self.time < ends:
            step = 1 / speeds[self.using[-1]]
            self.time += step
            self.threads.took(step, examples)
            steps += 1
        return steps / (self.time - began)


def test_a_quiet_machine_is_used_whole_within_a_tenth():
    machine = Machine()
    assert machine.run(60, Machine.QUIET) > 0.9 * 22.8
    assert machine.threads.now == 2


def test_a_busy_neighbour_costs_no_more_than_its_half():
    machine = Machine()
    assert machine.run(60, Machine.BUSY) > 0.9 * 11.9
    assert machine.threads.now == 1
    machine.threads.end()
    assert machine.using[-1] == 2, "who comes next has them all"


def test_on_a_crowded_machine_trying_costs_a_step_and_not_three():
    machine = Machine()
    assert machine.run(120, Machine.CROWDED) > 0.9 * 10.3


def test_a_neighbour_that_comes_or_goes_is_noticed():
    machine = Machine()
    machine.run(300, Machine.QUIET)
    machine.run(3, Machine.BUSY)
    assert machine.threads.now == 1, "steps became slower: it does not wait for its time"
    assert machine.run(60, Machine.BUSY) > 0.85 * 11.9
    machine.run(65, Machine.QUIET)
    assert machine.threads.now == 2
    assert machine.run(60, Machine.QUIET) > 0.9 * 22.8


def test_empty_batches_and_a_single_thread_change_nothing():
    machine = Machine()
    machine.run(10, Machine.BUSY, examples=0)
    assert machine.using == [2]
    alone: list[int] = []
    threads = Threads(1, use=alone.append)
    for _ in range(20):
        threads.took(1.0, 64)
    threads.end()
    assert alone == []


def test_only_private_trainings_on_a_processor_adapt_and_leave_the_threads_as_they_were(
    tmp_path, monkeypatch
):
    used: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(training, "Threads", partial(Threads, use=used.append))
    Training(settings(iterations=30), Corpus(), adapts=True).run()
    Training(settings(iterations=30, seed=None), Corpus(), folder=tmp_path / "plain").run()
    assert used == [], "a seed repeats bit for bit; and only who asks"
    adapted = Training(
        settings(iterations=30, seed=None), Corpus(), folder=tmp_path / "adapts", adapts=True
    )
    adapted.run()
    assert used[0] == 1 and used[-1] == 2

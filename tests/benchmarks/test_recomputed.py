"""What computing activations anew costs in time; what it saves is in tests/pilot/test_memory.py.

The two engines take turns on one batch; time is that of the processor, so that neighbours on the
machine do not count. ``extra_info`` has the median of seven ratios and their range.
"""

import statistics
import time

import pytest
import torch

from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.model import build
from engine.pilot.ladder import shape_for

ROUNDS = 7


@pytest.mark.parametrize(
    ("size", "window", "examples"),
    [(30_000, 64, 64), (100_000, 64, 64), (1_000_000, 64, 64), (1_000_000, 128, 32),
     (10_000_000, 256, 4)],
)  # fmt: skip
def test_time_beside_activations_that_are_kept(benchmark, size, window, examples):
    if not benchmark.enabled:
        pytest.skip("measures time")
    shape = shape_for(size, sequence_length=window)
    batch = *torch.randint(shape.vocabulary_size, (2, examples, window)), torch.ones(examples)
    answers = [
        clipped_sum(
            build(shape, generator=torch.Generator().manual_seed(0)), clip_norm=0.5, recompute=again
        )
        for again in (False, True)
    ]
    for answer in answers:
        answer(*batch)
    ratios = []
    for _ in range(ROUNDS):
        taken = []
        for answer in answers:
            start = time.process_time()
            answer(*batch)
            taken.append(time.process_time() - start)
        ratios.append(taken[1] / taken[0])
    benchmark.extra_info["times the time"] = round(statistics.median(ratios), 2)
    benchmark.extra_info["range"] = f"{min(ratios):.2f} to {max(ratios):.2f}"
    benchmark.pedantic(answers[1], args=batch, rounds=1)
    assert statistics.median(ratios) <= 2.6

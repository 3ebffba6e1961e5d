"""Speeds of a machine: finite, rising, and robust against a stall of the clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pilot.ladder import shape_for
from engine.pilot.prepared import Speed
from engine.pilot.running.devices import device
from engine.pilot.running.speed import measure, sizes_for, without_stalls
from engine.pilot.text.corpus import Corpus


def speeds(pairs):
    return [
        Speed(model_size=10**k, seconds_per_example=example, seconds_per_step=step)
        for k, (example, step) in enumerate(pairs, start=4)
    ]


def test_a_stall_at_a_small_model_is_mended_by_a_larger_one():
    stalled = speeds([(0.04, 0.7), (0.001, 0.8), (0.005, 0.03), (0.02, 0.1)])
    mended = without_stalls(stalled)
    assert [s.seconds_per_example for s in mended] == [0.001, 0.001, 0.005, 0.02]
    assert [s.seconds_per_step for s in mended] == [0.03, 0.03, 0.03, 0.1]


@pytest.mark.parametrize("vocabulary", [256, 1_008, 50_257])
@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_sizes_that_are_timed_leave_room_beside_the_vocabulary(kind, vocabulary):
    found = sizes_for(kind, vocabulary)
    assert len(found) >= 2 and sorted(set(found)) == list(found)
    for size in found:
        shape_for(size, vocabulary_size=vocabulary)


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.floats(0, 1)), min_size=1, max_size=6))
def test_mended_speeds_rise_and_rising_ones_stay(pairs):
    mended = without_stalls(speeds(pairs))
    for name in ("seconds_per_example", "seconds_per_step"):
        found = [getattr(speed, name) for speed in mended]
        assert found == sorted(found)
    assert without_stalls(mended) == mended


@pytest.mark.slow
def test_this_machine_is_measured():
    rng = np.random.default_rng(0)
    corpus = Corpus(
        name="made",
        family="made",
        tokens=rng.integers(0, 256, 200_000).astype(np.uint8),
        document_starts=np.arange(0, 200_001, 100),
        unit_starts=np.arange(2001),
        vocabulary_size=256,
        fingerprint="0" * 64,
    )
    shares: list[float] = []
    found = measure(corpus, device(), sizes=[30_000, 100_000], progress=shares.append)
    assert [speed.model_size for speed in found] == [30_192, 98_976]
    assert all(0 < speed.seconds_per_example < 1 for speed in found)
    assert shares == [0, 0.5]

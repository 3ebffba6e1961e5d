"""Runs trained twice: which are compared, and what their seeds scatter."""

import math
from datetime import UTC, datetime

import pytest

from engine.pilot.sweeps import again, gridfile
from engine.pilot.sweeps.grid import run_id
from engine.runs.record import Provenance, RunRecord

PLAN = """
[[grid]]
model_sizes = [3e4]
noise_batch_ratios = [0, "2^-6"]
learning_rates = ["2^-7"]
seeds = [1]
"""


@pytest.fixture
def runs():
    return gridfile.parse(PLAN).settings(vocabulary_size=256, data_budget=10_000)


def record(loss, *, seed=1, noise=0.0, rate=0.01):
    return RunRecord(
        family="f", source="made", provenance=Provenance.MEASURED, model_size=30_000,
        batch_size=128, iterations=512, sequence_length=64, noise_batch_ratio=noise,
        learning_rate=rate, seed=seed, vocabulary_size=256, cross_entropy=loss,
        compute_flops=6 * 30_000 * 128 * 512 * 64, created_at=datetime(2026, 11, 24, tzinfo=UTC),
    )  # fmt: skip


def test_only_runs_that_both_hold_are_compared(runs):
    first, second = (run_id(run, family="f") for run in runs)
    before = {first: record(2.0), second: record(3.0), "of another plan": record(1.0)}
    (found,) = again.repeats(runs, before, {second: record(3.03)}, family="f")
    assert found.run is runs[1] and found.difference == pytest.approx(0.01)
    assert again.repeats(runs, before, {}, family="f") == []


def test_scatter_is_pooled_over_configurations():
    records = [
        record(2.0, seed=1), record(2.0 * math.exp(0.02), seed=2),
        record(3.0, seed=1, noise=0.01), record(3.0 * math.exp(0.04), seed=2, noise=0.01),
        record(5.0, seed=1, rate=0.5),
    ]  # fmt: skip
    # Two values differ by d: their variance is d²/2, one degree of freedom.
    assert again.seed_scatter(records) == pytest.approx(math.sqrt((0.02**2 + 0.04**2) / 4))


def test_without_a_second_seed_there_is_no_scatter():
    assert again.seed_scatter([record(2.0), record(2.1, rate=0.5)]) is None
    assert again.seed_scatter([]) is None

"""Runs for tests of the log; processes that tests start import them too, so nothing slow here."""

from datetime import UTC, datetime
from typing import Any

from engine.runs.record import RunRecord

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def record(seed: int = 0, **changes: object) -> RunRecord:
    values: dict[str, Any] = {
        "family": "toy",
        "source": "a test",
        "provenance": "measured",
        "model_size": 1000,
        "batch_size": 16,
        "iterations": 100,
        "sequence_length": 8,
        "noise_batch_ratio": 0.125,
        "compute_flops": 6.0 * 1000 * 16 * 100 * 8,
        "vocabulary_size": 256,
        "cross_entropy": 3.5,
        "created_at": NOW,
        "seed": seed,
        "curve": ((10, 5.0), (100, 3.5)),
    }
    return RunRecord(**(values | changes))

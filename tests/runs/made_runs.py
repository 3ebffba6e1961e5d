"""Runs for tests of the log; processes that tests start import them too, so nothing slow here."""

from datetime import UTC, datetime
from typing import Any

from engine.runs.record import Provenance, RunRecord

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


PLAIN: dict[str, Any] = {
    "family": "toy",
    "source": "a test",
    "provenance": Provenance.MEASURED,
    "model_size": 1000,
    "batch_size": 16,
    "iterations": 100,
    "sequence_length": 8,
    "noise_batch_ratio": 0.125,
    "compute_flops": 6.0 * 1000 * 16 * 100 * 8,
    "vocabulary_size": 256,
    "cross_entropy": 3.5,
    "created_at": NOW,
}
"""The fields of a run that cannot be left out."""


def record(seed: int = 0, **changes: object) -> RunRecord:
    """A run with a curve of two points."""
    curve = ((10, 5.0), (100, 3.5))
    return RunRecord(**(PLAIN | {"seed": seed, "curve": curve} | changes))

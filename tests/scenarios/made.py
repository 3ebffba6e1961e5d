"""Frozen figures that no engine computed, for tests of files, states and words."""

from dataclasses import asdict, replace

from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.scenarios.frozen_figures import Frozen
from engine.scenarios.saved import Saved

AT = "2026-11-20T01:00:00+00:00"
FIGURES = {
    "verdict": "train", "reason": "pays", "asked_for": 20e6, "cash_to_approve": 20e6,
    "npv": 57.5e6, "npv_low": -1e6, "npv_high": 90e6, "probability": 0.8,
    "payback": 14.0, "payback_low": 9.0, "payback_high": "never",
    "training_list_price": 240e3, "total_cost": 80e6, "pilot_price": 400e3,
    "odds_found": 53.3, "odds_guessed": 10.0, "model_size": 49_209_922, "batch_size": 346_714,
    "iterations": 7_250, "cross_entropy": 2.846, "cross_entropy_low": 2.743,
    "cross_entropy_high": 2.953, "level": 0.9, "loss_unit": "nats-per-token", "epsilon": 4.0,
    "epsilon_certified": 3.99897, "delta": 1e-8, "noise_multiplier": 4.2063,
}  # fmt: skip


def made_frozen(*, figures=None, **changes) -> Frozen:
    """Certified figures with a hash of their own."""
    rows = tuple(
        {name: str(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in (asdict(row) for row in DEFAULT_ASSUMPTIONS.rows)
    )
    values = {
        "at": AT,
        "figures": {**FIGURES, **(figures or {})},
        "assumptions": rows,
        "evidence_id": "published-bert",
        "evidence_hash": "e" * 64,
        "evidence_runs": 20,
        "law": "a" * 12,
        "code": "c" * 12,
        "noise": "certified",
        "certificate": None,
    }
    found = Frozen(**{**values, **changes})
    return replace(found, sha256=found.expected_hash)


def frozen_of(one: Saved) -> Frozen:
    """What is frozen in a scenario that must have it."""
    assert one.frozen is not None, one.name
    return one.frozen

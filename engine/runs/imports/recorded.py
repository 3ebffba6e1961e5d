"""A settled run as a record of the run log, where it can be one.

A run of which only size, tokens and loss are known, trained without noise, is recorded as that many
steps of one token each (:func:`counts_tokens`): C = 6·M·D holds, and nothing is made up of its
batch.
"""

import math
from collections.abc import Mapping
from datetime import datetime

from engine.config import (
    NeighbouringRelation,
    Sampling,
    TrainingConfig,
)
from engine.errors import InputError
from engine.runs.imports.measured import Value
from engine.runs.imports.settle import VOCABULARY, Assumed, Settled, positive, sampling_of
from engine.runs.learning_curve import LearningCurve
from engine.runs.record import Provenance, RunRecord, run_id_of


def counts_tokens(record: RunRecord) -> bool:
    """Whether a record is of a run of which the tokens are known and not the steps."""
    return (
        record.provenance is Provenance.IMPORTED
        and record.batch_size == 1
        and record.sequence_length == 1
    )


def record_of(run: Settled, assumed: Assumed, created_at: datetime, seed: int | None) -> RunRecord:
    """The run as a record; its curve as far as a record can hold it.

    Raises :class:`InputError` that names what is missing for a point of a law.
    """
    values = run.settings
    assert run.loss is not None, "only a run with a loss becomes a record"
    plain = _tokens_only(values)
    fields = plain or _steps(values)
    config = TrainingConfig(**fields)
    epsilon, people = values.get("epsilon"), values.get("data_budget")
    promised = epsilon is not None
    sampling = sampling_of(run.texts)
    steps = run.measured.steps
    curve = LearningCurve(steps, run.measured.losses[: steps.size])
    return RunRecord(
        family=assumed.family,
        source=assumed.source,
        provenance=Provenance.IMPORTED,
        model_size=config.model_size,
        batch_size=config.batch_size,
        iterations=config.iterations,
        sequence_length=config.sequence_length,
        noise_multiplier=values.get("noise_multiplier"),
        noise_batch_ratio=values.get("noise_batch_ratio"),
        compute_flops=config.compute_flops,
        data_budget=None if people is None else round(people),
        epsilon=epsilon,
        delta=values.get("delta") if promised else None,
        privacy_unit=(run.texts.get("privacy_unit") or "example") if promised else None,
        neighbouring_relation=_RELATION.get(sampling) if promised else None,
        sampling=sampling if promised else None,
        learning_rate=values.get("learning_rate") or None,
        seed=seed,
        vocabulary_size=round(values["vocabulary_size"] or VOCABULARY),
        cross_entropy=run.loss,
        note=run.name[:200],
        created_at=created_at,
        curve=() if plain or not curve or not curve[-1][0] else curve,
    )


_RELATION = {
    Sampling.POISSON: NeighbouringRelation.ADD_REMOVE,
    Sampling.TRUNCATED_POISSON: NeighbouringRelation.ADD_REMOVE,
    Sampling.DETERMINISTIC: NeighbouringRelation.ZERO_OUT,
}
"""Neighbours of each sampling; with "best" accounting decides."""


def _tokens_only(values: Mapping[str, Value]) -> dict[str, int] | None:
    """Size and tokens as steps of one token, for a run without noise and without known steps."""
    known = positive(values, "model_size", "tokens")
    if known is None or positive(values, "batch_size", "iterations") is not None:
        return None
    if values.get("noise_multiplier") != 0 and values.get("noise_batch_ratio") != 0:
        return None
    return {
        "model_size": round(known[0]),
        "batch_size": 1,
        "iterations": round(known[1]),
        "sequence_length": 1,
    }


def _steps(values: Mapping[str, Value]) -> dict[str, int]:
    needed = ("model_size", "batch_size", "iterations")
    missing = [name for name in needed if not values.get(name)]
    if values.get("noise_batch_ratio") is None:
        missing.append("noise_multiplier")
    if missing:
        raise InputError(
            "Expected {missing} for a point of a law, got none: name the column with --map.",
            missing=", ".join(missing),
        )
    return {name: round(values[name] or 0) for name in (*needed, "sequence_length")}


def loose_id(run: Settled, assumed: Assumed) -> str:
    """Id of a run that is no record: of its settings as far as known, and of its name."""
    values = dict(run.settings)
    known: dict[str, object] = {
        name: value for name, value in values.items() if value is not None and math.isfinite(value)
    }
    known.update(family=assumed.family, provenance=Provenance.IMPORTED)
    return run_id_of({**known, "source": f"{assumed.source}: {run.name}"})

"""A known law at pilot scale, sweeps drawn from it, and a prepared
machine, all without training."""

import math
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from engine.accounting.search import noise_multiplier
from engine.allocation.space import space_of
from engine.law.fit import fit
from engine.law.form import Reference
from engine.law.law import Law
from engine.pilot.learning_rate import fit_rule
from engine.pilot.plan import SOURCE, CorpusSource
from engine.pilot.prepared import Prepared, Speed
from engine.pilot.question import PilotLaw
from engine.runs.evidence import EvidenceSummary, evidence
from engine.runs.record import Provenance, RunRecord

FAMILY = "gpt-bytes-docstrings"
SIZES = (30_400, 101_000, 302_000)
NOISES = (0.0, 2**-12, 2**-10, 2**-9, 2**-8, 2**-7, 2**-6)
STEPS = tuple(round(32 * 2 ** (k / 2)) for k in range(11))
BATCH, SEQUENCE = 128, 64
TRUTH = Law(
    form="signal_onset",
    theta=(0.8, -2.0, 0.4, 0.5, 0.35, 0.5, 0.0, -3.0),
    vocabulary_size=256,
    reference=Reference(model_size=1e5, iterations=256, noise_batch_ratio=2**-8),
)


def best_rate(size: float, noise: float) -> float:
    """log₂ of the rate at which the known law's losses hold."""
    return -4.0 - 0.2 * math.log2(size / 3e4) - 0.4 * math.log2(1 / BATCH + size * noise**2) / 2


def sweep(seed: int = 0, scatter: float = 0.003) -> list[RunRecord]:
    """Three rates for each size and noise, around the best, each 0.03 nats from the next."""
    rng = np.random.default_rng(seed)
    return [
        _run(size, noise, 2.0 ** (best_rate(size, noise) + offset), 0.03 * offset**2, rng, scatter)
        for size in SIZES
        for noise in NOISES
        for offset in (-1.0, 0.0, 1.0)
    ]


def _run(size, noise, rate, worse, rng, scatter) -> RunRecord:
    losses = TRUTH.cross_entropy(size, np.array(STEPS), noise) + worse
    losses = losses * np.exp(rng.normal(0, scatter, len(STEPS)))
    return RunRecord(
        family=FAMILY,
        source=SOURCE,
        provenance=Provenance.MEASURED,
        model_size=size,
        batch_size=BATCH,
        physical_batch_size=BATCH,
        iterations=STEPS[-1],
        sequence_length=SEQUENCE,
        noise_batch_ratio=noise,
        compute_flops=6.0 * size * BATCH * STEPS[-1] * SEQUENCE,
        learning_rate=rate,
        seed=0,
        vocabulary_size=256,
        cross_entropy=float(losses[-1]),
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
        curve=tuple(zip(STEPS, losses.tolist(), strict=True)),
    )


@pytest.fixture(scope="session")
def law() -> PilotLaw:
    """The law fitted to that sweep, once a worker though several folders import this fixture."""
    return _law()


@cache
def _law() -> PilotLaw:
    records = sweep()
    found = evidence(records, noise_multiplier)
    return PilotLaw(
        fit=fit(found.frame, resamples=40),
        space=space_of(found.frame),
        summary=EvidenceSummary(id=FAMILY, runs=found.runs, hash=found.sha256),
        rate=fit_rule(records),
        largest_flops=float(found.frame["compute_flops"].max()),
        family=FAMILY,
    )


@pytest.fixture(scope="session")
def prepared() -> Prepared:
    """A corpus of 32,000 documents on a machine of 30 GFLOP/s."""
    flops = 30e9
    return Prepared(
        source=CorpusSource(kind="docstrings"),
        name="docstrings",
        family=FAMILY,
        fingerprint="ab" * 32,
        units=32_000,
        held_out_units=1_600,
        documents=33_600,
        tokens=36_000_000,
        vocabulary_size=256,
        refused=(),
        device="cpu",
        hardware="a known machine",
        precision="float32",
        physical_batch_size=64,
        sequence_length=SEQUENCE,
        speeds=tuple(
            Speed(
                model_size=size,
                seconds_per_example=6 * size * SEQUENCE / flops,
                seconds_per_step=1e-3,
            )
            for size in (30_000, 300_000)
        ),
        versions={},
        made_at="2026-11-24T00:00:00+00:00",
    )

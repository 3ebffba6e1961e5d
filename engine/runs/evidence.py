"""Evidence: the run records that a law is fitted to, with the noise that accounting gives them.

A published row says which budgets were spent, not which noise that took; and how the noise falls
when the batch or the number of steps grows, at the row's N, ε and δ, is what makes its
configuration the best one. Both come from accounting, which is handed in as a function, so that
this module is pure: the same records and the same accounting give the same frame.

A run that recorded its curve gives a row for each of its points (:mod:`engine.runs.curves`), any
other run one row.

The evidence's ``sha256`` is that of its records alone, in any order, whenever they were made.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from engine.accounting.domain import MOST_ITERATIONS
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.errors import InputError
from engine.runs.curves import Point, has_curve, is_too_short, noise_of, points
from engine.runs.log import RunLog
from engine.runs.record import Provenance, RunRecord


@dataclass(frozen=True, kw_only=True)
class EvidenceSummary:
    """What a law rests on, as printed beside every number."""

    id: str
    runs: int
    hash: str


NoiseMultiplier = Callable[..., np.ndarray]
"""``(*, data_budget, batch_size, iterations, epsilon, delta, sampling) -> σ``: arrays of floats
that broadcast (people, expected examples, steps, ε, δ) and one Sampling."""

SLOPE_STEP = 0.2
"""Half-width, in ln, of the central differences: ±20 %. With deterministic batches a person takes
part ceil(T·B/N) times, a staircase. Where σ grows as its square root (slope 0.5) and T·B/N is 9 to
10, the least of Table 2, a step of ±5 % gives anything from 0.00 to 0.53, ±20 %
gives 0.36 to 0.51."""

LEAST_PUBLISHED_BATCH = 512
"""Physical examples a step from which a published run is a point of the law: half of what the
paper's sweep held (1024)."""

COLUMNS = (
    "run_id",
    "model_size",
    "iterations",
    "batch_size",
    "drawn_batch_size",
    "sequence_length",
    "noise_batch_ratio",
    "cross_entropy",
    "vocabulary_size",
    "data_budget",
    "epsilon",
    "delta",
    "compute_flops",
    "compute_optimal",
    "slope_batch",
    "slope_iterations",
    "saturation_noise_batch_ratio",
)
"""The frame's columns, all of floats but the text run_id and the truth compute_optimal; units as in
:mod:`engine.runs.record`. ``drawn_batch_size`` is the batch whose examples were really drawn, NaN
where a source states another one; ``slope_batch`` = ∂ln σ̄/∂ln B and ``slope_iterations`` = ∂ln
σ̄/∂ln T at fixed N, ε, δ and the other of the two; ``saturation_noise_batch_ratio`` is σ̄ with all
of the data in every batch (B = N, the row's own T), the least that any compute reaches. All NaN,
like data_budget, epsilon and delta, for a run without a guarantee."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Records of one family, ready for a fit."""

    id: str
    family: str
    runs: int
    sha256: str
    """64 hexadecimal digits: hash of the records' canonical content."""
    sources: Mapping[str, int] = field(default_factory=dict)
    """Where the runs are from: source -> number of runs."""
    run_ids: tuple[str, ...] = ()
    """Of the records, in no order that means anything; the frame's are those of cells."""
    frame: pd.DataFrame
    """A row a run or point of a curve, with :data:`COLUMNS`; not to be changed in place."""


def load_evidence(run_log: RunLog, evidence_id: str, noise_multiplier: NoiseMultiplier) -> Evidence:
    """The evidence called ``evidence_id``, which is a family; InputError lists those there are,
    and says where its runs were deleted."""
    records = run_log.records(family=evidence_id)
    if not records:
        if any(row["family"] == evidence_id for row in run_log.outlines(deleted=True)):
            raise InputError(
                "The runs of {family} were deleted: bring them back on the page Runs or by runs "
                "restore --family {family}, or choose another evidence.",
                family=evidence_id,
            )
        raise InputError(
            "Expected an evidence among {known}, got {value}.",
            known=", ".join(run_log.families()) or "none: the run log is empty",
            value=evidence_id,
        )
    return evidence(records, noise_multiplier)


def evidence(records: Iterable[RunRecord], noise_multiplier: NoiseMultiplier) -> Evidence:
    """Evidence from records of one family, each run once.

    Raises InputError without records, for more than one family (their losses do not compare), for
    two records of one run, and what accounting raises for budgets outside its domain.
    """
    ordered = sorted((record for record in records if _counts(record)), key=_order)
    families = sorted({record.family for record in ordered})
    if len(families) != 1:
        raise InputError(
            "Expected runs of one family, got {families}: losses of others do not compare.",
            families=", ".join(families) or "none",
        )
    if len({record.run_id for record in ordered}) < len(ordered):
        raise InputError("Expected every run once, got a run twice.")
    return Evidence(
        id=families[0],
        family=families[0],
        runs=len(ordered),
        sha256=content_hash(ordered),
        sources=dict(sorted(Counter(record.source for record in ordered).items())),
        run_ids=tuple(record.run_id for record in ordered),
        frame=_frame(ordered, noise_multiplier),
    )


def content_hash(records: Iterable[RunRecord]) -> str:
    """SHA-256 of the records' canonical content, the same in any order."""
    lines = sorted(record.canonical_json() for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _counts(record: RunRecord) -> bool:
    """Whether a record is a point of a law.

    Published runs of a physical batch below :data:`LEAST_PUBLISHED_BATCH` are kept and shown, and
    not fitted: at equal σ̄ they end lower than larger batches do, which McKenna et al. (appendix
    C.4) saw again with another model, the opposite of at less noise, and cannot explain.
    """
    published = record.provenance is Provenance.PUBLISHED
    small = (record.physical_batch_size or LEAST_PUBLISHED_BATCH) < LEAST_PUBLISHED_BATCH
    return not is_too_short(record) and not (published and small)


def _order(record: RunRecord) -> tuple[object, ...]:
    """Any order that content alone decides; this one is Table 2's own, and reads well."""
    return record.data_budget or 0, record.epsilon or 0.0, record.model_size, record.run_id


def _frame(records: list[RunRecord], noise_multiplier: NoiseMultiplier) -> pd.DataFrame:
    single = [record for record in records if not has_curve(record)]
    curved = points(record for record in records if has_curve(record))
    parts = [_single(single, noise_multiplier)] if single else []
    parts += [_curved(curved)] if curved else []
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _curved(curved: list[Point]) -> pd.DataFrame:
    """A row a point. Without slopes: a point on the way was chosen as the best for nothing."""
    frame = pd.DataFrame(np.nan, index=range(len(curved)), columns=list(COLUMNS))
    frame["run_id"] = [point.run_id for point in curved]
    frame["compute_optimal"] = False
    for name in ("model_size", "batch_size", "sequence_length", "vocabulary_size"):
        frame[name] = [float(getattr(point.best, name)) for point in curved]
    for name in ("iterations", "cross_entropy", "noise_batch_ratio"):
        frame[name] = [float(getattr(point, name)) for point in curved]
    frame["drawn_batch_size"] = [_drawn(point.best) for point in curved]
    tokens = frame["batch_size"] * frame["iterations"] * frame["sequence_length"]
    frame["compute_flops"] = FLOPS_PER_PARAMETER_AND_TOKEN * frame["model_size"] * tokens
    return frame


def _single(records: list[RunRecord], noise_multiplier: NoiseMultiplier) -> pd.DataFrame:
    columns: dict[str, object] = {"run_id": [record.run_id for record in records]}
    for name in COLUMNS[1:]:
        if name == "drawn_batch_size":
            columns[name] = np.array([_drawn(record) for record in records])
        elif name == "compute_optimal":
            columns[name] = np.array([record.compute_optimal for record in records])
        else:
            stated = [getattr(record, name, None) for record in records]
            columns[name] = np.array([np.nan if v is None else v for v in stated], dtype=float)
    frame = pd.DataFrame(columns)
    known = np.array([_stated_ratio(record) for record in records])
    frame["noise_batch_ratio"] = known
    samplings = np.array([str(record.sampling) for record in records])
    for sampling in {record.sampling for record in records if record.epsilon is not None}:
        rows = np.flatnonzero((samplings == str(sampling)) & frame["epsilon"].notna().to_numpy())
        noise = _accounting(
            frame.iloc[rows], lambda s=sampling, **k: noise_multiplier(sampling=s, **k)
        )
        noise["noise_batch_ratio"] = np.where(
            np.isnan(known[rows]), noise["noise_batch_ratio"], known[rows]
        )
        for name, values in noise.items():
            frame.loc[rows, name] = values
    return frame[list(COLUMNS)]


def _drawn(record: RunRecord) -> float:
    """Examples that a step drew. The batch of a published row is that of its accounting; its noise
    was injected at another one, which a curve states."""
    drew = record.provenance is Provenance.MEASURED or record.curve
    return float(record.batch_size) if drew else np.nan


def _stated_ratio(record: RunRecord) -> float:
    """σ̄ as the record has it; NaN where accounting must say."""
    if record.noise_batch_ratio is None and record.noise_multiplier is None:
        return np.nan
    return noise_of(record)


def _accounting(rows: pd.DataFrame, noise_multiplier: NoiseMultiplier) -> dict[str, np.ndarray]:
    """The columns that accounting fills, in one call of it with an array of shape (6, rows)."""
    data, batch, steps = (
        rows[name].to_numpy(dtype=float) for name in ("data_budget", "batch_size", "iterations")
    )
    up, down = np.exp(SLOPE_STEP), np.exp(-SLOPE_STEP)
    # At the data's size, and where accounting ends, the difference is one-sided as it must be.
    larger, smaller = np.minimum(batch * up, data), np.maximum(batch * down, 1.0)
    batches = np.stack([batch, larger, smaller, batch, batch, data])
    longer = np.minimum(steps * up, MOST_ITERATIONS)
    shorter = np.maximum(steps * down, 1.0)
    iterations = np.stack([steps, steps, steps, longer, shorter, steps])
    sigma = noise_multiplier(
        data_budget=data,
        batch_size=batches,
        iterations=iterations,
        epsilon=rows["epsilon"].to_numpy(dtype=float),
        delta=rows["delta"].to_numpy(dtype=float),
    )
    ratio = np.asarray(sigma, dtype=float) / batches
    log_ratio = np.log(ratio)
    return {
        "noise_batch_ratio": ratio[0],
        "slope_batch": (log_ratio[1] - log_ratio[2]) / np.log(larger / smaller),
        "slope_iterations": (log_ratio[3] - log_ratio[4]) / np.log(longer / shorter),
        "saturation_noise_batch_ratio": ratio[5],
    }

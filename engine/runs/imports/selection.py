"""Which runs of a family are evidence, and of what: a law with noise, one without, or none yet.

Of imported runs those whose size, unit or range is suspicious are left out by themselves, with the
reason, and those that a person names besides. What is left carries

* a **law** of its own with at least :data:`LEAST_POINTS` points at :data:`LEAST_SIZES` sizes and
  :data:`LEAST_NOISES` noise-batch ratios (0 counts as one, all of them 0 do not);
* the **noiseless** part of a law with as many points and sizes whose steps are known: what noise
  does is then another family's;
* a law of size and tokens, where steps are not known (:mod:`engine.law.tokens`).

Anything less is refused with what is there and what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError
from engine.loss_unit import Measure, state_unit
from engine.runs.catalogue import SHORTEST_ID
from engine.runs.evidence import Evidence, NoiseMultiplier, evidence, load_evidence
from engine.runs.imports import journal
from engine.runs.imports.settle import Flag, counts_tokens
from engine.runs.log import RunLog
from engine.runs.record import Provenance, RunRecord

LEAST_POINTS = 8
LEAST_SIZES = 3
LEAST_NOISES = 3
_SUSPICIOUS = frozenset([Flag.SIZE_OUTLIER, Flag.UNIT_SUSPECT, Flag.OUT_OF_RANGE])


class Carries(StrEnum):
    """What a family's runs say."""

    LAW = "law"
    NOISELESS = "noiseless"
    """Steps and no noise: pooled with a law that knows noise."""
    TOKENS = "tokens"
    """Sizes, tokens and losses alone."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A run that is no part of the evidence."""

    run_id: str
    run: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The runs of one family that are evidence."""

    evidence: Evidence
    carries: Carries
    left_out: tuple[LeftOut, ...]
    imports: tuple[journal.Entry, ...] = ()
    """Of the family, oldest first."""


def select(
    log: RunLog,
    family: str,
    noise_multiplier: NoiseMultiplier,
    *,
    without: Sequence[str] = (),
) -> Selection:
    """The evidence called ``family``, less the runs in ``without`` (ids, their beginnings, or the
    names in their files).

    Raises :class:`InputError` for an unknown family, a run that is not there, and too few runs.
    """
    past = journal.live(log)
    unit = journal.measure_of(past, family)
    if unit is None:
        records = [] if not without else log.records(family=family)
        if not records:
            found = load_evidence(log, family, noise_multiplier)
            return Selection(evidence=found, carries=Carries.LAW, left_out=())
        unit = Measure.NATS_PER_TOKEN
    else:
        state_unit(family, unit)
        records = log.records(family=family)
    names = {run.run_id: run.run for entry in past for run in entry.runs if run.stored}
    left_out = _suspicious(past, family) | _named(records, names, without)
    kept = [record for record in records if record.run_id not in left_out]
    carries, kept = _carried(family, kept)
    return Selection(
        evidence=evidence(kept, noise_multiplier),
        carries=carries,
        left_out=tuple(
            LeftOut(
                run_id=record.run_id,
                run=names.get(record.run_id, record.note or record.run_id),
                reason=left_out[record.run_id],
            )
            for record in records
            if record.run_id in left_out
        ),
        imports=tuple(entry for entry in past if entry.family == family),
    )


def _suspicious(past: Sequence[journal.Entry], family: str) -> dict[str, str]:
    """Run id -> the reason of its flag, of runs that are left out by themselves."""
    return {
        run.run_id: ", ".join(flag for flag in run.flags if flag in _SUSPICIOUS)
        for entry in past
        if entry.family == family
        for run in entry.runs
        if run.stored and _SUSPICIOUS.intersection(run.flags)
    }


def _named(
    records: Sequence[RunRecord], names: dict[str, str], without: Sequence[str]
) -> dict[str, str]:
    found = {}
    for said in without:
        same = [
            record.run_id
            for record in records
            if said in (names.get(record.run_id), record.run_id)
            or (len(said) >= SHORTEST_ID and record.run_id.startswith(said))
        ]
        if not same:
            raise InputError(
                "Expected a run of the evidence behind --without, got {value}: runs have the names "
                "of their files, or their ids.",
                value=said[:40],
            )
        found.update(dict.fromkeys(same, "--without"))
    return found


def _carried(family: str, records: list[RunRecord]) -> tuple[Carries, list[RunRecord]]:
    """What runs carry, and those that carry it."""
    if any(record.provenance is not Provenance.IMPORTED for record in records):
        return Carries.LAW, records
    stepped = [record for record in records if not counts_tokens(record)]
    plain = [record for record in records if counts_tokens(record)]
    points, sizes, noises = _counts(stepped)
    if points >= LEAST_POINTS and sizes >= LEAST_SIZES:
        several = noises >= LEAST_NOISES and any(_ratio(record) for record in stepped)
        if several:
            return Carries.LAW, stepped
        if not any(_ratio(record) for record in stepped):
            return Carries.NOISELESS, stepped
    lengths = {record.iterations for record in plain}
    sizes_of_plain = {record.model_size for record in plain}
    if len(plain) >= LEAST_POINTS and min(len(lengths), len(sizes_of_plain)) >= LEAST_SIZES:
        return Carries.TOKENS, plain
    raise InputError(
        "Expected at least {points} points at {sizes} model sizes and {noises} noise-batch ratios "
        "in {family}, or {points} runs without noise at {sizes} sizes and {sizes} counts of "
        "tokens, got {found}: import more runs.",
        points=LEAST_POINTS,
        sizes=LEAST_SIZES,
        noises=LEAST_NOISES,
        family=family,
        found=(
            f"{points} points ({sizes}, {noises}), {len(plain)} runs "
            f"({len(sizes_of_plain)}, {len(lengths)})"
        ),
    )


def _ratio(record: RunRecord) -> float:
    return record.noise_batch_ratio or record.noise_multiplier or 0.0


def _counts(records: Sequence[RunRecord]) -> tuple[int, int, int]:
    """Runs or points of curves, sizes and noise-batch ratios."""
    return (
        sum(max(len(record.curve), 1) for record in records),
        len({record.model_size for record in records}),
        len({f"{_ratio(record):.6g}" for record in records}),
    )

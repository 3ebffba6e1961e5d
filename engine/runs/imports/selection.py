"""Which runs of a family are evidence, and of what: a law with noise, one without, or none yet.

Of imported runs those whose size, unit or range is suspicious are left out by themselves, with the
reason, unless a person takes them in, and those that a person leaves out besides (:class:`Choice`).
What is left carries

* a **law** of its own with at least :data:`LEAST_POINTS` points at :data:`LEAST_SIZES` sizes and
  :data:`LEAST_NOISES` noise-batch ratios (0 counts as one, all of them 0 do not);
* the **noiseless** part of a law with as many points and sizes whose steps are known: what noise
  does is then another family's;
* a law of size and tokens, where steps are not known (:mod:`engine.law.tokens`).

Anything less is refused with what is there and what is missing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.errors import InputError
from engine.loss_unit import Measure, state_unit
from engine.runs.catalogue import SHORTEST_ID
from engine.runs.evidence import Evidence, NoiseMultiplier, evidence, load_evidence
from engine.runs.fine_tuned import is_tuned, method_of
from engine.runs.imports import journal
from engine.runs.imports.recorded import counts_tokens
from engine.runs.imports.settle import Flag
from engine.runs.log import RunLog
from engine.runs.record import Provenance, RunRecord

LEAST_POINTS = 8
LEAST_SIZES = 3
LEAST_NOISES = 3
WITHOUT = "--without"
"""The reason of a run that a person leaves out."""
ALSO = "--with"
"""How a person takes in a run that is suspicious."""
_SUSPICIOUS = frozenset([Flag.SIZE_OUTLIER, Flag.UNIT_SUSPECT, Flag.OUT_OF_RANGE])


class Carries(StrEnum):
    """What a family's runs say."""

    LAW = "law"
    NOISELESS = "noiseless"
    """Steps and no noise: pooled with a law that knows noise."""
    TOKENS = "tokens"
    """Sizes, tokens and losses alone."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose of a family's runs, by id in the order of ids; neither: all of them."""

    without: tuple[str, ...] = ()
    """Runs that are left out."""
    also: tuple[str, ...] = ()
    """Runs that are taken in though they are suspicious."""

    def __bool__(self) -> bool:
        return bool(self.without or self.also)

    def taking(self, runs: Iterable[str], *, suspicious: Collection[str], inside: bool) -> "Choice":
        """The choice once these runs are in, or out, of which some are ``suspicious``: out unless
        somebody takes them in.

        >>> Choice().taking(["a", "b"], suspicious={"b"}, inside=False)
        Choice(without=('a',), also=())
        >>> Choice(without=("a",)).taking(["a", "b"], suspicious={"b"}, inside=True)
        Choice(without=(), also=('b',))
        """
        without, also = set(self.without), set(self.also)
        for run in runs:
            without.discard(run)
            also.discard(run)
            if run in suspicious and inside:
                also.add(run)
            elif run not in suspicious and not inside:
                without.add(run)
        return Choice(without=tuple(sorted(without)), also=tuple(sorted(also)))

    def among(self, runs: Collection[str]) -> "Choice":
        """What of it is about ``runs``: others have been deleted since.

        >>> Choice(without=("a", "b"), also=("c",)).among({"b"})
        Choice(without=('b',), also=())
        """
        without, also = (
            tuple(run for run in chosen if run in runs) for chosen in (self.without, self.also)
        )
        return Choice(without=without, also=also)


ALL = Choice()
"""Every run that is not suspicious."""


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """What a choice leaves of a family, and whether that is enough for a law."""

    runs: int
    points: int
    """Of their curves; a run without one is one point."""
    sizes: int
    noises: int
    """Noise-batch ratios, 0 among them."""
    carries: Carries | None
    """None: not enough."""
    refusal: InputError | None
    """Why it is not."""


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
    is_chosen: bool = False
    """Whether a person left runs out or took runs in."""


def select(
    log: RunLog,
    family: str,
    noise_multiplier: NoiseMultiplier,
    *,
    without: Sequence[str] = (),
    also: Sequence[str] = (),
) -> Selection:
    """The evidence called ``family``, less the runs in ``without``, and with those in ``also``
    though they are suspicious (ids, their beginnings, or the names in their files).

    Raises :class:`InputError` for an unknown family, a run that is not there, and too few runs.
    """
    past = journal.live(log)
    if is_tuned(family) and any(method_of(r.source) for r in log.records(family=family)):
        raise InputError(
            "Expected runs from nothing, got {family}, whose runs began from public models: their "
            "law is another, see `python -m engine finetune fit`.",
            family=family,
        )
    unit = journal.measure_of(past, family)
    if unit is None:
        records = log.records(family=family) if without or also else []
        if not records:
            found = load_evidence(log, family, noise_multiplier)
            return Selection(evidence=found, carries=Carries.LAW, left_out=())
        unit = Measure.NATS_PER_TOKEN
    else:
        state_unit(family, unit)
        records = log.records(family=family)
    names = {run.run_id: run.run for entry in past for run in entry.runs if run.stored}
    taken = _named(records, names, also, ALSO)
    suspicious = suspicious_runs(past, family)
    left_out = {run: why for run, why in suspicious.items() if run not in taken}
    left_out |= _named(records, names, without, WITHOUT)
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
        is_chosen=bool(without or also),
    )


def chosen(
    log: RunLog, family: str, *, without: Sequence[str] = (), also: Sequence[str] = ()
) -> Choice:
    """The choice that names mean, as :func:`select` takes them. Raises :class:`InputError` for a
    run that is not there."""
    records = log.records(family=family)
    past = journal.live(log)
    names = {run.run_id: run.run for entry in past for run in entry.runs if run.stored}
    return Choice(
        without=tuple(sorted(_named(records, names, without, WITHOUT))),
        also=tuple(sorted(_named(records, names, also, ALSO))),
    )


def remaining(
    log: RunLog, family: str, choice: Choice, noise_multiplier: NoiseMultiplier
) -> Remaining:
    """What a choice leaves of a family. Of imported runs no curve is read; those that ship with
    Kessai are few, and accounting says their noise.

    Of these too a choice is held to the counts that imported runs are.
    """
    past, rows = journal.live(log), [row for row in log.outlines() if row["family"] == family]
    out = set(suspicious_runs(past, family)) - set(choice.also) | set(choice.without)
    kept = [row for row in rows if row["run_id"] not in out]
    if all(row["provenance"] == Provenance.IMPORTED for row in rows):
        outlines, runs = [_outline_of_row(row) for row in kept], len(kept)
    else:
        left = {row["run_id"] for row in kept}
        records = [record for record in log.records(family=family) if record.run_id in left]
        outlines, runs = _outlines_of_points(records, noise_multiplier)
    try:
        carries, refusal = _judged(family, outlines), None
    except InputError as error:
        carries, refusal = None, error
    return Remaining(
        runs=runs,
        points=sum(outline.points for outline in outlines),
        sizes=len({outline.model_size for outline in outlines}),
        noises=_noises(outlines),
        carries=carries,
        refusal=refusal,
    )


def _outlines_of_points(
    records: Sequence[RunRecord], noise_multiplier: NoiseMultiplier
) -> tuple[list["_Outline"], int]:
    """A row of evidence each, judged as an imported one, and the runs that they are of."""
    try:
        found = evidence(records, noise_multiplier)
    except InputError:  # no record counts
        return [], 0
    columns = (found.frame[name] for name in ("model_size", "iterations", "noise_batch_ratio"))
    return [
        _Outline(
            model_size=int(size),
            iterations=int(steps),
            ratio=float(ratio),
            points=1,
            of_tokens=False,
            imported=True,
        )
        for size, steps, ratio in zip(*columns, strict=True)
    ], found.runs


def suspicious_runs(past: Sequence[journal.Entry], family: str) -> dict[str, str]:
    """Run id -> the reason of its flag, of runs that are left out by themselves. The last import
    that brought a run says it: the one before may have been corrected."""
    flags = {
        run.run_id: ", ".join(flag for flag in run.flags if flag in _SUSPICIOUS)
        for entry in past
        if entry.family == family
        for run in entry.runs
        if run.stored
    }
    return {run_id: reason for run_id, reason in flags.items() if reason}


def _named(
    records: Sequence[RunRecord], names: dict[str, str], those: Sequence[str], option: str
) -> dict[str, str]:
    """Run id -> the option by which somebody named it."""
    found, ids = {}, {record.run_id for record in records}
    for said in those:
        same = (
            [said]
            if said in ids
            else [
                record.run_id
                for record in records
                if said in (names.get(record.run_id), record.run_id)
                or (len(said) >= SHORTEST_ID and record.run_id.startswith(said))
            ]
        )
        if not same:
            raise InputError(
                "Expected a run of the evidence behind {option}, got {value}: runs have the names "
                "of their files, or their ids.",
                option=option,
                value=said[:40],
            )
        found.update(dict.fromkeys(same, option))
    return found


def plannable(log: RunLog) -> list[str]:
    """The imported families whose runs carry a law that a plan can rest on, by name; their units
    are stated. Reads no curve and asks no accounting."""
    past = journal.live(log)
    outlines = log.outlines()
    found = []
    for family in sorted({entry.family for entry in past}):
        state_unit(family, journal.unit_in(past, family))
        left_out = suspicious_runs(past, family)
        rows = [
            row for row in outlines if row["family"] == family and row["run_id"] not in left_out
        ]
        try:
            carries = _judged(family, [_outline_of_row(row) for row in rows])
        except InputError:
            continue
        if carries is not Carries.TOKENS:
            found.append(family)
    return found


@dataclass(frozen=True, kw_only=True)
class _Outline:
    """What of a run decides what its family carries."""

    model_size: int
    iterations: int
    ratio: float
    """σ/B or σ: 0 without noise."""
    points: int
    of_tokens: bool
    imported: bool


def _outline(record: RunRecord) -> _Outline:
    return _Outline(
        model_size=record.model_size,
        iterations=record.iterations,
        ratio=record.noise_batch_ratio or record.noise_multiplier or 0.0,
        points=max(len(record.curve), 1),
        of_tokens=counts_tokens(record),
        imported=record.provenance is Provenance.IMPORTED,
    )


def _outline_of_row(row: Mapping[str, Any]) -> _Outline:
    imported = row["provenance"] == Provenance.IMPORTED
    return _Outline(
        model_size=row["model_size"],
        iterations=row["iterations"],
        ratio=row["noise_batch_ratio"] or row["noise_multiplier"] or 0.0,
        points=max(row["points"] or 0, 1),
        of_tokens=imported and row["batch_size"] == row["sequence_length"] == 1,
        imported=imported,
    )


def _carried(family: str, records: list[RunRecord]) -> tuple[Carries, list[RunRecord]]:
    """What runs carry, and those that carry it."""
    carries = _judged(family, [_outline(record) for record in records])
    if any(record.provenance is not Provenance.IMPORTED for record in records):
        return carries, records
    of_tokens = carries is Carries.TOKENS
    return carries, [record for record in records if counts_tokens(record) is of_tokens]


def _noises(runs: Iterable[_Outline]) -> int:
    """Noise-batch ratios, to six digits."""
    return len({f"{run.ratio:.6g}" for run in runs})


def _judged(family: str, runs: Sequence[_Outline]) -> Carries:
    """What runs carry. Raises :class:`InputError` for too few."""
    if any(not run.imported for run in runs):
        return Carries.LAW
    stepped = [run for run in runs if not run.of_tokens]
    plain = [run for run in runs if run.of_tokens]
    points, sizes, noises = (
        sum(run.points for run in stepped),
        len({run.model_size for run in stepped}),
        _noises(stepped),
    )
    if points >= LEAST_POINTS and sizes >= LEAST_SIZES:
        noisy = any(run.ratio for run in stepped)
        if noises >= LEAST_NOISES and noisy:
            return Carries.LAW
        if not noisy:
            return Carries.NOISELESS
    lengths = {run.iterations for run in plain}
    sizes_of_plain = {run.model_size for run in plain}
    if len(plain) >= LEAST_POINTS and min(len(lengths), len(sizes_of_plain)) >= LEAST_SIZES:
        return Carries.TOKENS
    raise InputError(
        "Expected at least {points} points at {sizes} model sizes and {noises} noise-batch ratios "
        "in {family}, or {points} runs without noise at {sizes} sizes and {sizes} counts of "
        "tokens, got {held} points ({held_sizes}, {held_noises}) and {plain} such runs "
        "({plain_sizes}, {plain_lengths}): import more runs.",
        points=LEAST_POINTS,
        sizes=LEAST_SIZES,
        noises=LEAST_NOISES,
        family=family,
        held=points,
        held_sizes=sizes,
        held_noises=noises,
        plain=len(plain),
        plain_sizes=len(sizes_of_plain),
        plain_lengths=len(lengths),
    )

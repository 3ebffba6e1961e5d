"""``results.csv`` of the paper's public archive (McKenna et al., arXiv 2501.18914) -> run records.

One line a measurement: Model, Learning Rate, Iterations, Noise Batch Ratio, Cross Entropy, in any
form that :mod:`engine.tables.reader` reads. One run a (Model, Learning Rate, Noise Batch Ratio),
its curve the measurements in order of iteration. All were trained with sequences of 512 tokens and
a physical batch of 1024 examples, which is the batch recorded here: noise_multiplier = 1024·σ̄, and
compute_flops is what this run cost. No accounting stands behind the runs, so they carry no ε;
σ̄ = 0 is the run without noise.

``cross_entropy`` is the mean of the last 10 measurements, the window of the paper's smoothing:
single evaluations scatter. The curve keeps them as they are.

**The unit is the run.** Where a setting was measured again from the beginning, the second time is
another run (seed 2, and so on; the first keeps no seed). A run whose loss is NaN, infinite or 0 (as
some stores write NaN), or ends in a blow-up, is :class:`Diverged` as a whole: its sound beginning
is no shorter healthy run.

**Not tried on the real archive**: Kessai's authors had its description, not the file. The tests
use made files of that format. A line that does not fit is refused with its number. The family is
not that of Table 2, which was made from these runs: together they would count twice.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.errors import InputError
from engine.interval import FloatArray
from engine.runs.checks import count, real
from engine.runs.importers.published import PHYSICAL_BATCH_SIZE, SEQUENCE_LENGTH, VOCABULARY_SIZE
from engine.runs.imports.divergence import SMOOTHING, diverged_at
from engine.runs.learning_curve import LearningCurve
from engine.runs.record import Provenance, RunRecord, run_id_of
from engine.runs.table import Refusal
from engine.tables.numbers import not_finite
from engine.tables.reader import no_collection, read_file
from engine.tables.table import Corrections, Detected, Row, Table

FAMILY = "dp-scaling-laws-bert"
MODEL_SIZES = {
    "BertTiny": 4_500_000,
    "BertMini": 11_400_000,
    "BertSmall": 29_000_000,
    "BertMedium": 41_000_000,
    "BertBase": 109_000_000,
    "BertLarge": 335_000_000,
    "BertMega": 778_000_000,
}
"""Parameters, embeddings included, as the paper rounds them."""

_NUMBERS = ("Learning Rate", "Iterations", "Noise Batch Ratio", "Cross Entropy")
_COLUMNS = ("Model", *_NUMBERS)
_SETTING = ("Model", "Learning Rate", "Noise Batch Ratio")


@dataclass(frozen=True, kw_only=True)
class Diverged:
    """A run that is no point of a law."""

    run: str
    """Its setting, as the file names it."""
    run_id: str
    line: int
    """Of the measurement that shows it."""
    reason: InputError

    def __str__(self) -> str:
        return f"{self.run} (row {self.line}): {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What a file held. Lines and rows count as a spreadsheet does: the first line is 1."""

    records: tuple[RunRecord, ...]
    diverged: tuple[Diverged, ...]
    refusals: tuple[Refusal, ...]
    """A line that fits no run, or a whole run under its last line."""
    detected: Detected


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Measurements of one setting in order of iteration, arrays of shape (n,)."""

    model: str
    learning_rate: float
    noise_batch_ratio: float
    seed: int | None
    iterations: np.ndarray
    losses: FloatArray
    """Nats per token; NaN or infinite where the training had diverged."""
    lines: np.ndarray

    @property
    def name(self) -> str:
        again = f", seed {self.seed}" if self.seed else ""
        return f"{self.model}, rate {self.learning_rate:g}, σ̄ {self.noise_batch_ratio:g}{again}"

    @property
    def defining(self) -> dict[str, str | int | float | None]:
        return {
            "family": FAMILY,
            "source": "McKenna et al. 2025, arXiv 2501.18914, results.csv of its archive",
            "provenance": Provenance.IMPORTED,
            "model_size": MODEL_SIZES[self.model],
            "batch_size": PHYSICAL_BATCH_SIZE,
            "physical_batch_size": PHYSICAL_BATCH_SIZE,
            "iterations": int(self.iterations[-1]),
            "sequence_length": SEQUENCE_LENGTH,
            "noise_multiplier": self.noise_batch_ratio * PHYSICAL_BATCH_SIZE,
            "noise_batch_ratio": self.noise_batch_ratio,
            "learning_rate": self.learning_rate,
            "vocabulary_size": VOCABULARY_SIZE,
            "seed": self.seed,
        }


@no_collection()
def read_results(
    path: Path, *, created_at: datetime, corrections: Corrections | None = None
) -> Imported:
    """Runs of the archive's ``results.csv``, those that diverged, and a refusal for each line that
    fits none.

    Lines may come in any order, except where a setting was measured more than once. Raises
    :class:`InputError` when the file or its header is another.
    """
    table = read_file(path, columns=_COLUMNS, numeric=_NUMBERS, corrections=corrections)
    if missing := table.missing(_COLUMNS):
        raise InputError(
            "Expected the columns {columns} in {path}, got none called {missing}.",
            columns=", ".join(_COLUMNS),
            path=path.name,
            missing=", ".join(missing),
        )
    table.require_once(_COLUMNS)
    refusals: list[Refusal] = []
    records: list[RunRecord] = []
    diverged: list[Diverged] = []
    for run in _runs(table, refusals):
        try:
            if found := _diverged(run):
                diverged.append(found)
            else:
                records.append(_record(run, created_at))
        except InputError as error:
            refusals.append(_refused_run(run, error))
    return Imported(
        records=tuple(records),
        diverged=tuple(diverged),
        refusals=tuple(sorted(refusals, key=lambda refusal: refusal.row_number)),
        detected=table.detected,
    )


def _runs(table: Table, refusals: list[Refusal]) -> list[_Measured]:
    settings = _settings(table, refusals)
    iterations, wrong_iterations = table.numbers("Iterations")
    losses, wrong_losses = table.numbers("Cross Entropy")
    for place in wrong_losses.copy():
        loss = not_finite(table.cell(table.rows[place], "Cross Entropy"))
        if loss is not None:
            losses[place] = loss
            del wrong_losses[place]
    wrong = wrong_iterations | wrong_losses
    steps, values = np.array(iterations, dtype=float), np.array(losses)
    lines = np.array([row.line for row in table.rows], dtype=np.int64)
    doubtful = (
        (steps < 0)
        | (steps >= 2**63)
        | (steps != np.round(steps))
        | ((values < 0) & np.isfinite(values))
    )
    doubtful[list(wrong)] = True
    found = []
    for (model, rate, ratio), places in settings.items():
        sound = np.array(places)
        for place in sound[doubtful[sound]].tolist():
            try:
                if place in wrong:
                    raise wrong[place]
                count("Iterations", iterations[place], 0, optional=False)
                real("Cross Entropy", losses[place], optional=False)
            except InputError as error:
                refusals.append(_refused(table, table.rows[place], error))
        sound = sound[~doubtful[sound]]
        found += _by_seed(
            _Measured(
                model=model,
                learning_rate=rate,
                noise_batch_ratio=ratio,
                seed=None,
                iterations=steps[sound].astype(np.int64),
                losses=values[sound],
                lines=lines[sound],
            ),
            refusals,
        )
    return found


def _settings(
    table: Table, refusals: list[Refusal]
) -> Mapping[tuple[str, float, float], list[int]]:
    """Places of the rows of each setting, in order of the file."""
    columns = [table.place(name) for name in _SETTING]
    by_text: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(table.rows):
        if row.extra:
            try:
                table.require_whole(row)
            except InputError as error:
                refusals.append(_refused(table, row, error))
            continue
        cells = row.cells
        by_text[cells[columns[0]], cells[columns[1]], cells[columns[2]]].append(place)
    settings: dict[tuple[str, float, float], list[int]] = defaultdict(list)
    for places in by_text.values():
        for number, place in enumerate(places):
            row = table.rows[place]
            try:
                setting = _setting(table, row)
            except InputError as error:  # one sentence a line: each has its own number
                refusals.append(_refused(table, row, error))
            else:
                settings[setting] += places[number:]
                break
    for places in settings.values():
        places.sort()
    return settings


def _setting(table: Table, row: Row) -> tuple[str, float, float]:
    model = table.cell(row, "Model").strip()
    if model not in MODEL_SIZES:
        raise InputError(
            "Expected {expected} for {name}, got {value}.",
            expected=" | ".join(MODEL_SIZES),
            name="Model",
            value=model,
        )
    rate = real("Learning Rate", table.number(row, "Learning Rate"), optional=False)
    ratio = table.number(row, "Noise Batch Ratio")
    return model, rate, real("noise_batch_ratio", ratio, optional=False)


def _by_seed(setting: _Measured, refusals: list[Refusal]) -> list[_Measured]:
    """The runs of one setting: the n-th measurement of an iteration belongs to the n-th run."""
    if not setting.lines.size:
        return []
    order = np.argsort(setting.iterations, kind="stable")
    iterations = setting.iterations[order]
    starts = np.flatnonzero(np.diff(iterations, prepend=-1))
    times = np.arange(iterations.size) - np.repeat(starts, np.diff([*starts, iterations.size]))
    runs = [
        _Measured(
            model=setting.model,
            learning_rate=setting.learning_rate,
            noise_batch_ratio=setting.noise_batch_ratio,
            seed=time + 1 if time else None,
            iterations=iterations[times == time],
            losses=setting.losses[order][times == time],
            lines=setting.lines[order][times == time],
        )
        for time in range(int(times.max()) + 1)
    ]
    if len(runs) > 1 and any(np.any(np.diff(run.lines) <= 0) for run in runs):
        mixed = InputError(
            "Expected each of several runs of one setting in order of its iterations, got them "
            "mixed: sort the file by run."
        )
        refusals.append(_refused_run(setting, mixed))
        return []
    kept: list[_Measured] = []
    for run in runs:
        try:
            _require_new(run, kept)
            kept.append(run)
        except InputError as error:
            refusals.append(_refused_run(run, error))
    return kept


def _require_new(run: _Measured, others: list[_Measured]) -> None:
    """Raise :class:`InputError` for a copy of another run."""
    for other in others:
        same = np.isin(other.iterations, run.iterations)
        if np.array_equal(other.losses[same], run.losses, equal_nan=True):
            raise InputError(
                "Expected every measurement once, got those from row {first} on again.",
                first=int(other.lines[same][0]),
            )


def _diverged(run: _Measured) -> Diverged | None:
    at = diverged_at(run.losses, VOCABULARY_SIZE)
    if at is None:
        return None
    return Diverged(
        run=run.name,
        run_id=run_id_of(run.defining),
        line=int(run.lines[at]),
        reason=InputError(
            "The training diverged: its loss is {value} after {iterations} iterations.",
            value=f"{run.losses[at]:g}",
            iterations=int(run.iterations[at]),
        ),
    )


def _record(run: _Measured, created_at: datetime) -> RunRecord:
    curve = LearningCurve(run.iterations, run.losses)
    tail = curve.losses[-SMOOTHING:].tolist()
    tokens = PHYSICAL_BATCH_SIZE * curve[-1][0] * SEQUENCE_LENGTH
    return RunRecord(
        family=FAMILY,
        source=str(run.defining["source"]),
        provenance=Provenance.IMPORTED,
        model_size=MODEL_SIZES[run.model],
        batch_size=PHYSICAL_BATCH_SIZE,
        physical_batch_size=PHYSICAL_BATCH_SIZE,
        iterations=curve[-1][0],
        sequence_length=SEQUENCE_LENGTH,
        noise_multiplier=run.noise_batch_ratio * PHYSICAL_BATCH_SIZE,
        noise_batch_ratio=run.noise_batch_ratio,
        compute_flops=float(FLOPS_PER_PARAMETER_AND_TOKEN * MODEL_SIZES[run.model] * tokens),
        learning_rate=run.learning_rate,
        seed=run.seed,
        vocabulary_size=VOCABULARY_SIZE,
        cross_entropy=sum(tail) / len(tail),
        note=f"{run.model}; cross_entropy is the mean of the last {len(tail)} measurements.",
        created_at=created_at,
        curve=curve,
    )


def _refused(table: Table, row: Row, error: InputError) -> Refusal:
    cells: dict[str | None, object] = dict(zip(table.header, row.cells, strict=True))
    if row.extra:
        cells[None] = list(row.extra)
    return Refusal.of(row.line, cells, error)


def _refused_run(run: _Measured, error: InputError) -> Refusal:
    values = (run.model, run.learning_rate, run.noise_batch_ratio)
    return Refusal.of(int(run.lines.max()), dict(zip(_SETTING, values, strict=True)), error)

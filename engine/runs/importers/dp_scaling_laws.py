"""``results.csv`` of the paper's public archive (McKenna et al., arXiv 2501.18914) -> run records.

One line a measurement: Model, Learning Rate, Iterations, Noise Batch Ratio, Cross Entropy. One run
a (Model, Learning Rate, Noise Batch Ratio), its curve the measurements in order of iteration. All
were trained with sequences of 512 tokens and a physical batch of 1024 examples, which is the batch
recorded here: noise_multiplier = 1024·σ̄, and compute_flops is what this run cost. No accounting
stands behind the runs, so they carry no ε; σ̄ = 0 is the run without noise.

``cross_entropy`` is the mean of the last 10 measurements, the window of the paper's smoothing:
single evaluations scatter. The curve keeps them as they are.

**Not tried on the real archive**: Kessai's authors had its description, not the file. The tests
use a small synthetic file of that format. A line that does not fit is refused with its number.
The family is not that of Table 2, which was made from these runs: together they would count twice.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.errors import InputError
from engine.runs.checks import count, real
from engine.runs.importers.published import PHYSICAL_BATCH_SIZE, SEQUENCE_LENGTH, VOCABULARY_SIZE
from engine.runs.record import Provenance, RunRecord
from engine.runs.table import Refusal, parse_number

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
SMOOTHING = 10
"""Measurements; the paper's rolling mean."""

_COLUMNS = ("Model", "Learning Rate", "Iterations", "Noise Batch Ratio", "Cross Entropy")
_Key = tuple[str, float, float]
_Row = dict[str | None, object]
"""Column -> cell; None -> the cells beyond the last column."""


def read_results(path: Path, *, created_at: datetime) -> tuple[list[RunRecord], list[Refusal]]:
    """Runs of the archive's ``results.csv``, and a refusal for each line that fits none.

    Lines may come in any order. Row numbers are the file's lines, the header is line 1; a whole
    run is refused under its last line. Raises InputError when the file or its header is another.
    """
    curves: dict[_Key, dict[int, tuple[float, int]]] = defaultdict(dict)
    refusals: list[Refusal] = []
    for line, row in _lines(path):
        try:
            key, iteration, loss = _measurement(row)
            if iteration in curves[key]:
                raise InputError(
                    "Expected one measurement of iteration {iteration}, got that of row {first} "
                    "again.",
                    iteration=iteration,
                    first=curves[key][iteration][1],
                )
            curves[key][iteration] = (loss, line)
        except InputError as error:
            refusals.append(Refusal.of(line, row, error))
    records = []
    for key, points in curves.items():
        try:
            records.append(_run(key, points, created_at))
        except InputError as error:
            row = dict(zip(("Model", "Learning Rate", "Noise Batch Ratio"), key, strict=True))
            last = max(line for _, line in points.values())
            refusals.append(Refusal.of(last, row, error))
    return records, sorted(refusals, key=lambda refusal: refusal.row_number)


def _lines(path: Path) -> Iterator[tuple[int, _Row]]:
    try:
        # Undecodable bytes become marks that no number holds: their line is refused, not the file.
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    "Expected the columns {columns} in {path}, got none called {missing}.",
                    columns=", ".join(_COLUMNS),
                    path=path.name,
                    missing=", ".join(missing),
                )
            for row in reader:
                yield reader.line_num, dict(row)
    except (OSError, csv.Error) as error:
        template = "Expected to read {path}: {reason}"
        raise InputError(template, path=path, reason=error) from error


def _measurement(row: _Row) -> tuple[_Key, int, float]:
    texts = {name: str(row[name] or "").strip() for name in _COLUMNS}
    more = row.get(None)
    if isinstance(more, list):
        template = "Expected {count} cells, got {extra} more."
        raise InputError(template, count=len(_COLUMNS), extra=len(more))
    if texts["Model"] not in MODEL_SIZES:
        raise InputError(
            "Expected {expected} for {name}, got {value}.",
            expected=" | ".join(MODEL_SIZES),
            name="Model",
            value=texts["Model"],
        )
    value = {name: parse_number(name, texts[name]) for name in _COLUMNS[1:]}
    rate = real("Learning Rate", value["Learning Rate"], optional=False)
    ratio = real("noise_batch_ratio", value["Noise Batch Ratio"], optional=False)
    iteration = count("Iterations", value["Iterations"], 0, optional=False)
    loss = real("Cross Entropy", value["Cross Entropy"], optional=False)
    return (texts["Model"], rate, ratio), iteration, loss


def _run(key: _Key, points: dict[int, tuple[float, int]], created_at: datetime) -> RunRecord:
    model, rate, ratio = key
    curve = tuple((iteration, points[iteration][0]) for iteration in sorted(points))
    tail = [loss for _, loss in curve[-SMOOTHING:]]
    tokens = PHYSICAL_BATCH_SIZE * curve[-1][0] * SEQUENCE_LENGTH
    return RunRecord(
        family=FAMILY,
        source="McKenna et al. 2025, arXiv 2501.18914, results.csv of its archive",
        provenance=Provenance.IMPORTED,
        model_size=MODEL_SIZES[model],
        batch_size=PHYSICAL_BATCH_SIZE,
        physical_batch_size=PHYSICAL_BATCH_SIZE,
        iterations=curve[-1][0],
        sequence_length=SEQUENCE_LENGTH,
        noise_multiplier=ratio * PHYSICAL_BATCH_SIZE,
        noise_batch_ratio=ratio,
        compute_flops=float(FLOPS_PER_PARAMETER_AND_TOKEN * MODEL_SIZES[model] * tokens),
        learning_rate=rate,
        vocabulary_size=VOCABULARY_SIZE,
        cross_entropy=sum(tail) / len(tail),
        note=f"{model}; cross_entropy is the mean of the last {len(tail)} measurements.",
        created_at=created_at,
        curve=curve,
    )

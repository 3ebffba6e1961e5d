"""The public archive of McKenna et al. (2025) among the files that are imported.

Its own reader (:mod:`engine.runs.importers.dp_scaling_laws`) knows the sizes, batch, sequence
length and vocabulary that its ``results.csv`` does not state.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from engine.runs.importers import dp_scaling_laws
from engine.runs.importers.dp_scaling_laws import Diverged, read_results
from engine.runs.imports.measured import Measured, Refused
from engine.runs.imports.settle import Settled, Status
from engine.runs.imports.sheet import Sheet
from engine.runs.record import RunRecord
from engine.tables.table import Corrections, key

FAMILY = dp_scaling_laws.FAMILY
_COLUMNS = ("Model", "Learning Rate", "Iterations", "Noise Batch Ratio", "Cross Entropy")


def is_archive(sheet: Sheet) -> bool:
    """Whether a sheet has the columns of the archive, and sizes by name alone."""
    return {*map(key, sheet.header)} == {*map(key, _COLUMNS)}


def archive_runs(
    path: Path, family: str, corrections: Corrections | None, created_at: datetime
) -> tuple[list[Settled], list[Refused]]:
    """Its runs under ``family``, and the lines that fit none."""
    found = read_results(path, created_at=created_at, corrections=corrections)
    runs = [_sound(replace(record, family=family)) for record in found.records]
    runs += [_diverged(run) for run in found.diverged]
    refused = [
        Refused(
            line=one.row_number,
            run=str(one.row.get("Model") or f"row {one.row_number}"),
            reason=one.error,
        )
        for one in found.refusals
    ]
    return sorted(runs, key=lambda run: run.measured.line), refused


def _sound(record: RunRecord) -> Settled:
    model, _, _ = record.note.partition(";")
    again = f", seed {record.seed}" if record.seed else ""
    ratio = record.noise_batch_ratio or 0.0
    points = record.points
    settings: dict[str, float | int | None] = {
        name: getattr(record, name)
        for name in (
            "model_size", "batch_size", "iterations", "sequence_length", "vocabulary_size",
            "noise_batch_ratio", "noise_multiplier", "learning_rate", "seed",
        )
    }  # fmt: skip
    settings["tokens"] = float(record.batch_size) * record.iterations * record.sequence_length
    return Settled(
        measured=Measured(
            name=f"{model}, rate {record.learning_rate:g}, σ̄ {ratio:g}{again}",
            line=0,
            values=settings,
            texts={},
            steps=points.iterations,
            losses=points.losses,
        ),
        settings=settings,
        texts={},
        loss=record.cross_entropy,
        status=Status.FINISHED,
        record=record,
        run_id=record.run_id,
    )


def _diverged(run: Diverged) -> Settled:
    nothing = np.array([], dtype=np.int64)
    return Settled(
        measured=Measured(
            name=run.run,
            line=run.line,
            values={},
            texts={},
            steps=nothing,
            losses=nothing.astype(float),
        ),
        settings={},
        texts={},
        loss=None,
        status=Status.DIVERGED,
        ended=run.reason,
        run_id=run.run_id,
    )

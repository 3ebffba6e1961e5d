"""Any file or folder of runs -> a sheet, by what it begins with and not by its name.

Text tables and JSON (:mod:`.sheet`), databases and columnar files (:mod:`.databases`), trackers'
files and folders. What is ambiguous in a table is left for who knows its columns.
"""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.errors import InputError
from engine.runs.imports import databases, event_files, large_texts, trackers, wandb_offline
from engine.runs.imports.columns import KNOWN, known
from engine.runs.imports.sheet import (
    MLFLOW,
    TENSORBOARD,
    TRACKIO,
    WANDB,
    Sheet,
    is_json,
    json_sheet,
    text_sheet,
)
from engine.runs.imports.units_row import with_units
from engine.runs.imports.wide import is_wide, long_sheet
from engine.tables.columnar import LARGE
from engine.tables.table import Corrections
from engine.untrusted import regular

MOST_BYTES = 2 * 2**30


def read(path: Path, corrections: Corrections | None = None, *, in_columns: bool = True) -> Sheet:
    """The table of runs in a file or a tracker's folder, whatever its format.

    ``in_columns``: a large text table of histories may come in columns, where all of it is regular.
    Raises :class:`InputError`.
    """
    if path.is_dir():
        return _folder(path)
    if event_files.is_event_file(path):
        return replace(event_files.events_sheet(path), source=TENSORBOARD)
    with regular.reading(str(path)), regular.opened(path) as handle:
        size = os.fstat(handle.fileno()).st_size
        head = handle.read(4096)
    if size > MOST_BYTES:
        raise InputError(
            "Expected a file of at most {most} MB, got {size} MB.",
            most=MOST_BYTES // 2**20,
            size=size // 2**20,
        )
    if head.startswith(wandb_offline.START):
        return replace(wandb_offline.offline_sheet(path), source=WANDB)
    if head.startswith(b"PAR1"):
        sheet = databases.parquet_sheet(path)
    elif head.startswith(b"PK\x03\x04"):
        sheet = databases.workbook_sheet(path, known)
    elif head.startswith(b"SQLite format 3\0"):
        sheet = _sqlite(path)
    elif head[8:12] == b"DUCK":
        sheet = databases.duckdb_sheet(path, known)
    else:
        large = large_texts.sheet_of(path, corrections) if in_columns and size >= LARGE else None
        if large is not None:
            return replace(large, row_by_row=partial(read, path, corrections, in_columns=False))
        sheet = _texts(path, head, corrections)
    if sheet.table is not None and len(sheet.header) == 1:
        raise InputError(
            "Expected several columns in {file}, got one, {name}: save the table with commas, "
            "semicolons or tabs between its cells.",
            file=path.name,
            name=sheet.header[0][:80],
        )
    if not sheet.header:
        raise InputError(
            "Expected a table of runs in {file}, got no column: export one row a run.",
            file=path.name,
        )
    return long_sheet(sheet) if is_wide(sheet) else with_units(sheet)


def _texts(path: Path, head: bytes, corrections: Corrections | None) -> Sheet:
    if is_json(head):
        return json_sheet(path, regular.whole(path))
    return text_sheet(path, corrections, KNOWN)


def _folder(path: Path) -> Sheet:
    if trackers.is_mlruns(path):
        return replace(trackers.mlruns_sheet(path), source=MLFLOW)
    if event_files.has_events(path):
        return replace(event_files.events_sheet(path), source=TENSORBOARD)
    if wandb_offline.has_offline_runs(path):
        return replace(wandb_offline.offline_sheet(path), source=WANDB)
    raise InputError(
        "Expected a folder of MLflow (mlruns), of TensorBoard's event files or of Weights & "
        "Biases' offline runs, got {folder}: give a file, or a tracker's export.",
        folder=path.name,
    )


def _sqlite(path: Path) -> Sheet:
    with databases.sqlite(path) as base:
        tables = databases.sqlite_tables(base)
    if trackers.is_mlflow(tables):
        return replace(trackers.mlflow_sheet(path), source=MLFLOW)
    if trackers.is_trackio(tables):
        return replace(trackers.trackio_sheet(path), source=TRACKIO)
    return databases.sqlite_sheet(path, known)

"""Rows of Parquet files and of Hugging Face datasets, a batch at a time."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.durable import expanded
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text.documents import columns_of, document_of, require_columns, unreadable
from engine.pilot.text.refusals import Progress, Refused, Row
from engine.untrusted.guard import guarded

_ROWS = 1024
_SAVED_BY_DATASETS = ("state.json", "dataset_dict.json")


def parquet_rows(source: CorpusSource, path: Path, progress: Progress) -> Iterator[Row | Refused]:
    """The rows of one file; memory holds a batch of them."""
    names = columns_of(source)
    place = 0
    refusal = partial(unreadable, source)
    with guarded(lambda: pq.ParquetFile(path, page_checksum_verification=True), refusal) as file:
        require_columns(source, file.schema_arrow.names)
        batches = file.iter_batches(batch_size=_ROWS, columns=names)
        while columns := guarded(
            lambda: _columns(next(batches, None), names), refusal, passing=(MemoryError,)
        ):
            for row in zip(*columns, strict=True):
                place += 1
                yield document_of(dict(zip(names, row, strict=True)), place, source)
            progress(place / max(file.metadata.num_rows, 1))


def _columns(batch: pa.RecordBatch | None, names: list[str]) -> list[list[Any]]:
    """The plain values of a batch, a list a column; nothing where there is none."""
    return [] if batch is None else [_values(batch.column(name)) for name in names]


def _values(column: pa.Array) -> list[Any]:
    """Plain values; text as bytes, because one wrong byte would fail the whole batch."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    values: list[Any] = column.to_pylist()
    return values


def huggingface_rows(source: CorpusSource, progress: Progress) -> Iterator[Row | Refused]:
    """The rows of a dataset that :func:`dataset_of` finds."""
    dataset = dataset_of(source)
    require_columns(source, dataset.column_names)
    for place, values in enumerate(dataset.select_columns(columns_of(source)), start=1):
        yield document_of(values, place, source)
        if place % _ROWS == 0:
            progress(place / len(dataset))


def dataset_of(source: CorpusSource) -> Any:
    """A dataset saved in a folder, or one that ``load_dataset`` knows by that path or name."""
    try:
        import datasets  # optional: only this kind needs it
    except ImportError:
        raise InputError(
            "Expected the package datasets for the Hugging Face dataset {path}: pip install "
            "datasets, or export it as Parquet.",
            path=source.path,
        ) from None
    path = expanded(source.path)
    try:
        if any((path / saved).is_file() for saved in _SAVED_BY_DATASETS):
            loaded = datasets.load_from_disk(str(path))
        else:
            loaded = datasets.load_dataset(str(path) if path.exists() else source.path)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise unreadable(source, type(error).__name__) from None
    if not isinstance(loaded, dict):
        return loaded
    if "train" in loaded:
        return loaded["train"]
    if len(loaded) != 1:
        raise unreadable(source, "several splits, none of them called train")
    return next(iter(loaded.values()))

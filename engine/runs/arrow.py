"""Run records as the rows of an Arrow table, and back: the columns of the run log's files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from engine.errors import InputError
from engine.runs.learning_curve import LearningCurve
from engine.runs.record import CHOICES, COUNTS, FIELDS, NUMBERS, TEXTS, RunRecord


def _type(name: str) -> pa.DataType:
    if name in COUNTS:
        return pa.int64()
    if name in NUMBERS:
        return pa.float64()
    if name in TEXTS or name in CHOICES:
        return pa.string()
    point = [pa.field("iteration", pa.int64()), pa.field("cross_entropy", pa.float64())]
    return {
        "compute_optimal": pa.bool_(),
        "created_at": pa.timestamp("us", tz="UTC"),
        "curve": pa.list_(pa.struct(point)),
    }[name]


SCHEMA = pa.schema([pa.field("run_id", pa.string()), *(pa.field(n, _type(n)) for n in FIELDS)])
"""One row a run. Every column is nullable in the file; which fields may be missing is checked by
:class:`engine.runs.record.RunRecord`."""


def require_schema(schema: pa.Schema) -> None:
    """InputError that names the columns by which ``schema`` is not :data:`SCHEMA`."""
    if schema.remove_metadata().equals(SCHEMA):
        return
    missing = [name for name in SCHEMA.names if name not in schema.names]
    extra = [name for name in schema.names if name not in SCHEMA.names]
    parts = [f"without {', '.join(missing)}"] if missing else []
    parts += [f"with {', '.join(extra)}"] if extra else []
    raise InputError(
        "Expected the columns of the run log, got others ({difference}): import the file instead.",
        difference="; ".join(parts) or "other types or order",
    )


def to_table(records: Iterable[RunRecord]) -> pa.Table:
    """Rows of :data:`SCHEMA`."""
    found = list(records)
    rows = [{"run_id": record.run_id, **_plain(record)} for record in found]
    plain = pa.Table.from_pylist(rows, schema=SCHEMA.remove(SCHEMA.get_field_index("curve")))
    curves = [record.points for record in found]
    ends = np.cumsum([0, *map(len, curves)])
    points = pa.StructArray.from_arrays(
        [
            pa.array(_joined([curve.iterations for curve in curves]), pa.int64()),
            pa.array(_joined([curve.losses for curve in curves]), pa.float64()),
        ],
        fields=list(_type("curve").value_type),
    )
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), points, type=_type("curve"))
    return plain.append_column(SCHEMA.field("curve"), lists).select(SCHEMA.names)


def _joined(columns: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(columns) if columns else np.array([])


def from_table(table: pa.Table) -> list[RunRecord]:
    """Records of a table with :data:`SCHEMA`'s columns; InputError names the row that is wrong."""
    curves = _curves(table["curve"])
    rows = table.drop_columns(["curve"]).to_pylist()
    records = []
    for number, (row, curve) in enumerate(zip(rows, curves, strict=True), start=1):
        stated = row.pop("run_id")
        row["curve"] = curve
        try:
            record = RunRecord(**row)
            if stated != record.run_id:
                raise InputError(
                    "Expected run_id {expected} from the run's content, got {value}.",
                    expected=record.run_id,
                    value=stated,
                )
        except InputError as error:
            raise InputError("Row {row}: {reason}", row=number, reason=error) from error
        records.append(record)
    return records


def preferred(records: Iterable[RunRecord]) -> dict[str, RunRecord]:
    """One record a run id: the one made first, as in :mod:`engine.runs.log`."""
    chosen: dict[str, RunRecord] = {}
    for record in records:
        other = chosen.get(record.run_id)
        if other is None or _age(record) < _age(other):
            chosen[record.run_id] = record
    return chosen


def _age(record: RunRecord) -> tuple[datetime, float]:
    return record.created_at, record.cross_entropy


def _plain(record: RunRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in FIELDS if name != "curve"}


def _curves(column: pa.ChunkedArray) -> Iterator[Sequence[object]]:
    """The curve of each row, unchecked. One with gaps is a list of pairs, which nobody takes."""
    for chunk in column.chunks:
        # Once a chunk: of a slice, flattening copies what it was cut from.
        steps, losses = chunk.values.flatten()
        gaps = steps.null_count or losses.null_count
        columns = None if gaps else LearningCurve(steps, losses)
        offsets, there = chunk.offsets.to_pylist(), chunk.is_valid().to_pylist()
        for first, last, is_there in zip(offsets[:-1], offsets[1:], there, strict=True):
            if not is_there:
                yield ()
            elif columns is not None:
                yield columns[first:last]
            else:
                pairs = (part[first:last].to_pylist() for part in (steps, losses))
                yield list(zip(*pairs, strict=True))

"""Run records as the rows of an Arrow table, and back: the columns of the run log's files."""

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from engine.errors import InputError
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
    rows = [{"run_id": record.run_id, **_plain(record)} for record in records]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def from_table(table: pa.Table) -> list[RunRecord]:
    """Records of a table with :data:`SCHEMA`'s columns; InputError names the row that is wrong."""
    curves = table["curve"]
    records = []
    for number, row in enumerate(table.drop_columns(["curve"]).to_pylist(), start=1):
        stated = row.pop("run_id")
        points = curves[number - 1].values
        try:
            row["curve"] = _points(points)
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
    row = {name: getattr(record, name) for name in FIELDS}
    row["curve"] = [{"iteration": i, "cross_entropy": loss} for i, loss in record.curve]
    return row


def _points(points: pa.StructArray | None) -> tuple[tuple[int, float], ...]:
    if points is None:
        return ()
    columns = points.flatten()
    return tuple(zip(columns[0].to_pylist(), columns[1].to_pylist(), strict=True))

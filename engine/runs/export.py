"""The catalogue as a file: Parquet, CSV or DuckDB.

A row a run, deleted ones left out: the columns of the run log with the run's name, status, flags,
import, unit, tags and note in front (as ``remark``: the log's own ``note`` is the training's); runs
that are no point of a law have these alone. Curves are a column of lists in Parquet and a table of
their own in DuckDB; a CSV has none.

Texts are anybody's: none becomes a formula in a spreadsheet (:mod:`engine.tables.guard`).
"""

from enum import StrEnum
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from engine import durable
from engine.errors import InputError
from engine.runs.catalogue import Listed, catalogue
from engine.runs.database import DUCKDB_LIMITS
from engine.runs.imports import journal
from engine.runs.log import RunLog
from engine.tables.guard import csv_text, harmless


class Kind(StrEnum):
    """Ending of the file's name."""

    PARQUET = ".parquet"
    CSV = ".csv"
    DUCKDB = ".duckdb"


_FRONT = (
    "run", "run_id", "family", "status", "flags", "reasons", "import", "file", "loss_unit",
    "tags", "remark",
)  # fmt: skip


def kind_of(name: str) -> Kind:
    """By the ending of a file's name. Raises :class:`InputError` for any other."""
    ending = Path(name).suffix.lower()
    if ending not in tuple(Kind):
        raise InputError(
            "Expected a file that ends in {endings}, got {value}.",
            endings=", ".join(Kind),
            value=Path(name).name[:80],
        )
    return Kind(ending)


def export(log: RunLog, kind: Kind, *, family: str | None = None, with_bom: bool = False) -> bytes:
    """The file's content: the runs of one family, or all.

    ``with_bom`` puts the mark in front of a CSV by which Excel knows UTF-8. Raises
    :class:`InputError` where there are no such runs.
    """
    listed = [one for one in catalogue(log) if family in (None, one.family)]
    if not listed:
        raise InputError(
            "Expected runs to export, got none of {family}: families are {known}.",
            family=family or "any family",
            known=", ".join(log.families()) or "none",
        )
    table = _table(log, listed, family)
    if kind is Kind.CSV:
        plain = table.drop_columns(["curve"])
        rows = zip(*(column.to_pylist() for column in plain.columns), strict=True)
        return csv_text(plain.column_names, rows, with_bom=with_bom).encode()
    table = _guarded(table)
    with durable.scratch("export") as folder:
        path = folder / "runs.parquet"
        pq.write_table(table, path, compression="zstd")
        return (path if kind is Kind.PARQUET else _database(path)).read_bytes()


def catalogue_table(log: RunLog) -> pa.Table:
    """All runs, curves in a column of lists; texts are as they are, formulas included."""
    return _table(log, catalogue(log), None)


def _table(log: RunLog, listed: list[Listed], family: str | None) -> pa.Table:
    """The runs of the log, then those that it does not hold."""
    units = {
        name: str(journal.unit_in(journal.live(log), name))
        for name in {one.family for one in listed}
    }
    by_id = {one.run_id: one for one in listed if one.is_point}
    stored = log.table(family)
    ids = stored["run_id"].to_pylist()
    stored = stored.filter(pa.array([run_id in by_id for run_id in ids], pa.bool_()))
    front = _front([by_id[run_id] for run_id in ids if run_id in by_id], units)
    loose = _front([one for one in listed if not one.is_point], units)
    for name in stored.column_names:
        if name not in _FRONT:
            column = stored[name]
            front = front.append_column(name, column)
    return pa.concat_tables([front, loose], promote_options="default")


def _front(runs: list[Listed], units: dict[str, str]) -> pa.Table:
    rows = [
        (
            one.name,
            one.run_id,
            one.family,
            one.status,
            ", ".join(one.flags),
            " ".join(map(str, one.reasons)),
            one.import_id or "",
            one.file or "",
            units[one.family],
            ", ".join(one.tags),
            one.note,
        )
        for one in runs
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(_FRONT)
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(_FRONT, columns, strict=True)}
    )


def _guarded(table: pa.Table) -> pa.Table:
    """With texts that stay texts wherever the file goes from here."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = table[field.name].to_pylist()
            kept = [None if text is None else harmless(text) for text in texts]
            table = table.set_column(place, field.name, pa.array(kept, pa.string()))
    return table


def _database(source: Path) -> Path:
    """A DuckDB file with the tables ``runs`` and ``curves``, made of a Parquet file."""
    path = source.with_suffix(Kind.DUCKDB)
    with duckdb.connect(str(path), config=DUCKDB_LIMITS) as base:
        base.execute(
            "CREATE TABLE runs AS SELECT * EXCLUDE (curve) FROM read_parquet($source)",
            {"source": str(source)},
        )
        base.execute(
            "CREATE TABLE curves AS SELECT run_id, unnest(curve, recursive := true) "
            "FROM read_parquet($source)",
            {"source": str(source)},
        )
    return path

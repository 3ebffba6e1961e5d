"""Columns of histories -> the runs that they measured, without an object for each cell.

The same runs as :mod:`engine.runs.imports.measured` makes of rows, for tables of millions of them
(Parquet, DuckDB, a tracker's database, a large text table): a column of settings is read once for
each value that it has, steps and losses stay columns. Where a row would be refused, or a cell is no
plain number, nothing is made of the columns (None), and the rows are read one by one, which can say
what is wrong with each.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.interval import BoolArray, FloatArray, IntArray
from engine.loss_unit import Measure, nats
from engine.runs.imports.columns import TEXT_ROLES, Columns
from engine.runs.imports.measured import (
    PROGRESS,
    Measured,
    Value,
    curve_of,
    numbers_of,
    require_counts,
    sums_up,
    texts_of,
    times_of,
)
from engine.runs.imports.sheet import Sheet, SheetRow, text_of
from engine.tables.columnar import plain_numbers
from engine.tables.table import Row

_LOSS = "cross_entropy"
_MOVING = ("step", _LOSS)
_WORDS = 64
"""Different texts that a column of numbers may hold besides."""


def histories_in_columns(sheet: Sheet, columns: Columns) -> list[Measured] | None:
    """The runs of a sheet with a column of steps, in order of their first rows; None where its
    rows have to be looked at.

    Raises :class:`InputError` where a whole column cannot be the counts that it is called.
    """
    table = sheet.columns
    if table is None or not all(map(columns.has, _MOVING)) or sheet.gaps_are_nan:
        return None
    steps, losses = (_numeric(sheet, columns, role) for role in _MOVING)
    if steps is None or losses is None or steps.null_count:
        return None
    fixed = {
        role: table[name]
        for role, name in columns.by_role.items()
        if role not in PROGRESS and role not in _MOVING
    }
    late = _late(sheet, columns)
    if late is None:
        return None
    starts = _segments(list(fixed.values()), table.num_rows)
    settings = {role: _distinct(column.take(starts)) for role, column in fixed.items()}
    numbers = _numbers(sheet, columns, settings)
    loss = _in_nats(
        losses.to_numpy().astype(float, copy=False), columns.measure or Measure.NATS_PER_TOKEN
    )
    if numbers is None or loss is None:
        return None
    ends = {
        role: _ends(column, columns.scale.get(role, 1))
        for role, column in late.items()
        if role not in TEXT_ROLES
    }
    require_counts(sheet, columns, {**numbers, **ends})
    step = steps.to_numpy()
    if (factor := columns.scale.get("step", 1)) != 1:
        step = step * factor
    rows = _Rows(step, loss, losses.is_valid().to_numpy(zero_copy_only=False))
    found: list[Measured] = []
    for segments, places in _grouped(settings, starts, table.num_rows):
        values = {role: known[settings[role].codes[segments[0]]] for role, known in numbers.items()}
        texts = {role: one.values[one.codes[segments[-1]]] for role, one in settings.items()}
        for role, column in late.items():
            if role in TEXT_ROLES:
                texts[role] = column[int(places[-1])].as_py()
            else:
                values[role] = _latest(column, places, columns.scale.get(role, 1))
        name = settings["run"].value(segments[0]) if "run" in settings else None
        found += _runs(text_of(name), values, texts_of(texts), places, rows, sheet.rows[0].line)
    return sorted(found, key=lambda run: run.line)


class _Rows(NamedTuple):
    """(rows,) steps, losses in nats, and where one was measured."""

    steps: FloatArray | IntArray
    losses: FloatArray
    measured: BoolArray


class _Distinct(NamedTuple):
    """A column: its values, each once, nothing among them, and the place of each cell's."""

    codes: IntArray
    """(cells,) places in :attr:`values`."""
    values: list[object]

    def value(self, place: int) -> object:
        return self.values[self.codes[place]]


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _segments(fixed: Sequence[pa.ChunkedArray], rows: int) -> IntArray:
    """The first row of each stretch of rows over which no setting changes."""
    changed = np.zeros(rows, dtype=bool)
    changed[:1] = True
    for column in fixed:
        if not _is_numeric(column.type):
            column = _as_dictionary(column).indices
        here = column.is_valid().to_numpy(zero_copy_only=False)
        cells = column.to_numpy(zero_copy_only=False)
        changed[1:] |= (cells[1:] != cells[:-1]) | (here[1:] != here[:-1])
    return np.flatnonzero(changed)


def _as_dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode("encode")
    whole = column.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _distinct(column: pa.ChunkedArray) -> _Distinct:
    whole = _as_dictionary(column)
    codes = pc.fill_null(whole.indices.cast(pa.int64()), len(whole.dictionary)).to_numpy()
    return _Distinct(codes, [*whole.dictionary.to_pylist(), None])


def _numbers(
    sheet: Sheet, columns: Columns, settings: Mapping[str, _Distinct]
) -> dict[str, list[Value]] | None:
    """Role -> the number of each distinct value; None where one is none."""
    found: dict[str, list[Value]] = {}
    for role, (_, values) in settings.items():
        if role == "run" and any(isinstance(one, str) and sums_up(one) for one in values):
            return None
        if role in TEXT_ROLES:
            continue
        *known, _ = values
        read = _read(sheet, columns, role, known)
        if read is None:
            return None
        found[role] = [*read, None]
    return found


def _read(sheet: Sheet, columns: Columns, role: str, cells: Sequence[object]) -> list[Value] | None:
    """The numbers of cells of a column, by all rules of one; None where one is none."""
    column = columns.by_role[role]
    rows = tuple(SheetRow(line, (cell,)) for line, cell in enumerate(cells, start=1))
    table = sheet.table and replace(
        sheet.table,
        header=(column,),
        rows=tuple(Row(one.line, (str(one.cells[0]),)) for one in rows),
    )
    alone = Sheet(name=sheet.name, header=(column,), rows=rows, refused={}, table=table)
    read, wrong = numbers_of(alone, columns, roles=(role,))
    return None if wrong else read[role]


def _late(sheet: Sheet, columns: Columns) -> dict[str, pa.ChunkedArray] | None:
    """Role -> column of what changes on the way and is known last; None where one is of no use."""
    assert sheet.columns is not None, "asked of columns alone"
    found = {}
    for role, name in columns.by_role.items():
        if role not in PROGRESS or role in _MOVING:
            continue
        column = sheet.columns[name] if role in TEXT_ROLES else _numeric(sheet, columns, role)
        if column is None:
            return None
        found[role] = column
    return found


def _numeric(sheet: Sheet, columns: Columns, role: str) -> pa.ChunkedArray | None:
    """A column of numbers; None where it is none. In one of texts, plain numbers are read whole,
    and besides them there may be what says that there is none, that it is infinite, or that the
    run diverged."""
    assert sheet.columns is not None, "asked of columns alone"
    column = sheet.columns[columns.by_role[role]]
    if sheet.table is None or _is_numeric(column.type):
        return column if _is_numeric(column.type) else None
    found = plain_numbers(column)
    if found is None or len(found[1]) > _WORDS:
        return None
    numbers, words = found
    said = _read(sheet, columns, role, words) if words else []
    if said is None or any(one is not None and math.isfinite(one) for one in said):
        return None
    values = {word: one for word, one in zip(words, said, strict=True) if one is not None}
    if values:
        texts = column.cast(pa.string())
        places = pc.index_in(texts, value_set=pa.array(list(values)))
        numbers = pc.coalesce(
            numbers, pc.take(pa.array(list(values.values()), pa.float64()), places)
        )
    return numbers


def _ends(column: pa.ChunkedArray, factor: int) -> list[Value]:
    """Least and largest of a column of numbers, by which it is judged whole."""
    known = column.drop_null().to_numpy()
    known = known[np.isfinite(known)]
    return [known.min().item() * factor, known.max().item() * factor] if known.size else []


def _in_nats(losses: FloatArray, measure: Measure) -> FloatArray | None:
    """(rows,) losses; None where one is none of its measure."""
    if measure in (Measure.NATS_PER_TOKEN, Measure.NATS_PER_BYTE):
        return losses
    stated = np.isfinite(losses) & (losses != 0)
    if measure is Measure.PERPLEXITY:
        if (losses[stated] <= 1).any():
            return None
        return np.log(losses, out=losses.copy(), where=stated)
    return np.where(stated, losses * nats(1.0, measure), losses)


def _grouped(
    settings: Mapping[str, _Distinct], starts: IntArray, rows: int
) -> Iterator[tuple[list[int], IntArray]]:
    """The stretches, and all rows, of each that has the same settings."""
    key = np.zeros(starts.size, dtype=np.int64)
    for one in settings.values():
        key = key * len(one.values) + one.codes
        key = np.unique(key, return_inverse=True)[1]  # small, or the product would overflow
    ends = np.append(starts[1:], rows)
    order = np.argsort(key, kind="stable")
    edges = np.flatnonzero(np.diff(key[order])) + 1
    for segments in np.split(order, edges):
        parts = [np.arange(starts[one], ends[one]) for one in segments]
        yield segments.tolist(), parts[0] if len(parts) == 1 else np.concatenate(parts)


def _runs(
    name: str,
    values: Mapping[str, Value],
    texts: Mapping[str, str],
    places: IntArray,
    rows: _Rows,
    first: int,
) -> list[Measured]:
    """The runs of one group of rows: one, or the repetitions of one name. ``first``: the line of
    the first row of all."""
    name = name or f"row {int(places[0]) + first}"
    ends = rows.steps[places]
    ends = ends[np.isfinite(ends)]
    there = places[rows.measured[places]]
    found = []
    for number, part in enumerate(_times(there, rows.steps[there]) or [places[:1]]):
        kept = part[rows.measured[part]]
        found.append(
            curve_of(
                Measured(
                    name=name if number == 0 else f"{name} #{number + 1}",
                    line=int(part[0]) + first,
                    values=values,
                    texts=texts,
                    steps=np.array([], dtype=np.int64),
                    losses=np.array([], dtype=float),
                    reached=round(ends.max().item()) if ends.size else 0,
                ),
                rows.steps[kept],
                rows.losses[kept],
            )
        )
    return found


def _latest(column: pa.ChunkedArray, places: IntArray, factor: int) -> Value:
    """The last number of a run; None where it has none."""
    for place in places[::-1].tolist():
        value: Value = column[place].as_py()
        if value is not None:
            return value * factor if factor != 1 else value
    return None


def _times(places: IntArray, steps: FloatArray | IntArray) -> list[IntArray]:
    """The parts of a name's rows that are a run each."""
    if not places.size:
        return []
    if (steps[1:] > steps[:-1]).all() or np.unique(steps).size == steps.size:
        return [places]
    return [np.array(part) for part in times_of(places.tolist(), steps.tolist())]

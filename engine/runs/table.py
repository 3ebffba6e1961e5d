"""A table of raw rows -> run records, and the reason for every row that cannot be one.

The rows may hold texts (CSV) or numbers; an empty cell is None. An unknown column is refused: a
mistyped ``learnig_rate`` would otherwise be lost silently. What follows from other columns may be
left out: ``compute_flops`` (6·M·B·T·S) and ``noise_batch_ratio``.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.errors import InputError
from engine.runs.checks import unexpected
from engine.runs.record import COUNTS, FIELDS, NULLABLE, NUMBERS, RunRecord
from engine.tables.numbers import Ambiguous, Number, not_finite, parse_number, unclear
from engine.untrusted.texts import json_value

_REQUIRED = tuple(
    name
    for name in FIELDS
    if name not in NULLABLE
    and name not in ("compute_optimal", "hardware", "versions", "note", "curve", "compute_flops")
)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why one row of a table is no record; ``template`` and ``values`` as in an InputError."""

    row_number: int
    """As a spreadsheet counts: the line of the header is 1 where there is one."""
    row: Mapping[str | None, object]
    """Column -> cell; None -> the cells beyond the last column, as :mod:`csv` has it."""
    template: str
    values: Mapping[str, object]

    @classmethod
    def of(
        cls,
        row_number: int,
        row: Mapping[str, object] | Mapping[str | None, object],
        error: InputError,
    ) -> "Refusal":
        cells = dict[str | None, object](row.items())
        return cls(row_number=row_number, row=cells, template=error.template, values=error.values)

    @property
    def error(self) -> InputError:
        """The reason as it was raised."""
        return InputError(self.template, **self.values)

    @property
    def sentence(self) -> str:
        return self.template.format(**self.values)

    def __str__(self) -> str:
        return f"Row {self.row_number}: {self.sentence} {dict(self.row)}"


def read_rows(
    rows: Iterable[Mapping[str, object]],
    *,
    created_at: datetime,
    defaults: Mapping[str, object] | None = None,
    first_row: int = 1,
) -> tuple[list[RunRecord], list[Refusal]]:
    """Records of the rows that are right, and a refusal for each other row.

    ``defaults`` fill the columns that the table does not have, or leaves empty. A row that
    repeats a run already read is refused: two outcomes of one run cannot both be kept.
    """
    records: list[RunRecord] = []
    refusals: list[Refusal] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=first_row):
        try:
            record = _record({"created_at": created_at, **(defaults or {})}, row)
            if record.run_id in seen:
                raise InputError(
                    "Expected every run once, got the run of row {first} again.",
                    first=seen[record.run_id],
                )
        except InputError as error:
            refusals.append(Refusal.of(number, row, error))
        else:
            seen[record.run_id] = number
            records.append(record)
    return records, refusals


def number(name: str, text: str) -> float | int:
    """``text`` as a number, whole ones exactly, or NaN or infinite, which a record refuses by name;
    InputError unless it is one beyond doubt."""
    found = parse_number(text)
    if isinstance(found, Ambiguous):
        raise unclear(name, found)
    if isinstance(found, Number):
        return found.value
    unbounded = not_finite(text)
    if unbounded is None:
        raise unexpected(name, "a number", text)
    return unbounded


def _record(defaults: Mapping[str, object], row: Mapping[str, object]) -> RunRecord:
    unknown = [str(name) for name in row if name not in FIELDS]
    if unknown:
        raise InputError(
            "Expected columns of a run record, got also {columns}: rename or remove them.",
            columns=", ".join(unknown),
        )
    values: dict[str, Any] = dict(defaults)
    for name, cell in row.items():
        value = _parse(name, cell)
        if value is not None:
            values[name] = value
    for name in _REQUIRED:
        if values.get(name) is None:
            raise InputError("Expected a value for {name}, got none.", name=name)
    _derive(values)
    return RunRecord(**values)


def _derive(values: dict[str, Any]) -> None:
    """Fill what the other columns say; where they say nonsense, the record refuses them."""
    factors = ("model_size", "batch_size", "iterations", "sequence_length")
    if values.get("compute_flops") is None:
        values["compute_flops"] = _product(
            FLOPS_PER_PARAMETER_AND_TOKEN, *(values.get(name) for name in factors)
        )
    if values.get("noise_batch_ratio") is None:
        values["noise_batch_ratio"] = _quotient(
            values.get("noise_multiplier"), values["batch_size"]
        )


def _product(*factors: Any) -> float | None:
    try:
        return math.prod(float(factor) for factor in factors)
    except (TypeError, ValueError, OverflowError):
        return None


def _quotient(above: Any, below: Any) -> float | None:
    try:
        return float(above) / float(below)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _parse(name: str, cell: object) -> object:
    if not isinstance(cell, str):
        return None if isinstance(cell, float) and math.isnan(cell) and name in NULLABLE else cell
    text = cell.strip()
    if not text:
        return None
    if name in COUNTS or name in NUMBERS:
        return number(name, text)
    return _PARSERS.get(name, str)(text)


def _parse_truth(text: str) -> bool:
    truth = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if truth is None:
        raise unexpected("compute_optimal", "true or false", text)
    return truth


def _parse_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise unexpected("created_at", "a time as 2026-11-23T09:00:00+00:00", text) from None


def _parse_curve(text: str) -> object:
    try:
        return json_value(text)
    except (ValueError, RecursionError):
        raise unexpected("curve", "a list of (iteration, cross_entropy)", text) from None


_PARSERS: dict[str, Callable[[str], object]] = {
    "compute_optimal": _parse_truth,
    "created_at": _parse_time,
    "curve": _parse_curve,
}

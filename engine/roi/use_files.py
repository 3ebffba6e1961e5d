"""Uses of one population as a text table that people write."""

from engine.config import require_integer
from engine.errors import InputError
from engine.roi.uses import Use
from engine.tables.reader import read_table
from engine.tables.table import Corrections, Detected, Row, Table

_COLUMNS = ("use", "people", "tasks_per_year", "value_per_unit")
_NEEDED = _COLUMNS[:3]


def load_uses(
    name: str, content: bytes, corrections: Corrections | None = None
) -> tuple[tuple[Use, ...], Detected]:
    """The uses of a text table with the columns use, people, tasks_per_year and, where it differs
    from the scenario's, value_per_unit in JPY; and how it was read.

    Raises :class:`InputError` for anything else.
    """
    table = read_table(
        content, name=name, columns=_COLUMNS, numeric=_COLUMNS[1:], corrections=corrections
    )
    if missing := table.missing(_NEEDED):
        raise InputError(
            "Expected the columns {expected}, {names} missing.",
            expected=", ".join(_NEEDED),
            names=", ".join(missing),
        )
    table.require_once(_COLUMNS)
    return tuple(_use(table, row) for row in table.rows), table.detected


def _use(table: Table, row: Row) -> Use:
    table.require_whole(row)
    name = table.cell(row, "use").strip()
    if not name:
        raise InputError("Expected a name for the use in line {line}, got nothing.", line=row.line)
    worth = None
    if table.has("value_per_unit") and table.cell(row, "value_per_unit").strip():
        worth = float(table.number(row, "value_per_unit"))
    return Use(
        name=name,
        people=require_integer("people", table.number(row, "people")),
        tasks_per_year=float(table.number(row, "tasks_per_year")),
        value_per_unit=worth,
    )

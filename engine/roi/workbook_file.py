"""The table of assumptions out of an Excel workbook: the sheet that our own workbooks have for it.

The sheet ``assumptions`` has a row with the codes of :data:`COLUMNS` and one figure a row below it.
Columns that show or remember what was exported tell what somebody changed: a value typed outside of
its range widens the range and a certain figure stays certain, as in the page's own editor; a source
that was left as it was shown is the source of before.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from engine.errors import InputError
from engine.untrusted.workbooks import sheets

SHEET = "assumptions"
COLUMNS = (
    "name", "label", "value", "unit_shown", "low", "high", "distribution", "source", "dated",
    "unit", "exported_value", "exported_source", "exported_source_shown",
)  # fmt: skip
_NEEDED = ("name", "value", "low", "high", "distribution", "source", "dated", "unit")
_SEARCHED = 20
"""Rows in which the codes of the columns are looked for."""
_MAGIC = b"PK\x03\x04"


def is_workbook(content: bytes) -> bool:
    """Whether a file's first bytes are those of a workbook."""
    return content.startswith(_MAGIC)


def rows(name: str, content: bytes) -> list[dict[str, Any]]:
    """One entry a figure with the fields of an assumption, as its cells hold them.

    Raises :class:`InputError` for a file that is no workbook, or has no such sheet.
    """
    grid = sheets(name, content, only=(SHEET,)).get(SHEET)
    if grid is None:
        raise InputError(
            "Expected a sheet named {sheet} in {file}: export a workbook to see the form.",
            sheet=SHEET,
            file=name,
        )
    return list(_figures(name, grid))


def _figures(name: str, grid: Sequence[tuple[object, ...]]) -> Iterator[dict[str, Any]]:
    heads = next((row for row in grid[:_SEARCHED] if set(_NEEDED) <= set(row)), None)
    if heads is None:
        raise InputError(
            "Expected a row with {expected} in the sheet {sheet} of {file}.",
            expected=", ".join(_NEEDED),
            sheet=SHEET,
            file=name,
        )
    at = {column: heads.index(column) for column in COLUMNS if column in heads}
    for row in grid[grid.index(heads) + 1 :]:
        cells = {column: row[place] if place < len(row) else None for column, place in at.items()}
        if cells["name"] in (None, ""):
            return  # What stands below the table is ours, or somebody's notes.
        yield _figure(cells)


def _figure(cells: dict[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = {column: cells[column] for column in _NEEDED}
    for column in ("name", "distribution", "source", "dated", "unit"):
        found[column] = "" if cells[column] is None else str(cells[column]).strip()
    shown, source = cells.get("exported_source_shown"), cells.get("exported_source")
    if isinstance(shown, str) and isinstance(source, str) and found["source"] == shown.strip():
        found["source"] = source
    value, low, high = (found[column] for column in ("value", "low", "high"))
    numbers = all(isinstance(each, int | float) for each in (value, low, high))
    if numbers and value != cells.get("exported_value", value):
        certain = low == high
        found["low"] = value if certain else min(low, value)
        found["high"] = value if certain else max(high, value)
    return found

"""Excel workbooks from elsewhere: the values of their cells, as many as a table may have."""

from collections.abc import Collection
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl

from engine.errors import InputError
from engine.untrusted.archives import require_unpackable
from engine.untrusted.guard import Clock, guarded, require_cells

Grid = list[tuple[object, ...]]
"""Rows of a sheet."""


def sheets(
    name: str, content: bytes | Path, *, only: Collection[str] | None = None
) -> dict[str, Grid]:
    """Title -> rows of each sheet, or of those that are among ``only``; values, not formulas.

    Raises :class:`InputError` for a file, called ``name``, that is no workbook or too large.
    """

    def parse() -> dict[str, Grid]:
        # By name openpyxl takes certain endings only.
        found = content.read_bytes() if isinstance(content, Path) else content
        file = BytesIO(found)
        require_unpackable(file, len(found))
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        with closing(book):
            return {
                page.title: _cells(page)
                for page in book.worksheets
                if only is None or page.title in only
            }

    return guarded(
        parse,
        lambda reason: InputError(
            "Expected a readable workbook, got {file}: {reason}.", file=name, reason=reason
        ),
    )


def _cells(page: Any) -> Grid:
    clock, rows, count = Clock(), [], 0
    for row in page.iter_rows(values_only=True):
        count += len(row)
        require_cells(count)
        clock.look()
        rows.append(tuple(row))
    return rows

"""A workbook as another program calculates it, beside the values that were written with it."""

import io
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import load_workbook


@dataclass(frozen=True)
class Cell:
    """A cell with a formula: what was written as its value, and what came of calculating it."""

    place: str
    formula: str
    written: object
    calculated: object

    @property
    def agrees(self) -> bool:
        """The same text, or the same number to the yen and to nine digits."""
        try:
            written, found = float(str(self.written)), float(str(self.calculated))
        except ValueError:
            return str(self.calculated) == ("" if self.written is None else str(self.written))
        return abs(found - written) <= max(1e-9 * abs(written), 1e-9)


def by_formulas(content: bytes, folder: Path) -> list[Cell]:
    """Every formula, calculated by the package of that name; skips where it is missing."""
    formulas = pytest.importorskip(
        "formulas", reason="pip install -r tests/report/requirements.txt"
    )
    path = folder / "book.xlsx"
    path.write_bytes(content)
    with warnings.catch_warnings():
        # Python says it of the package's own code where that is first compiled.
        warnings.simplefilter("ignore", SyntaxWarning)
        found = formulas.ExcelModel().loads(str(path)).finish().calculate()
    return [
        Cell(place, formula, written, found[f"'[book.xlsx]{_key(place)}"].value[0, 0])
        for place, formula, written in _written(content)
    ]


def by_names(cells: list[Cell], content: bytes) -> Mapping[str, object]:
    """What was calculated for each named cell."""
    places = {cell.place: cell.calculated for cell in cells}
    names = load_workbook(io.BytesIO(content)).defined_names
    return {
        name: places[place]
        for name, held in names.items()
        if (place := held.attr_text.replace("$", "")) in places
    }


def _key(place: str) -> str:
    sheet, cell = place.split("!")
    return f"{sheet.upper()}'!{cell}"


def _written(content: bytes) -> Iterator[tuple[str, str, object]]:
    formulas, values = (
        load_workbook(io.BytesIO(content), data_only=only) for only in (False, True)
    )
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    written = values[sheet.title][cell.coordinate].value
                    yield f"{sheet.title}!{cell.coordinate}", cell.value, written

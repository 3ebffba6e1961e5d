"""The table of assumptions: to the editor and back, from files, and to the sidebar."""

from collections.abc import Mapping

import pandas as pd

from engine.api.money import Assumptions, CostAssumptions
from engine.api.scenarios import fields as grammar
from engine.config import require_within
from engine.errors import InputError
from engine.text import figures, sources
from engine.text.i18n import Words

_SIDEBAR: dict[str, grammar.Number[float, float] | grammar.Number[float, None]] = {
    "price_per_device_hour": grammar.PRICE,
    "utilisation": grammar.UTILISATION,
    "dp_overhead": grammar.OVERHEAD,
    "jpy_per_usd": grammar.RATE,
}
"""Figure -> the sidebar's field for it."""
_NUMBERS = ("value", "low", "high")
EDITABLE = (*_NUMBERS, "distribution", "source", "dated")


def frame(table: Assumptions, words: Words) -> pd.DataFrame:
    """The table as the editor shows it, one row a figure in the table's order."""
    return pd.DataFrame(
        {
            "name": [figures.name(row.name, words) for row in table.rows],
            **{
                column: [figures.shown(row.name, getattr(row, column), words) for row in table.rows]
                for column in _NUMBERS
            },
            "unit": [figures.unit(row.name, words) for row in table.rows],
            "distribution": [row.distribution.value for row in table.rows],
            "source": [sources.source(row.source, words) for row in table.rows],
            "dated": [row.dated for row in table.rows],
        }
    )


def edited(
    table: Assumptions, edits: Mapping[int, Mapping[str, object]], words: Words
) -> Assumptions:
    """The table with the editor's changes, by row number and column; money as the editor shows
    it."""
    changes = {}
    for place, changed in edits.items():
        name = table.rows[int(place)].name
        changes[name] = {
            column: _content(name, column, content, words)
            for column, content in changed.items()
            if column in EDITABLE
        }
    return table.edited(changes)


def _content(name: str, column: str, content: object, words: Words) -> object:
    if content is None and column not in _NUMBERS:
        return ""
    if column in _NUMBERS and isinstance(content, int | float):
        return figures.kept(name, float(content), words)
    return content


def sidebar(table: Assumptions, costs: CostAssumptions) -> dict[str, grammar.Value]:
    """The values of the sidebar's fields, which show some of the table's figures.

    Raises :class:`InputError` for what the sidebar would refuse.
    """
    found: dict[str, grammar.Value] = {}
    if table["peak_flops"].value != costs.accelerator.peak_flops:
        peaks = {device.peak_flops: key for key, device in reversed(grammar.ACCELERATORS.items())}
        if table["peak_flops"].value not in peaks:
            raise InputError("The peak comes with the accelerator: choose that in the sidebar.")
        found["accelerator"] = peaks[table["peak_flops"].value]
    for figure, field in _SIDEBAR.items():
        require_within(field.name, table[figure].value, field.bounds)
        found[field.key] = table[figure].value
    if found["price"] == costs.accelerator.price_per_hour_usd and "accelerator" not in found:
        del found["price"]
    return found

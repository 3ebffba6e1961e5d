"""A row below the header that says units, or nothing: part of the header, no run.

Spreadsheets have a second line of ``(M)``, ``tokens``, ``bits/token``; Markdown one of dashes. The
units are taken into the names of their columns, as ``loss (bits/token)``, where those who read
names find them; so a loss in bits is no loss in nats because its unit stands one row lower.

>>> from engine.runs.imports.sheet import of_rows
>>> found = with_units(of_rows("a.csv", [{"params": "(M)", "loss": "bits/token"},
...                                      {"params": "10", "loss": "5.9"}]))
>>> found.header, len(found.rows)
(('params (M)', 'loss (bits/token)'), 1)
"""

import re
import unicodedata
from dataclasses import replace

from engine.runs.imports.columns import SCALES, TEXT_ROLES, role_of
from engine.runs.imports.sheet import Sheet, SheetRow
from engine.tables.numbers import not_finite
from engine.tables.table import Skip

_LINE = re.compile(r"[(\[]?:?[-=–—]+:?[)\]]?")
_UNITS = frozenset(
    [
        *SCALES, "nats", "nat", "bits", "bit", "per", "token", "tokens", "byte", "bytes", "params",
        "parameters", "examples", "samples", "steps", "iterations", "people", "users", "persons",
        "flop", "flops", "count", "counts", "units", "unit", "number", "int", "float", "str",
        "string", "perplexity", "1", "none",
        "人", "名", "件", "個", "回", "ステップ", "トークン", "パラメータ", "万人", "単位", "なし",
    ]
)  # fmt: skip
"""Words that a unit is made of."""


def with_units(sheet: Sheet) -> Sheet:
    """The sheet without rows of dashes and of units below its header, the units in the names."""
    if sheet.columns is not None:
        return sheet
    while len(sheet.rows) > 1:
        texts = _texts(sheet, sheet.rows[0])
        if any(texts) and all(not text or _LINE.fullmatch(text) for text in texts):
            sheet = _without_first(sheet, sheet.header, Skip.SEPARATOR)
        elif _are_units(sheet, texts):
            names = tuple(map(_named, sheet.header, texts))
            return _without_first(sheet, names, Skip.UNITS)
        else:
            break
    return sheet


def _texts(sheet: Sheet, row: SheetRow) -> list[str]:
    cells = [row.cells[at] if at < len(row.cells) else None for at in range(len(sheet.header))]
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _are_units(sheet: Sheet, texts: list[str]) -> bool:
    """Whether what stands under names of numbers is made of words for units alone."""
    said = [
        text
        for name, text in zip(sheet.header, texts, strict=True)
        if text and not _LINE.fullmatch(text) and role_of(name) not in ("", *TEXT_ROLES)
    ]
    return bool(said) and all(not_finite(text) is None and _is_unit(text) for text in said)


def _is_unit(text: str) -> bool:
    tidy = unicodedata.normalize("NFKC", text).casefold()
    words = [word for word in re.split(r"[\s_./·()\[\]【】]+", tidy) if word]
    return all(word in _UNITS for word in words) and not tidy.isdigit()


def _named(name: str, unit: str) -> str:
    inner = unicodedata.normalize("NFKC", unit).strip("()[]【】 ")
    has_one = re.search(r"[(\[（【]", name) is not None
    return name if has_one or not _is_unit(unit) or not inner else f"{name} ({inner})"


def _without_first(sheet: Sheet, names: tuple[str, ...], why: Skip) -> Sheet:
    table, detected = sheet.table, sheet.detected
    if detected is not None:
        lines = (*detected.skipped.get(why, ()), sheet.rows[0].line)
        detected = replace(detected, skipped={**detected.skipped, why: lines})
    if table is not None and detected is not None:
        rows = table.rows[1:] if table.rows[0].line == sheet.rows[0].line else table.rows
        table = replace(table, header=names, rows=rows, detected=detected)
    return replace(sheet, header=names, rows=sheet.rows[1:], table=table, detected=detected)

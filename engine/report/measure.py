"""How long a text is in columns, as terminals and spreadsheets count them, and how many lines it
takes as Typst breaks it.

>>> columns("人数10"), columns("people")
(6, 6)
>>> line_counts([("損失は2.85です。", "short")], (4.2, 9.0))
(3,)
"""

import unicodedata
from collections.abc import Sequence

from engine.report.print.compiler import queried


def columns(text: str) -> int:
    """Two for what is as wide as a kanji, one for anything else."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def line_counts(rows: Sequence[tuple[str, ...]], widths: tuple[float, ...]) -> tuple[int, ...]:
    """Of each row of a table the lines of its highest cell, with columns of ``widths`` em."""
    is_long = [
        any(columns(text) > 2 * width for text, width in zip(row, widths, strict=True))
        for row in rows
    ]
    broken = iter(
        _broken(tuple(row for row, long in zip(rows, is_long, strict=True) if long), widths)
    )
    return tuple(next(broken) if long else 1 for long in is_long)


def _broken(rows: tuple[tuple[str, ...], ...], widths: tuple[float, ...]) -> tuple[int, ...]:
    if not rows:
        return ()
    return tuple(queried("lines.typ", {"rows": rows, "widths": widths}, "<lines>"))

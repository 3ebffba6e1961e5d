"""Tables on pages: how wide columns are, how high rows get, and which rows go together.

>>> table = Table(title="", heads=("a", "b"), rows=(("x", "a longer text"), ("y", "z")))
>>> [round(w) for w in column_widths(table, 100, 10, 0)]
[22, 78]
"""

from engine.report.deck import Cell, Table, text_of
from engine.report.measure import em, pieces, wrap

LEADING = 1.32
"""Line height over type size, for kanji."""
_LONGEST = 55.0
"""Columns are weighed by their longest text, up to this many em; longer text is broken anyway."""
_LONGEST_WORD = 12.0
"""Words up to this many em are kept whole; an address may break."""
_FEW = 7.0
"""Least em of a column of Japanese, if its texts are as long."""
_TRIES = 20
"""Heights between an equal share and a full page that are tried for even pages."""
_FULL = 0.97
"""Share of a cell's width that lines fill before they break: programs set them a little apart."""
_BOLD = 1.12
"""Room for bold type, and for an estimate that is a little short."""


def column_widths(table: Table, width: float, size: float, padding: float) -> list[float]:
    """Widths that sum to ``width``: by content, and no word broken where that can be had."""
    columns = list(zip(table.heads, *table.rows, strict=True))
    texts = [[text_of(cell) for cell in column] for column in columns]
    weights = [min(max(map(em, column)) + 1.5, _LONGEST) for column in texts]
    least = least_widths(table, size, padding)
    if sum(least) > width:  # Each a little too narrow, none squeezed to nothing.
        return [width * word / sum(least) for word in least]
    widths = [width * weight / sum(weights) for weight in weights]
    narrow = {place for place, w in enumerate(widths) if w < least[place]}
    while True:
        left = width - sum(least[place] for place in narrow)
        rest = sum(weight for place, weight in enumerate(weights) if place not in narrow)
        widths = [
            least[place] if place in narrow else left * weight / rest
            for place, weight in enumerate(weights)
        ]
        more = {p for p, w in enumerate(widths) if p not in narrow and w < least[p]}
        if not more:
            return widths
        narrow |= more


def least_widths(table: Table, size: float, padding: float) -> list[float]:
    """What each column needs so that no word of it is broken."""
    columns = zip(table.heads, *table.rows, strict=True)
    words = [max(_unbroken(text_of(cell)) for cell in column) for column in columns]
    return [_BOLD * min(word, _LONGEST_WORD) * size + 2 * padding for word in words]


def _unbroken(text: str) -> float:
    """The widest piece that no line breaks; of Japanese, which breaks
    anywhere, a few characters."""
    widest = max(map(em, pieces(text)), default=0.0)
    return max(widest, min(em(text), _FEW))


def row_lines(row: tuple[Cell, ...], widths: list[float], size: float, padding: float) -> int:
    """Lines of the highest cell."""
    cells = zip(row, widths, strict=True)
    return max(len(wrap(text_of(cell), _FULL * (w - 2 * padding) / size)) for cell, w in cells)


def row_height(row: tuple[Cell, ...], widths: list[float], size: float, padding: float) -> float:
    lines = row_lines(row, widths, size, padding)
    return lines * size * LEADING + 1.3 * padding


def pages(
    table: Table, width: float, height: float, size: float, padding: float
) -> list[tuple[tuple[Cell, ...], ...]]:
    """The rows in portions that fit into ``height`` under a head, each at least one row, and about
    equally high: no page of a single row after full ones."""
    widths = column_widths(table, width, size, padding)
    head = row_height(table.heads, widths, size, padding)
    heights = [row_height(row, widths, size, padding) for row in table.rows]
    found = _portions(table.rows, heights, height - head)
    share = sum(heights) / max(len(found), 1)
    for room in (share + step * (height - head - share) / _TRIES for step in range(_TRIES)):
        even = _portions(table.rows, heights, room)
        if len(even) == len(found):
            return even
    return found


def _portions(
    rows: tuple[tuple[Cell, ...], ...], heights: list[float], room: float
) -> list[tuple[tuple[Cell, ...], ...]]:
    """The rows one after the other, a new portion where the room is full."""
    found: list[tuple[tuple[Cell, ...], ...]] = []
    portion: list[tuple[Cell, ...]] = []
    used = 0.0
    for row, high in zip(rows, heights, strict=True):
        if portion and used + high > room:
            found.append(tuple(portion))
            portion, used = [], 0.0
        portion.append(row)
        used += high
    return [*found, tuple(portion)] if portion else found

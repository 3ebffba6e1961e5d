"""A slide in pages: which type its sentences and tables get, how high its figure is, and where a
long table goes on.

The same for PowerPoint and for the screen, each with the :class:`Room` that it has. Heights are
estimates (:mod:`engine.report.measure`) on the safe side; unit is the point of the room.

>>> from engine.report.deck import Table
>>> rows = tuple((str(n), "x") for n in range(40))
>>> slide = Slide(key="a", title="All", table=Table(title="", heads=("a", "b"), rows=rows))
>>> [page.title for page in arranged(slide, Room(width=872, title=74, body=391))]
['All (1/3)', 'All (2/3)', 'All (3/3)']
"""

import re
from dataclasses import dataclass, replace

from engine.report.deck import Cell, Figure, Slide, Table, Tile, text_of
from engine.report.layout import LEADING, column_widths, least_widths, pages, row_height
from engine.report.measure import em, fitting, wrap

PADDING = 6.0
"""Beside the text of a cell."""
BOLD = 1.1
"""Width of bold type over the estimate for regular."""
ROLE, STAMP = 18.0, 60.0
"""Heights of a role's name and of the box to stamp in under it."""
ABREAST = 3
"""Tiles in a row."""
GAP = 12.0
"""Between tiles, and between the parts of a slide."""
_TITLES = (30.0, 28.0, 26.0, 24.0, 22.0, 20.0, 18.0, 16.0)
ALONE = (30.0, 28.0, 26.0, 24.0, 22.0, 20.0, 18.0, 16.0, 14.0)
"""Type of sentences that are all that a slide has."""
APART = 0.8
"""Gap under such a sentence, in its type."""
_BESIDE = (20.0, 18.0, 16.0, 15.0, 14.0)
_TABLES = (24.0, 22.0, 20.0, 18.0, 16.0, 15.0, 14.0, 13.0, 12.0)
_VALUES = (40.0, 36.0, 32.0, 28.0, 24.0, 20.0, 18.0)
_BREAKS = re.compile(r"\s+|(?=[(（])")
"""Where the value of a tile may go on on another line."""
_SHARE_OF_FIGURE, _SHARE = 0.3, 0.4
"""Most of the body's height that sentences take over a figure, and over a table."""
_ORPHAN = 2.0
"""Em of a last line that is too little of one."""
_STRETCH = 1.4
"""Most that a row of a short table is made higher, in its type."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a slide offers: width, and heights of its title and of what is under it. ``smallest``:
    the type under which a table goes on on another page instead. ``yields``: a short title leaves
    its room to the body."""

    width: float
    title: float
    body: float
    smallest: float = 12.0
    yields: bool = False


@dataclass(frozen=True, kw_only=True)
class Laid:
    """The part of a table that stands on a page, its type, widths of columns, heights of rows, the
    head's first; ``air`` is what they have beyond what they need."""

    table: Table
    size: float
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    air: float = 0.0

    @property
    def height(self) -> float:
        return sum(self.heights)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a slide, from the top down: tiles, figure, sentences, table, stamps."""

    key: str
    title: str
    title_size: float
    title_height: float
    points: tuple[str, ...] = ()
    point_size: float = 0.0
    points_height: float = 0.0
    tiles: tuple[Tile, ...] = ()
    value_size: float = 0.0
    tiles_height: float = 0.0
    figure: Figure | None = None
    figure_height: float = 0.0
    table: Laid | None = None
    stamps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    live: tuple[str, ...] = ()

    @property
    def has_body(self) -> bool:
        """Whether sentences are all that it has: they are the body."""
        shown = self.tiles or self.figure is not None or self.table is not None
        return bool(self.points) and not shown


def arranged(slide: Slide, room: Room) -> tuple[Page, ...]:
    """The slide's pages, one at the least."""
    alone = slide.figure is None and slide.table is None and not slide.tiles
    longest = f"{slide.title} (99/99)" if slide.table is not None else slide.title
    title_size, title_height = _title(longest, room)
    room = replace(room, body=room.body + room.title - title_height)
    size = _alone(slide.points, room) if alone else _beside(slide, room)
    sentences = sentences_height(slide.points, room.width, size, APART * size if alone else GAP / 2)
    free = room.body - sentences
    if slide.stamps:
        free -= ROLE + STAMP + 10
    tiles, values = _tiles_height(slide, room, free)
    parts = [] if slide.table is None else _tables(slide.table, room, free - tiles)
    count = max(len(parts), 1)
    found = []
    for place in range(count):
        first, last = place == 0, place == count - 1
        found.append(
            Page(
                key=slide.key,
                title=slide.title if count == 1 else f"{slide.title} ({place + 1}/{count})",
                title_size=title_size,
                title_height=title_height,
                points=slide.points if first else (),
                point_size=size,
                points_height=sentences if first else 0.0,
                tiles=slide.tiles,
                value_size=values,
                tiles_height=tiles,
                figure=slide.figure,
                figure_height=0.0 if slide.figure is None else free - tiles,
                table=parts[place] if parts else None,
                stamps=slide.stamps if last else (),
                notes=slide.notes,
                live=slide.live,
            )
        )
    return tuple(found)


def _title(title: str, room: Room) -> tuple[float, float]:
    """The largest type in which it fits, and the height that is left to it."""
    size = fitting(title, room.width / BOLD, room.title, _TITLES)
    needed = 1.3 * size * len(wrap(title, room.width / BOLD / size))
    return size, min(needed, room.title) if room.yields else room.title


def _alone(points: tuple[str, ...], room: Room) -> float:
    """The largest type in which they fit on the page."""
    for size in ALONE:
        if sentences_height(points, room.width - 20, size, APART * size) <= room.body:
            return size
    return ALONE[-1]


def _beside(slide: Slide, room: Room) -> float:
    """The largest type that leaves the rest its share; a smaller one where a table would have to go
    on overleaf otherwise."""
    share = _SHARE_OF_FIGURE if slide.figure is not None else _SHARE
    sized = [(s, sentences_height(slide.points, room.width, s, GAP / 2)) for s in _BESIDE]
    fit = [(size, high) for size, high in sized if high <= share * room.body] or sized[-1:]
    if slide.table is not None:
        table = _laid(slide.table, slide.table.rows, room.smallest, room).height + GAP
        free = room.body - (ROLE + STAMP + 10 if slide.stamps else 0.0)
        whole = [(size, high) for size, high in fit if high + table <= free]
        fit = whole or fit
    return fit[0][0]


def sentences_height(points: tuple[str, ...], width: float, size: float, gap: float) -> float:
    """Of paragraphs, each with a gap under it."""
    if not points:
        return 0.0
    lines = sum(len(wrap(point, width / size)) for point in points)
    return lines * size * LEADING + gap * len(points) + 8


def tile_sizes(value: float) -> tuple[float, float]:
    """Type of a tile's name and of what stands under its value."""
    return min(22.0, 0.62 * value), min(18.0, 0.5 * value)


def _tiles_height(slide: Slide, room: Room, free: float) -> tuple[float, float]:
    """Of all rows of tiles, and the type of their values: the largest that fits."""
    if not slide.tiles:
        return 0.0, 0.0
    rows = -(-len(slide.tiles) // ABREAST)
    most = free if slide.table is None and slide.figure is None else 0.5 * free
    inner = (room.width - GAP * (ABREAST - 1)) / ABREAST - 4 * PADDING
    for size in _VALUES:
        name, detail = tile_sizes(size)
        high = max(
            LEADING
            * (
                name * len(wrap(tile.name, inner / name))
                + size * len(wrap(tile.value, inner / (BOLD * size)))
                + detail * len(wrap(tile.detail, inner / detail))
            )
            for tile in slide.tiles
        )
        whole = rows * (high + 4 * PADDING + GAP)
        # A value may go on on a second line, but no figure is broken.
        words = [word for tile in slide.tiles for word in _BREAKS.split(tile.value)]
        if whole <= most and all(BOLD * em(word) * size <= inner for word in words):
            return most if slide.table is None and slide.figure is None else whole, size
    return most, _VALUES[-1]


def _tables(table: Table, room: Room, free: float) -> list[Laid]:
    """The table in parts, all in one type: the largest at which each fits its page, and no column
    is squeezed; where all are, the smallest."""
    sizes = [size for size in _TABLES if size >= room.smallest]
    laid = (_laid(table, table.rows, size, room) for size in sizes)
    whole = [each for each in laid if each.height <= free - GAP]
    if whole:
        roomy = list(filter(_is_roomy, whole))
        neat = filter(_has_no_orphan, roomy)
        return _alike([next(neat, next(iter(roomy), whole[-1]))], free - GAP)
    rows = pages(table, room.width, free - GAP, room.smallest, PADDING) or [()]
    for size in sizes:
        parts = [_laid(table, part, size, room) for part in rows]
        if all(each.height <= free - GAP and _is_roomy(each) for each in parts):
            return _alike(parts, free - GAP)
    return _alike([_laid(table, part, room.smallest, room) for part in rows], free - GAP)


def _is_roomy(laid: Laid) -> bool:
    """Whether no column is narrower than its words."""
    least = least_widths(laid.table, laid.size, PADDING)
    return sum(least) <= sum(laid.widths) + 1e-6


def _has_no_orphan(laid: Laid) -> bool:
    """Whether no cell ends with a line of a character or two."""
    for row in (laid.table.heads, *laid.table.rows):
        for cell, width in zip(row, laid.widths, strict=True):
            lines = wrap(text_of(cell), (width - 2 * PADDING) / laid.size)
            if len(lines) > 1 and em(lines[-1]) <= _ORPHAN:
                return False
    return True


def _laid(table: Table, rows: tuple[tuple[Cell, ...], ...], size: float, room: Room) -> Laid:
    """Columns are as wide on each page: those of the whole table."""
    widths = column_widths(table, room.width, size, PADDING)
    heights = [row_height(row, widths, size, PADDING) for row in (table.heads, *rows)]
    part = Table(title=table.title, heads=table.heads, rows=rows)
    return Laid(table=part, size=size, widths=tuple(widths), heights=tuple(heights))


def _alike(parts: list[Laid], free: float) -> list[Laid]:
    """With as much air in all rows as the fullest page leaves."""
    air = min(_air(each, free) for each in parts)
    return [_stretched(each, air) for each in parts]


def _air(laid: Laid, free: float) -> float:
    """What each row may have more, so that a short table leaves no slide half empty."""
    return max(min((free - laid.height) / len(laid.heights), _STRETCH * laid.size), 0.0)


def _stretched(laid: Laid, air: float) -> Laid:
    return replace(laid, heights=tuple(height + air for height in laid.heights), air=air)

"""A slide in pages: which type its sentences and tables get, how high its figure is, and where a
long table goes on.

The same for PowerPoint, print and the screen, each with the :class:`Room` that it has. Texts are
measured and their lines broken by Typst (``print/extents.typ``), in the machine's Japanese font;
unit is the point of the room.

>>> from engine.report.deck import Table
>>> rows = tuple((str(n), "x") for n in range(40))
>>> slide = Slide(key="a", title="All", table=Table(title="", heads=("a", "b"), rows=rows))
>>> [page.title for page in arranged(slide, Room(width=872, title=74, body=391))]
['All (1/3)', 'All (2/3)', 'All (3/3)']
"""

import re
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from engine.report.deck import Figure, Slide, Table, Tile, text_of
from engine.report.print.compiler import queried

LEADING = 1.32
"""Line height over type size, for kanji."""
PADDING = 6.0
"""Beside the text of a cell."""
ROLE, STAMP = 18.0, 60.0
"""Heights of a role's name and of the box to stamp in under it."""
_STAMPS = ROLE + STAMP + 10
"""What stamps take of a page, with a gap over them."""
ABREAST = 3
"""Tiles in a row."""
GAP = 12.0
"""Between tiles, and between the parts of a slide."""
_APART, _MOST_APART = 0.8, 1.6
"""Gap under a sentence on a slide of sentences alone, in its type: what it needs, and what it gets
where there is room."""
_TITLES = (30, 28, 26, 24, 22, 20, 18, 16)
_ALONE = (36, 32, 30, 28, 26, 24, 22, 20, 18, 16, 14)
"""Type of sentences that are all that a slide has."""
_BESIDE = (22, 20, 18, 16, 15, 14)
_TABLES = (28, 26, 24, 22, 20, 18, 16, 15, 14, 13, 12)
_FORM = 15
"""Least type of a form's table."""
_VALUES = (48, 44, 40, 36, 32, 28, 24, 20, 18)
_SHARE = 0.4
"""Most of the body's height that sentences take over a table or tiles."""
_BREAKS = re.compile(r"\s+|(?=[(（])")
"""Where the value of a tile may go on on another line."""
_LARGE = 24
"""Type of a title or a value in one line that is large enough."""
_POWERS = (1.0, 0.75, 0.5)
"""Of lengths of columns, by which long ones share the room: that which makes a table lowest."""
_FEW, _FEW_IN_DOCUMENTS = 7, 5
"""Least em of a column whose texts are as long, on slides and on upright pages."""
_UNDER = (18, 16, 14)
"""Type that a table under sentences should have before they get large type themselves."""
_STRETCH = 2.2
"""Most that a row of a short table is made higher, in its type."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a slide offers: width, and heights of its title and of what is under it. ``smallest``:
    the type under which a table goes on on another page instead. ``yields``: a short title leaves
    its room to the body. ``alone``: width and height of the body of a slide with sentences alone,
    where that is another. ``beside_figure``: most of the body's height that sentences take over a
    figure. ``elsewhere``: another program sets it, which may break a cell into a line more than was
    measured; that line is kept free."""

    width: float
    title: float
    body: float
    smallest: int = 12
    yields: bool = False
    alone: tuple[float, float] | None = None
    beside_figure: float = 0.36
    elsewhere: bool = False


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
    apart: float = 0.0
    """Under each sentence."""
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
    if slide.stamps:  # A form is read on the slide, where few would read small type.
        room = replace(room, smallest=max(room.smallest, _FORM))
    pages = _pages(slide, room, _extents(slide, slide.title, room, _ASKED))
    if len(pages) > 1:  # Their titles are numbered, and so longer.
        numbered = f"{slide.title} ({len(pages)}/{len(pages)})"
        pages = _pages(slide, room, _extents(slide, numbered, room, _ASKED))
    return tuple(pages)


def column_widths(table: Table, width: float, size: float) -> tuple[float, ...]:
    """Widths that sum to ``width``, of a table in type ``size``: by content, as Typst has it."""
    room = Room(width=width, title=size, body=0.0, smallest=0)
    sizes = {**_ASKED["sizes"], "tables": (size,)}
    asked = {**_ASKED, "sizes": sizes, "few": _FEW_IN_DOCUMENTS}
    return _widths(_extents(Slide(key="", title="", table=table), "", room, asked), room)


def _extents(slide: Slide, title: str, room: Room, asked: dict[str, Any]) -> dict[str, Any]:
    """What Typst measured."""
    share = {"figure": room.beside_figure, "other": _SHARE}
    said = {
        **asked,
        "share": share,
        "room": asdict(room),
        "slide": {**_said(slide), "title": title},
    }
    return dict(queried("extents.typ", said, "<measured>"))


def _said(slide: Slide) -> dict[str, Any]:
    """What of a slide takes room."""
    table = slide.table
    return {
        "points": slide.points,
        "figure": slide.figure is not None,
        "stamped": bool(slide.stamps),
        "tiles": [
            {
                "name": tile.name,
                "value": tile.value,
                "detail": tile.detail,
                # A value may go on on a second line, but no figure is broken.
                "words": [word for word in _BREAKS.split(tile.value) if word],
            }
            for tile in slide.tiles
        ],
        "table": None if table is None else _cells(table),
    }


def _cells(table: Table) -> dict[str, Any]:
    rows = [[text_of(cell) for cell in row] for row in table.rows]
    return {"heads": table.heads, "rows": rows}


def tile_sizes(value: float) -> tuple[float, float]:
    """Type of a tile's name and of what stands under its value."""
    return min(22.0, 0.62 * value), min(18.0, 0.5 * value)


def _tile_types(value: float) -> tuple[float, float, float]:
    name, detail = tile_sizes(value)
    return name, value, detail


_ASKED: dict[str, Any] = {
    "language": "ja",
    "sizes": {
        "titles": _TITLES,
        "alone": _ALONE,
        "beside": _BESIDE,
        "tables": _TABLES,
        "values": _VALUES,
        "tiles": {str(value): _tile_types(value) for value in _VALUES},
    },
    "gap": GAP,
    "padding": PADDING,
    "abreast": ABREAST,
    "apart": _APART,
    "most-apart": _MOST_APART,
    "large": _LARGE,
    "powers": _POWERS,
    "under": _UNDER,
    "few": _FEW,
    "leading": LEADING,
    "stamps": _STAMPS,
}
"""What holds for every slide."""


def _pages(slide: Slide, room: Room, found: dict[str, Any]) -> list[Page]:
    parts = [] if slide.table is None else _parts(slide.table, room, found)
    if slide.stamps:  # Only the last page holds them.
        whole = found["free"] + _STAMPS
        parts = [*(_filling(part, whole) for part in parts[:-1]), parts[-1]]
    count = max(len(parts), 1)
    sentences = found["points-height"]
    pages = []
    for place in range(count):
        first, last = place == 0, place == count - 1
        pages.append(
            Page(
                key=slide.key,
                title=slide.title if count == 1 else f"{slide.title} ({place + 1}/{count})",
                title_size=found["title-size"],
                title_height=found["title-height"],
                points=slide.points if first else (),
                point_size=found["point-size"],
                points_height=sentences if first else 0.0,
                apart=found["apart"],
                tiles=slide.tiles,
                value_size=found["value-size"],
                tiles_height=found["tiles-height"],
                figure=slide.figure,
                figure_height=0.0 if slide.figure is None else found["free"] + GAP,
                table=parts[place] if parts else None,
                stamps=slide.stamps if last else (),
                notes=slide.notes,
                live=slide.live,
            )
        )
    return pages


def _parts(table: Table, room: Room, found: dict[str, Any]) -> list[Laid]:
    """The table in the parts that fit their page, all with as much air as the fullest leaves."""
    heights, widths = found["heights"], _widths(found, room)
    parts = []
    for span in _portions(heights[1:], found["free"] - heights[0]):
        part = Table(title=table.title, heads=table.heads, rows=table.rows[span])
        parts.append(
            Laid(
                table=part,
                size=found["table-size"],
                widths=widths,
                heights=(heights[0], *heights[1:][span]),
            )
        )
    free = found["free"] - (LEADING * found["table-size"] if room.elsewhere else 0.0)
    air = min(min((free - part.height) / len(part.heights), _STRETCH * part.size) for part in parts)
    return [_stretched(part, max(air, 0.0)) for part in parts]


def _filling(part: Laid, room: float) -> Laid:
    """The part with as much air as its page leaves, up to a limit."""
    spare = (room - part.height) / len(part.heights)
    more = max(min(spare, _STRETCH * part.size - part.air), 0.0)
    return replace(
        part, heights=tuple(height + more for height in part.heights), air=part.air + more
    )


def _widths(found: dict[str, Any], room: Room) -> tuple[float, ...]:
    """The columns as measured, made wider together until they fill the room."""
    scale = room.width / sum(found["widths"])
    return tuple(scale * width for width in found["widths"])


def _portions(heights: list[float], room: float) -> list[slice]:
    """Which rows go together: in as few portions as the room asks for, about equally high, so that
    no page has a single row after full ones."""
    if not heights:
        return [slice(0, 0)]
    count = len(_filled(heights, room))
    share = sum(heights) / count
    rooms = (share + step * (room - share) / 20 for step in range(20))
    even = (found for found in (_filled(heights, r) for r in rooms) if len(found) == count)
    return next(even, _filled(heights, room))


def _filled(heights: list[float], room: float) -> list[slice]:
    """One row after the other, a new portion where the room is full."""
    starts, used = [0], 0.0
    for place, high in enumerate(heights):
        if used and used + high > room:
            starts.append(place)
            used = 0.0
        used += high
    return [slice(first, after) for first, after in pairwise([*starts, len(heights)])]


def _stretched(laid: Laid, air: float) -> Laid:
    return replace(laid, heights=tuple(height + air for height in laid.heights), air=air)

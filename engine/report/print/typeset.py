"""Slides, decision record and single sheets as PDF, set by Typst: A4, fonts inside, text to search
and copy.

The templates beside this module hold the looks; everything that is said goes in as data, so that a
text with markup in it stays a text. Lines, tables and pages are broken by Typst; figures are the
web page's own pictures.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from engine.report.arrangement import (
    ABREAST,
    GAP,
    LEADING,
    PADDING,
    Page,
    Room,
    arranged,
    tile_sizes,
)
from engine.report.deck import Deck, Figure, Slide, Table, ending, text_of
from engine.report.fonts import Face
from engine.report.picture import natural_height, svg
from engine.report.print.compiler import compiled, queried

_WIDTH = 754.0
"""Of a page's text, in points."""
SLIDE_ROOM = Room(width=_WIDTH, title=66.0, body=430.0, yields=True)
"""Of a slide on A4."""
_SMALLEST, _LARGEST = 13.0, 19.0
"""Type of a figure: that of few bars is large, so that they fill their page."""


_ANNEX = (8.0, 7.8, 8.3, 7.6, 8.6, 8.9)
"""Type of tables behind the record, as they are tried."""
_LAST = 300.0
"""How far down its last page is filled, in points: more than a third of A4."""


class Part(Protocol):
    """A heading with sentences and perhaps a table under it; ``heads`` is empty without one."""

    @property
    def heading(self) -> str: ...

    @property
    def sentences(self) -> tuple[str, ...]: ...

    @property
    def heads(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...


def slides_pdf(deck: Deck, face: Face | None = None) -> bytes:
    """The whole deck, a slide a page or more. Raises :class:`InputError` where no Japanese font is
    installed."""
    shown = [
        _page(page)
        for slide in (*deck.slides, *deck.appendix)
        for page in arranged(slide, SLIDE_ROOM)
    ]
    return _set("slides.typ", deck, deck.title, {"slides": shown}, face)


def record_pdf(deck: Deck, face: Face | None = None) -> bytes:
    """The form and the deck's appendix. Raises :class:`InputError` where no font is installed."""
    record = deck.form
    form = {
        "title": record.title,
        "blanks": record.blanks,
        "dated": record.dated,
        "request": record.request,
        "sections": [
            {
                "heading": part.heading,
                "sentences": list(map(ending, part.sentences)),
                "table": _table(part.table),
            }
            for part in record.sections
        ],
        "approvals": record.approvals,
        "end": record.end,
    }
    content = {"record": form, "annex": [_annex(slide) for slide in deck.appendix]}
    sizes = [{**content, "annex_size": size} for size in _ANNEX]
    filled = next((one for one in sizes if _fills(deck, one, face)), sizes[0])
    return _set("record.typ", deck, record.title, filled, face)


def _fills(deck: Deck, content: dict[str, Any], face: Face | None) -> bool:
    """Whether the last page of the record is more than a few lines."""
    about = {"title": "", "author": "", "language": deck.language, "footer": "", "address": ""}
    return bool(queried("record.typ", {**about, **content}, "<end>", face) >= _LAST)


def sheet_pdf(
    title: str,
    parts: Sequence[Part],
    *,
    footer: str,
    language: str,
    face: Face | None = None,
) -> bytes:
    """Parts under a title, on one page where they fit. Raises as :func:`slides_pdf`."""
    shown = [
        {
            "heading": part.heading,
            "sentences": list(map(ending, part.sentences)),
            "table": _table(
                Table(title=part.heading, heads=part.heads, rows=part.rows) if part.heads else None
            ),
        }
        for part in parts
    ]
    about = {"author": "", "language": language, "footer": footer, "address": ""}
    return compiled("sheet.typ", {"title": title, **about, "sections": shown}, face)


def _set(
    template: str, deck: Deck, title: str, content: dict[str, Any], face: Face | None
) -> bytes:
    about = {
        "author": deck.author,
        "language": deck.language,
        "footer": deck.footer,
        "address": deck.address,
    }
    return compiled(template, {"title": title, **about, **content}, face)


def _page(page: Page) -> dict[str, Any]:
    """A page of a slide, in sizes that were arranged; Typst breaks the lines."""
    figure, laid = page.figure, page.table
    name, detail = tile_sizes(page.value_size)
    return {
        "title": ending(page.title),
        "title_size": page.title_size,
        "title_height": page.title_height,
        "points": list(map(ending, page.points)),
        "point_size": page.point_size,
        "apart": page.apart,
        "figure": None if figure is None else _picture(figure, page.figure_height - GAP),
        "alt": None if figure is None else figure.alt,
        "tiles": [
            {"name": tile.name, "value": tile.value, "detail": tile.detail} for tile in page.tiles
        ],
        "tile_height": (page.tiles_height / -(-len(page.tiles) // ABREAST) - GAP)
        if page.tiles
        else 0,
        "tile_sizes": (name, page.value_size, detail),
        "table": None
        if laid is None
        else {
            "heads": laid.table.heads,
            "rows": [[text_of(cell) for cell in row] for row in laid.table.rows],
            "widths": laid.widths,
            "size": laid.size,
            "inset": 0.65 * PADDING + laid.air / 2 + 0.5 * (LEADING - 1) * laid.size,
        },
        "stamps": page.stamps,
    }


def _annex(slide: Slide) -> dict[str, Any]:
    """A slide of the appendix in the record: sentences and a table."""
    return {
        "title": slide.title,
        "points": list(map(ending, slide.points)),
        "table": _table(slide.table),
    }


def _picture(figure: Figure, height: float) -> str:
    size = min(max(height / natural_height(figure, 1.0), _SMALLEST), _LARGEST)
    return svg(figure, _WIDTH, min(height, natural_height(figure, size)), size)


def _table(table: Table | None) -> dict[str, Any] | None:
    if table is None:
        return None
    return {"heads": table.heads, "rows": [[text_of(cell) for cell in row] for row in table.rows]}

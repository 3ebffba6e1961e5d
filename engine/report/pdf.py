"""The deck as a PDF: A4, a slide a page, the appendix and the decision record after it.

Fonts are embedded, text can be searched and copied. Every page carries the deck's footer.
"""

from engine.report.deck import Cell, Deck, Figure, Slide, Table, text_of
from engine.report.drawing import natural_height
from engine.report.fonts import Face, japanese_face
from engine.report.layout import column_widths
from engine.report.paper import ACCENT, INK, LEADING, QUIET, TINT, WHITE, Paper

_MARGIN, _FOOT = 44.0, 34.0
_TITLE, _POINT, _ALONE = 21.0, 14.5, 20.0
_FIGURE, _LARGEST = 13.0, 19.0
_PADDING = 5.0
_MOST_TITLE = 3
STAMP, _ROLE = 58.0, 16.0


def pdf(deck: Deck, face: Face | None = None) -> bytes:
    """The whole deck. Raises :class:`InputError` where no Japanese font is installed."""
    paper = Paper(face or japanese_face(), landscape=True, title=deck.title, language=deck.language)
    for slide in deck.slides:
        _slide(paper, slide)
    for slide in deck.appendix:
        _slide(paper, slide)
    for number in range(1, paper.pages + 1):
        paper.to(number)
        footer(paper, deck, number, paper.pages)
    return paper.content()


def footer(paper: Paper, deck: Deck, number: int, of: int) -> None:
    """Evidence, versions and date on the left, the page's number on the right."""
    y = paper.height - 18
    room = paper.width - 2 * _MARGIN - 60
    size = 7.5
    while paper.width_of(deck.footer, size) > room and size > 5:
        size -= 0.25
    paper.write(_MARGIN, y, deck.footer, size, colour=QUIET)
    paper.write(paper.width - _MARGIN, y, f"{number} / {of}", 9, colour=QUIET, anchor="end")


def _slide(paper: Paper, slide: Slide) -> None:
    paper.page()
    left, room = _MARGIN, paper.width - 2 * _MARGIN
    size = _TITLE
    while len(paper.wrap(slide.title, room, size, bold=True)) > _MOST_TITLE:
        size -= 1
    paper.box(0, 0, paper.width, 6, fill=ACCENT)
    y = paper.paragraph(left, _MARGIN - 8, room, slide.title, size, bold=True) + 8
    if slide.figure is not None:
        y = _figure(paper, slide.figure, slide, left, y, room)
    size, gap = (_POINT, 5) if slide.figure or slide.table else (_ALONE, 16)
    for point in slide.points:
        y = paper.paragraph(left, y, room, point, size) + gap
    if slide.table is not None:
        y = table(paper, slide.table, left, y + 4, room, slide=slide, spare=_stamps_height(slide))
    if slide.stamps:
        stamp_boxes(paper, slide.stamps, left + room, paper.height - _FOOT - _ROLE - STAMP)


def _stamps_height(slide: Slide) -> float:
    return _ROLE + STAMP + 12 if slide.stamps else 0.0


def stamp_boxes(paper: Paper, roles: tuple[str, ...], right: float, top: float) -> float:
    """A box for each role's stamp, ending at ``right``; returns where they end."""
    x = right - STAMP * len(roles)
    for role in roles:
        paper.box(x, top, STAMP, _ROLE, fill=None)
        paper.box(x, top + _ROLE, STAMP, STAMP, fill=None)
        paper.write(x + STAMP / 2, top + 11.5, role, 9, anchor="middle")
        x += STAMP
    return top + _ROLE + STAMP


def _figure(
    paper: Paper, figure: Figure, slide: Slide, left: float, y: float, room: float
) -> float:
    """The slide's figure, as high as what stands below it leaves; returns where it ends."""
    below = sum(len(paper.wrap(p, room, _POINT)) * LEADING * _POINT + 5 for p in slide.points)
    if slide.table is not None:
        below += table_height(paper, slide.table, room, 10.5) + 8
    free = paper.height - _FOOT - y - below - 6
    size = min(max(free / natural_height(figure, 1.0), _FIGURE), _LARGEST)
    height = min(free, natural_height(figure, size))
    paper.figure(figure, left, y, room, height, size)
    return y + height + 6


def table(
    paper: Paper,
    shown: Table,
    left: float,
    y: float,
    room: float,
    *,
    slide: Slide | None = None,
    size: float | None = None,
    spare: float = 0.0,
) -> float:
    """The table from ``y`` on, over as many pages as it takes; returns where it ends. ``spare`` is
    kept free under it."""
    foot = paper.height - _FOOT - spare
    if size is None:
        free = foot - y
        sizes = (15.0, 14.0, 13.0, 12.0, 11.0, 10.5)
        size = next((s for s in sizes if table_height(paper, shown, room, s) <= free), 8.5)
    widths = column_widths(shown, room, size, _PADDING)
    y = _row(paper, shown.heads, widths, left, y, size, head=True)
    for place, row in enumerate(shown.rows):
        if y + _height(paper, row, widths, size) > foot:
            paper.page()
            y = _MARGIN
            if slide is not None:
                y = paper.paragraph(left, y - 8, room, slide.title, 14, bold=True) + 6
            y = _row(paper, shown.heads, widths, left, y, size, head=True)
        y = _row(paper, row, widths, left, y, size, tinted=place % 2 == 1)
    return y


def table_height(paper: Paper, shown: Table, room: float, size: float) -> float:
    widths = column_widths(shown, room, size, _PADDING)
    return sum(_height(paper, row, widths, size) for row in (shown.heads, *shown.rows))


def _height(paper: Paper, row: tuple[Cell, ...], widths: list[float], size: float) -> float:
    lines = max(
        len(paper.wrap(text_of(cell), width - 2 * _PADDING, size))
        for cell, width in zip(row, widths, strict=True)
    )
    return lines * LEADING * size + 1.2 * _PADDING


def _row(
    paper: Paper,
    row: tuple[Cell, ...],
    widths: list[float],
    x: float,
    y: float,
    size: float,
    *,
    head: bool = False,
    tinted: bool = False,
) -> float:
    height = _height(paper, row, widths, size)
    if head or tinted:
        paper.box(x, y, sum(widths), height, fill=ACCENT if head else TINT)
    for cell, width in zip(row, widths, strict=True):
        colour = WHITE if head else INK
        # The head is measured as the rows are, so it is not set in the wider bold.
        paper.paragraph(
            x + _PADDING,
            y + 0.5 * _PADDING,
            width - 2 * _PADDING,
            text_of(cell),
            size,
            colour=colour,
        )
        x += width
    paper.rule(x - sum(widths), x, y + height)
    return y + height

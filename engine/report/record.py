"""The decision record as a form of its own: A4 upright, boxes for stamps, then every assumption."""

from engine.report.deck import Deck, Record, Section, Slide
from engine.report.fonts import Face, japanese_face
from engine.report.paper import ACCENT, Paper
from engine.report.pdf import STAMP, footer, stamp_boxes, table, table_height

_MARGIN, _FOOT = 44.0, 40.0
_SMALL, _TEXT, _HEAD, _TITLE = 8.0, 10.0, 12.0, 22.0


def record_pdf(deck: Deck, face: Face | None = None) -> bytes:
    """The form and the deck's appendix. Raises :class:`InputError` where no font is installed."""
    found = face or japanese_face()
    paper = Paper(found, landscape=False, title=deck.record.title, language=deck.language)
    paper.page()
    room = paper.width - 2 * _MARGIN
    y = _head(paper, deck.record, room)
    for number, section in enumerate(deck.record.sections, start=1):
        y = _section(paper, section, number, y, room)
    paper.write(_MARGIN + room, y + _TEXT, deck.record.end, _TEXT, anchor="end")
    y = paper.height
    for slide in deck.appendix:
        if y + _needed(paper, slide, room) > paper.height - _FOOT:
            paper.page()
            y = _MARGIN
        y = paper.paragraph(_MARGIN, y, room, slide.title, _HEAD, bold=True) + 6
        for point in slide.points:
            y = paper.paragraph(_MARGIN, y, room, point, _TEXT) + 3
        if slide.table is not None:
            y = table(paper, slide.table, _MARGIN, y + 4, room, slide=slide, size=_SMALL)
        y += 18
    for number in range(1, paper.pages + 1):
        paper.to(number)
        footer(paper, deck, number, paper.pages)
    return paper.content()


def _needed(paper: Paper, slide: Slide, room: float) -> float:
    """Height of a part of the annex; a long table may begin low and go on."""
    lines = sum(len(paper.wrap(point, room, _TEXT)) for point in slide.points)
    high = 0.0 if slide.table is None else table_height(paper, slide.table, room, _SMALL)
    return 3 * _HEAD + 15 * lines + min(high, 420.0)


def _head(paper: Paper, record: Record, room: float) -> float:
    """Title, lines to fill in on the left, boxes for stamps on the right, the request."""
    centre = paper.width / 2
    paper.write(centre, _MARGIN + _TITLE, record.title, _TITLE, bold=True, anchor="middle")
    y = top = _MARGIN + _TITLE + 26
    stamps = STAMP * len(record.approvals)
    start, end = _MARGIN + 82, _MARGIN + room - stamps - 20
    for name, filled in record.blanks:
        y += 20
        paper.write(_MARGIN, y, name, _TEXT)
        size = _TEXT if paper.width_of(filled, _TEXT) <= end - start else _SMALL
        for number, line in enumerate(paper.wrap(filled, end - start, size)):
            y += 11 if number else 0
            paper.write(start, y, line, size)
        paper.rule(start - 4, end, y + 3)
    y += 20
    paper.write(_MARGIN, y, record.dated, _TEXT)
    y = max(y, stamp_boxes(paper, record.approvals, _MARGIN + room, top)) + 18
    return paper.paragraph(_MARGIN, y, room, record.request, _TEXT + 1) + 8


def _section(paper: Paper, section: Section, number: int, y: float, room: float) -> float:
    needed = 3 * _HEAD + sum(len(paper.wrap(s, room, _TEXT)) * 14.5 + 2 for s in section.sentences)
    if section.table is not None:
        needed += min(table_height(paper, section.table, room, 9.0), 200)
    if y + needed > paper.height - _FOOT:
        paper.page()
        y = _MARGIN
    paper.write(_MARGIN, y + _HEAD, f"{number}. {section.heading}", _HEAD, bold=True, colour=ACCENT)
    y += _HEAD + 8
    for sentence in section.sentences:
        y = paper.paragraph(_MARGIN + 10, y, room - 10, sentence, _TEXT) + 2
    if section.table is not None:
        y = table(paper, section.table, _MARGIN + 10, y + 3, room - 10, size=9.0) + 3
    paper.rule(_MARGIN, _MARGIN + room, y + 4)
    return y + 10

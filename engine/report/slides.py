"""The deck as PowerPoint: titles are titles, charts are charts, notes are notes.

Every chart holds its numbers and can be edited in PowerPoint (:mod:`engine.report.native`); nothing
is a picture. Title, sentences, footer and number stand in the placeholders of a master
(:mod:`engine.report.master`): ours, 16:9, or a company's. Fonts are named, not embedded: Arial and
Yu Gothic come with Office on Windows and macOS, and where one is missing the system's own takes its
place.
"""

import io
import re
from collections.abc import Iterable
from datetime import datetime, time

from pptx.dml.color import RGBColor
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.slide import Slide as Page
from pptx.slide import SlideLayout
from pptx.table import _Cell
from pptx.text.text import TextFrame, _Paragraph
from pptx.util import Length, Pt

from engine.report.colours import ACCENT, INK, QUIET, TINT, plain
from engine.report.deck import Cell, Deck, Slide, Table, text_of
from engine.report.layout import LEADING, column_widths, pages, row_height, row_lines
from engine.report.master import BODIES, KEPT, Ground, dress, ground
from engine.report.measure import fitting, wrap
from engine.report.native import add_chart

_TITLE_SIZES = (28.0, 26.0, 24.0, 22.0, 20.0, 18.0, 16.0)
_POINT_SIZES = (24.0, 22.0, 20.0, 18.0, 16.0, 14.0)
_CAPTION_SIZES = (18.0, 16.0, 15.0, 14.0, 13.0, 12.0)
_TABLE_SIZES = (18.0, 16.0, 15.0, 14.0, 13.0, 12.0, 11.0, 10.0)
_SMALLEST = 11.0
_PADDING = 6.0
_STAMP, _ROLE, _ROLE_TYPE = 60.0, 18.0, 11.0
"""A box to stamp in, the role over it, and that one's type."""
_BOLD = 1.1
"""Width of bold type over the estimate for regular."""
_INK, _QUIET, _ACCENT = (RGBColor.from_string(plain(colour)) for colour in (INK, QUIET, ACCENT))
_WHITE, _TINT = RGBColor(255, 255, 255), RGBColor.from_string(plain(TINT))
_LANGUAGES = {"ja": MSO_LANGUAGE_ID.JAPANESE, "en": MSO_LANGUAGE_ID.ENGLISH_UK}
_TAGS = {"ja": "ja-JP", "en": "en-GB"}


def pptx(deck: Deck, template: bytes | None = None) -> bytes:
    """The presentation as a file's content, on our own master or on that of a template.

    Raises :class:`InputError` for a template as :func:`engine.report.master.ground` does.
    """
    base = ground(template)
    about = base.show.core_properties
    about.title, about.language, about.comments = deck.title, deck.language, deck.footer
    about.author = about.last_modified_by = deck.author
    if deck.day is not None:
        about.created = about.modified = datetime.combine(deck.day, time())
    for slide in (*deck.slides, *deck.appendix):
        for number, rows in enumerate(_portions(slide, base)):
            layout = base.with_body if _has_body(slide) else base.title_only
            page = base.show.slides.add_slide(layout)
            _Page(page, layout, deck, base).fill(slide, rows, number)
    file = io.BytesIO()
    base.show.save(file)
    return file.getvalue()


def _has_body(slide: Slide) -> bool:
    """Whether sentences are all that it has: they are the body."""
    return bool(slide.points) and slide.figure is None and slide.table is None


def _portions(slide: Slide, base: Ground) -> list[tuple[tuple[Cell, ...], ...]]:
    """The table's rows by page; a table that is too long goes on under the same title."""
    if slide.table is None:
        return [()]
    height = base.bottom - base.top - _points_height(slide, base) - 12 - _stamps_height(slide)
    if slide.figure is not None or _table_size(slide.table, height, base) is not None:
        return [slide.table.rows]
    return pages(slide.table, base.room, height, _SMALLEST, _PADDING)


def _parts(table: Table, portions: list[tuple[tuple[Cell, ...], ...]]) -> list[Table]:
    """The table in pages, each with the heads."""
    return [Table(title=table.title, heads=table.heads, rows=rows) for rows in portions]


def _points_height(slide: Slide, base: Ground) -> float:
    if not slide.points:
        return 0.0
    size = _caption_size(slide, base)
    lines = sum(len(wrap(point, base.room / size)) for point in slide.points)
    return lines * size * LEADING + 6 * len(slide.points) + 8


def _stamps_height(slide: Slide) -> float:
    return _ROLE + _STAMP + 10 if slide.stamps else 0.0


def _caption_size(slide: Slide, base: Ground) -> float:
    text = "".join(slide.points)
    share = 0.22 if slide.figure is not None else 0.3
    return fitting(text, base.room, share * base.height, _CAPTION_SIZES)


def _table_size(table: Table, height: float, base: Ground) -> float | None:
    """The largest type at which the table fits whole."""
    for size in _TABLE_SIZES:
        widths = column_widths(table, base.room, size, _PADDING)
        rows = (table.heads, *table.rows)
        if sum(row_height(row, widths, size, _PADDING) for row in rows) <= height:
            return size
    return None


def _lines_height(points: list[str], width: float, size: float) -> float:
    return sum(len(wrap(point, width)) * size * LEADING + size for point in points)


class _Page:
    """One slide of the file, filled from the top down."""

    def __init__(self, page: Page, layout: SlideLayout, deck: Deck, base: Ground) -> None:
        self._page, self._deck, self._base = page, deck, base
        self._language = _LANGUAGES[deck.language]
        size = fitting(deck.footer, base.room - 60, 14, (9.0, 8.5, 8.0, 7.5, 7.0, 6.5))
        if not dress(page, layout, deck.footer, size, _TAGS[deck.language]):
            y = base.height - 22
            self._text((deck.footer,), base.left, y, base.room, 16, size, _QUIET)

    def fill(self, slide: Slide, rows: tuple[tuple[Cell, ...], ...], number: int) -> None:
        """``number``: how many pages of the same slide came before."""
        base = self._base
        self._title(slide.title)
        self._body(slide.points if _has_body(slide) else ())
        left, top, bottom, room = base.left, base.top, base.bottom, base.room
        if slide.figure is not None:
            bottom -= _points_height(slide, base)
            add_chart(self._page, slide.figure, left, top, room, bottom - top, self._deck.language)
            top = bottom
        if slide.points and number == 0 and not _has_body(slide):
            size, high = _caption_size(slide, base), _points_height(slide, base)
            self._text(slide.points, left, top, room, high, size, _INK)
            top += high
        if slide.table is not None:
            free = base.bottom - top - 8 - _stamps_height(slide)
            # All pages of a table in one type, the largest that fits each of them.
            parts = _parts(slide.table, _portions(slide, base))
            size = min(_table_size(part, free, base) or _SMALLEST for part in parts)
            self._table(slide.table, rows, top, size)
        if slide.stamps:
            self._stamps(slide.stamps)
        if slide.notes:
            notes = self._page.notes_slide.notes_text_frame
            assert notes is not None  # python-pptx's own template has it
            notes.text = "\n\n".join(slide.notes)

    def _title(self, text: str) -> None:
        """In the placeholder, in its looks; only so large that it fits."""
        title, base = self._page.shapes.title, self._base
        assert title is not None  # the layout has one
        size = fitting(text, base.room / _BOLD, base.title_height, _TITLE_SIZES)
        self._write(title.text_frame, (text,), size, None)

    def _body(self, points: tuple[str, ...]) -> None:
        """Sentences into the body; other placeholders of the layout are taken away empty."""
        base, free = self._base, list(points)
        for each in list(self._page.placeholders):
            kind = each.placeholder_format.type
            if kind in KEPT:
                continue
            if free and kind in BODIES:
                height = Length(each.height).pt - 8
                room = Length(each.width).pt - 20
                size = next(
                    (s for s in _POINT_SIZES if _lines_height(free, room / s, s) <= height),
                    _POINT_SIZES[-1],
                )
                self._write(each.text_frame, tuple(free), size, None, gap=size)
                free = []
            else:
                each._element.getparent().remove(each._element)
        if free:
            size = _POINT_SIZES[2]
            height = base.bottom - base.top
            self._text(free, base.left, base.top, base.room, height, size, _INK, gap=size)

    def _text(
        self,
        texts: Iterable[str],
        x: float,
        y: float,
        width: float,
        height: float,
        size: float,
        colour: RGBColor,
        *,
        gap: float = 6.0,
    ) -> None:
        box = self._page.shapes.add_textbox(Pt(x), Pt(y), Pt(width), Pt(height))
        self._write(box.text_frame, tuple(texts), size, colour, gap=gap)

    def _write(
        self,
        frame: TextFrame,
        texts: tuple[str, ...],
        size: float,
        colour: RGBColor | None,
        *,
        gap: float = 0.0,
    ) -> None:
        """Without a colour the text is in a placeholder and takes that one's looks."""
        frame.word_wrap = True
        if colour is not None:
            frame.auto_size = MSO_AUTO_SIZE.NONE
            frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Pt(0)
        for place, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(gap)
            self._run(paragraph, text, size, colour)

    def _run(
        self,
        paragraph: _Paragraph,
        text: str,
        size: float,
        colour: RGBColor | None,
        bold: bool = False,
    ) -> None:
        run = paragraph.add_run()
        run.text = re.sub(r"[\v\n]", " ", text)
        run.font.size, run.font.language_id = Pt(size), self._language
        if colour is not None:
            paragraph.alignment = PP_ALIGN.LEFT
            run.font.bold, run.font.color.rgb = bold, colour

    def _table(
        self, table: Table, rows: tuple[tuple[Cell, ...], ...], top: float, size: float
    ) -> None:
        (part,) = _parts(table, [rows])
        left, wide = self._base.left, self._base.room
        widths = column_widths(table, wide, size, _PADDING)
        heights = [row_height(row, widths, size, _PADDING) for row in (part.heads, *part.rows)]
        shape = self._page.shapes.add_table(
            len(heights), len(widths), Pt(left), Pt(top + 4), Pt(wide), Pt(sum(heights))
        )
        shape.name = table.title
        for across, width in enumerate(widths):
            shape.table.columns[across].width = Pt(width)
        for down, (row, height) in enumerate(zip((part.heads, *part.rows), heights, strict=True)):
            shape.table.rows[down].height = Pt(height)
            lines = row_lines(row, widths, size, _PADDING)
            for across, content in enumerate(row):
                self._cell(shape.table.cell(down, across), text_of(content), size, down, lines)

    def _stamps(self, roles: tuple[str, ...]) -> None:
        """A box for each role's stamp, at the foot on the right."""
        x = self._base.left + self._base.room - _STAMP * len(roles)
        y = self._base.bottom - _ROLE - _STAMP
        for role in roles:
            for top, height, text in ((y, _ROLE, role), (y + _ROLE, _STAMP, "")):
                box = self._page.shapes.add_shape(
                    MSO_SHAPE.RECTANGLE, Pt(x), Pt(top), Pt(_STAMP), Pt(height)
                )
                box.name = role if text else f"{role} □"
                box.fill.background()
                box.line.color.rgb, box.line.width = _QUIET, Pt(0.75)
                box.shadow.inherit = False
                self._write(box.text_frame, (text,), _ROLE_TYPE, _INK)
                box.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER
                box.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
            x += _STAMP

    def _cell(self, cell: _Cell, text: str, size: float, down: int, lines: int) -> None:
        cell.margin_left = cell.margin_right = Pt(_PADDING)
        cell.margin_top = cell.margin_bottom = Pt(0.5 * _PADDING)
        cell.vertical_anchor = MSO_ANCHOR.MIDDLE if lines == 1 else MSO_ANCHOR.TOP
        cell.fill.solid()
        cell.fill.fore_color.rgb = _ACCENT if down == 0 else (_WHITE, _TINT)[down % 2]
        frame = cell.text_frame
        frame.word_wrap = True
        self._run(frame.paragraphs[0], text, size, _WHITE if down == 0 else _INK, down == 0)

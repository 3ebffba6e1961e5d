"""The deck as PowerPoint: titles are titles, charts are charts, notes are notes.

Every chart holds its numbers and can be edited in PowerPoint (:mod:`engine.report.native`); nothing
is a picture. 16:9. Fonts are named, not embedded: Arial and Yu Gothic come with Office on Windows
and macOS, and where one is missing the system's own takes its place.
"""

import io
import re
from collections.abc import Iterable

from lxml import etree
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.presentation import Presentation as File
from pptx.slide import Slide as Page
from pptx.table import _Cell
from pptx.text.text import TextFrame, _Paragraph
from pptx.util import Pt

from engine.report.deck import Cell, Deck, Slide, Table, text_of
from engine.report.layout import LEADING, column_widths, pages, row_height, row_lines
from engine.report.measure import fitting, wrap
from engine.report.native import add_chart

WIDTH, HEIGHT = 960.0, 540.0
_MARGIN, _TOP, _FOOT = 44.0, 26.0, 34.0
_ROOM = WIDTH - 2 * _MARGIN
_TITLE_SIZES = (28.0, 26.0, 24.0, 22.0, 20.0)
_TITLE_HEIGHT = 82.0
_POINT_SIZES = (24.0, 22.0, 20.0, 18.0, 16.0, 14.0)
_CAPTION_SIZES = (18.0, 16.0, 15.0, 14.0, 13.0, 12.0)
_TABLE_SIZES = (18.0, 16.0, 15.0, 14.0, 13.0, 12.0, 11.0, 10.0)
_SMALLEST = 11.0
_PADDING = 6.0
_STAMP, _ROLE, _ROLE_TYPE = 60.0, 18.0, 11.0
"""A box to stamp in, the role over it, and that one's type."""
_FONTS = {"latin": "Arial", "ea": "Yu Gothic"}
_BOLD = 1.1
"""Width of bold type over the estimate for regular."""
_INK, _QUIET, _ACCENT = (RGBColor.from_string(c) for c in ("0F111C", "565B6E", "3B4CC0"))
_WHITE, _TINT = RGBColor(255, 255, 255), RGBColor.from_string("F3F4FA")
_LANGUAGES = {"ja": MSO_LANGUAGE_ID.JAPANESE, "en": MSO_LANGUAGE_ID.ENGLISH_UK}


def pptx(deck: Deck) -> bytes:
    """The presentation as a file's content."""
    show = Presentation()
    show.slide_width, show.slide_height = Pt(WIDTH), Pt(HEIGHT)
    show.core_properties.title = deck.title
    show.core_properties.author = "Kessai"
    show.core_properties.language = deck.language
    _set_fonts(show)
    layout = show.slide_layouts.get_by_name("Title Only")
    assert layout is not None  # python-pptx's own template has it
    for placeholder in list(layout.placeholders)[1:]:
        placeholder.element.getparent().remove(placeholder.element)
    for slide in (*deck.slides, *deck.appendix):
        for number, rows in enumerate(_portions(slide)):
            _Page(show.slides.add_slide(layout), deck, len(show.slides)).fill(slide, rows, number)
    file = io.BytesIO()
    show.save(file)
    return file.getvalue()


def _set_fonts(show: File) -> None:
    """A typeface for each script, in the theme, so that charts and notes follow."""
    theme = show.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root = etree.fromstring(theme.blob)
    for script, name in _FONTS.items():
        for font in root.iter(qn(f"a:{script}")):
            font.set("typeface", name)
    theme._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _portions(slide: Slide) -> list[tuple[tuple[Cell, ...], ...]]:
    """The table's rows by page; a table that is too long goes on under the same title."""
    if slide.table is None:
        return [()]
    height = HEIGHT - _FOOT - _TOP - _TITLE_HEIGHT - _points_height(slide) - 12
    height -= _stamps_height(slide)
    if slide.figure is not None or _table_size(slide.table, height) is not None:
        return [slide.table.rows]
    return pages(slide.table, _ROOM, height, _SMALLEST, _PADDING)


def _points_height(slide: Slide) -> float:
    if not slide.points:
        return 0.0
    size = _caption_size(slide)
    lines = sum(len(wrap(point, _ROOM / size)) for point in slide.points)
    return lines * size * LEADING + 6 * len(slide.points) + 8


def _stamps_height(slide: Slide) -> float:
    return _ROLE + _STAMP + 10 if slide.stamps else 0.0


def _caption_size(slide: Slide) -> float:
    text = "".join(slide.points)
    share = 0.22 if slide.figure is not None else 0.3
    return fitting(text, _ROOM, share * HEIGHT, _CAPTION_SIZES)


def _table_size(table: Table, height: float) -> float | None:
    """The largest type at which the table fits whole."""
    for size in _TABLE_SIZES:
        widths = column_widths(table, _ROOM, size, _PADDING)
        rows = (table.heads, *table.rows)
        if sum(row_height(row, widths, size, _PADDING) for row in rows) <= height:
            return size
    return None


class _Page:
    """One slide of the file, filled from the top down."""

    def __init__(self, page: Page, deck: Deck, number: int) -> None:
        self._page, self._deck = page, deck
        self._language = _LANGUAGES[deck.language]
        bar = page.shapes.add_shape(MSO_SHAPE.RECTANGLE, Pt(0), Pt(0), Pt(WIDTH), Pt(7))
        bar.fill.solid()
        bar.fill.fore_color.rgb = _ACCENT
        bar.line.fill.background()
        size = fitting(deck.footer, _ROOM - 60, 14, (9.0, 8.5, 8.0, 7.5, 7.0, 6.5))
        self._text((deck.footer,), _MARGIN, HEIGHT - 27, _ROOM - 50, 16, size, _QUIET)
        self._text((str(number),), WIDTH - _MARGIN - 40, HEIGHT - 27, 40, 16, 10, _QUIET)

    def fill(self, slide: Slide, rows: tuple[tuple[Cell, ...], ...], number: int) -> None:
        """``number``: how many pages of the same slide came before."""
        self._title(slide.title)
        top, bottom = _TOP + _TITLE_HEIGHT, HEIGHT - _FOOT
        if slide.figure is not None:
            bottom -= _points_height(slide)
            add_chart(
                self._page, slide.figure, _MARGIN, top, _ROOM, bottom - top, self._deck.language
            )
            top = bottom
        if slide.points and number == 0:
            if slide.figure is None and slide.table is None:
                self._bullets(slide.points, top, bottom - top)
            else:
                size = _caption_size(slide)
                high = _points_height(slide)
                self._text(slide.points, _MARGIN, top, _ROOM, high, size, _INK)
                top += high
        if slide.table is not None:
            room = HEIGHT - _FOOT - top - 8 - _stamps_height(slide)
            self._table(slide.table, rows, top, room)
        if slide.stamps:
            self._stamps(slide.stamps)
        if slide.notes:
            notes = self._page.notes_slide.notes_text_frame
            assert notes is not None  # python-pptx's own template has it
            notes.text = "\n\n".join(slide.notes)

    def _title(self, text: str) -> None:
        title = self._page.shapes.title
        assert title is not None  # the layout has one
        title.left, title.top, title.width = Pt(_MARGIN), Pt(_TOP), Pt(_ROOM)
        title.height = Pt(_TITLE_HEIGHT - 8)
        frame = title.text_frame
        size = fitting(text, _ROOM / _BOLD, _TITLE_HEIGHT - 6, _TITLE_SIZES)
        self._write(frame, (text,), size, _INK, bold=True)
        frame.vertical_anchor = MSO_ANCHOR.TOP

    def _bullets(self, points: Iterable[str], top: float, height: float) -> None:
        points = tuple(points)
        size = next(
            (
                s
                for s in _POINT_SIZES
                if sum(len(wrap(p, (_ROOM - 20) / s)) * s * LEADING + s for p in points) <= height
            ),
            _POINT_SIZES[-1],
        )
        self._text(points, _MARGIN, top + 8, _ROOM, height - 8, size, _INK, gap=size)

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
        colour: RGBColor,
        *,
        bold: bool = False,
        gap: float = 0.0,
    ) -> None:
        frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Pt(0)
        for place, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(gap)
            self._run(paragraph, text, size, colour, bold)

    def _run(
        self, paragraph: _Paragraph, text: str, size: float, colour: RGBColor, bold: bool
    ) -> None:
        paragraph.alignment = PP_ALIGN.LEFT  # the template centres titles
        run = paragraph.add_run()
        run.text = re.sub(r"[\v\n]", " ", text)
        font = run.font
        font.size, font.bold, font.color.rgb = Pt(size), bold, colour
        font.language_id = self._language

    def _table(
        self, table: Table, rows: tuple[tuple[Cell, ...], ...], top: float, room: float
    ) -> None:
        part = Table(title=table.title, heads=table.heads, rows=rows)
        whole = len(rows) == len(table.rows)
        size = (_table_size(part, room) if whole else None) or _SMALLEST
        widths = column_widths(table, _ROOM, size, _PADDING)
        heights = [row_height(row, widths, size, _PADDING) for row in (part.heads, *part.rows)]
        shape = self._page.shapes.add_table(
            len(heights), len(widths), Pt(_MARGIN), Pt(top + 4), Pt(_ROOM), Pt(sum(heights))
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
        x, y = WIDTH - _MARGIN - _STAMP * len(roles), HEIGHT - _FOOT - _ROLE - _STAMP
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

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

from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.slide import Slide as Page
from pptx.slide import SlideLayout
from pptx.table import _Cell
from pptx.text.text import TextFrame, _Paragraph
from pptx.util import Pt

from engine.report.arrangement import (
    ABREAST,
    GAP,
    PADDING,
    ROLE,
    STAMP,
    Laid,
    Room,
    arranged,
    tile_sizes,
)
from engine.report.arrangement import Page as Shown
from engine.report.colours import ACCENT, INK, QUIET, TINT
from engine.report.deck import Deck, led, text_of, unbroken
from engine.report.hues import WHITE
from engine.report.master import BODIES, KEPT, Ground, dress, ground
from engine.report.measure import columns
from engine.report.native import add_chart

_FOOTER = (6.5, 9.0)
"""Smallest and largest type of the line under a slide."""
_ROLE_TYPE = 11.0
"""Type of the role over a box to stamp in."""
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
    room = Room(
        width=base.room,
        title=base.title_height,
        body=base.bottom - base.top,
        yields=base.yields,
        alone=base.body,
        elsewhere=True,
    )
    for slide in (*deck.slides, *deck.appendix):
        for each in arranged(slide, room):
            layout = base.with_body if each.has_body else base.title_only
            page = base.show.slides.add_slide(layout)
            _Sheet(page, layout, deck, base).fill(each)
    file = io.BytesIO()
    base.show.save(file)
    return file.getvalue()


class _Sheet:
    """One slide of the file, filled from the top down."""

    def __init__(self, page: Page, layout: SlideLayout, deck: Deck, base: Ground) -> None:
        self._page, self._deck, self._base = page, deck, base
        self._language = _LANGUAGES[deck.language]
        size = min(max(2.0 * (base.room - 60) / columns(deck.footer), _FOOTER[0]), _FOOTER[1])
        if not dress(page, layout, deck.footer, size, _TAGS[deck.language]):
            y = base.height - 22
            self._text((deck.footer,), base.left, y, base.room, 16, size, QUIET)

    def fill(self, shown: Shown) -> None:
        """Everything that stands on it."""
        base = self._base
        title = self._page.shapes.title
        assert title is not None  # the layout has one
        self._write(title.text_frame, (shown.title,), shown.title_size, None)
        self._body(shown, shown.points if shown.has_body else ())
        left, room = base.left, base.room
        top = base.top - base.title_height + shown.title_height
        if shown.tiles:
            self._tiles(shown, top)
            top += shown.tiles_height
        if shown.figure is not None:
            high = shown.figure_height
            add_chart(
                self._page, shown.figure, left, top, room, high, self._deck.language, base.hues
            )
            top += high
        if shown.points and not shown.has_body:
            high = shown.points_height
            self._text(shown.points, left, top, room, high, shown.point_size, INK)
            top += high
        if shown.table is not None:
            self._table(shown.table, top)
        if shown.stamps:
            self._stamps(shown.stamps)
        if shown.notes:
            notes = self._page.notes_slide.notes_text_frame
            assert notes is not None  # python-pptx's own template has it
            notes.text = "\n\n".join(shown.notes)

    def _tiles(self, shown: Shown, top: float) -> None:
        """Figures in large type, in rows, on a tint."""
        rows = -(-len(shown.tiles) // ABREAST)
        width = (self._base.room - GAP * (ABREAST - 1)) / ABREAST
        height = shown.tiles_height / rows - GAP
        sizes = tile_sizes(shown.value_size)
        for place, tile in enumerate(shown.tiles):
            down, across = divmod(place, ABREAST)
            x, y = self._base.left + across * (width + GAP), top + down * (height + GAP)
            box = self._page.shapes.add_shape(
                MSO_SHAPE.RECTANGLE, Pt(x), Pt(y), Pt(width), Pt(height)
            )
            box.name = tile.name
            box.fill.solid()
            self._base.hues.paint(box.fill.fore_color, TINT)
            box.line.fill.background()
            box.shadow.inherit = False
            frame = box.text_frame
            frame.margin_left = frame.margin_right = Pt(2 * PADDING)
            frame.margin_top = frame.margin_bottom = Pt(PADDING)
            frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
            lines = (
                (tile.name, sizes[0], QUIET, False),
                (tile.value, shown.value_size, self._base.hues.large, True),
                (tile.detail, sizes[1], QUIET, False),
            )
            for number, (text, size, colour, bold) in enumerate(line for line in lines if line[0]):
                paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
                self._run(paragraph, text, size, colour, bold)

    def _body(self, shown: Shown, points: tuple[str, ...]) -> None:
        """Sentences into the body; other placeholders of the layout are taken away empty."""
        base, free, size = self._base, points, shown.point_size
        for each in list(self._page.placeholders):
            kind = each.placeholder_format.type
            if kind in KEPT:
                continue
            if free and kind in BODIES:
                self._write(each.text_frame, free, size, None, gap=shown.apart)
                free = ()
            else:
                each._element.getparent().remove(each._element)
        if free:
            self._text(
                free, base.left, base.top, base.room, base.bottom - base.top, size, INK,
                gap=shown.apart,
            )  # fmt: skip

    def _text(
        self,
        texts: Iterable[str],
        x: float,
        y: float,
        width: float,
        height: float,
        size: float,
        colour: str,
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
        colour: str | None,
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
        colour: str | None,
        bold: bool = False,
    ) -> None:
        to, rest = led(re.sub(r"[\v\n]", " ", text), self._deck.address)
        for part in filter(None, (to, unbroken(rest))) if text else ("",):
            run = paragraph.add_run()
            run.text = part
            if to and part == to:
                run.hyperlink.address = to
            run.font.size, run.font.language_id = Pt(size), self._language
            if colour is not None:
                run.font.bold = bold
                self._base.hues.paint(run.font.color, colour)
        if colour is not None:
            paragraph.alignment = PP_ALIGN.LEFT

    def _table(self, laid: Laid, top: float) -> None:
        table, left = laid.table, self._base.left
        shape = self._page.shapes.add_table(
            len(laid.heights),
            len(laid.widths),
            Pt(left),
            Pt(top + 4),
            Pt(sum(laid.widths)),
            Pt(laid.height),
        )
        shape.name = table.title
        for across, width in enumerate(laid.widths):
            shape.table.columns[across].width = Pt(width)
        rows = zip((table.heads, *table.rows), laid.heights, strict=True)
        for down, (row, height) in enumerate(rows):
            shape.table.rows[down].height = Pt(height)
            for across, content in enumerate(row):
                cell = shape.table.cell(down, across)
                self._cell(cell, text_of(content), laid.size, down)

    def _stamps(self, roles: tuple[str, ...]) -> None:
        """A box for each role's stamp, at the foot on the right."""
        x = self._base.left + self._base.room - STAMP * len(roles)
        y = self._base.bottom - ROLE - STAMP
        for role in roles:
            for top, height, text in ((y, ROLE, role), (y + ROLE, STAMP, "")):
                box = self._page.shapes.add_shape(
                    MSO_SHAPE.RECTANGLE, Pt(x), Pt(top), Pt(STAMP), Pt(height)
                )
                box.name = role if text else f"{role} □"
                box.fill.background()
                self._base.hues.paint(box.line.color, QUIET)
                box.line.width = Pt(0.75)
                box.shadow.inherit = False
                self._write(box.text_frame, (text,), _ROLE_TYPE, INK)
                box.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER
                box.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
            x += STAMP

    def _cell(self, cell: _Cell, text: str, size: float, down: int) -> None:
        cell.margin_left = cell.margin_right = Pt(PADDING)
        cell.margin_top = cell.margin_bottom = Pt(0.5 * PADDING)
        cell.vertical_anchor = MSO_ANCHOR.MIDDLE
        cell.fill.solid()
        hues = self._base.hues
        hues.paint(cell.fill.fore_color, ACCENT if down == 0 else (WHITE, TINT)[down % 2])
        frame = cell.text_frame
        frame.word_wrap = True
        self._run(frame.paragraphs[0], text, size, hues.on_accent if down == 0 else INK, down == 0)

"""A4 pages that one can write and draw on; a layer over fpdf2 with embedded fonts.

Points throughout, y downwards. Fonts often lack raised digits, so 10²⁰ is set as small digits
above the line. A character that the font does not have is printed as 〓, the printers' mark for a
missing type, never as an empty box.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.fonts import TTFFont

from engine.report.deck import Figure
from engine.report.drawing import Area, Dot, Label, Stroke, drawn
from engine.report.fonts import Face
from engine.report.measure import RAISED_LIFT, RAISED_SIZE, raised_runs, wrap

INK, QUIET, GRID, WHITE = "#0F111C", "#565B6E", "#E4E6EE", "#FFFFFF"
ACCENT, TINT = "#3B4CC0", "#F3F4FA"
_ROLES = {"ink": INK, "quiet": QUIET, "grid": GRID, "paper": WHITE}
LEADING = 1.45


class Paper:
    """One document. Pages are ``width`` × ``height`` points."""

    def __init__(self, face: Face, *, landscape: bool, title: str, language: str) -> None:
        self._pdf = FPDF(orientation="L" if landscape else "P", unit="pt", format="A4")
        self._pdf.set_auto_page_break(False)
        self._pdf.add_font("text", "", face.regular, collection_font_number=face.number)
        self._pdf.add_font("text", "B", face.bold, collection_font_number=face.number)
        for key in ("text", "textB"):
            # Boxes around what is left of a font are those of the whole font: to find narrower ones
            # took as long as all else.
            self._embedded(key).ttfont.recalcBBoxes = False
        self._wrapped: dict[tuple[str, float, float, bool], list[str]] = {}
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        self._pdf.set_creator("Kessai")
        self._pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # The date is in the text.
        self.width, self.height = self._pdf.w, self._pdf.h

    def page(self) -> None:
        self._pdf.add_page()

    @property
    def pages(self) -> int:
        return self._pdf.pages_count

    def to(self, number: int) -> None:
        """Go back to a page, to write what is known only at the end."""
        self._pdf.page = number
        # Each page has a font of its own: what fpdf2 remembers is that of the page just left.
        self._pdf.font_family = ""

    def content(self) -> bytes:
        return bytes(self._pdf.output())

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        # The font itself is asked: FPDF.get_string_width first looks for bidirectional text.
        font = self._embedded("textB" if bold else "text")
        width = 0.0
        for run, raised in raised_runs(text):
            points = size * RAISED_SIZE if raised else size
            width += font.get_text_width(run, points, None)[1]
        return width

    def wrap(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        """Lines of at most ``width``. A table asks for those of a cell up to three times."""
        asked = (text, width, size, bold)
        if asked not in self._wrapped:
            self._wrapped[asked] = wrap(
                text, width, lambda part: self.width_of(part, size, bold=bold)
            )
        return self._wrapped[asked]

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """One line; (x, y) is where its baseline starts, is centred, or ends."""
        text = self._printable(text)
        if anchor != "start":
            long = self.width_of(text, size, bold=bold)
            x -= long / 2 if anchor == "middle" else long
        self._font(size, bold)
        self._pdf.set_text_color(*_rgb(colour))
        for run, raised in raised_runs(text):
            self._pdf.set_font_size(size * RAISED_SIZE if raised else size)
            self._pdf.text(x, y - (RAISED_LIFT * size if raised else 0.0), run)
            x += self._pdf.get_string_width(run)

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        bold: bool = False,
    ) -> float:
        """Lines from ``y`` (their top) on; returns where they end."""
        for line in self.wrap(text, width, size, bold=bold):
            self.write(x, y + 1.05 * size, line, size, colour=colour, bold=bold)
            y += LEADING * size
        return y

    def box(self, x: float, y: float, width: float, height: float, *, fill: str | None) -> None:
        """A filled box, or an empty one with a thin edge."""
        if fill is None:
            self._pdf.set_draw_color(*_rgb(QUIET))
            self._pdf.set_line_width(0.7)
            self._pdf.rect(x, y, width, height)
            return
        self._pdf.set_fill_color(*_rgb(fill))
        self._pdf.rect(x, y, width, height, style="F")

    def rule(self, x0: float, x1: float, y: float) -> None:
        self._pdf.set_draw_color(*_rgb(GRID))
        self._pdf.set_line_width(0.7)
        self._pdf.line(x0, y, x1, y)

    def figure(
        self, shown: Figure, x: float, y: float, width: float, height: float, size: float
    ) -> None:
        """The same shapes as on the page."""
        for shape in drawn(shown, width, height, size):
            if isinstance(shape, Label):
                self.write(
                    x + shape.x,
                    y + shape.y,
                    shape.text,
                    shape.size,
                    bold=shape.bold,
                    colour=_ROLES.get(shape.colour, shape.colour),
                    anchor=shape.anchor,
                )
                continue
            colour = _rgb(_ROLES.get(shape.colour, shape.colour))
            if isinstance(shape, Stroke):
                self._pdf.set_draw_color(*colour)
                self._pdf.set_line_width(shape.width)
                dash = 3.0 if shape.dashed else 1.0 if shape.dotted else 0.0
                gap = 1.6 if shape.dotted else 0.8 * dash
                self._pdf.set_dash_pattern(dash=dash * shape.width, gap=gap * shape.width)
                self._pdf.polyline([(x + a, y + b) for a, b in shape.points])
                self._pdf.set_dash_pattern()
            elif isinstance(shape, Area):
                with self._see_through(shape.opacity):
                    self._pdf.set_fill_color(*colour)
                    self._pdf.polygon([(x + a, y + b) for a, b in shape.points], style="F")
            elif isinstance(shape, Dot):
                self._pdf.set_fill_color(*colour)
                side = 2 * shape.radius
                self._pdf.ellipse(
                    x + shape.x - shape.radius, y + shape.y - shape.radius, side, side, style="F"
                )

    def link(self, x: float, y: float, width: float, height: float, address: str) -> None:
        self._pdf.link(x, y, width, height, address)

    @contextmanager
    def _see_through(self, opacity: float) -> Iterator[None]:
        if opacity == 1:
            yield
            return
        with self._pdf.local_context(fill_opacity=opacity):
            yield

    def _font(self, size: float, bold: bool) -> None:
        self._pdf.set_font("text", "B" if bold else "", size)

    def _embedded(self, key: str) -> TTFFont:
        font = self._pdf.fonts[key]
        assert isinstance(font, TTFFont)  # add_font embeds no other kind
        return font

    def _printable(self, text: str) -> str:
        known = self._embedded("text").cmap

        def there(character: str) -> bool:
            ((shown, _),) = raised_runs(character)
            return shown.isspace() or ord(shown) in known

        return "".join(c if there(c) else "〓" for c in text)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

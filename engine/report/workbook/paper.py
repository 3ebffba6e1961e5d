"""A sheet of the workbook: its title, its heads, its cells, and how it prints.

Texts are written as texts, whatever they begin with; a formula stands with the value that it has
when it is written.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from engine.report.colours import ACCENT, LINE, QUIET
from engine.report.measure import columns, line_counts
from engine.tables.guard import is_live

HEAD = 2
"""Row, from 0, of the first heads: under the title and a note."""
_FORMATS: dict[str, dict[str, object]] = {
    "title": {"bold": True, "font_size": 16, "font_color": ACCENT},
    "long_title": {"bold": True, "font_size": 16, "font_color": ACCENT, "text_wrap": True,
                   "valign": "top"},
    "note": {"font_color": QUIET, "italic": True},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT, "text_wrap": True,
             "valign": "vcenter", "align": "center"},
    "text": {"text_wrap": True, "valign": "top", "align": "left", "indent": 1},
    "live_text": {"text_wrap": True, "valign": "top", "align": "left", "indent": 1,
                  "quote_prefix": True},
    "code": {"font_color": "#8A8FA3", "valign": "top", "align": "left", "indent": 1},
    "total": {"bold": True, "top": 1},
}  # fmt: skip
_INPUT: dict[str, object] = {"bg_color": "#FFF8E1", "font_color": "#1A237E"}
"""Cells to change."""
_GIVEN: dict[str, object] = {"bg_color": "#ECEEF4", "font_color": QUIET}
"""Values that no formula makes."""
_KINDS: dict[str, dict[str, object]] = {"": {}, "input": _INPUT, "given": _GIVEN,
                                        "total": {"bold": True, "top": 1}}  # fmt: skip
NUMBERS = {
    "whole": "#,##0",
    "broken": "#,##0.00",
    "small": "0.000",
    "plain": "General",
    "yen": "#,##0;[Red]-#,##0",
    "share": "0.0%",
    "power": "0.00E+00",
    "months": "0.0",
    "year": "0",
    "factor": "0.0000",
}
"""Number formats by what they show; ``money`` hangs on the language."""
_MONEY = {True: '0"."0,"万円";[Red]-0"."0,"万円"', False: '"¥"#,##0;[Red]-"¥"#,##0'}
"""In Japanese tens of thousands: a comma divides by 1,000, and the last digit stands behind a
point."""
Value = float | str
_THOUSANDS, _SMALL = 1_000, 0.01
_TITLE_HEIGHT, _LINE_HEIGHT = 24.0, 15.0
"""Points."""
_PER_EM, _BESIDE = 2.0, 3.0
"""Characters of a column's width for an em of text, and for what stands beside it."""
_TITLE_TYPE = 1.6
"""Of a title's bold type over a cell's."""
_LEAST_TITLE = 70.0
"""Characters of a line that a long title is broken into at the least."""


_LONGEST_LINK = 2079


@dataclass
class Book:
    """The workbook that is being written. ``footer`` is printed under every page."""

    workbook: Workbook
    footer: str
    japanese: bool
    formats: dict[tuple[str, ...], Format] = field(default_factory=dict)

    def format(self, name: str) -> Format:
        """A format of texts."""
        if (name,) not in self.formats:
            self.formats[(name,)] = self.workbook.add_format(_FORMATS[name])
        return self.formats[(name,)]

    def number(self, shown: str, kind: str = "") -> Format:
        """A format of numbers: ``shown`` as of :data:`NUMBERS` or ``money``; ``kind`` says whether
        the cell is an input, given, or a total."""
        key = (shown, kind)
        if key not in self.formats:
            code = _MONEY[self.japanese] if shown == "money" else NUMBERS[shown]
            look: dict[str, object] = {"num_format": code, "valign": "top", **_KINDS[kind]}
            self.formats[key] = self.workbook.add_format(look)
        return self.formats[key]

    def money_axis(self) -> dict[str, object]:
        """Options of a chart's axis of amounts."""
        grid = {"visible": True, "line": {"color": LINE}}
        return {"num_format": self.number("money").num_format, "major_gridlines": grid}

    def sheet(self, code: str, title: str, note: str = "") -> "Sheet":
        """A new sheet named ``code``."""
        page = self.workbook.add_worksheet(code)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_margins(0.4, 0.4, 0.6, 0.7)
        page.set_footer(f"&L&8{_plain(self.footer)}&R&8&P / &N")
        page.hide_gridlines(2)
        page.set_row(0, _TITLE_HEIGHT)
        made = Sheet(book=self, page=page, code=code, titled=title)
        page.write_string(0, 0, title, self.format("title"))
        if note:
            page.write_string(1, 0, note, self.format("note"))
        return made


@dataclass
class Sheet:
    """One sheet; rows and columns count from 0."""

    book: Book
    page: Worksheet
    code: str
    titled: str = ""
    headed: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Rows of heads with what stands in them from the first column on."""

    def heads(self, names: Sequence[str], row: int = HEAD, *, frozen: int | None = 0) -> None:
        """Column heads; what is above them and ``frozen`` columns stay when scrolling (None:
        nothing does), and the heads repeat on every printed page."""
        for across, name in enumerate(names):
            self.page.write_string(row, across, name, self.book.format("head"))
        self.headed[row] = tuple(names)
        if frozen is not None:
            self.page.freeze_panes(row + 1, frozen)
            self.page.repeat_rows(row)

    def text(self, row: int, column: int, text: str, look: str = "text") -> None:
        """A text, never a formula, not even when somebody edits its cell."""
        if look == "text" and is_live(text):
            look = "live_text"
        self.page.write_string(row, column, text, self.book.format(look))

    def link(self, row: int, column: int, address: str, text: str) -> None:
        """A text that leads to an address; a text alone where Excel's 2,079 characters are few."""
        if len(address) > _LONGEST_LINK:
            self.text(row, column, text)
        else:
            self.page.write_url(row, column, address, self.book.format("text"), text)

    def number(
        self, row: int, column: int, value: float, shown: str = "plain", kind: str = ""
    ) -> None:
        """A number; an empty cell where it is not finite."""
        form = self.book.number(_by_size(shown, value), kind)
        if math.isfinite(value):
            self.page.write_number(row, column, value, form)
        else:
            self.page.write_blank(row, column, None, form)

    def formula(
        self, row: int, column: int, formula: str, value: Value, shown: str = "plain",
        kind: str = "",
    ) -> None:  # fmt: skip
        """A formula and the value that it has now."""
        form = self.book.number(_by_size(shown, value), kind)
        self.page.write_formula(row, column, formula, form, value)

    def name(self, code: str, row: int, column: int) -> None:
        """Call a cell ``code`` throughout the workbook."""
        at = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
        self.book.workbook.define_name(code, f"={self.code}!{at}")

    def room(self, first: int, rows: Sequence[tuple[str, ...]], widths: Sequence[float]) -> None:
        """Rows from ``first`` on as high as their texts take in columns of these widths: not every
        program finds that out by itself."""
        inner = tuple(max((width - _BESIDE) / _PER_EM, 1.0) for width in widths)
        for row, lines in enumerate(line_counts(rows, inner), start=first):
            if lines > 1:
                self.page.set_row(row, _LINE_HEIGHT * lines)

    def widths(self, *widths: float) -> None:
        """Of the first columns, in characters; heads get the height that they take in them."""
        for column, width in enumerate(widths):
            self.page.set_column(column, column, width)
        for row, names in self.headed.items():
            self.room(row, [names], widths[: len(names)])

    def title_within(self, widths: Sequence[float]) -> None:
        """Break a title that is longer than its table is wide: a page is as wide as its longest
        line, and small type is the price. The columns' widths come in characters."""
        whole = sum(widths)
        if _TITLE_TYPE * columns(self.titled) <= whole:
            return
        short = max(_LEAST_TITLE - whole, 0.0)
        last = len(widths) - 1
        if short:
            self.page.set_column(last, last, widths[last] + short)
        room = ((whole + short) / _TITLE_TYPE / _PER_EM,)
        (lines,) = line_counts([(self.titled,)], room)
        self.page.set_row(0, _TITLE_HEIGHT * lines)
        look = self.book.format("long_title")
        if last:
            self.page.merge_range(0, 0, 0, last, self.titled, look)
        else:
            self.page.write_string(0, 0, self.titled, look)


def _by_size(shown: str, value: Value) -> str:
    """A plain whole number of thousands gets its commas, one with a fraction two digits of it, a
    small one three, and one that three do not show a power of ten."""
    if shown != "plain" or isinstance(value, str) or not math.isfinite(value):
        return shown
    if value == round(value):
        return "whole" if abs(value) >= _THOUSANDS else shown
    if abs(value) >= 1:
        return "broken"
    return "small" if abs(value) >= _SMALL else "power"


def _plain(text: str) -> str:
    """A footer's text: an ampersand begins a code there, and 255 characters are allowed."""
    return text.replace("&", "&&")[:200]


def new_book(file: object, footer: str, *, japanese: bool) -> Book:
    """An empty workbook that is written into ``file``."""
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    return Book(workbook=xlsxwriter.Workbook(file, options), footer=footer, japanese=japanese)

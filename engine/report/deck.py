"""A report as one value without a language of its own: ready sentences, series of numbers, tables.

Whoever builds a :class:`Deck` says everything in it; the renderers beside this module only lay it
out, so that slides, PDF, page and workbook show the same figures. Not covered: looks, which are the
renderers' own, and where the numbers come from, which the deck's basis says.

>>> figure = Bars(unit="%", alt="", heads=("Budget", "Fall"), bars=(
...     Bar(name="Compute", end=0.5, text="0.5%", colour="#3B4CC0"),))
>>> table_of(figure, "Doubling").rows
(('Compute', 0.5),)
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from engine.errors import InputError
from engine.report.workbook.model import Live

Cell = str | float
_LAST = 6
"""Letters that the last line of a Japanese sentence has at the least."""
_KANA = re.compile("[ぁ-ん]")
_BINDS = re.compile("[!-~、。」』）ー・っゃゅょッャュョ〜−¥]|(?<=[0-9万億兆])[万億兆円人年月か]")
"""What belongs to the letter before it: marks, figures, and units after these."""
_CLEAR = 0.04
"""Share of a figure's width that an amount needs to stand clear of its line at zero."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar from ``start`` to ``end``, with the amount as people read it."""

    name: str
    end: float
    text: str
    colour: str
    start: float = 0.0

    @property
    def falls(self) -> bool:
        """Whether it goes from zero to the left, where its amount stands then."""
        return self.start == 0.0 and self.end < 0.0


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Horizontal bars, the first on top. ``heads`` name the columns of its numbers: the bar, its
    end, and before that its start where one does not begin at zero."""

    unit: str
    alt: str
    heads: tuple[str, ...]
    bars: tuple[Bar, ...]

    def hangs(self, bar: Bar) -> bool:
        """Whether a bar ends left of zero, with room between for its amount to begin."""
        ends = [0.0, *(end for each in self.bars for end in (each.start, each.end))]
        return max(bar.start, bar.end) < -_CLEAR * (max(ends) - min(ends))

    @property
    def floating(self) -> bool:
        """Whether a bar begins elsewhere than at zero."""
        return any(bar.start for bar in self.bars)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve over the figure's ``x``; NaN where it has no value."""

    name: str
    y: tuple[float, ...]
    colour: str
    width: float = 2.5
    dashed: bool = False
    dotted: bool = False


@dataclass(frozen=True, kw_only=True)
class Band:
    """An interval around a curve."""

    name: str
    low_name: str
    high_name: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    colour: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point with a word on it; ``above`` says on which side the word stands."""

    x: float
    y: float
    text: str
    colour: str
    above: bool


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Curves over one ``x``; ``y_range`` is what is shown, everything where it is None."""

    x_title: str
    y_title: str
    alt: str
    x: tuple[float, ...]
    lines: tuple[Line, ...]
    band: Band
    marks: tuple[Mark, ...] = ()
    log_x: bool = False
    y_range: tuple[float, float] | None = None

    @property
    def shown(self) -> tuple[float, float]:
        """The range of the vertical axis."""
        if self.y_range is not None:
            return self.y_range
        curves = [self.band.low, self.band.high, *(line.y for line in self.lines)]
        values = [value for curve in curves for value in curve if math.isfinite(value)]
        room = 0.06 * (max(values) - min(values)) or 1.0
        return min(values) - room, max(values) + room


Figure = Bars | Lines


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a head. Texts are cleaned of what no file format may hold."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.heads):
                raise InputError(
                    "Expected {expected} cells in each row of {name}, got {count}.",
                    expected=len(self.heads),
                    name=self.title,
                    count=len(row),
                )
        cleaned = tuple(tuple(map(_clean, row)) for row in self.rows)
        object.__setattr__(self, "rows", cleaned)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure in large type, with its name and what stands under it: its range, or ""."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One message: the title says it, the rest shows it. ``live`` names the budgets it is about,
    ``stamps`` the roles that each get an empty box."""

    key: str
    title: str
    points: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    figure: Figure | None = None
    table: Table | None = None
    notes: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A numbered part of the decision record."""

    heading: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a workflow asks for: a stable name, the reader's, and the content, "" to be filled in.
    ``value`` and ``unit``: an amount as a number."""

    code: str
    name: str
    text: str
    value: float | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _clean(self.text))


@dataclass(frozen=True, kw_only=True)
class Record:
    """A decision record: a form to print and to stamp."""

    title: str
    blanks: tuple[tuple[str, str], ...]
    """Lines at the head (number, department, author), each with what stands on it: "" to write by
    hand."""
    dated: str
    request: str
    sections: tuple[Section, ...]
    approvals: tuple[str, ...]
    """Roles, each with an empty box."""
    end: str
    summary: Table
    """The same in a few lines, for a slide."""
    fields: tuple[Field, ...] = ()
    """What a workflow system asks for."""


@dataclass(frozen=True, kw_only=True)
class Deck:
    """Everything that an export prints. ``data`` holds numbers that only workbooks show."""

    language: str
    title: str
    subtitle: str
    slides: tuple[Slide, ...]
    appendix: tuple[Slide, ...]
    record: Record | None
    """None: what is shown is no decision, as a comparison."""
    data: tuple[Table, ...]
    footer: str
    """Evidence, its hash, fit, code and date in one line, on every page."""
    address: str
    """The link to the scenario."""
    notes_name: str
    author: str = ""
    """Who presents it: what files give as their author."""
    day: date | None = None
    """The day that files give as theirs; None: that of their making."""
    live: Live | None = None
    """What the live sheets of a workbook are made from."""

    @property
    def form(self) -> Record:
        """The decision record. Raises :class:`InputError` where there is none."""
        if self.record is None:
            raise InputError("Expected a deck with a decision record, got one without.")
        return self.record

    @property
    def coded_tables(self) -> tuple[tuple[str, Table], ...]:
        """Every table, figures included, with a code that does not hang on the language."""
        found = []
        for slide in (*self.slides, *self.appendix):
            if slide.figure is not None:
                found.append((f"chart_{slide.key}", table_of(slide.figure, slide.title)))
            if slide.table is not None:
                found.append((f"table_{slide.key}", slide.table))
        sections = () if self.record is None else self.record.sections
        for number, section in enumerate(sections, start=1):
            if section.table is not None:
                found.append((f"record_{number}", section.table))
        found += [(f"numbers_{number}", table) for number, table in enumerate(self.data, start=1)]
        return tuple(found)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, figures included, each once."""
        return tuple(dict.fromkeys(table for _, table in self.coded_tables))


def table_of(figure: Figure, title: str) -> Table:
    """The numbers behind a figure."""
    if isinstance(figure, Bars):
        rows = [
            (bar.name, bar.start, bar.end) if figure.floating else (bar.name, bar.end)
            for bar in figure.bars
        ]
        return Table(title=title, heads=figure.heads, rows=tuple(rows))
    band = figure.band
    heads = (figure.x_title, *(line.name for line in figure.lines), band.low_name, band.high_name)
    curves = [*(line.y for line in figure.lines), band.low, band.high]
    return Table(title=title, heads=heads, rows=tuple(zip(figure.x, *curves, strict=True)))


def text_of(cell: Cell) -> str:
    """A cell as print shows it."""
    if isinstance(cell, str):
        return cell
    return f"{cell:,.6g}" if math.isfinite(cell) else ""


def unbroken(text: str) -> str:
    """The text for programs that would end a line between the sign of an amount and its currency,
    or within ``ε = 4``: a sign without width, and spaces that are none to break at.

    >>> unbroken("−¥1万 (−$2), ε = 4") == "−\\u2060¥1万 (−\\u2060$2), ε\\xa0=\\xa04"
    True
    """
    whole = re.sub("−(?=[¥$])", "−\u2060", text)
    return re.sub(r"(?<=[εδ]) ([=≤]) (?=\d)", "\xa0\\1\xa0", whole)


def ending(text: str) -> tuple[str, str]:
    """A Japanese sentence in two: the last part is what its last line holds at the least, so that
    no letter or two stand there alone; numbers stay whole. Other texts have no second part: they
    break between words.

    >>> ending("回収期間は14か月です。最大の不確かさは「公開までの人数」です。")
    ('回収期間は14か月です。最大の不確かさは「公開までの', '人数」です。')
    """
    at = len(text) - _LAST
    if at < 3 * _LAST or not _KANA.search(text):
        return text, ""
    while at and (_BINDS.match(text, at) or text[at - 1] in "「『(（"):
        at -= 1
    return (text[:at], text[at:]) if len(text) - at <= 2 * _LAST else (text, "")


def led(text: str, address: str) -> tuple[str, str]:
    """The scenario's address, where a text begins with it, and what follows: the address alone is
    what leads there."""
    return (address, text[len(address) :]) if address and text.startswith(address) else ("", text)


def _clean(cell: Cell) -> Cell:
    """Without control characters and lone surrogates: a person may have
    typed or loaded the text."""
    if not isinstance(cell, str):
        return float(cell)
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in cell)

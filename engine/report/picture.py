"""A figure as SVG, drawn by matplotlib: text stays text, and the same input gives the same bytes.

Axes, ticks, legend and room for words are matplotlib's, measured in the machine's Japanese font
(:mod:`engine.report.fonts`); readers without that font see their own. The first picture of a
process loads matplotlib, about half a second; nothing loads it before. Widths, heights and type are
in units of the picture, 1 of which is a point.

>>> round_ticks(-20, 90, 4)
[-50.0, 0.0, 50.0, 100.0]
"""

import base64
import math
import os
from contextlib import suppress
from functools import cache, lru_cache
from html import escape
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from lxml import etree

from engine.durable import cache_folder
from engine.errors import InputError
from engine.report.colours import INK
from engine.report.deck import Bars, Figure, Line, Lines, Mark
from engine.report.fonts import japanese_face

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Canvas

_FAMILY = "Noto Sans JP, Noto Sans CJK JP, Hiragino Sans, Yu Gothic UI, Meiryo, sans-serif"
_LATIN = "DejaVu Sans"
"""Comes with matplotlib: measures where the machine has no Japanese font."""
_QUIET, _GRID, _FINE, _BAND = 0.75, 0.14, 0.05, 0.2
"""Shares of colour: of ink in titles and values, in lines of the grid, in those between powers of
ten; of a band's colour."""
_BAR, _BAR_UNDER = 0.62, 0.42
"""Share of a row that its bar fills, and that of one under its name."""
_NAMES, _BESIDE, _BOLD = 0.36, 0.45, 1.12
"""Most of the width that names of bars may take, least that is left to the bars, and width of bold
type over regular."""
_DASHES = {(False, False): (), (True, False): (3, 2.5), (False, True): (1, 1.6)}
"""Stroke and gap of lines, in widths, by whether they are dashed and dotted."""
_DRAWING = Lock()
"""matplotlib's settings and fonts are those of the process."""
_XLINK = "{http://www.w3.org/1999/xlink}href"


def natural_height(figure: Figure, size: float) -> float:
    """More than this would only make bars clumsy; curves take all they get. ``size``: of the
    type."""
    if isinstance(figure, Bars):
        return (5.4 * len(figure.bars) + 2.9) * size
    return math.inf


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` + 1 round values, or a few more, from at or under ``low`` to at or over
    ``high``."""
    _settings()
    from matplotlib.ticker import MaxNLocator

    return [float(at) for at in MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]


def picture(
    figure: Figure, width: float, height: float, size: float, *, ink: str, paper: str
) -> str:
    """The same as an ``<img>`` with everything in it, for pages that let no ``<svg>`` in."""
    content = base64.b64encode(svg(figure, width, height, size, ink=ink, paper=paper).encode())
    return f'<img src="data:image/svg+xml;base64,{content.decode()}" alt="{escape(figure.alt)}">'


@lru_cache(maxsize=256)
def svg(
    figure: Figure,
    width: float,
    height: float,
    size: float,
    *,
    ink: str = INK,
    paper: str = "#FFFFFF",
) -> str:
    """One ``<svg>`` element that says in words what it shows. ``size``: of the type."""
    with _DRAWING:
        matplotlib = _settings()
        from matplotlib.figure import Figure as Canvas
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        matplotlib.rcParams["svg.hashsalt"] = repr((figure, width, height))
        matplotlib.rcParams["font.size"] = size
        layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02)
        canvas = Canvas((width / 72, height / 72), dpi=72, layout=layout)
        axes = canvas.add_subplot(frame_on=False)
        if isinstance(figure, Bars):
            _bars(axes, figure, width, size, ink, paper)
        else:
            _lines(canvas, axes, figure, width, size, ink, paper)
        # Amounts beside bars move as room is made for them: laid out twice, they stand within.
        canvas.draw_without_rendering()
        written = StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        canvas.savefig(written, format="svg", transparent=True, metadata=nothing)
    return _cleaned(written.getvalue(), figure.alt, width, height)


@cache
def _settings() -> Any:
    """matplotlib, with our own settings alone and the machine's Japanese font."""
    with suppress(InputError):  # without a home matplotlib keeps its list of fonts nowhere
        os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    import matplotlib
    from matplotlib import font_manager

    families = []
    try:
        face = japanese_face()
    except InputError:
        pass  # Who reads the picture may have one; print refuses before it comes here.
    else:
        for path in dict.fromkeys((face.regular, face.bold)):
            font_manager.fontManager.addfont(path)
            families.append(font_manager.get_font(path).family_name)
    matplotlib.rcdefaults()
    family = families[0] if families else _LATIN
    matplotlib.rcParams.update(
        {
            "font.family": [family, _LATIN],
            "mathtext.fontset": "custom",
            "mathtext.rm": family,
            "mathtext.it": family,
            "mathtext.bf": family,
            "mathtext.bfit": family,
            "mathtext.cal": family,
            "mathtext.sf": family,
            "mathtext.tt": family,
            "text.parse_math": False,
            "svg.fonttype": "none",
            "axes.unicode_minus": True,
            "axes.linewidth": 0.0,
        }
    )
    return matplotlib


def _bars(axes: "Axes", figure: Bars, width: float, size: float, ink: str, paper: str) -> None:
    rows = range(len(figure.bars))
    spans = [sorted((bar.start, bar.end)) for bar in figure.bars]
    axes.barh(
        rows,
        [high - low for low, high in spans],
        _BAR if _are_beside(figure, width, size) else _BAR_UNDER,
        [low for low, _ in spans],
        color=[bar.colour for bar in figure.bars],
        edgecolor=[bar.colour for bar in figure.bars],
        linewidth=1.0,  # What is tiny still shows.
        zorder=2,
    )
    for row, bar, (low, high) in zip(rows, figure.bars, spans, strict=True):
        side = -1 if bar.falls else 1
        axes.annotate(
            bar.text,
            (low if bar.falls else high if figure.hangs(bar) else max(high, 0.0), row),
            (0.45 * size * side, 0),
            textcoords="offset points",
            ha="right" if bar.falls else "left",
            va="center",
            weight="bold",
            color=ink,
            # The line at zero goes under an amount, not through it.
            bbox={"facecolor": paper, "edgecolor": "none", "pad": 0.1 * size},
            zorder=4,
        )
    _named(axes, figure, width, size, ink)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    ends = [0.0, *(end for span in spans for end in span)]
    high = max(ends) if max(ends) > min(ends) else 1.0
    axes.set_xlim(_left(figure, high, _BESIDE * width / size), high)
    _valued(axes.xaxis, 4, ink, size)
    axes.axvline(0.0, color=ink, alpha=_QUIET, linewidth=0.1 * size, zorder=3)
    axes.set_xlabel(figure.unit, color=ink, alpha=_QUIET)
    axes.tick_params(length=0, pad=0.5 * size)


def _left(figure: Bars, high: float, width: float) -> float:
    """Where the axis begins, so that amounts left of their bars stand beside the names. ``width``:
    of the axis in em, at the least."""
    found = min(0.0, *(end for bar in figure.bars for end in (bar.start, bar.end)))
    for bar in figure.bars:
        if bar.falls:
            taken = min((_BOLD * em(bar.text) + 1.0) / width, 0.5)
            found = min(found, (bar.end - high * taken) / (1.0 - taken))
    return found


def _named(axes: "Axes", figure: Bars, width: float, size: float, ink: str) -> None:
    """Names beside their bars where each fits in one line, else over them."""
    rows, names = range(len(figure.bars)), [bar.name for bar in figure.bars]
    if _are_beside(figure, width, size):
        axes.set_yticks(rows, names, color=ink)
        return
    axes.set_yticks([])
    for row, name in zip(rows, names, strict=True):
        axes.annotate(
            name,
            (0.0, row - 0.5 * _BAR_UNDER),
            (0.0, 0.25 * size),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="bottom",
            size=min(size, width / (em(name) + 1.0)),
            color=ink,
        )


def _are_beside(figure: Bars, width: float, size: float) -> bool:
    return max(em(bar.name) for bar in figure.bars) <= _NAMES * width / size


def em(text: str) -> float:
    """Width of a text over its type size, in the font of pictures."""
    _settings()
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    # Measured at 100 points, since glyphs are placed on whole units.
    wide, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=100), False)
    return float(wide) / 100


def _lines(
    canvas: "Canvas", axes: "Axes", figure: Lines, width: float, size: float, ink: str, paper: str
) -> None:
    low, high = figure.shown
    axes.set_xlim(min(figure.x), max(figure.x))
    axes.set_ylim(low, high)
    _valued(axes.yaxis, 5, ink, size)
    if figure.log_x:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter("")
        axes.xaxis.grid(which="minor", color=ink, alpha=_FINE, linewidth=0.06 * size)
        axes.xaxis.grid(color=ink, alpha=_GRID, linewidth=0.06 * size)
        for label in axes.get_xticklabels():
            label.set(parse_math=True, color=ink, alpha=_QUIET)
    else:
        _valued(axes.xaxis, 7, ink, size)
    axes.tick_params(which="both", length=0, pad=0.4 * size)
    axes.set_xlabel(figure.x_title, color=ink, alpha=_QUIET)
    axes.set_title(figure.y_title, loc="left", color=ink, alpha=_QUIET, size=size)
    if low < 0 < high:
        axes.axhline(0.0, color=ink, alpha=_QUIET, linewidth=0.1 * size)
    band = figure.band
    axes.fill_between(
        figure.x, band.low, band.high, color=band.colour, alpha=_BAND, linewidth=0, label=band.name
    )
    for edge in (band.low, band.high):  # Seen also where a hue at 20 % is not: in grey print.
        axes.plot(figure.x, edge, color=band.colour, linewidth=0.07 * size, linestyle=(0, (1, 1.6)))
    for line in figure.lines:
        axes.plot(figure.x, line.y, label=line.name, **_stroke(line, size))
    for mark in figure.marks:
        _marked(axes, mark, size, ink, paper)
    found = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    names = [*(line.name for line in figure.lines), band.name]
    canvas.legend(
        [found[name] for name in names],
        names,
        loc="outside upper left",
        ncols=_abreast(names, width / size),
        frameon=False,
        labelcolor=ink,
        handlelength=1.8,
        handletextpad=0.4,
        columnspacing=1.4,
        borderpad=0,
        borderaxespad=0,
    )


def _abreast(names: list[str], width: float) -> int:
    """Columns of a legend, filled one after the other, that stand side by side in ``width`` em."""
    for count in range(len(names), 1, -1):
        columns = np.array_split(np.array([em(name) for name in names]), count)
        if sum(max(column) + 3.6 for column in columns) <= width:
            return count
    return 1


def _stroke(line: Line, size: float) -> dict[str, Any]:
    dashes = _DASHES[line.dashed, line.dotted]
    return {
        "color": line.colour,
        "linewidth": line.width * size / 16,
        "linestyle": (0, dashes) if dashes else "-",
        "solid_joinstyle": "round",
    }


def _marked(axes: "Axes", mark: Mark, size: float, ink: str, paper: str) -> None:
    """A dot with its word on a veil, inward of both sides."""
    axes.plot([mark.x], [mark.y], "o", color=mark.colour, markersize=0.9 * size, clip_on=False)
    place, _ = axes.transAxes.inverted().transform(axes.transData.transform((mark.x, mark.y)))
    axes.annotate(
        mark.text,
        (mark.x, mark.y),
        (0, (1 if mark.above else -1) * size),
        textcoords="offset points",
        ha="left" if place < 0.3 else "right" if place > 0.7 else "center",
        va="bottom" if mark.above else "top",
        weight="bold",
        color=ink,
        bbox={"facecolor": paper, "alpha": 0.8, "edgecolor": "none", "pad": 0.15 * size},
    )


def _valued(axis: "Axis", most: int, ink: str, size: float) -> None:
    """Round values with a line of the grid at each, all with as many digits."""
    low, high = axis.get_view_interval()
    room = 1e-9 * (high - low)
    ticks = [tick for tick in round_ticks(low, high, most) if low - room <= tick <= high + room]
    digits = max(len(f"{tick:.10g}".partition(".")[2]) for tick in ticks)
    texts = [f"{tick + 0.0:,.{digits}f}".replace("-", "−") for tick in ticks]
    axis.set_ticks(ticks, texts, color=ink, alpha=_QUIET)
    axis.grid(color=ink, alpha=_GRID, linewidth=0.06 * size)


def _cleaned(written: str, alt: str, width: float, height: float) -> str:
    """The element alone: as wide as its place, with its words, and no name that a page with several
    pictures would have twice."""
    root = etree.fromstring(written.encode())
    used = set()
    for part in root.iter("*"):
        used.add(part.get(_XLINK, "").removeprefix("#"))
        used.add(part.get("clip-path", "").removeprefix("url(#").removesuffix(")"))
    for part in list(root.iter("*")):
        if part.get("id") not in used:
            part.attrib.pop("id", None)
        if etree.QName(part).localname == "style":
            part.getparent().remove(part)
        style = part.get("style", "")
        if "font-family" in style:
            kept = [one for one in style.split("; ") if not one.startswith("font-family")]
            part.set("style", "; ".join(kept))
    root.attrib.update(
        {
            "viewBox": f"0 0 {width:g} {height:g}",
            "role": "img",
            "aria-label": alt,
            "width": "100%",
            "font-family": _FAMILY,
            "stroke-linejoin": "round",
        }
    )
    root.attrib.pop("height", None)
    etree.cleanup_namespaces(root)
    return str(etree.tostring(root, encoding="unicode"))

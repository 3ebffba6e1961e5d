"""The few shapes that our charts are drawn with, in the colours of the page.

Text never relies on colour alone and stands on a veil of the page's colour, so that it stays
readable where it crosses a line.
"""

import math
import textwrap

import numpy as np

from dashboard.ui.colours import Palette
from dashboard.ui.drawing import Drawing
from engine.interval import Interval
from engine.text import formats

FONT = 15
_VEIL = 0.8
_STEPS = ((1.0, 2.0, 5.0), tuple(np.arange(10, 100) / 10))
"""Ticks within a decade; the second where the first leaves fewer than two."""


class Canvas:
    """A chart without ornament, and what is put on it."""

    def __init__(self, colours: Palette) -> None:
        self.colours = colours
        self.drawing = Drawing()
        self.drawing.update_layout(
            margin={"l": 8, "r": 16, "t": 8, "b": 8},
            font={"size": FONT, "color": colours.ink},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            hoverlabel={"font": {"size": FONT}},
            dragmode=False,
            uirevision="kessai",
        )
        for name in ("x", "y"):
            self.drawing.update_axis(
                name,
                gridcolor=colours.grid,
                zeroline=False,
                automargin=True,
                tickfont={"size": FONT - 1, "color": colours.quiet},
                title={"font": {"size": FONT, "color": colours.quiet}},
            )

    def band(
        self,
        x: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        name: str,
        *,
        hatched: bool,
        hue: str | None = None,
    ) -> None:
        """Uncertainty of the recommendation, or of ``hue``; ``hatched`` in grey outside the
        evidence."""
        grey, hue = self.colours.outside, hue or self.colours.recommendation
        self.drawing.add_scatter(
            x=np.concatenate([x, x[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            mode="lines",
            fill="toself",
            # An edge: a hue at 20 % alone is too pale to be seen by all, and in grey print by
            # anyone.
            line={"width": 1, "color": grey if hatched else hue, "dash": "dot"},
            hoverinfo="skip",
            fillcolor=self.colours.faint(grey if hatched else hue),
            name=name,
        )
        if hatched:
            self.hatch(0.7, 0.08)

    def hatch(self, strokes: float, ground: float) -> None:
        """Hatch what was filled last, in grey of these shares: outside the evidence."""
        grey = self.colours.outside
        self.drawing.data[-1]["fillpattern"] = {
            "shape": "/",
            "fgcolor": self.colours.faint(grey, strokes),
            "bgcolor": self.colours.faint(grey, ground),
            "size": 7,
        }

    def legend(self, *, size: int = FONT - 1, traceorder: str | None = None) -> None:
        """One line of names above the plot."""
        self.drawing.update_layout(
            legend={
                "orientation": "h",
                "y": 1.0,
                "yanchor": "bottom",
                "x": 0,
                "traceorder": traceorder,
                "font": {"size": size},
            }
        )

    def line(
        self, x: np.ndarray, y: np.ndarray, name: str, colour: str, width: float, dash: str
    ) -> None:
        self.drawing.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=name,
            line={"color": colour, "width": width, "dash": dash},
            hovertemplate="%{y:.2f}",
        )

    def gap(self, start: float, end: float, level: float) -> None:
        """The distance between two curves at one height."""
        self.drawing.add_scatter(
            x=[start, end],
            y=[level, level],
            mode="lines",
            showlegend=False,
            hoverinfo="skip",
            name="saving",
            line={"color": self.colours.ink, "width": 2, "dash": "dash"},
        )

    def mark(
        self,
        x: float,
        y: float,
        symbol: str,
        size: int,
        *,
        fill: str,
        edge: str,
        error: Interval | None = None,
    ) -> None:
        """One point; ``error`` draws its interval."""
        self.drawing.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            showlegend=False,
            hoverinfo="skip",
            name=symbol,
            cliponaxis=False,
            marker={
                "symbol": symbol,
                "size": size,
                "color": fill,
                "line": {"width": 2.5, "color": edge},
            },
        )
        if error is not None:
            self.drawing.data[-1]["error_y"] = {
                "type": "data",
                "array": [error.high - y],
                "arrayminus": [y - error.low],
                "color": fill,
                "thickness": 3,
                "width": 8,
            }

    def label(
        self,
        x: float,
        y: float,
        text: str,
        colour: str,
        *,
        ay: int,
        ax: int = 0,
        xanchor: str = "auto",
        strong: bool = True,
    ) -> None:
        """Text with a leader to a point; on a log axis Plotly places it by the logarithm.

        In ``colour`` where that can be read on the page, else in ink.
        """
        scales = {"x": x, "y": y}
        for name in scales:
            if self.drawing.layout[f"{name}axis"].get("type") == "log":
                scales[name] = math.log10(scales[name])
        self.drawing.add_annotation(
            **scales,
            text=f"<b>{text}</b>" if strong else text,
            ax=ax,
            ay=ay,
            xanchor=xanchor,
            arrowcolor=colour,
            arrowwidth=1.5,
            arrowhead=0,
            standoff=10,
            font={"size": FONT + 1, "color": self.colours.legible(colour)},
            bgcolor=self.colours.faint(self.colours.paper, _VEIL),
            borderpad=2,
        )

    def bars(self, fills: list[str] | str, edges: list[str] | str) -> dict[str, object]:
        """A marker of bars: pale ones are told from the page by their edge."""
        return {"color": fills, "line": {"color": edges, "width": 1.5}}

    def amount(self, x: float, y: str, text: str) -> None:
        """A figure at the end of a bar."""
        self.drawing.add_annotation(
            x=x,
            y=y,
            text=f"<b>{text}</b>",
            xanchor="left",
            xshift=6,
            showarrow=False,
            font={"size": FONT, "color": self.colours.ink},
        )

    def place(self, name: str, value: float) -> float:
        """Where a value lies along a logarithmic axis: 0 at its start, 1 at its end."""
        start, end = self.drawing.layout[f"{name}axis"]["range"]
        return (math.log10(value) - start) / (end - start)

    def inward(self, x: float) -> str:
        """The anchor with which a label at ``x`` stays clear of both edges."""
        place = self.place("x", x)
        return "left" if place < 0.3 else "right" if place > 0.65 else "center"

    def log_axis(
        self,
        name: str,
        low: float,
        high: float,
        language: str | None = None,
        *,
        air: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Powers of ten as in print, or named (万, M) in a language; two ticks at least.

        ``air`` is the room before and after the data, as shares of their span.
        """
        start, end = math.log10(low), math.log10(high)
        span = max(end - start, 0.5)
        start, end = start - air[0] * span, end + air[1] * span
        ticks = _ticks(start, end)
        self.drawing.update_axis(
            name,
            type="log",
            range=[start, end],
            tickmode="array",
            tickvals=ticks,
            ticktext=[
                formats.amount(t, language) if language else formats.scientific(t) for t in ticks
            ],
        )


def _ticks(start: float, end: float) -> list[float]:
    """Round values between two powers of ten: decades where there are two, else steps within."""
    first, last = math.ceil(start - 1e-9), math.floor(end + 1e-9)
    if last > first:
        return [10.0**power for power in range(first, last + 1, max(1, (last - first) // 6))]
    ticks: list[float] = []
    for steps in _STEPS:
        within = (10.0**power * step for power in range(first - 1, last + 1) for step in steps)
        ticks = [tick for tick in within if start - 1e-9 <= math.log10(tick) <= end + 1e-9]
        if len(ticks) > 1:
            break
    return [ticks[0], ticks[-1]] if len(ticks) > 6 else ticks


def two_lines(text: str, amount: str) -> str:
    """A label broken for narrow screens: between words, or where there are none, at its amount."""
    if " " in text:
        return "<br>".join(textwrap.wrap(text, width=math.ceil(0.6 * len(text)) + 2))
    head, found, tail = text.partition(amount)
    return f"{head}<br>{found}{tail}" if head and found else text

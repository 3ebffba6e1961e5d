"""A figure as inline SVG: text stays text, and structure takes the
colours of the page around it."""

import base64
from html import escape

from engine.report.deck import Figure
from engine.report.drawing import Area, Dot, Label, Primitive, Stroke, drawn
from engine.report.measure import RAISED_LIFT, RAISED_SIZE, raised_runs

_FAMILY = "Noto Sans JP, Noto Sans CJK JP, Hiragino Sans, Yu Gothic UI, Meiryo, sans-serif"
_ROLES = {
    "ink": 'fill="currentColor"',
    "quiet": 'fill="currentColor" fill-opacity="0.75"',
    "grid": 'fill="currentColor" fill-opacity="0.14"',
    "paper": 'style="fill:var(--paper,#ffffff)"',
}

_PATTERNS = {(False, False): (0, 0), (True, False): (3, 2.5), (False, True): (1, 1.6)}
"""Stroke and gap of lines, in widths, by whether they are dashed and dotted."""


def picture(
    figure: Figure, width: float, height: float, size: float, *, ink: str, paper: str
) -> str:
    """The same as an ``<img>`` with everything in it, for pages that let no ``<svg>`` in."""
    drawn_once = svg(figure, width, height, size).replace("currentColor", ink)
    drawn_once = drawn_once.replace("var(--paper,#ffffff)", paper).replace(
        "<svg ", f'<svg font-family="{_FAMILY}" ', 1
    )
    content = base64.b64encode(drawn_once.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{content}" alt="{escape(figure.alt)}">'


def svg(figure: Figure, width: float, height: float, size: float) -> str:
    """One ``<svg>`` element that says in words what it shows."""
    body = "".join(_shape(shape) for shape in drawn(figure, width, height, size))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(figure.alt)}" width="100%">{body}</svg>'
    )


def _shape(shape: Primitive) -> str:
    if isinstance(shape, Stroke):
        on, off = _PATTERNS[shape.dashed, shape.dotted]
        dash = f' stroke-dasharray="{on * shape.width:.1f} {off * shape.width:.1f}"' if on else ""
        return (
            f'<polyline points="{_points(shape.points)}" fill="none" '
            f'stroke-width="{shape.width:.2f}" stroke-linejoin="round" '
            f"{_paint(shape.colour).replace('fill', 'stroke')}"
            f"{dash}/>"
        )
    if isinstance(shape, Area):
        opacity = "" if shape.opacity == 1 else f' opacity="{shape.opacity:g}"'
        return f'<polygon points="{_points(shape.points)}" {_paint(shape.colour)}{opacity}/>'
    if isinstance(shape, Dot):
        return (
            f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:.1f}" '
            f"{_paint(shape.colour)}/>"
        )
    return _text(shape)


def _text(shape: Label) -> str:
    weight = ' font-weight="700"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:g}" '
        f'text-anchor="{shape.anchor}"{weight} {_paint(shape.colour)}>{_lifted(shape)}</text>'
    )


def _lifted(shape: Label) -> str:
    """Raised digits as small ones above the line: few fonts have all of them."""
    parts, back = [], ""
    for run, raised in raised_runs(shape.text):
        if raised:
            lift = RAISED_LIFT * shape.size
            parts.append(
                f'<tspan dy="{-lift:.1f}" font-size="{RAISED_SIZE * shape.size:.1f}">{run}</tspan>'
            )
            back = f' dy="{lift:.1f}"'
        else:
            parts.append(f"<tspan{back}>{escape(run)}</tspan>" if back else escape(run))
            back = ""
    return "".join(parts)


def _paint(colour: str) -> str:
    return _ROLES.get(colour, f'fill="{colour}"')


def _points(points: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

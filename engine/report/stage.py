"""One page of a slide on a screen: scaled as a whole to the window, so that nothing is cut.

A stage is 1000 units wide, in a unit that the browser takes from the window's width and height;
types, tables and figures are arranged in that unit (:mod:`engine.report.arrangement`). The figure
takes what is left, so that a line more than was estimated costs it a little height. On a phone and
on paper everything flows as usual. Colours are given, since pages that clean HTML let figures in
only as pictures.
"""

from dataclasses import dataclass
from html import escape

from engine.report.arrangement import (
    ABREAST,
    LEADING,
    PADDING,
    Laid,
    Page,
    Room,
    arranged,
    tile_sizes,
)
from engine.report.deck import Bars, Figure, Slide, text_of
from engine.report.picture import natural_height, picture
from engine.report.webpage import sentence, stamps_html

WIDTH = 1000.0
_WHOLE, _OVER_SLIDERS = 495.0, 426.0
"""Heights of a stage that has the window, and of one with sliders under it: with these a window of
1280 × 720 pixels is full."""
_TITLE, _FOOT, _GAP = 80.0, 15.0, 11.0
_BESIDE_FIGURE = 0.28
"""Share of sentences over a figure: with sliders under it a window is low."""
_TYPE = (15.0, 26.0)
"""Of a figure: that of few bars is large, so that they fill their page."""
_CURVES = 17.0
_SLIM, _SLIM_TYPE = 560.0, 24.0
"""Width and type of a figure for a phone, which shows it at some two thirds."""
_SIDES, _AROUND, _SLIDERS, _CARD, _NOTES = 96, 133, 82, 215, 130
"""Pixels beside a stage; over and under it; of sliders; of the tour's card; of the notes."""

STYLE = f"""<style>
.stage{{--u:min(calc((100vw - {_SIDES}px)/{WIDTH:g}),
calc((100vh - {_AROUND}px - var(--live)*{_SLIDERS}px - var(--card,0)*{_CARD}px
- var(--notes,0)*{_NOTES}px)/var(--high)));
width:calc({WIDTH:g}*var(--u));height:calc(var(--high)*var(--u));margin:0 auto;overflow:hidden;
display:flex;flex-direction:column;line-height:{LEADING}}}
body:has(.st-key-tour) .stage{{--card:1}}body:has(.st-key-slide-notes) .stage{{--notes:1}}
.stage.here{{--u:calc((58vw - 72px)/{WIDTH:g})}}
.stage.next{{--u:calc((36vw - 72px)/{WIDTH:g})}}
.stage h1{{flex:none;padding:0;margin:0;font-weight:700;
line-height:1.28;word-break:auto-phrase;text-wrap:pretty;
margin-bottom:calc({_GAP:g}*var(--u))}}
.stage .body{{flex:1 1 0;min-height:0;display:flex;flex-direction:column}}
.stage .body>*{{flex:none}}.stage p{{margin:0;line-height:{LEADING}}}
.stage .end{{white-space:nowrap}}
.stage .figure{{flex:1 1 0;min-height:0}}
.stage .figure img{{width:100%;height:100%;object-fit:contain}}
.stage table{{border-collapse:collapse;table-layout:fixed;width:100%;margin:calc(6*var(--u)) 0 0}}
.stage th,.stage td{{text-align:left;vertical-align:middle;line-height:{LEADING};
padding:calc((var(--air) + {1.2 * PADDING:g})*var(--u)/2) calc({PADDING:g}*var(--u));
overflow-wrap:anywhere;border:0;border-bottom:1px solid rgba(128,128,128,.35)}}
.stage th{{font-weight:600}}
.stage .tiles{{display:grid;grid-template-columns:repeat({ABREAST},1fr);
gap:calc(12*var(--u))}}
.stage .tiles>div{{background:rgba(128,128,160,.12);display:flex;flex-direction:column;
justify-content:center;padding:calc({PADDING:g}*var(--u)) calc({2 * PADDING:g}*var(--u))}}
.stage .value{{font-weight:700}}
.stage .stamps{{width:auto;margin:calc(8*var(--u)) 0 0 auto}}
.stage .stamps th,.stage .stamps td{{border:1px solid rgba(128,128,128,.8);text-align:center;
width:calc(64*var(--u));font-size:calc(12*var(--u));padding:1px}}
.stage .stamps td{{height:calc(56*var(--u))}}
.stage footer{{font-size:max(10px,calc(9*var(--u)));opacity:.75;line-height:1.2;flex:none;
overflow-wrap:anywhere;margin-top:auto}}
.stage .slim{{display:none}}
@media (max-width:700px){{.stage:not(.next):not(.here){{--u:1px;width:auto;height:auto;
overflow:visible;display:block}}
.stage h1,.stage .body,.stage .tiles{{height:auto!important;display:block}}
.stage .tiles>div{{margin:8px 0;padding:8px}}
.stage h1{{font-size:26px!important;margin:8px 0 16px}}.stage .body>p{{font-size:20px!important;
margin:10px 0}}.stage .slim{{display:block}}.stage .broad{{display:none}}.stage table{{
font-size:16px!important;table-layout:auto}}.stage tr{{height:auto!important}}
.stage th,.stage td{{padding:6px 4px}}.stage .stamps td{{height:60px}}}}
@media print{{.stage{{--u:1.1px;width:auto;height:auto;overflow:visible;display:block}}
.stage h1,.stage .body{{height:auto}}}}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours of the page around a stage, and of what is said large."""

    ink: str
    paper: str
    accent: str


def staged(slide: Slide) -> tuple[Page, ...]:
    """The slide's pages, as large as a window lets them be."""
    body = _high_of(slide.live) - _TITLE - _FOOT - 2 * _GAP
    room = Room(
        width=WIDTH, title=_TITLE, body=body, smallest=14, yields=True, beside_figure=_BESIDE_FIGURE
    )
    return arranged(slide, room)


def _high_of(live: tuple[str, ...]) -> float:
    return _OVER_SLIDERS if live else _WHOLE


def stage_html(page: Page, footer: str, look: Look, place: str = "") -> str:
    """The page. ``place``: "here" or "next" in a presenter's own window; "" where it has the
    window."""
    live, high = 1 if page.live and not place else 0, _high_of(page.live)
    return (
        f'{STYLE}<div class="meeting stage {place}" style="--live:{live};--high:{high:g}">'
        f"<h1{_type(page.title_size, _high(page.title_height))}>{escape(page.title)}</h1>"
        f'<div class="body">{_body(page, look)}</div><footer>{escape(footer)}</footer></div>'
    )


def _type(size: float, more: str = "") -> str:
    return f' style="font-size:calc({size:g}*var(--u));{more}"'


def _high(height: float) -> str:
    return f"height:calc({height:.4g}*var(--u));"


def _body(page: Page, look: Look) -> str:
    gap = f"margin-bottom:calc({page.apart:.4g}*var(--u))"
    points = "".join(f"<p{_type(page.point_size, gap)}>{sentence(p)}</p>" for p in page.points)
    figure = "" if page.figure is None else _figure(page.figure, page.figure_height, look)
    table = "" if page.table is None else _table(page.table)
    return f"{_tiles(page, look)}{figure}{points}{table}{stamps_html(page.stamps)}"


def _figure(figure: Figure, height: float, look: Look) -> str:
    size = min(max(height / natural_height(figure, 1.0), _TYPE[0]), _TYPE[1])
    size = size if isinstance(figure, Bars) else _CURVES
    slim = min(_SLIM, natural_height(figure, _SLIM_TYPE))
    shown = (("broad", WIDTH, height, size), ("slim", _SLIM, slim, _SLIM_TYPE))
    return "".join(
        f'<div class="figure {name}">'
        + picture(figure, width, high, type_size, ink=look.ink, paper=look.paper)
        + "</div>"
        for name, width, high, type_size in shown
    )


def _tiles(page: Page, look: Look) -> str:
    if not page.tiles:
        return ""
    name, detail = tile_sizes(page.value_size)
    inner = "".join(
        f"<div><p{_type(name)}>{escape(tile.name)}</p>"
        f'<p class="value"{_type(page.value_size, f"color:{look.accent}")}>{escape(tile.value)}</p>'
        f"<p{_type(detail)}>{escape(tile.detail)}</p></div>"
        for tile in page.tiles
    )
    height = f"height:calc({page.tiles_height:g}*var(--u) - 12*var(--u));"
    return f'<div class="tiles" style="{height}margin-bottom:calc(12*var(--u))">{inner}</div>'


def _table(laid: Laid) -> str:
    whole = sum(laid.widths)
    columns = "".join(f'<col style="width:{100 * width / whole:.2f}%">' for width in laid.widths)
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in laid.table.heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text_of(cell))}</td>" for cell in row) + "</tr>"
        for row in laid.table.rows
    )
    return (
        f"<table{_type(laid.size, f'--air:{laid.air:.4g}')}><colgroup>{columns}</colgroup>"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )

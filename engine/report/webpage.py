"""The deck as one HTML file that needs no network and runs no program."""

from html import escape

from engine.report.colours import ACCENT, INK, LINE, QUIET
from engine.report.deck import Deck, Figure, Record, Slide, Table, Tile, ending, led, text_of
from engine.report.measure import columns
from engine.report.picture import natural_height, svg

_COLOURS = f"--paper:#fff;--ink:{INK};--quiet:{QUIET};--line:{LINE};--accent:{ACCENT}"
_STYLE = (
    f":root{{color-scheme:light;{_COLOURS}}}"
    """
body{margin:0;background:#eef0f6;color:var(--ink);font-family:"Noto Sans JP","Noto Sans CJK JP",
"Hiragino Sans","Yu Gothic UI",Meiryo,"Source Sans 3","Segoe UI",sans-serif;line-height:1.6}
section{background:var(--paper);max-width:1080px;margin:24px auto;padding:32px 48px;
border-top:6px solid var(--accent);break-after:page}
.end{white-space:nowrap}h1,h2{line-height:1.35;font-size:28px;margin:0 0 16px}
p{font-size:19px;margin:10px 0}
table{border-collapse:collapse;width:100%;font-size:16px;margin:14px 0}
th{background:var(--accent);color:#fff;text-align:left;font-weight:600}
th,td{padding:7px 10px;border-bottom:1px solid var(--line);vertical-align:top}
.long{overflow-wrap:anywhere}.short{white-space:nowrap}td:first-child{min-width:7em}
details,footer{color:var(--quiet);font-size:15px;margin-top:14px}details p{font-size:15px}
footer{overflow-wrap:anywhere}.blank{display:inline-block;min-width:16em;border-bottom:1px solid}
.stamps td{height:74px;width:90px;border:1px solid var(--quiet)}.stamps{width:auto}
.stamps th{background:none;color:var(--ink);border:1px solid var(--quiet);text-align:center}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:14px;margin:14px 0}
.tiles div{background:#f3f4fa;padding:10px 16px;break-inside:avoid}
.tiles p{margin:2px 0;font-size:16px;color:var(--quiet)}
.tiles .value{font-size:34px;font-weight:700;color:var(--accent);line-height:1.3}
.slim{display:none}
@media print{@page{size:A4;margin:12mm 12mm 16mm;@bottom-right{content:counter(page) " / "
counter(pages);font:8pt sans-serif;color:#565B6E}}body{background:#fff}
th{background:none;color:var(--ink);border-bottom:2px solid}thead{display:table-header-group}
tr,svg,section{break-inside:avoid}h1,h2,h3,h3+p{break-after:avoid}
tr:nth-child(-n+2):not(:last-child){break-after:avoid}
section{margin:0 0 7mm;max-width:none;padding:8px 2px 0;border-width:3px;break-after:auto}
.long,.record{break-inside:auto}.record{break-before:page}
details,section:not(.record) footer{display:none}
h1,h2{font-size:21px;margin:0 0 8px}h3{font-size:17px;margin:14px 0 6px}
p{font-size:15px;margin:5px 0}
td,th{padding:3px 8px}table{font-size:12.5px;line-height:1.5;margin:8px 0}
.broad svg{max-height:86mm}
footer{font-size:10px;margin-top:6px}
.tiles{grid-template-columns:repeat(3,1fr);gap:8px;margin:8px 0}
.tiles p{font-size:13px}.tiles .value{font-size:22px}.stamps td{height:60px;width:76px}}
@media screen and (max-width:700px){section{padding:20px}h1,h2{font-size:22px}p{font-size:17px}
.slim{display:block}.broad{display:none}table{display:block;overflow-x:auto}td,th{min-width:4.5em}
.stamps td,.stamps th{min-width:0;width:60px}}
"""
)
_LONGEST_WORD, _SHORT = 24, 20
"""Characters of a word that a table keeps together, and columns of what is kept in one line."""
_WIDTH, _TYPE = 984, 16
"""Of a section's figures and tables, in pixels of a screen."""
_ROWS = 12
"""Rows of a table that is kept on one printed sheet."""
_SLIM, _SLIM_TYPE = 560, 24
"""Width and type of a figure for a phone, which shows it at some two thirds."""
_CONTENT = "default-src 'none'; style-src 'unsafe-inline'"


def webpage(deck: Deck) -> str:
    """The whole deck, its appendix and the decision record."""
    slides = [
        f"<section{_kind(slide)}>{_titled(slide, 1 if place == 0 else 2, deck.address)}"
        f"{_notes(slide, deck)}<footer>{escape(deck.footer)}</footer></section>"
        for place, slide in enumerate((*deck.slides, *deck.appendix))
    ]
    form = "" if deck.record is None else _record(deck.record, deck.address)
    link = f'<a href="{escape(deck.address)}">{escape(deck.address)}</a>'
    return (
        f'<!DOCTYPE html><html lang="{deck.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT}">'
        f"<title>{escape(deck.title)}</title><style>{_STYLE}{_running(deck.footer)}</style></head>"
        f'<body>{"".join(slides)}<section class="record">{form}'
        f"<footer>{escape(deck.footer)}<br>{link}</footer></section></body></html>"
    )


def _running(footer: str) -> str:
    """The line under each sheet of a print, where a browser can put one there."""
    quoted = "".join(c if c.isalnum() or c in " .-" else f"\\{ord(c):06x}" for c in footer)
    return f'@media print{{@page{{@bottom-left{{content:"{quoted}";font:7pt sans-serif}}}}}}'


def _kind(slide: Slide) -> str:
    """A longer table begins where it stands and goes on overleaf."""
    is_long = slide.table is not None and len(slide.table.rows) > _ROWS
    return ' class="long"' if is_long else ""


def _titled(slide: Slide, level: int, address: str) -> str:
    return f"<h{level}>{sentence(slide.title)}</h{level}>{_body(slide, address)}"


def sentence(text: str) -> str:
    """A text whose last line has no letter or two alone."""
    first, end = ending(text)
    return escape(first) + (f'<span class="end">{escape(end)}</span>' if end else "")


def _inline(figure: Figure) -> str:
    """Twice: on a phone the broad one would shrink until nobody can read it."""
    broad = svg(figure, _WIDTH, min(420, natural_height(figure, _TYPE)), _TYPE)
    slim = svg(figure, _SLIM, min(_SLIM, natural_height(figure, _SLIM_TYPE)), _SLIM_TYPE)
    return f'<div class="broad">{broad}</div><div class="slim">{slim}</div>'


def _body(slide: Slide, address: str) -> str:
    """A slide without its title."""
    figure = "" if slide.figure is None else _inline(slide.figure)
    points = "".join(f"<p>{sentence(point)}</p>" for point in slide.points)
    table = "" if slide.table is None else _table(slide.table, address)
    return f"{_tiles(slide.tiles)}{figure}{points}{table}{stamps_html(slide.stamps)}"


def _tiles(tiles: tuple[Tile, ...]) -> str:
    if not tiles:
        return ""
    inner = "".join(
        f'<div><p>{escape(tile.name)}</p><p class="value">{escape(tile.value)}</p>'
        f"<p>{escape(tile.detail)}</p></div>"
        for tile in tiles
    )
    return f'<div class="tiles">{inner}</div>'


def _notes(slide: Slide, deck: Deck) -> str:
    if not slide.notes:
        return ""
    said = "".join(f"<p>{escape(note)}</p>" for note in slide.notes)
    return f"<details><summary>{escape(deck.notes_name)}</summary>{said}</details>"


def _table(table: Table, address: str) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    cells = [[_cell(text_of(cell), address) for cell in row] for row in table.rows]
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str, address: str) -> str:
    """An address may break anywhere; a date, an amount or a short name never does."""
    to, rest = led(text, address)
    lead = f'<a href="{escape(to)}">{escape(to)}</a>' if to else ""
    broken = max(map(len, text.split()), default=0) > _LONGEST_WORD
    whole = columns(text) <= _SHORT
    kind = ' class="long"' if broken else ' class="short"' if whole else ""
    return f"<td{kind}>{lead}{escape(rest)}</td>"


def stamps_html(roles: tuple[str, ...]) -> str:
    """An empty box under each role."""
    if not roles:
        return ""
    heads = "".join(f'<th scope="col">{escape(role)}</th>' for role in roles)
    return f'<table class="stamps"><tr>{heads}</tr><tr>{"<td></td>" * len(roles)}</tr></table>'


def _record(record: Record, address: str) -> str:
    blanks = "".join(
        f'<p>{escape(name)} <span class="blank">{escape(filled)}</span></p>'
        for name, filled in record.blanks
    )
    sections = "".join(
        f"<h3>{number}. {escape(section.heading)}</h3>"
        + "".join(f"<p>{sentence(said)}</p>" for said in section.sentences)
        + ("" if section.table is None else _table(section.table, address))
        for number, section in enumerate(record.sections, start=1)
    )
    return (
        f"<h2>{escape(record.title)}</h2>{blanks}<p>{escape(record.dated)}</p>"
        f"{stamps_html(record.approvals)}"
        f"<p>{escape(record.request)}</p>{sections}<p>{escape(record.end)}</p>"
    )

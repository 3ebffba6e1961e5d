"""The deck as one HTML file that needs no network and runs no program;
also a single slide of it."""

from collections.abc import Callable
from html import escape

from engine.report.colours import ACCENT, INK, LINE, QUIET
from engine.report.deck import Bars, Deck, Figure, Record, Slide, Table, text_of
from engine.report.drawing import natural_height
from engine.report.measure import em
from engine.report.svg import picture, svg

_COLOURS = f"--paper:#fff;--ink:{INK};--quiet:{QUIET};--line:{LINE};--accent:{ACCENT}"
_STYLE = (
    f":root{{color-scheme:light;{_COLOURS}}}"
    """
body{margin:0;background:#eef0f6;color:var(--ink);font-family:"Noto Sans JP","Noto Sans CJK JP",
"Hiragino Sans","Yu Gothic UI",Meiryo,"Source Sans 3","Segoe UI",sans-serif;line-height:1.6}
section{background:var(--paper);max-width:1080px;margin:24px auto;padding:32px 48px;
border-top:6px solid var(--accent);break-after:page}
h1,h2{line-height:1.35;font-size:28px;margin:0 0 16px}p{font-size:19px;margin:10px 0}
table{border-collapse:collapse;width:100%;font-size:16px;margin:14px 0}
th{background:var(--accent);color:#fff;text-align:left;font-weight:600}
th,td{padding:7px 10px;border-bottom:1px solid var(--line);vertical-align:top}
.long{overflow-wrap:anywhere}.short{white-space:nowrap}
details,footer{color:var(--quiet);font-size:15px;margin-top:14px}details p{font-size:15px}
footer{overflow-wrap:anywhere}.blank{display:inline-block;min-width:16em;border-bottom:1px solid}
.stamps td{height:74px;width:90px;border:1px solid var(--quiet)}.stamps{width:auto}
.stamps th{background:none;color:var(--ink);border:1px solid var(--quiet);text-align:center}
.slim{display:none}
@media print{th{background:none;color:var(--ink);border-bottom:2px solid}tr,svg{break-inside:avoid}
body{background:#fff}section{margin:0;max-width:none}@page{size:A4 landscape}}
@media screen and (max-width:700px){section{padding:20px}h1,h2{font-size:22px}p{font-size:17px}
.slim{display:block}.broad{display:none}table{display:block;overflow-x:auto}td,th{min-width:4.5em}
.stamps td,.stamps th{min-width:0;width:60px}}
"""
)
_FEW_BARS = 4
_LONGEST_WORD, _SHORT = 24, 10.5
"""Characters of a word that a table keeps together, and em of what is kept in one line."""
_DENSE = 8
"""Rows of a table from which on it is one to look something up in, not one to be read from afar."""
_SLIM, _SLIM_TYPE = 560, 24
"""Width and type of a figure for a phone, which shows it at some two thirds."""
_CONTENT = "default-src 'none'; style-src 'unsafe-inline'"


def webpage(deck: Deck) -> str:
    """The whole deck, its appendix and the decision record."""
    slides = [
        f"<section>{_titled(slide, 1 if place == 0 else 2)}{_notes(slide, deck)}"
        f"<footer>{escape(deck.footer)}</footer></section>"
        for place, slide in enumerate((*deck.slides, *deck.appendix))
    ]
    link = f'<a href="{escape(deck.address)}">{escape(deck.address)}</a>'
    return (
        f'<!DOCTYPE html><html lang="{deck.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT}">'
        f"<title>{escape(deck.title)}</title><style>{_STYLE}</style></head><body>"
        f"{''.join(slides)}<section>{_record(deck.record)}<footer>{escape(deck.footer)}<br>{link}"
        f"</footer></section></body></html>"
    )


def _titled(slide: Slide, level: int) -> str:
    return f"<h{level}>{escape(slide.title)}</h{level}>{_body(slide, _inline)}"


def _inline(figure: Figure) -> str:
    """Twice: on a phone the broad one would shrink until nobody can read it."""
    broad = svg(figure, 984, min(420, natural_height(figure, 16)), 16)
    slim = svg(figure, _SLIM, min(_SLIM, natural_height(figure, _SLIM_TYPE)), _SLIM_TYPE)
    return f'<div class="broad">{broad}</div><div class="slim">{slim}</div>'


def _body(slide: Slide, draw: Callable[[Figure], str]) -> str:
    """A slide without its title."""
    figure = "" if slide.figure is None else draw(slide.figure)
    points = "".join(f"<p>{escape(point)}</p>" for point in slide.points)
    table = "" if slide.table is None else _table(slide.table)
    return f"{figure}{points}{table}{_stamps(slide.stamps)}"


_LARGE = """
.meeting h1{font-size:clamp(26px,3vw,44px);line-height:1.35;margin:8px 0 20px;padding:0}
.meeting p,.meeting td,.meeting th{font-size:clamp(20px,2.3vw,32px);line-height:1.5}
.meeting table{border-collapse:collapse;width:100%}.meeting .short{white-space:nowrap}
.meeting .dense td,.meeting .dense th{font-size:clamp(15px,1.4vw,20px);padding:4px 12px}
.meeting .long{overflow-wrap:anywhere}
.meeting th,.meeting td{text-align:left;vertical-align:top;padding:6px 14px;
border-bottom:1px solid rgba(128,128,128,.35)}
.meeting footer{font-size:14px;opacity:.75;overflow-wrap:anywhere;margin-top:12px}
.meeting img{width:100%;max-height:60vh;object-fit:contain}
.meeting .stamps{width:auto;margin:16px 0 0 auto}.meeting .stamps th{text-align:center}
.meeting .stamps th,.meeting .stamps td{border:1px solid rgba(128,128,128,.8);min-width:96px}
.meeting .stamps td{height:80px}
.meeting .slim{display:none}.meeting .broad{display:block}
@media (max-width:700px){.meeting .slim{display:block}.meeting .broad{display:none}
.meeting td,.meeting th,.meeting .dense td,.meeting .dense th{font-size:16px;padding:6px 4px;
overflow-wrap:anywhere}.meeting .short{white-space:normal}
.meeting .stamps th,.meeting .stamps td{min-width:60px}}
"""


def large_html(slide: Slide, footer: str, *, ink: str, paper: str) -> tuple[str, str]:
    """One slide for a meeting, 24 points and up on a screen: its message, and what shows it.

    Colours are given, since pages that clean HTML let figures in only as pictures.
    """
    crowded = isinstance(slide.figure, Bars) and len(slide.figure.bars) > _FEW_BARS
    height = 520 if crowded or not slide.points else 400  # Room for the sentences under it.

    def draw(figure: Figure) -> str:
        shown = ((1200, height, 29, "broad"), (_SLIM, _SLIM, _SLIM_TYPE, "slim"))
        return "".join(
            f'<div class="{name}">'
            + picture(
                figure, width, min(most, natural_height(figure, size)), size, ink=ink, paper=paper
            )
            + "</div>"
            for width, most, size, name in shown
        )

    shown = _body(slide, draw)
    return (
        f'<div class="meeting"><h1>{escape(slide.title)}</h1></div><style>{_LARGE}</style>',
        f'<div class="meeting">{shown}<footer>{escape(footer)}</footer></div>',
    )


def _notes(slide: Slide, deck: Deck) -> str:
    if not slide.notes:
        return ""
    said = "".join(f"<p>{escape(note)}</p>" for note in slide.notes)
    return f"<details><summary>{escape(deck.notes_name)}</summary>{said}</details>"


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    rows = "".join(
        "<tr>" + "".join(_cell(text_of(cell)) for cell in row) + "</tr>" for row in table.rows
    )
    kind = ' class="dense"' if len(table.rows) > _DENSE else ""
    return f"<table{kind}><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    """An address may break anywhere; a date, an amount or a short name never does."""
    broken = max(map(len, text.split()), default=0) > _LONGEST_WORD
    whole = em(text) <= _SHORT
    kind = ' class="long"' if broken else ' class="short"' if whole else ""
    return f"<td{kind}>{escape(text)}</td>"


def _stamps(roles: tuple[str, ...]) -> str:
    """An empty box under each role."""
    if not roles:
        return ""
    heads = "".join(f'<th scope="col">{escape(role)}</th>' for role in roles)
    return f'<table class="stamps"><tr>{heads}</tr><tr>{"<td></td>" * len(roles)}</tr></table>'


def _record(record: Record) -> str:
    blanks = "".join(
        f'<p>{escape(name)} <span class="blank">{escape(filled)}</span></p>'
        for name, filled in record.blanks
    )
    sections = "".join(
        f"<h3>{number}. {escape(section.heading)}</h3>"
        + "".join(f"<p>{escape(sentence)}</p>" for sentence in section.sentences)
        + ("" if section.table is None else _table(section.table))
        for number, section in enumerate(record.sections, start=1)
    )
    return (
        f"<h2>{escape(record.title)}</h2>{blanks}<p>{escape(record.dated)}</p>"
        f"{_stamps(record.approvals)}"
        f"<p>{escape(record.request)}</p>{sections}<p>{escape(record.end)}</p>"
    )

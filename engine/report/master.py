"""What slides stand on: our own master, or the layouts of a company's template.

Title, body, footer and number are placeholders, so that a template's looks take hold. Of a template
two layouts are used, chosen by their placeholders and not by their names, which hang on a language:
one with a title alone, and one with a title and a body. Its own slides are left out.

Not covered: templates whose layouts have no title, which are refused.
"""

import io
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.presentation import Presentation as File
from pptx.slide import Slide as Page
from pptx.slide import SlideLayout, SlideMaster
from pptx.text.text import TextFrame
from pptx.util import Length, Pt

from engine.errors import InputError
from engine.report.colours import ACCENT, INK, QUIET, RULE, plain
from engine.report.hues import Hues
from engine.untrusted.archives import require_unpackable
from engine.untrusted.guard import guarded

WIDTH, HEIGHT = 960.0, 540.0
"""Of our own slides, 16:9, in points."""
_LEAST, _MOST = 72.0, 4032.0
"""Points: an inch, and what PowerPoint takes at most."""
_MARGIN, _TOP, _TITLE, _FOOT = 44.0, 26.0, 74.0, 27.0
_FONTS = {"latin": "Arial", "ea": "Yu Gothic"}
_INK, _QUIET, _ACCENT = (plain(colour) for colour in (INK, QUIET, ACCENT))
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
BODIES = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT)
"""Placeholders that take sentences."""
_AROUND = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE)
KEPT = (*_TITLES, *_AROUND)
"""Placeholders that every slide fills."""
_BAR = (
    '<p:sp xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<p:nvSpPr><p:cNvPr id="99" name="Bar"/><p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr>'
    '<p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
    '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:srgbClr val="{colour}"/>'
    "</a:solidFill><a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The file that slides are added to, its two layouts, and where content may stand, in points:
    from ``left`` for ``room``, from ``top`` (under the title) to ``bottom``."""

    show: File
    hues: Hues
    title_only: SlideLayout
    with_body: SlideLayout
    left: float
    room: float
    title_top: float
    title_height: float
    top: float
    bottom: float
    width: float
    height: float
    body: tuple[float, float]
    """Width and height that the second layout gives to sentences."""
    yields: bool
    """Whether titles begin at the top of their place, so that under a short one room is left."""


def ground(template: bytes | None = None) -> Ground:
    """Our own master, or that of a template. Raises :class:`InputError` for a file that is no
    presentation, whose layouts have no title, or whose slides leave no room."""
    if template is None:
        return _of(_own(), is_template=False)
    return guarded(lambda: _of(_opened(template), is_template=True), _no_template)


def _of(show: File, *, is_template: bool) -> Ground:
    titled = [layout for layout in _layouts(show) if _found(layout, _TITLES)]
    if not titled:
        raise InputError("Expected a template with a layout that has a title, found none.")
    title_only = min(titled, key=_content)
    bodies = [layout for layout in titled if _found(layout, BODIES)]
    with_body = min(
        bodies, key=lambda layout: (_content(layout) != 1, _content(layout)), default=title_only
    )
    hues = Hues(accents=_accents(title_only) if is_template else None)
    found = _measured(show, hues, title_only, with_body, yields=not is_template)
    _require_room(found)
    return found


def require_template(content: bytes) -> None:
    """Raise :class:`InputError` for a file that :func:`ground` would refuse, or that gives no
    slides."""
    base = ground(content)

    def tried() -> None:
        for layout in (base.title_only, base.with_body):
            page = base.show.slides.add_slide(layout)
            dress(page, layout, "", 10.0, "en-GB")
        base.show.save(io.BytesIO())

    guarded(tried, _no_template)


def _require_room(found: Ground) -> None:
    is_page = all(_LEAST <= side <= _MOST for side in (found.width, found.height))
    is_inside = found.left >= 0 and found.left + found.room <= found.width and found.title_top >= 0
    is_wide = found.room >= _LEAST and found.bottom - found.top >= _LEAST
    if not (is_page and is_inside and is_wide):
        raise InputError(
            "Expected a template with room for a title and, under it, for content on its slides, "
            "got one of {width} by {height} points with {room} by {under} for them.",
            width=f"{found.width:.4g}",
            height=f"{found.height:.4g}",
            room=f"{found.room:.4g}",
            under=f"{found.bottom - found.top:.4g}",
        )


def _no_template(reason: str) -> InputError:
    return InputError(
        "Expected a PowerPoint file (.pptx) as the template: {reason}.", reason=reason
    )


def _accents(layout: SlideLayout) -> dict[str, str] | None:
    """The first two accents of a template's theme by our colours; None where it has none of its
    own."""
    theme = layout.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root = etree.fromstring(theme.blob)
    found = {}
    for ours, name in ((ACCENT, "accent1"), (RULE, "accent2")):
        element = root.find(f".//{qn('a:clrScheme')}/{qn(f'a:{name}')}")
        inner = None if element is None else next(iter(element), None)
        value = None if inner is None else inner.get("val", inner.get("lastClr"))
        if value is None or re.fullmatch("[0-9A-Fa-f]{6}", value) is None:
            return None
        found[ours] = f"#{value.upper()}"
    return found


def _measured(
    show: File, hues: Hues, title_only: SlideLayout, with_body: SlideLayout, *, yields: bool
) -> Ground:
    (title, *_) = _found(title_only, _TITLES)
    width, height = _points(show.slide_width), _points(show.slide_height)
    footers = [_points(each.top) for each in _found(title_only, _AROUND) if each.top]
    top = _points(title.top) + _points(title.height)
    low = [foot for foot in footers if foot > height / 2]
    bottom = min([*low, height - 34.0]) - 6
    left, room = _points(title.left), _points(title.width)
    bodies = [each for each in _found(with_body, BODIES) if each.width and each.height]
    inner = [(_points(each.width) - 20, _points(each.height) - 8) for each in bodies[:1]]
    return Ground(
        show=show,
        hues=hues,
        title_only=title_only,
        with_body=with_body,
        left=left,
        room=room,
        title_top=_points(title.top),
        title_height=_points(title.height),
        top=top + 8,
        bottom=bottom,
        width=width,
        height=height,
        body=inner[0] if inner else (room, bottom - top - 8),
        yields=yields,
    )


def _points(length: Length | None) -> float:
    return 0.0 if length is None else float(Length(length).pt)


def _layouts(show: File) -> Iterable[SlideLayout]:
    for master in show.slide_masters:
        yield from master.slide_layouts


def _found(layout: SlideLayout, kinds: tuple[PP_PLACEHOLDER, ...]) -> list[Any]:
    return [each for each in _placeholders(layout) if each.placeholder_format.type in kinds]


def _placeholders(holder: SlideMaster | SlideLayout) -> list[Any]:
    """Their iterators are not typed as such."""
    return [*holder.placeholders]


def _content(layout: SlideLayout) -> int:
    """Placeholders that would stay empty under a figure of ours."""
    return len(_placeholders(layout)) - len(_found(layout, KEPT))


def dress(page: Page, layout: SlideLayout, footer: str, size: float, language: str) -> bool:
    """Put the layout's footer and number on a slide: PowerPoint does so itself, python-pptx not.

    Returns whether the footer had a place.
    """
    placed = False
    for each in _found(layout, _AROUND):
        kind = each.placeholder_format.type
        if kind is PP_PLACEHOLDER.DATE:
            continue
        element = deepcopy(each._element)
        page.shapes._spTree.append(element)
        paragraph = TextFrame(element.txBody, page).paragraphs[0]
        for child in list(paragraph._p):
            paragraph._p.remove(child)
        if kind is PP_PLACEHOLDER.FOOTER:
            run = paragraph.add_run()
            run.text, run.font.size, placed = footer, Pt(size), True
        else:
            paragraph._p.append(_number(language))
    return placed


def _number(language: str) -> etree._Element:
    field = etree.Element(qn("a:fld"), id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", type="slidenum")
    etree.SubElement(field, qn("a:rPr"), lang=language)
    etree.SubElement(field, qn("a:t")).text = "‹#›"
    return field


def _opened(template: bytes) -> File:
    """A template without its slides."""

    require_unpackable(io.BytesIO(template), len(template))
    show = Presentation(io.BytesIO(template))
    slides = show.slides._sldIdLst
    for entry in list(slides):
        show.part.drop_rel(entry.rId)
        slides.remove(entry)
    return show


# --- our own ------------------------------------------------------------------------------------


def _own() -> File:
    """16:9, two layouts, one typeface for each script in the theme."""
    show = Presentation()
    show.slide_width, show.slide_height = Pt(WIDTH), Pt(HEIGHT)
    for layout in list(show.slide_layouts):
        if layout.name not in ("Title Only", "Title and Content"):
            show.slide_layouts.remove(layout)
    _set_fonts(show)
    master = show.slide_master
    for holder in (master, *show.slide_layouts):
        _place(holder)
    _style(master)
    return show


def _set_fonts(show: File) -> None:
    """In the theme, so that charts and notes follow."""
    theme = show.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root = etree.fromstring(theme.blob)
    for script, name in _FONTS.items():
        for font in root.iter(qn(f"a:{script}")):
            font.set("typeface", name)
    theme._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _place(holder: SlideMaster | SlideLayout) -> None:
    """Title over body over footer and number; no date, which the footer says."""
    room = WIDTH - 2 * _MARGIN
    top = _TOP + _TITLE + 8
    places = {
        PP_PLACEHOLDER.TITLE: (_MARGIN, _TOP, room, _TITLE),
        PP_PLACEHOLDER.BODY: (_MARGIN, top, room, HEIGHT - _FOOT - 14 - top),
        PP_PLACEHOLDER.OBJECT: (_MARGIN, top, room, HEIGHT - _FOOT - 14 - top),
        PP_PLACEHOLDER.FOOTER: (_MARGIN, HEIGHT - _FOOT, room - 60, 18.0),
        PP_PLACEHOLDER.SLIDE_NUMBER: (WIDTH - _MARGIN - 50, HEIGHT - _FOOT, 50.0, 18.0),
    }
    for each in _placeholders(holder):
        kind = each.placeholder_format.type
        if kind not in places:
            each.element.getparent().remove(each.element)
            continue
        each.left, each.top, each.width, each.height = map(Pt, places[kind])
        body = each._element.txBody.find(qn("a:bodyPr"))
        for side in ("lIns", "rIns", "tIns", "bIns"):
            body.set(side, "0")
        body.set("anchor", "t")


def _style(master: SlideMaster) -> None:
    """Bold dark titles on the left, bodies without bullets, a bar on top, small grey footers."""
    tree = master.shapes._spTree
    bar = _BAR.format(width=Pt(WIDTH), height=Pt(7), colour=_ACCENT)
    tree.insert(2, etree.fromstring(bar))
    styles = master._element.find(qn("p:txStyles"))
    for name, size, bold in (("titleStyle", 2800, "1"), ("bodyStyle", 2400, "0")):
        level = styles.find(qn(f"p:{name}")).find(qn("a:lvl1pPr"))
        level.set("algn", "l")
        level.set("marL", "0")
        level.set("indent", "0")
        for bullet in level.findall(qn("a:buChar")) + level.findall(qn("a:buFont")):
            level.remove(bullet)
        if level.find(qn("a:buNone")) is None:
            level.insert(_before_run(level), etree.Element(qn("a:buNone")))
        run = level.find(qn("a:defRPr"))
        run.set("sz", str(size))
        run.set("b", bold)
        _paint(run, _INK)
    for each in _placeholders(master):
        if each.placeholder_format.type in _AROUND:
            for run in each._element.iter(qn("a:defRPr")):
                run.set("sz", "1000")
                _paint(run, _QUIET)


def _before_run(level: etree._Element) -> int:
    return list(level).index(level.find(qn("a:defRPr")))


def _paint(run: etree._Element, colour: str) -> None:
    for fill in run.findall(qn("a:solidFill")):
        run.remove(fill)
    fill = etree.Element(qn("a:solidFill"))
    etree.SubElement(fill, qn("a:srgbClr"), val=colour)
    run.insert(0, fill)

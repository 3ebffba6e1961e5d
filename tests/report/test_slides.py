"""PowerPoint: native charts with the right numbers, real titles, notes, and
nothing outside the page."""

import io
from dataclasses import replace
from datetime import date

import pytest
from lxml import etree
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Pt

from engine.errors import InputError
from engine.report.colours import ACCENT, INK, RULE, TINT, plain
from engine.report.deck import Bar, Bars, Slide, Table, Tile
from engine.report.master import HEIGHT, KEPT, WIDTH
from engine.report.slides import pptx
from tests.present import present


@pytest.fixture
def show(deck):
    return Presentation(io.BytesIO(pptx(deck)))


def charts(show):
    return [shape.chart for page in show.slides for shape in page.shapes if shape.has_chart]


def test_every_slide_has_its_message_as_title_and_the_footer(show, deck):
    titles = [page.shapes.title.text_frame.text for page in show.slides]
    assert titles[:5] == [slide.title for slide in deck.slides]
    assert titles[5:] == [f"付録 ({n}/3)" for n in (1, 2, 3)], "a long table goes on"
    for page in show.slides:
        texts = [shape.text_frame.text for shape in page.shapes if shape.has_text_frame]
        assert deck.footer in texts


def test_notes_are_notes(show):
    assert show.slides[0].notes_slide.notes_text_frame.text == "本日は"
    assert not show.slides[1].has_notes_slide


def test_charts_are_native_and_hold_the_numbers(show, bars, lines):
    plain, floating, curves = charts(show)
    assert list(plain.plots[0].categories) == ["人数", "計算量"]
    assert list(plain.plots[0].series[0].values) == [13.0, 0.54]
    best, rule, low, high, mark = curves.plots[0].series
    assert list(best.values) == list(lines.lines[0].y)
    assert list(rule.values) == [9.0, 3.4, 3.0], "NaN is left out"
    assert (list(low.values), list(high.values)) == (list(lines.band.low), list(lines.band.high))
    assert list(mark.values) == [2.9]
    for chart in (plain, floating, curves):
        assert chart.part.chart_workbook.xlsx_part is not None, "its numbers can be edited"


def test_floating_bars_stack_to_their_ends(show, floating):
    unseen, above, below, *_ = charts(show)[1].plots[0].series
    parts = zip(unseen.values, above.values, below.values, reversed(floating.bars), strict=True)
    for base, up, down, bar in parts:
        low, high = sorted((bar.start, bar.end))
        assert max(high, 0) == pytest.approx(max(base, 0) + up)
        assert min(low, 0) == pytest.approx(min(base, 0) + down)


@pytest.mark.parametrize(
    ("start", "end", "carrier"),
    [(0.0, 5.0, 3), (0.0, -5.0, 4), (-2.0, -5.0, 0), (-5.0, -2.0, 0), (5.0, -2.0, 3)],
)
def test_an_amount_stands_beside_its_bar_and_not_at_zero(deck, start, end, carrier):
    """Right of a bar; left of one that falls from zero."""
    bars = (
        Bar(name="x", start=start, end=end, text="this", colour=ACCENT),
        Bar(name="y", start=-1.0, end=1.0, text="other", colour=ACCENT),
    )
    figure = Bars(unit="万円", alt="x", heads=("a", "b", "c"), bars=bars)
    only = replace(deck, slides=(Slide(key="a", title="a", figure=figure),), appendix=())
    series = charts(Presentation(io.BytesIO(pptx(only))))[0].plots[0].series
    said = [
        place
        for place, one in enumerate(series)
        for label in one._element.iter("{*}dLbl")
        if "this" in "".join(label.itertext())
    ]
    assert said == [carrier]


def test_charts_have_words(show):
    described = [
        shape._element.nvGraphicFramePr.cNvPr.get("descr")
        for page in show.slides
        for shape in page.shapes
        if shape.has_chart
    ]
    assert described[0] == "What doubling buys."


def test_nothing_leaves_the_page(show):
    for page in show.slides:
        for shape in page.shapes:
            assert shape.left >= 0 and shape.left + shape.width <= Pt(WIDTH + 1)
            assert shape.top >= 0 and shape.top + shape.height <= Pt(HEIGHT + 1), shape.name


def test_the_record_has_an_empty_box_under_every_role(show, deck):
    page = next(page for page in show.slides if page.shapes.title.text_frame.text == "決裁書")
    boxes = {shape.name: shape for shape in page.shapes}
    for role in deck.form.approvals:
        head, box = boxes[role], boxes[f"{role} □"]
        assert head.text_frame.text == role and box.text_frame.text == ""
        assert (head.left, head.top + head.height) == (box.left, box.top)
        assert box.height >= Pt(50)
    table = next(shape for shape in page.shapes if shape.has_table)
    assert table.top + table.height <= boxes[deck.form.approvals[0]].top


def corporate(kind: str) -> bytes:
    """A company's template: its own sizes, places, colours and slides, no English names."""
    made = Presentation()
    master = made.slide_master
    if kind == "wide":
        made.slide_width, made.slide_height = Pt(1280), Pt(720)
        for layout in list(made.slide_layouts):
            layout.name = f"レイアウト{made.slide_layouts.index(layout)}"
            for each in [*layout.placeholders]:
                if each.placeholder_format.type in (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.BODY):
                    each.left, each.top, each.width, each.height = map(Pt, (200, 60, 1000, 90))
    background = master.background.fill
    background.solid()
    background.fore_color.rgb = RGBColor(0xFF, 0xF0, 0xE0)
    page = made.slides.add_slide(made.slide_layouts[0])
    page.shapes.title.text = "社外秘 見本"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["narrow", "wide"])
def test_a_company_s_template_takes_hold(deck, kind):
    template = corporate(kind)
    show = Presentation(io.BytesIO(pptx(deck, template)))
    looks = Presentation(io.BytesIO(template))
    assert (show.slide_width, show.slide_height) == (looks.slide_width, looks.slide_height)
    assert show.slide_master.background.fill.fore_color.rgb == RGBColor(0xFF, 0xF0, 0xE0)
    titles = [page.shapes.title.text_frame.text for page in show.slides]
    assert titles[0] == deck.slides[0].title and "社外秘 見本" not in titles
    for page in show.slides:
        texts = [shape.text_frame.text for shape in page.shapes if shape.has_text_frame]
        assert deck.footer in texts
        run = page.shapes.title.text_frame.paragraphs[0].runs[0]
        assert run.font.name is None and run.font.color.type is None, "the template's own looks"
        assert page.shapes.title.left == page.slide_layout.placeholders[0].left
        for shape in page.shapes:
            assert shape.left + shape.width <= present(show.slide_width) + Pt(1)
            assert shape.top + shape.height <= present(show.slide_height) + Pt(1), shape.name
    assert len(charts(show)) == 3


def with_accents(first: str, second: str) -> bytes:
    """A template whose theme has these accents."""
    made = Presentation(io.BytesIO(corporate("wide")))
    theme = made.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root = etree.fromstring(theme.blob)
    for name, colour in (("accent1", first), ("accent2", second)):
        (place,) = root.iter(qn(f"a:{name}"))
        place[0].set("val", colour)
    theme._blob = etree.tostring(root)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _xml(show) -> str:
    parts = [etree.tostring(page._element).decode() for page in show.slides]
    return "".join(parts + [etree.tostring(chart._chartSpace).decode() for chart in charts(show)])


def test_a_template_s_accents_take_the_place_of_ours(deck):
    tiles = (Tile(name="NPV", value="4,710万円", detail="range"),)
    told = replace(deck, slides=(*deck.slides, replace(deck.slides[0], tiles=tiles)))
    dark = Presentation(io.BytesIO(pptx(told, with_accents("800000", "004000"))))
    found = _xml(dark)
    assert plain(ACCENT) not in found and plain(RULE) not in found and plain(TINT) not in found
    assert all('schemeClr val="accent1"' in _xml_of(chart) for chart in charts(dark))
    head = next(s for page in dark.slides for s in page.shapes if s.has_table).table.cell(0, 0)
    assert head.fill.fore_color.theme_color == MSO_THEME_COLOR.ACCENT_1
    assert head.text_frame.paragraphs[0].runs[0].font.color.rgb == RGBColor(255, 255, 255)
    ours = Presentation(io.BytesIO(pptx(told)))
    assert plain(ACCENT) in _xml(ours) and plain(TINT) in _xml(ours)
    assert not any("accent1" in _xml_of(chart) for chart in charts(ours))


def _xml_of(chart) -> str:
    return etree.tostring(chart._chartSpace).decode()


def test_a_pale_accent_carries_ink_and_is_no_type(deck):
    tiles = (Tile(name="NPV", value="4,710万円"),)
    told = replace(deck, slides=(replace(deck.slides[0], tiles=tiles), deck.slides[4]))
    pale = Presentation(io.BytesIO(pptx(told, with_accents("FFE680", "C0FFC0"))))
    head = next(s for page in pale.slides for s in page.shapes if s.has_table).table.cell(0, 0)
    assert head.text_frame.paragraphs[0].runs[0].font.color.rgb == RGBColor.from_string(plain(INK))
    box = next(s for s in pale.slides[0].shapes if s.name == "NPV")
    value = next(p.runs[0] for p in box.text_frame.paragraphs if p.runs[0].text == "4,710万円")
    assert value.font.color.rgb == RGBColor.from_string(plain(INK))


def test_the_scenario_s_address_leads_to_it(deck):
    table = Table(title="t", heads=("a", "b"), rows=(("link", f"{deck.address} (local)"),))
    told = replace(deck, slides=(replace(deck.slides[0], points=(), table=table),), appendix=())
    (page,) = Presentation(io.BytesIO(pptx(told))).slides
    cells = [s.table.cell(1, 1) for s in page.shapes if s.has_table]
    assert cells[0].text_frame.paragraphs[0].runs[0].hyperlink.address == deck.address


def test_every_bar_keeps_its_name(show):
    for chart in charts(show)[:2]:
        assert '<c:tickLblSkip val="1"/>' in _xml_of(chart)


def test_sentences_stand_in_the_body_and_numbers_are_fields(show, deck):
    first = show.slides[0]
    kinds = {shape.placeholder_format.type: shape for shape in first.placeholders}
    assert kinds[PP_PLACEHOLDER.OBJECT].text_frame.text == deck.slides[0].points[0]
    assert kinds[PP_PLACEHOLDER.FOOTER].text_frame.text == deck.footer
    assert 'type="slidenum"' in etree.tostring(kinds[PP_PLACEHOLDER.SLIDE_NUMBER]._element).decode()
    for page in show.slides:
        empty = [shape.name for shape in page.placeholders if not shape.text_frame.text.strip()]
        assert not empty, "an empty placeholder asks to be filled"


def test_sixteen_by_nine_with_author_and_day_of_ours(deck):
    made = replace(deck, author="経営企画部", day=date(2026, 11, 24))
    show = Presentation(io.BytesIO(pptx(made)))
    assert present(show.slide_width) * 9 == present(show.slide_height) * 16
    about = show.core_properties
    assert (about.author, about.last_modified_by) == ("経営企画部", "経営企画部")
    assert about.created.date() == about.modified.date() == date(2026, 11, 24)


def test_what_is_no_template_is_refused(deck):
    made = Presentation()
    for layout in made.slide_layouts:
        for each in list(layout.placeholders):
            if each.placeholder_format.type in KEPT[:2]:
                each._element.getparent().remove(each._element)
    file = io.BytesIO()
    made.save(file)
    with pytest.raises(InputError, match="a layout that has a title"):
        pptx(deck, file.getvalue())
    for content in (b"", b"%PDF-1.7", file.getvalue()[:900]):
        with pytest.raises(InputError, match="Expected a PowerPoint file"):
            pptx(deck, content)


def test_pages_of_one_table_have_one_type_and_as_large_as_fits(show):
    sizes = [
        {
            cell.text_frame.paragraphs[0].runs[0].font.size
            for row in shape.table.rows
            for cell in row.cells
        }
        for page in show.slides
        if page.shapes.title.text_frame.text.startswith("付録 (")
        for shape in page.shapes
        if shape.has_table
    ]
    assert len(sizes) > 1 and len(set.union(*sizes)) == 1

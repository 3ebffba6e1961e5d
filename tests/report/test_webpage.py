"""HTML: one file, no network, no program; text is text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from engine.report.deck import Table, ending
from engine.report.picture import picture, svg
from engine.report.stage import Look, stage_html, staged
from engine.report.webpage import webpage

LOOK = Look(ink="#000000", paper="#FFFFFF", accent="#3B4CC0")


class Parts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def parsed(text):
    parts = Parts()
    parts.feed(text)
    return parts


def test_it_asks_for_nothing(deck):
    page = webpage(deck)
    parts = parsed(page)
    assert not [tag for tag, _ in parts.tags if tag in ("script", "link", "iframe", "img")]
    addresses = [attrs[key] for _, attrs in parts.tags for key in ("src", "href") if key in attrs]
    assert addresses == [deck.address]
    assert not re.search(r"url\((?!#)|@import", page)
    assert dict(parts.tags[0][1])["lang"] == "ja"


def test_hostile_text_stays_text(deck):
    parts = parsed(webpage(deck))
    assert "10²⁰ <x> & “y”" in parts.text and "<b>y</b>" in parts.text
    assert not [tag for tag, _ in parts.tags if tag in ("x", "b")]


def test_everything_is_there(deck):
    said = " ".join(parsed(webpage(deck)).text)
    for slide in (*deck.slides, *deck.appendix):
        assert slide.title in said
    for text in ("本日は", "決裁書", "前提39", deck.footer, deck.address):
        assert text in said


def test_figures_say_what_they_show(lines, floating):
    for figure in (lines, floating):
        drawn = svg(figure, 800, 300, 14)
        assert f'aria-label="{figure.alt}"' in drawn and "nan" not in drawn
    assert f'alt="{lines.alt}"' in picture(lines, 800, 300, 14, ink="#111111", paper="#ffffff")


def test_the_record_has_a_box_for_every_stamp(deck):
    page = webpage(deck)
    assert page.count('<th scope="col">審査</th>') == 2, "on its slide and on the form"
    assert page.count("<tr><td></td><td></td><td></td></tr>") == 2


def test_dates_stay_whole_and_addresses_break(deck):
    row = ("2026-11", "5 minutes", "https://example.org/" + 40 * "a")
    slide = replace(deck.slides[0], table=Table(title="", heads=("a", "b", "c"), rows=(row,)))
    page = webpage(replace(deck, slides=(slide,)))
    assert '<td class="short">2026-11</td>' in page
    assert '<td class="long">https://example.org/' in page


def test_heads_of_tables_can_be_read_where_printers_leave_backgrounds_out(deck):
    printed = re.search(r"@media print{(.*?)@media", webpage(deck), re.S)
    assert printed is not None
    assert "th{background:none;color:var(--ink)" in printed[1]


def test_print_puts_the_basis_under_each_sheet_and_keeps_short_tables_whole(deck):
    page = webpage(replace(deck, footer='a "quoted" </style> \\ 基'))
    rule = re.search(r"@bottom-left\{content:\"([^\"]*)\"", page)
    assert rule
    said = re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), rule[1])
    assert said == 'a "quoted" </style> \\ 基'
    assert page.count('<section class="long">') == 1, "forty rows alone go on overleaf"


@pytest.mark.parametrize("said", ["正味現在価値は4,710万円です。", "回収まで29か月かかります。"])
def test_the_end_of_a_sentence_tears_no_amount(said):
    first, end = ending("予測損失は2.85です。費用は約24万円です。" + said)
    assert end and not re.search(r"\d$", first) and not re.match("[万円]|か月", end)


def test_the_end_of_a_japanese_sentence_stays_on_one_line(deck):
    said = "回収期間は29か月の見込みです。最大の不確かさは「公開までの人数」です。"
    slide = replace(
        deck.slides[0], title=said, points=(said, "English ends as it likes to, always.")
    )
    text = webpage(replace(deck, slides=(slide,)))
    assert text.count('<span class="end">人数」です。</span>') == 2
    assert "<p>English ends as it likes to, always.</p>" in text
    (page,) = staged(slide)
    assert '<span class="end">人数」です。</span></p>' in stage_html(page, "", LOOK)

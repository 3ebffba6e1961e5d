"""A slide on the screen: text is text, figures are pictures with words, one of two at a time."""

import re

from engine.report.stage import STYLE, Look, stage_html, staged
from tests.report.test_webpage import parsed

LOOK = Look(ink="#111111", paper="#ffffff", accent="#3B4CC0")


def test_figures_are_pictures_with_words(deck, lines):
    (page,) = staged(deck.slides[3])
    shown = stage_html(page, deck.footer, LOOK)
    assert deck.slides[3].title in shown and deck.footer in shown
    tags = parsed(shown).tags
    assert [attrs["alt"] for tag, attrs in tags if tag == "img"] == 2 * [lines.alt]
    classes = [attrs.get("class") for tag, attrs in tags if tag == "div"]
    assert classes[2:] == ["figure broad", "figure slim"]
    assert ".stage .slim{display:none}" in STYLE, "one of them at a time"
    assert "<svg" not in shown


def test_hostile_text_stays_text(deck):
    (page,) = staged(deck.slides[0])
    parts = parsed(stage_html(page, "<i>", LOOK))
    assert "10²⁰ <x> & “y”" in parts.text and not [t for t, _ in parts.tags if t in ("x", "i")]


def test_every_row_of_a_long_table_is_on_one_page(deck):
    (slide,) = deck.appendix
    pages = staged(slide)
    shown = [stage_html(page, "", LOOK) for page in pages]
    assert len(pages) > 2
    for name, *_ in slide.table.rows:
        assert sum(f"<td>{name}</td>" in each for each in shown) == 1
    assert all(re.search(rf"\({n}/{len(pages)}\)", text) for n, text in enumerate(shown, start=1))


def test_sliders_take_room_in_the_room_s_window_alone(deck):
    (slide,) = staged(deck.slides[1])
    assert "--live:0" in stage_html(slide, "", LOOK)

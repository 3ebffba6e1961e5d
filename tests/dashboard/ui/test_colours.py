"""The theme is readable: WCAG AA in light and dark, and the charts agree with it."""

import re
import tomllib
from pathlib import Path

import pytest

from dashboard.ui.colours import DARK, GRAPHIC, LIGHT, TEXT, contrast, palette
from engine.report import colours as paper

ROOT = Path(__file__).resolve().parents[3]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
THEMES = [("light", LIGHT), ("dark", DARK)]


def surfaces(theme):
    sidebar = theme["sidebar"]
    keys = ("backgroundColor", "secondaryBackgroundColor")
    return [theme[key] for key in keys] + [sidebar[key] for key in keys]


@pytest.mark.parametrize(("name", "colours"), THEMES)
def test_text_on_every_surface(name, colours):
    theme = CONFIG["theme"][name]
    for surface in surfaces(theme):
        assert contrast(theme["textColor"], surface) >= TEXT
        assert contrast(theme["linkColor"], surface) >= TEXT
        assert contrast(theme["primaryColor"], surface) >= GRAPHIC
        assert contrast(theme["grayTextColor"], surface) >= TEXT
    for colour in ("red", "green", "gray", "blue", "orange", "yellow"):
        text, surface = theme[f"{colour}TextColor"], theme[f"{colour}BackgroundColor"]
        assert contrast(text, surface) >= TEXT, colour


@pytest.mark.parametrize(("name", "colours"), THEMES)
def test_charts_on_the_page(name, colours):
    theme = CONFIG["theme"][name]
    assert colours.paper == theme["backgroundColor"]
    assert colours.recommendation == theme["primaryColor"]
    for text in (colours.ink, colours.quiet, colours.recommendation):
        assert contrast(text, colours.paper) >= TEXT
    for mark in (colours.rule, colours.evidence, colours.outside):
        assert contrast(mark, colours.paper) >= GRAPHIC


def test_the_page_sends_nothing_home_and_shows_no_traceback():
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"


def test_the_palette_follows_the_theme():
    assert (palette("dark"), palette("light"), palette(None)) == (DARK, LIGHT, LIGHT)


def test_paper_has_the_colours_of_the_page():
    """One identity: slides, workbook, record, web page, icon and the light theme."""
    assert (LIGHT.recommendation, LIGHT.rule) == (paper.ACCENT, paper.RULE)
    assert (LIGHT.ink, LIGHT.quiet) == (paper.INK, paper.QUIET)
    theme = CONFIG["theme"]["light"]
    assert theme["primaryColor"] == theme["chartCategoricalColors"][0] == paper.ACCENT
    assert theme["chartCategoricalColors"][1] == paper.RULE
    look = (ROOT / "engine" / "report" / "print" / "look.typ").read_text("utf-8")
    for name in ("INK", "QUIET", "ACCENT", "TINT"):
        assert f'#let {name.lower()} = rgb("{getattr(paper, name)}")' in look
    assert f'#let line-colour = rgb("{paper.LINE}")' in look
    assert paper.ACCENT in (ROOT / "dashboard" / "icon.svg").read_text("utf-8")
    literal = re.compile(r"3B4CC0|0x3B, 0x4C, 0xC0", re.IGNORECASE)
    written = {
        path.relative_to(ROOT).as_posix()
        for folder in ("engine", "dashboard")
        for path in (ROOT / folder).rglob("*.py")
        if literal.search(path.read_text("utf-8"))
    }
    # A doctest of a deck names a colour as its callers do.
    assert written == {
        "engine/report/colours.py", "engine/report/deck.py", "dashboard/ui/colours.py",
    }  # fmt: skip

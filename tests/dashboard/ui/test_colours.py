"""The theme is readable: WCAG AA in light and dark, and the charts agree with it."""

import tomllib
from pathlib import Path

import pytest

from dashboard.ui.colours import DARK, GRAPHIC, LIGHT, TEXT, contrast, palette

CONFIG = tomllib.loads(
    (Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml").read_text("utf-8")
)
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

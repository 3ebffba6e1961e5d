"""A window on a desktop as narrow as a phone, and a system that turns dark meanwhile: charts are
drawn for what the window is now, without a reload."""

import pytest
from playwright.sync_api import Page

from dashboard.ui.colours import DARK, LIGHT
from tests.browser.pages import settle, visit
from tests.browser.test_phone import CUT, OVERPRINTED

LARGEST = """() => Math.max(...[...document.querySelectorAll('.js-plotly-plot .ytick text')]
  .map(text => parseFloat(getComputedStyle(text).fontSize)))"""
INK = """() => [...document.querySelectorAll('.js-plotly-plot')].map(chart =>
  getComputedStyle(chart.querySelector('.annotation text')).fill)"""
NEXT = 60_000


@pytest.fixture
def browser_context_args(browser_context_args) -> dict[str, object]:
    return browser_context_args | {
        "viewport": {"width": 390, "height": 2600},
        "color_scheme": "light",
    }


def _rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


def test_charts_follow_the_window_and_the_theme(page: Page, dashboard):
    visit(page, dashboard.url, "roi")
    page.wait_for_function(f"({LARGEST})() <= 11", timeout=NEXT)
    settle(page)
    assert page.evaluate(CUT) == []
    assert page.evaluate(OVERPRINTED) == []
    assert _rgb(LIGHT.ink) in page.evaluate(INK)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"!({INK})().includes('{_rgb(LIGHT.ink)}')", timeout=NEXT)
    assert _rgb(DARK.ink) in page.evaluate(INK)
    page.set_viewport_size({"width": 1280, "height": 2600})
    page.wait_for_function(f"({LARGEST})() > 11", timeout=NEXT)

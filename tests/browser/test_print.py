"""Pages on A4, as the browser prints them: the message without the controls, dark on white."""

import io
import re

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.pages import reload_in, visit

HALF = 128
"""Grey value between dark and pale."""


def test_a_page_prints_its_message_on_few_sheets_and_without_its_controls(page: Page, dashboard):
    visit(page, dashboard.url, "")
    assert_printed(page)
    reload_in(page, "dark")
    assert_printed(page)


def assert_printed(page: Page) -> None:
    assert 1 <= len(PdfReader(io.BytesIO(page.pdf(format="A4"))).pages) <= 4
    page.emulate_media(media="print")
    assert_the_message_alone(page)
    assert_dark_on_white(page)
    page.emulate_media(media="screen")


def assert_the_message_alone(page: Page) -> None:
    for shown in ("h1", "[data-testid=stMetric]", ".js-plotly-plot", "[data-testid=stTable]"):
        expect(page.locator(shown).first).to_be_visible()
    for left_out in ("stSidebar", "stHeader", "stButton", "stPopover"):
        expect(page.get_by_test_id(left_out).filter(visible=True)).to_have_count(0)


def assert_dark_on_white(page: Page) -> None:
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    text = page.locator("h1").evaluate("element => getComputedStyle(element).color")
    turned = "invert(1)" in page.get_by_test_id("stApp").evaluate(
        "element => getComputedStyle(element).filter"
    )
    grey = [sum(map(int, re.findall(r"\d+", colour)[:3])) / 3 for colour in (paper, text)]
    assert grey[0] > HALF or paper == "rgba(0, 0, 0, 0)"
    assert (255 - grey[1] if turned else grey[1]) < HALF


def test_charts_fit_the_sheet(page: Page, dashboard):
    visit(page, dashboard.url, "")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch.
    for chart in page.locator(".js-plotly-plot .main-svg").all():
        box = chart.bounding_box()
        assert box is None or box["x"] + box["width"] <= 794

"""In a window of half a desktop, sidebar included, nothing is cut off;
Streamlit's own words too."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import visit
from tests.browser.test_phone import CUT, OVERPRINTED

CUT_FIGURES = """() => [...document.querySelectorAll(
    '[data-testid="stMetricValue"] *, [data-testid="stMetricLabel"] *')]
  .filter(element => element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).overflowX !== 'visible')
  .map(element => element.textContent)"""
ENGLISH = """() => [...document.querySelectorAll('button[aria-label], [placeholder]')]
  .map(element => element.getAttribute('aria-label') ?? element.placeholder)
  .filter(name => /[A-Za-z]{3,}/.test(name) && !/[\u3040-\u9fff]/.test(name))"""
"""Names of buttons and fields without a Japanese sign."""
SHOWN = """element => getComputedStyle(element, '::after').content"""


@pytest.fixture
def browser_context_args(browser_context_args) -> dict[str, object]:
    return browser_context_args | {"viewport": {"width": 1150, "height": 2600}}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", ["", "roi", "explore"], ids=["decide", "roi", "explore"])
def test_figures_and_charts_are_whole(page: Page, dashboard, name, language):
    visit(page, dashboard.url, name, language)
    assert page.evaluate(CUT_FIGURES) == []
    assert page.evaluate(CUT) == []
    assert page.evaluate(OVERPRINTED) == []


def test_the_uploader_speaks_the_pages_language(page: Page, dashboard):
    visit(page, dashboard.url, "compare", "ja")
    dropzone = page.get_by_test_id("stFileUploaderDropzone")
    expect(dropzone).to_have_count(1)
    label = dropzone.locator("> span [data-testid=stMarkdownContainer] p")
    assert label.evaluate(SHOWN) == '"ファイルを選ぶ"'
    assert label.evaluate("element => getComputedStyle(element).fontSize") == "0px"


def test_streamlits_own_buttons_are_named_in_the_pages_language(page: Page, dashboard):
    visit(page, dashboard.url, "runs", "ja")
    expect(page.get_by_label("CSVで保存").first).to_be_attached()
    expect(page.get_by_label("サイドバーを閉じる")).to_be_attached()
    assert page.evaluate(ENGLISH) == []
    page.get_by_text("English", exact=True).click()
    expect(page.get_by_label("Download as CSV").first).to_be_attached(timeout=60_000)

"""On a laptop, 1280 × 720, sidebar included: the line at the top is whole, and the board's six
figures stand in two rows."""

import pytest
from playwright.sync_api import Page

from tests.browser.pages import settle, visit

WIDTHS = (1200, 1280, 1440)
OVERPRINTED = """() => {
  const boxes = [...document.querySelectorAll(
      '[data-testid="stTopNavLink"], .st-key-welcome button')]
    .map(element => ({name: element.innerText, box: element.getBoundingClientRect()}))
    .filter(one => one.box.width > 0);
  return boxes.flatMap((one, place) => boxes.slice(place + 1).filter(other =>
    one.box.left < other.box.right - 1 && other.box.left < one.box.right - 1
    && one.box.top < other.box.bottom - 1 && other.box.top < one.box.bottom - 1
  ).map(other => [one.name, other.name]));
}"""
ROWS = """() => [...document.querySelectorAll('[data-testid="stMetric"]')].slice(0, 6)
  .map(figure => Math.round(figure.getBoundingClientRect().top))"""

UNDER_THE_ICON = """() => [...document.querySelectorAll('[data-testid="stMetricLabel"]')]
  .filter(label => {
    const words = document.createRange();
    words.selectNodeContents(label.querySelector('p'));
    const icon = label.querySelector('[data-testid="stTooltipIcon"]').getBoundingClientRect();
    return [...words.getClientRects()].some(line =>
      line.left < icon.right - 1 && icon.left < line.right - 1
      && line.top < icon.bottom - 1 && icon.top < line.bottom - 1);
  }).map(label => label.innerText)"""
"""Labels of figures with words under the icon that explains them."""


@pytest.fixture
def browser_context_args(browser_context_args) -> dict[str, object]:
    return browser_context_args | {"viewport": {"width": 1280, "height": 720}}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_top_is_whole_and_six_figures_take_two_rows(page: Page, dashboard, language):
    visit(page, dashboard.url, "", language)
    tops = page.evaluate(ROWS)
    assert len(tops) == 6
    assert len(set(tops)) == 2
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 720})
        settle(page)
        assert page.evaluate(OVERPRINTED) == []
        assert page.evaluate(UNDER_THE_ICON) == []
        assert page.get_by_test_id("stTopNavLink").count() == 8


def test_another_page_begins_at_its_top(page: Page, dashboard):
    visit(page, dashboard.url, "")
    main = page.get_by_test_id("stMain")
    main.evaluate("element => element.scrollTo(0, 900)")
    assert main.evaluate("element => element.scrollTop") > 0
    page.get_by_test_id("stTopNavLink").filter(has_text="検証").click()
    page.get_by_role("heading", level=1).filter(has_text="パイロット").wait_for(timeout=60_000)
    settle(page)
    assert main.evaluate("element => element.scrollTop") == 0


def test_the_tour_begins_on_a_first_visit_without_a_link(page: Page, dashboard):
    page.goto(dashboard.url)
    page.get_by_role("button", name="ツアーを始める").click(timeout=120_000)
    page.locator(".st-key-tour").wait_for(timeout=60_000)

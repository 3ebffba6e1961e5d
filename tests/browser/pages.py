"""All pages of the dashboard, and when one of them is complete."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from playwright.sync_api import Browser, Page, TimeoutError

PAGES = ("", "explore", "roi", "pilot", "law", "runs", "compare", "present")
"""As the address has them; the empty one is Decide."""
FIRST = 120_000
"""Milliseconds: on a fresh machine the law is fitted then, and a certificate takes its time."""


def visit(page: Page, url: str, name: str, language: str = "ja") -> None:
    """Open a page and wait until all of it is there: sentence, charts, and no script at work."""
    page.goto(f"{url}/{name}?lang={language}")
    page.locator("h1").first.wait_for(timeout=FIRST)
    settle(page)


def once(browser: Browser, context: dict[str, Any], url: str, name: str) -> Iterator[Page]:
    """A complete page for tests that only read it: to open one takes longer than to look at it."""
    with browser.new_context(**context) as opened:
        page = opened.new_page()
        visit(page, url, name)
        yield page


def reload_in(page: Page, theme: Literal["light", "dark"]) -> None:
    """The same page in a theme: what the browser has loaded once is not loaded again."""
    page.emulate_media(color_scheme=theme)
    page.reload()
    page.locator("h1").first.wait_for(timeout=FIRST)
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing is at work any more: a rerun closes a list that was just opened."""
    page.wait_for_function(_COMPLETE, timeout=FIRST, polling=300)


def choose(page: Page, box: re.Pattern[str], option: str) -> None:
    """Choose from a list, opened by keyboard: on a busy machine a click opens it and its own second
    half closes it again, and so does a rerun that ends; then it is opened once more."""
    for last in (False, False, False, True):
        settle(page)
        page.get_by_role("combobox", name=box).press("ArrowDown")
        try:
            page.get_by_role("option", name=option).click(timeout=FIRST if last else _OPENED)
            return
        except TimeoutError:
            if last:
                raise


_OPENED = 5_000
"""Milliseconds in which a list opens."""
_COMPLETE = """() => {
  const done = document.querySelector('[data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid="stSkeleton"]')
    && !/Provisional|暫定値/.test(document.body.innerText);  // figures still move then
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  const ready = done && charts.every(chart => chart.querySelector('.main-svg'));
  window.quiet = ready ? (window.quiet || 0) + 1 : 0;
  return window.quiet > 3;  // A rerun that a timer starts would be seen within a second.
}"""

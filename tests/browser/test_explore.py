"""Explore in a browser: a click on the map becomes the scenario."""

import re
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Page, expect

from tests.browser.pages import settle

FIRST = 120_000
NEXT = 60_000


def query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlparse(page.url).query).items()}


def test_a_click_on_the_map_becomes_the_scenario(page: Page, dashboard):
    page.goto(f"{dashboard.url}/explore?lang=en")
    expect(page.locator("h1")).to_contain_text("Compute helps up to", timeout=FIRST)
    figure = page.get_by_role("figure", name=re.compile("^Expected loss"))
    expect(figure.locator(".main-svg").first).to_be_visible(timeout=NEXT)
    before, asked = page.locator("h1").inner_text(), query(page)
    area = figure.locator(".nsewdrag").first
    # The map runs over whole decades: its middle is a point of the grid in some decade of both.
    box = area.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    expect(page.locator("h1")).not_to_have_text(before, timeout=NEXT)
    moved = query(page)
    assert float(moved["compute"]) < float(asked["compute"])
    assert float(moved["data"]) < float(asked["data"])
    assert moved["epsilon"] == asked["epsilon"], "the third budget is held"
    entry = page.get_by_role("textbox", name=re.compile("^Compute")).first
    expect(entry).to_have_value(moved["compute"])


def test_a_phone_shows_the_sentence_and_the_map(page: Page, dashboard):
    page.set_viewport_size({"width": 390, "height": 1500})
    page.goto(f"{dashboard.url}/explore?lang=en")
    expect(page.locator("h1")).to_contain_text("Compute helps up to", timeout=FIRST)
    expect(page.get_by_role("figure", name=re.compile("^Expected loss"))).to_be_visible(
        timeout=NEXT
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_back_undoes_a_click_and_the_link_holds_the_map(page: Page, dashboard):
    page.goto(f"{dashboard.url}/explore?lang=en&plane=compute-epsilon&shown=size")
    expect(page.locator("h1")).to_contain_text("Compute helps up to", timeout=FIRST)
    figure = page.get_by_role("figure", name=re.compile("^Best model size"))
    expect(figure.locator(".main-svg").first).to_be_visible(timeout=NEXT)
    settle(page)  # The promise is certified: figures no longer move.
    before, asked = page.locator("h1").inner_text(), query(page)
    assert (asked["plane"], asked["shown"]) == ("compute-epsilon", "size")
    box = figure.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    expect(page.locator("h1")).not_to_have_text(before, timeout=NEXT)
    page.wait_for_url(lambda url: asked["compute"] not in url, timeout=NEXT)
    settle(page)
    page.go_back()
    expect(page.locator("h1")).to_have_text(before, timeout=NEXT)
    assert query(page) == asked

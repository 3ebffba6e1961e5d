"""The tour and the glossary in a browser: by keyboard, on a phone, remembered, in nobody's way."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import settle

pytestmark = pytest.mark.browser

FIRST, NEXT = 120_000, 60_000
PAGES = ("", "explore", "roi", "pilot", "compare", "present")
OWN = "?compute=1e19&data=2e6&epsilon=2&lang=en"


@pytest.fixture
def opened(page: Page, dashboard, console_errors):
    def go(query: str = "") -> Page:
        page.goto(f"{dashboard.url}/{query}")
        settled(page)
        return page

    yield go
    # A page reloaded below the root first looks for the server under its own path, in vain.
    errors = [text for text in console_errors.messages if "status of 404" not in text]
    assert errors == []


def settled(page: Page) -> None:
    """The page is complete: its script has come to rest."""
    expect(page.locator("h1").first).to_contain_text(re.compile(r"\w"), timeout=FIRST)
    page.locator('[data-test-script-state="notRunning"]').first.wait_for(timeout=FIRST)


def card(page: Page):
    return page.locator(".st-key-tour")


def onwards(page: Page):
    return page.locator("[class*=st-key-tour-onwards] button")


TO_TRY = {
    "": '[data-testid="stMetricValue"]',
    "explore": '[data-testid="stPlotlyChart"]',
    "roi": '[data-testid="stColumn"] [data-testid="stPopoverButton"]',
    "pilot": '[data-testid="stBaseButton-primary"]',
    "compare": '[data-testid^="stBaseButton"]',
    "present": ".stage h1",
}
"""What each step of the tour asks to look at or to click."""
UNCOVERED = """selector => {
  const element = document.querySelector('[data-testid="stMain"] ' + selector);
  if (!element) return false;
  element.scrollIntoView({block: 'center'});
  const box = element.getBoundingClientRect();
  const at = Math.max(box.y + 1, Math.min(box.y + box.height / 2, innerHeight / 2));
  const hit = document.elementFromPoint(box.x + box.width / 2, at);
  const found = element.contains(hit) || hit.contains(element);
  document.querySelector('[data-testid="stMain"]').scrollTo(0, 0);
  return found;
}"""
"""Whether it is there and can be scrolled out from under the card."""


def test_by_keyboard_over_all_pages_and_back_to_ones_own(opened):
    page = opened(OWN)
    settle(page)  # The promise is certified: figures no longer move.
    mine = page.locator("h1").inner_text()
    start = page.get_by_role("button", name="Tour", exact=True)
    start.focus()
    start.press("Enter")
    for number, name in enumerate(PAGES, 1):
        expect(card(page)).to_contain_text(f"Tour {number}/6", timeout=NEXT)
        page.wait_for_url(re.compile(rf"/{name}\?.*data=2e6.*tour={number}"), timeout=NEXT)
        expect(card(page)).to_contain_text(re.compile(r"Answered: .*\d"), timeout=NEXT)
        settled(page)
        assert card(page).bounding_box()["height"] < 0.4 * 720, "the page keeps its room"
        page.wait_for_function(UNCOVERED, arg=TO_TRY[name], timeout=NEXT)
        if number == 1:
            onwards(page).focus()
        # The keyboard's place is kept from page to page.
        expect(onwards(page)).to_be_focused(timeout=NEXT)
        if number == 2:
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Enter")
            expect(card(page)).to_contain_text("Tour 1/6", timeout=NEXT)
            settled(page)
            onwards(page).press("Enter")
            expect(card(page)).to_contain_text("Tour 2/6", timeout=NEXT)
            settled(page)
            onwards(page).focus()
        page.keyboard.press("Enter")
    expect(card(page)).to_have_count(0, timeout=NEXT)
    expect(page.locator("h1")).to_have_text(mine, timeout=NEXT)
    assert "tour" not in page.url and "epsilon=2" in page.url


def test_the_navigation_takes_the_tour_along_and_a_reload_finds_it(opened):
    page = opened(OWN + "&tour=3")
    expect(card(page)).to_contain_text("Tour 3/6", timeout=NEXT)
    page.wait_for_url(re.compile("/roi"), timeout=NEXT)
    settled(page)
    page.get_by_role("link", name="Compare").click()
    expect(card(page)).to_contain_text("Tour 5/6", timeout=NEXT)
    page.wait_for_url(re.compile("/compare.*tour=5"), timeout=NEXT)
    page.reload()
    expect(card(page)).to_contain_text("Tour 5/6", timeout=FIRST)
    settled(page)
    page.get_by_role("button", name="Leave").click()
    expect(card(page)).to_have_count(0, timeout=NEXT)
    entry = page.get_by_role("textbox", name=re.compile("^Data"))
    expect(entry).to_have_value("2e6", timeout=NEXT)


def test_declined_once_it_is_not_offered_on_the_next_visit(opened):
    page = opened()
    offer = page.locator(".st-key-offer")
    expect(offer).to_be_visible(timeout=NEXT)
    page.get_by_role("button", name="今回は見ない").click()
    expect(offer).to_have_count(0, timeout=NEXT)
    page.wait_for_function("document.cookie.includes('kessai_tour=answered')", timeout=NEXT)
    opened()
    expect(page.get_by_role("button", name="ツアー", exact=True)).to_be_visible(timeout=NEXT)
    expect(offer).to_have_count(0)


def test_a_shared_link_opens_without_an_offer(opened):
    page = opened(OWN)
    expect(page.get_by_role("button", name="Tour", exact=True)).to_be_visible(timeout=NEXT)
    expect(page.locator(".st-key-offer")).to_have_count(0)


def test_a_step_that_does_not_exist_harms_nothing(opened):
    page = opened(OWN + "&tour=99")
    expect(page.get_by_role("alert")).to_contain_text("the step of the tour", timeout=NEXT)
    expect(card(page)).to_have_count(0)
    people = page.get_by_role("textbox", name=re.compile("^Data"))
    expect(people).to_have_value("2e6", timeout=NEXT)


def test_on_a_phone_the_card_leaves_room_and_folds(opened, page):
    page.set_viewport_size({"width": 390, "height": 844})
    opened("?tour=1")
    expect(card(page)).to_contain_text("ツアー 1/6", timeout=NEXT)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.wait_for_function(  # It unfolds in a moment; then it stands still.
        "document.querySelector('.st-key-tour').getBoundingClientRect().height < 0.65 * 844",
        timeout=NEXT,
    )
    page.wait_for_timeout(1_500)
    assert card(page).bounding_box()["height"] < 0.65 * 844
    expect(onwards(page)).to_be_in_viewport()
    card(page).get_by_text("ツアー 1/6").click()
    page.wait_for_function(
        "document.querySelector('.st-key-tour').getBoundingClientRect().height < 220", timeout=NEXT
    )
    expect(onwards(page)).to_be_in_viewport()


def test_the_glossary_opens_by_keyboard_finds_a_word_and_closes(opened):
    page = opened(OWN)
    button = page.get_by_role("button", name="Glossary")
    button.focus()
    button.press("Enter")
    field = page.get_by_role("textbox", name="Find a word")
    expect(field).to_be_visible(timeout=NEXT)
    field.fill("clipping")
    field.press("Enter")
    body = page.get_by_test_id("stPopoverBody")
    expect(body).not_to_contain_text("Net present value", timeout=NEXT)
    expect(body).to_contain_text("is shortened where it exceeds")
    field.fill("no such word")
    field.press("Enter")
    expect(body).to_contain_text("is not among the", timeout=NEXT)
    page.keyboard.press("Escape")
    expect(field).to_be_hidden(timeout=NEXT)


def test_a_question_mark_explains_on_hover_and_by_keyboard(opened):
    page = opened(OWN)
    loss = page.get_by_test_id("stMetric").filter(has_text=re.compile("予測損失|Expected loss"))
    mark = loss.get_by_role("button", name=re.compile("説明|Help"))
    settle(page)  # what comes late above it moves it away from under the pointer
    mark.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("Cross entropy", timeout=NEXT)
    page.mouse.move(0, 0)
    expect(page.get_by_role("tooltip")).to_have_count(0, timeout=NEXT)
    mark.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Cross entropy", timeout=NEXT)

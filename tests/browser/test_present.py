"""Present in a browser: arrow keys, a slider that does not turn the slide, a download."""

import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.pages import settle

pytestmark = pytest.mark.browser

FIRST, NEXT = 120_000, 60_000


@pytest.fixture
def present(page: Page, dashboard) -> Page:
    page.goto(f"{dashboard.url}/present?lang=en")
    expect(message(page)).to_contain_text("Shall we train", timeout=FIRST)
    # Keys count from when the page is complete: its buttons, which hear them, come last.
    page.locator('[data-test-script-state="notRunning"]').first.wait_for(timeout=FIRST)
    return page


WINDOWS = ((1280, 720), (1440, 810), (1920, 1080))
CUT = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  const found = main && main.scrollHeight > innerHeight + 1 ? ['the page is scrolled'] : [];
  for (const stage of document.querySelectorAll('.stage')) {
    const whole = stage.getBoundingClientRect(), head = stage.querySelector('h1');
    const bottom = stage.querySelector('footer').getBoundingClientRect().top;
    if (head.scrollHeight > head.clientHeight + 4) found.push('title: ' + head.innerText);
    for (const part of stage.querySelectorAll('.body *')) {
      const box = part.getBoundingClientRect();
      const over = box.bottom > bottom + 1.5 || box.right > whole.right + 1.5;
      if (box.height && (over || part.scrollWidth > part.clientWidth + 2))
        found.push(part.tagName + ': ' + head.innerText + ': ' + part.innerText.slice(0, 60));
    }
  }
  return found;
}"""
"""What of a slide lies below the fold, over its footer or beside it."""


def message(page: Page):
    return page.locator(".meeting h1")


def turn(page: Page, key: str, slide: int | str) -> None:
    """Press until it is heard: a key that meets a page being drawn is lost, as it is for people."""
    for _ in range(4):
        page.keyboard.press(key)
        try:
            page.wait_for_url(re.compile(rf"slide={slide}\b"), timeout=15_000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{key} did not turn to slide {slide}")


def test_arrow_keys_turn_the_slides(present):
    turn(present, "ArrowRight", 2)
    expect(present.locator(".stage .tiles")).to_be_visible(timeout=NEXT)
    turn(present, "ArrowRight", 3)
    expect(message(present)).to_contain_text("go through", timeout=NEXT)
    turn(present, "ArrowLeft", 2)
    expect(present.locator(".stage .tiles")).to_be_visible(timeout=NEXT)


def test_notes_and_menus_leave_the_arrow_keys_to_the_slides(present):
    for button in ("Notes", "Hide notes", "Export"):
        present.get_by_role("button", name=button, exact=False).first.click()
        present.keyboard.press("Escape")
        present.wait_for_timeout(500)
    turn(present, "ArrowRight", 2)


def test_notes_stand_beside_the_whole_slide(present):
    present.goto(f"{present.url}&slide=2")
    expect(message(present)).to_be_visible(timeout=NEXT)
    settle(present)
    present.get_by_role("button", name="Notes").click()
    notes = present.locator(".st-key-slide-notes")
    expect(notes).to_be_in_viewport(ratio=1, timeout=NEXT)
    assert present.evaluate(CUT) == []
    bottom = present.locator(".stage").evaluate("e => e.getBoundingClientRect().bottom")
    assert bottom <= notes.bounding_box()["y"] + 1


def test_a_slider_moved_by_pointer_gives_the_arrow_keys_back(present):
    present.goto(f"{present.url}&slide=5")
    expect(message(present)).to_contain_text("bind now", timeout=NEXT)
    settle(present)
    thumb = present.get_by_role("slider", name="Data (people)").bounding_box()
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    present.mouse.move(x, y)
    present.mouse.down()
    present.mouse.move(x + 40, y, steps=4)
    present.mouse.up()
    present.wait_for_url(re.compile("data=(?!1e7)"), timeout=NEXT)
    moved = parse_qs(urlsplit(present.url).query)["data"]
    turn(present, "ArrowRight", 6)
    assert parse_qs(urlsplit(present.url).query)["data"] == moved


def test_who_comes_from_another_page_finds_the_slide_whole(page: Page, dashboard):
    page.goto(f"{dashboard.url}/?compute=1e20&data=3e6&lang=en")
    expect(page.locator("h1").first).to_contain_text(re.compile(r"\w"), timeout=FIRST)
    settle(page)
    page.get_by_test_id("stTopNavLink").filter(has_text="Present").click()
    expect(message(page)).to_be_visible(timeout=NEXT)
    expect(page.get_by_test_id("stSidebar")).not_to_be_visible()
    right = page.locator(".stage").evaluate("e => e.getBoundingClientRect().right")
    assert right <= page.evaluate("innerWidth")


def test_turning_in_a_hurry_moves_no_budget(present):
    """Slides with sliders are passed while runs of the page overtake each other."""
    budgets = "compute=3.8e20&data=1e7&epsilon=4"
    for key in ("Right", "Right", "Left", "Right", "Left", "Left", "Right", "Right"):
        present.keyboard.press(f"Arrow{key}")
        present.wait_for_timeout(200)
    present.wait_for_timeout(3_000)
    turn(present, "ArrowRight", r"\d+")  # all eight may have met a page being drawn
    assert budgets in present.url
    expect(message(present)).to_be_visible(timeout=NEXT)


def test_a_slider_on_the_slide_changes_the_figures_and_turns_nothing(present):
    present.goto(f"{present.url}&slide=5")
    expect(message(present)).to_contain_text("bind now", timeout=NEXT)
    settle(present)
    before = message(present).inner_text()
    handle = present.get_by_role("slider", name="Data (people)")
    handle.focus()
    for _ in range(6):
        handle.press("ArrowLeft")
    expect(message(present)).not_to_have_text(before, timeout=NEXT)
    assert "slide=5" in present.url


def test_type_is_large_and_there_is_no_sidebar(present):
    size = message(present).evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    text = present.locator(".meeting p").first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert size >= 40 and text >= 32, "24 points are 32 pixels"
    expect(present.get_by_test_id("stSidebar")).to_have_count(0)


def test_slides_are_downloaded_once_certified(present, tmp_path):
    present.get_by_role("button", name="Exports").click()
    download = present.get_by_role("button", name="Slides (PowerPoint)")
    expect(download).to_be_enabled(timeout=FIRST)
    with present.expect_download(timeout=NEXT) as started:
        download.click()
    path = tmp_path / "deck.pptx"
    started.value.save_as(path)
    with zipfile.ZipFile(path) as file:
        assert any(name.startswith("ppt/charts/chart") for name in file.namelist())


def test_slides_fit_every_window_without_scrolling(present):
    """With sliders under it, with tiles, with a table of many rows."""
    first = present.url
    for slide in (2, 4, 16):
        present.goto(f"{first}&slide={slide}")
        expect(message(present)).to_be_visible(timeout=NEXT)
        settle(present)
        for width, height in WINDOWS:
            present.set_viewport_size({"width": width, "height": height})
            present.wait_for_timeout(400)
            assert present.evaluate(CUT) == [], (slide, width, height)


def test_a_second_window_turns_the_first_and_the_other_way_round(present):
    with present.context.expect_page() as opened:
        present.get_by_role("link", name="Presenter view").click()
    own = opened.value
    expect(own.locator(".clock")).to_be_visible(timeout=FIRST)
    expect(own.locator(".notes")).to_contain_text("Thank you for your time", timeout=NEXT)
    expect(own.locator(".stage.next .tiles")).to_be_attached(timeout=NEXT)
    own.get_by_role("button", name="Next").click()
    present.wait_for_url(re.compile(r"slide=2\b"), timeout=NEXT)
    expect(present.locator(".stage .tiles")).to_be_visible(timeout=NEXT)
    turn(present, "ArrowRight", 3)
    expect(own.locator(".stage.here h1")).to_contain_text("go through", timeout=NEXT)
    assert "meeting=" in own.url and "meeting=" not in present.url

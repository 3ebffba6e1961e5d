"""Present in a browser: arrow keys, a slider that does not turn the slide, a download."""

import re
import zipfile

import pytest
from playwright.sync_api import Page, TimeoutError, expect

pytestmark = pytest.mark.browser

FIRST, NEXT = 120_000, 60_000


@pytest.fixture
def present(page: Page, dashboard) -> Page:
    page.goto(f"{dashboard.url}/present?lang=en")
    expect(message(page)).to_contain_text("Shall we train", timeout=FIRST)
    # Keys count from when the page is complete: its buttons, which hear them, come last.
    page.locator('[data-test-script-state="notRunning"]').first.wait_for(timeout=FIRST)
    return page


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
    expect(message(present)).to_contain_text("-parameter model", timeout=NEXT)
    turn(present, "ArrowRight", 3)
    expect(present.get_by_role("img", name=re.compile("^Fall in loss"))).to_be_visible(timeout=NEXT)
    turn(present, "ArrowLeft", 2)
    expect(message(present)).to_contain_text("-parameter model", timeout=NEXT)


def test_notes_and_menus_leave_the_arrow_keys_to_the_slides(present):
    for button in ("Notes", "Hide notes", "Export"):
        present.get_by_role("button", name=button, exact=False).first.click()
        present.keyboard.press("Escape")
        present.wait_for_timeout(500)
    turn(present, "ArrowRight", 2)


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
    turn(present, "ArrowRight", 2)
    turn(present, "ArrowRight", 3)
    before = message(present).inner_text()
    handle = present.get_by_role("slider", name="Data (people)")
    handle.focus()
    for _ in range(6):
        handle.press("ArrowLeft")
    expect(message(present)).not_to_have_text(before, timeout=NEXT)
    assert "slide=3" in present.url


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

"""The ROI page in a browser: two clicks to the inputs, an edit that counts, one that is refused."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

TABLE = '[data-testid="stDataFrame"]'
ROW, HEAD, VALUE = 37, 38, 330
"""Pixels of the editor's grid, which is drawn on a canvas."""


@pytest.fixture
def roi(page: Page, dashboard) -> Page:
    page.set_viewport_size({"width": 1440, "height": 3200})
    page.goto(f"{dashboard.url}/roi?lang=en")
    page.wait_for_selector(TABLE, timeout=90_000)
    page.wait_for_timeout(1_500)  # The grid settles after its fonts.
    return page


def _edit(page: Page, row: int, text: str, *, until: Callable[[float], None]) -> None:
    """Type into the value column of a row, again if the grid was not yet listening."""
    for attempt in range(3):
        page.locator(TABLE).last.scroll_into_view_if_needed()
        box = page.locator(TABLE).last.bounding_box()
        at = (box["x"] + VALUE, box["y"] + HEAD + ROW * row + ROW / 2)
        for _ in range(2):  # The first click only wakes the grid.
            page.mouse.click(*at)
            page.wait_for_timeout(700)
        page.keyboard.type(text)  # The cell opens at the first key.
        page.keyboard.press("Enter")
        try:
            until(10_000)
            return
        except AssertionError:
            if attempt == 2:
                raise


def test_two_clicks_lead_from_the_npv_to_its_inputs(roi):
    roi.get_by_role("button", name="Where from").first.click()
    roi.get_by_text(re.compile("^Team: ")).click()
    inputs = roi.get_by_text("Cost of a person-month").filter(visible=True)
    expect(inputs).to_have_count(1)


def test_an_edit_changes_the_answer_and_a_wrong_one_is_refused(roi):
    before = roi.locator("h1").inner_text()
    refusal = roi.get_by_text("between 0 % and 100 %, got 300 %")
    _edit(roi, 1, "3.0", until=lambda ms: expect(refusal).to_be_visible(timeout=ms))
    assert roi.locator("h1").inner_text() == before
    headline = roi.locator("h1")
    _edit(roi, 1, "0.3", until=lambda ms: expect(headline).not_to_have_text(before, timeout=ms))
    expect(roi.get_by_text("got 300 %")).to_have_count(0)

"""The ROI page in a browser: two clicks to the inputs, a table that counts, one that is refused."""

import re

import pytest
from playwright.sync_api import ElementHandle, Page, expect

from engine.roi.assumption_files import to_csv
from engine.roi.defaults import DEFAULT_ASSUMPTIONS

TABLE = '[data-testid="stDataFrame"]'


@pytest.fixture
def roi(page: Page, dashboard) -> Page:
    page.set_viewport_size({"width": 1440, "height": 3200})
    page.goto(f"{dashboard.url}/roi?lang=en")
    page.wait_for_selector(TABLE, timeout=90_000)
    page.wait_for_timeout(1_500)  # The grid settles after its fonts.
    return page


def _load(uploader: ElementHandle, adoption: str) -> None:
    """Upload the default table with another adoption. (The grid itself is drawn on a canvas, where
    only pixels can be clicked; what an edit does is tested with AppTest.)"""
    rows = to_csv(DEFAULT_ASSUMPTIONS).splitlines(keepends=True)
    changed = [_with_value(row, adoption) if row.startswith("adoption,") else row for row in rows]
    table = "".join(changed).encode()
    uploader.set_input_files({"name": "table.csv", "mimeType": "text/csv", "buffer": table})


def _with_value(row: str, value: str) -> str:
    name, _, rest = row.split(",", 2)
    return f"{name},{value},{rest}"


def test_two_clicks_lead_from_the_npv_to_its_inputs(roi):
    roi.get_by_role("button", name="Where from").first.click()
    roi.get_by_text(re.compile("^Team: ")).click()
    inputs = roi.get_by_text("Cost of a person-month").filter(visible=True)
    expect(inputs).to_have_count(1)


def test_a_loaded_table_changes_the_answer_and_a_wrong_one_is_refused(roi):
    before = roi.locator("h1").inner_text()
    # One node for both files: drawn anew by the refusal, it would lose a file chosen meanwhile.
    uploader = roi.locator('input[type="file"]').element_handle()
    _load(uploader, "3.0")
    expect(roi.get_by_text("between 0 % and 100 %, got 300 %")).to_be_visible(timeout=60_000)
    assert roi.locator("h1").inner_text() == before
    _load(uploader, "0.45")
    expect(roi.locator("h1")).not_to_have_text(before, timeout=60_000)

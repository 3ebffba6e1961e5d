"""The catalogue in a browser: two runs are compared, a point leads to its run, and one is deleted
and comes back."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.log import RunLog
from tests.browser.pages import settle
from tests.browser.server import Dashboard

CURVES = "run,N,batch_size,seq_len,step,loss\n" + "".join(
    f"{run},{size},8,16,{step},{5 - step / 400}\n"
    for run, size in (("first", 10**7), ("second", 10**8))
    for step in (100, 200)
)
ROW = 35
"""Pixels of a row, the head's too."""


@pytest.fixture(scope="module")
def dashboard(own_dashboard: Dashboard) -> Dashboard:
    """Its runs move laws, and are no other test's."""
    return own_dashboard


def test_runs_are_compared_deleted_and_brought_back(page: Page, dashboard, tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(CURVES)
    now = datetime.now(UTC)
    with RunLog(dashboard.data) as log:
        store(log, import_file(path, log, Asked(family="catalogue"), created_at=now))
        page.goto(f"{dashboard.url}/runs?lang=en")
        text = page.get_by_role("textbox", name="Text", exact=True)
        text.fill("catalogue.csv")
        text.press("Enter")
        expect(page.get_by_text(re.compile("^2 of "))).to_be_visible(timeout=120_000)
        settle(page)
        for row, size in ((1, "10,000,000"), (2, "100,000,000")):
            _choose(page, row)
            expect(page.get_by_role("cell", name=size, exact=True)).to_be_visible(timeout=60_000)
        expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(2)
        settle(page)
        point = page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".point").nth(1)
        point.scroll_into_view_if_needed()
        box = point.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        opened = page.get_by_role("dialog")
        expect(opened.get_by_role("heading", name="second")).to_be_visible(timeout=60_000)
        expect(opened.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(1)
        opened.get_by_role("button", name="Close").click()
        expect(opened).to_have_count(0)
        _choose(page, 1)
        gone = page.get_by_role("cell", name="10,000,000", exact=True)
        expect(gone).to_have_count(0, timeout=60_000)
        page.get_by_role("button", name="Delete …").click()
        reason = page.get_by_role("textbox", name="Reason")
        reason.fill("mislabelled")
        reason.press("Tab")
        page.get_by_role("button", name="Yes, delete").click()
        expect(page.get_by_text(re.compile("^1 of "))).to_be_visible(timeout=60_000)
        assert len(log.records("catalogue")) == 1
        page.get_by_text("1 deleted run").click()
        settle(page)
        _choose(page, 1, table=1)
        expect(page.get_by_role("button", name="Bring back")).to_be_enabled(timeout=60_000)
        page.get_by_role("button", name="Bring back").click()
        expect(page.get_by_text(re.compile("^2 of "))).to_be_visible(timeout=60_000)
        assert len(log.records("catalogue")) == 2


def _choose(page: Page, row: int, table: int = 0) -> None:
    """Click the mark in front of a row: a canvas has no elements."""
    frame = page.get_by_test_id("stDataFrame").nth(table)
    frame.scroll_into_view_if_needed()
    frame.click(position={"x": 15, "y": ROW * row + ROW / 2})

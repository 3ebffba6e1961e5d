"""The Pilot page in a browser, from the plan to the refit, with a stand-in for the runner.

The stand-in holds the pilot's lock, so that the page's start finds it alive and starts no process.
"""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from engine.pilot.running.folder import Request, folder_of
from engine.pilot.running.status import State, Status, write_status
from engine.runs.log import RunLog
from tests.browser.server import Dashboard
from tests.dashboard import made_pilots as made

pytestmark = pytest.mark.browser

FIRST, NEXT = 120_000, 60_000
"""Milliseconds: the first for a fit and certificates."""


class StandIn:
    """What a runner does to its folder."""

    def __init__(self, plan_id: str) -> None:
        self.folder = folder_of(plan_id)
        self.lock = self.folder.take_lock()
        assert self.lock is not None

    def says(self, state: State, share: float = 0.41) -> None:
        plan = self.folder.plan()
        told = made.status(plan, state, share=share, now=time.time())
        write_status(self.folder.status_file, told)

    def wakes(self) -> None:
        """Before the page registers the plan there is only a sign of life."""
        write_status(self.folder.status_file, Status(state=State.QUEUED, heartbeat=time.time()))

    def ends(self, state: State, share: float = 0.41) -> None:
        self.says(state, share)
        if self.lock is not None:
            self.lock.release()
            self.lock = None


@pytest.fixture(scope="module")
def dashboard(own_dashboard: Dashboard) -> Dashboard:
    """Its runs move laws, and are no other test's."""
    return own_dashboard


@pytest.fixture
def ready(dashboard, monkeypatch):
    """A sweep in the dashboard's run log."""
    monkeypatch.setenv("KESSAI_PILOTS", str(dashboard.data.parent / "pilots"))
    RunLog.open(dashboard.data).append(made.sweep())


def heading(page: Page):
    return page.locator("h1").first


def test_from_the_plan_to_the_refit(page: Page, dashboard, ready, console_errors):
    page.goto(f"{dashboard.url}/pilot?lang=en")
    expect(heading(page)).to_contain_text("A pilot of about 3 minutes", timeout=FIRST)
    expect(page.get_by_role("button", name="Prepare")).to_be_visible(timeout=FIRST)
    made.store_prepared()  # by the source as it is now: the page must read it soon
    page.reload()
    start = page.get_by_role("button", name=re.compile("Start the pilot: .* minutes, ¥"))
    expect(start).to_be_visible(timeout=FIRST)
    plan_id = page.get_by_role("cell", name=re.compile("^[0-9a-f]{16}$")).first.inner_text().strip()
    runner = StandIn(plan_id)
    runner.wakes()
    start.dblclick()
    expect(heading(page)).to_have_text("The pilot is starting.", timeout=NEXT)
    expect(page).to_have_url(re.compile(f"pilot={plan_id}"), timeout=NEXT)
    runner.says(State.TRAINING)
    expect(heading(page)).to_contain_text("Training: 41% done", timeout=NEXT)
    page.goto(f"{dashboard.url}/pilot?lang=en")  # closed and opened again: it is found
    expect(heading(page)).to_contain_text("Training: 41% done", timeout=NEXT)
    runner.says(State.TRAINING, 0.8)
    expect(heading(page)).to_contain_text("Training: 80% done", timeout=NEXT)
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Pausing after the step under way")).to_be_visible(timeout=NEXT)
    assert runner.folder.asked() is Request.PAUSE
    runner.ends(State.PAUSED, 0.8)
    expect(heading(page)).to_contain_text("Paused at 80%", timeout=NEXT)
    for result in made.results(runner.folder.plan()):
        runner.folder.store_result(result.arm, result.repeat, result.to_json())
    runner.ends(State.FINISHED, 1.0)
    page.reload()
    expect(heading(page)).to_contain_text(re.compile("measured, .* predicted"), timeout=NEXT)
    chart = page.get_by_role("figure", name=re.compile("Held-out loss by compute"))
    expect(chart.first).to_be_visible(timeout=NEXT)
    page.get_by_role("button", name="Refit the law with these runs").click()
    expect(page.get_by_text("Of the configuration that was trained")).to_be_visible(timeout=FIRST)
    missing = [text for text in console_errors.messages if "404" not in text]
    assert missing == []

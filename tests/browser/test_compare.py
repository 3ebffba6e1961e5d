"""Compare in a browser: save a scenario, move away from it, and read what
explains the difference."""

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.pages import choose, settle

FIRST = 120_000
NEXT = 60_000


def test_a_saved_scenario_is_compared_exported_and_opened(page: Page, dashboard):
    page.goto(f"{dashboard.url}/compare?lang=en")
    expect(page.locator("h1")).to_contain_text("Example: ten times the people", timeout=FIRST)
    page.get_by_role("textbox", name="Name of the scenario").fill("Base case")
    page.get_by_role("textbox", name=re.compile("^Your name")).fill("Sato")
    page.get_by_role("textbox", name=re.compile("^Your name")).press("Tab")
    page.get_by_role("button", name="Save this scenario").click()
    expect(page.get_by_role("button", name="Export")).to_be_visible(timeout=NEXT)
    (file,) = (dashboard.data.parent / "scenarios").glob("*.json")
    assert json.loads(file.read_text())["history"][0]["who"] == "Sato"
    with page.expect_download(timeout=NEXT) as download:
        page.get_by_role("button", name="Export").click()
    assert download.value.path().read_text() == file.read_text()

    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("as it stands, by Sato")).to_be_visible(timeout=NEXT)
    expect(page.get_by_text("Nothing has changed since then")).to_be_visible(timeout=NEXT)
    settle(page)
    # The browser keeps the name that it drew of what is chosen, until it is told a new one.
    chosen = page.get_by_role("combobox", name=re.compile("^Saved|Saved$"))
    expect(chosen).to_have_value("Base case · Proposed", timeout=NEXT)
    choose(page, re.compile("^Compare this scenario with"), "Base case · Proposed")
    page.keyboard.press("Escape")
    as_it_stands = page.get_by_text("“Base case” is this scenario as it stands")
    expect(as_it_stands).to_be_visible(timeout=NEXT)
    expect(page.locator("h1")).to_contain_text("Example: ten times the people", timeout=NEXT)
    entry = page.get_by_role("textbox", name=re.compile("^Privacy ε"))
    entry.fill("1")
    entry.press("Enter")
    expect(page.locator("h1")).to_contain_text(
        re.compile("“Base case”.* explains most of the difference is ε"), timeout=NEXT
    )
    expect(as_it_stands).to_have_count(0)
    opening = page.get_by_test_id("stBaseButton-secondary").filter(has_text="Open")
    expect(opening).to_have_count(1, timeout=NEXT)
    opening.click()
    expect(entry).to_have_value("4", timeout=NEXT)
    expect(as_it_stands).to_be_visible(timeout=NEXT)

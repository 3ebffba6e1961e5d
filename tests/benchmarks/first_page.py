"""From a start to a visitor's first page: ``python -m tests.benchmarks.first_page``.

Twice with Chromium: on a new machine, where nothing is on disk and the laws are fitted, then with
what that start has left. A line each, in seconds: from the start of the process until the server
answers, and of processor time by then; from the browser's request until the verdict can be read,
and until the page is whole, with its certificate and three looks in a second that find nothing at
work. What else the machine does counts, except in processor time.
"""

import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.benchmarks.load import processor_seconds
from tests.browser.pages import FIRST, settle
from tests.browser.server import (
    CHROMIUM_ARGUMENTS,
    NO_CHROMIUM,
    find_chromium,
    running_dashboard,
)


def main() -> None:
    """Print the two lines."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(NO_CHROMIUM)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        for disk in ("new machine", "laws on disk"):
            found = {name: round(seconds, 2) for name, seconds in _measured(Path(folder), browser)}
            print(json.dumps({"start": disk} | found), flush=True)
        browser.close()


def _measured(folder: Path, browser: Browser) -> Iterator[tuple[str, float]]:
    begun = time.monotonic()
    with running_dashboard(folder, {"KESSAI_CACHE": str(folder / "cache")}) as dashboard:
        yield "answers_after", time.monotonic() - begun
        yield "processor_seconds", processor_seconds([dashboard])
        with browser.new_context() as context:
            page = context.new_page()
            asked = time.monotonic()
            page.goto(dashboard.url)
            expect(page.locator("h1").first).to_contain_text(re.compile(r"\w"), timeout=FIRST)
            yield "verdict_after", time.monotonic() - asked
            settle(page)
            yield "whole_page_after", time.monotonic() - asked


if __name__ == "__main__":
    main()

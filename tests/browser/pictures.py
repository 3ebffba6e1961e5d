"""Take the pictures of the README: ``python -m tests.browser.pictures``.

Starts a dashboard with an empty data folder, opens the Decide page in English in Chromium, waits
until the charts are drawn and the guarantee is certified, and writes one PNG for each colour scheme
to ``docs/images/``. Run it again after a change to the page. Nothing is written if a picture is
larger than :data:`LARGEST_PICTURE`.

Needs the packages of ``tests/requirements.txt``, Chromium, and a Japanese font for the page's logo
and the language switch (on Debian: ``apt-get install chromium fonts-noto-cjk``).
"""

import sys
import tempfile
from pathlib import Path
from typing import Literal, get_args

from playwright.sync_api import Browser, sync_playwright

from tests.browser.pages import FIRST, settle, visit
from tests.browser.server import (
    CHROMIUM_ARGUMENTS,
    NO_CHROMIUM,
    ROOT,
    find_chromium,
    running_dashboard,
)

ColourScheme = Literal["light", "dark"]

FOLDER = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1800, 1125
"""Pixels: 16 to 10, large enough for the sentence, the figures and both charts."""
LARGEST_PICTURE = 300_000
"""Bytes of one PNG."""


def picture_file(scheme: ColourScheme, folder: Path = FOLDER) -> Path:
    """Where the picture in ``scheme`` lies."""
    return folder / f"decide-{scheme}.png"


def take(browser: Browser, url: str, scheme: ColourScheme) -> bytes:
    """The Decide page of the dashboard at ``url`` as a PNG."""
    with browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme=scheme,
        locale="en-US",
        timezone_id="Asia/Tokyo",
    ) as context:
        page = context.new_page()
        visit(page, url, "", language="en")
        page.get_by_role("button", name="No, thank you").click()
        settle(page)
        page.get_by_text("Certified: ε ≤").first.wait_for(timeout=FIRST)
        return page.screenshot(animations="disabled")


def main() -> int:
    """Take and write all pictures; returns the exit code."""
    chromium = find_chromium()
    if chromium is None:
        print(NO_CHROMIUM, file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dashboard(Path(folder)) as dashboard,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        taken = {scheme: take(browser, dashboard.url, scheme) for scheme in get_args(ColourScheme)}
        browser.close()
    for scheme, png in taken.items():
        if len(png) > LARGEST_PICTURE:
            print(f"{scheme}: {len(png):,} bytes, expected at most {LARGEST_PICTURE:,}.")
            return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for scheme, png in taken.items():
        picture_file(scheme).write_bytes(png)
        print(f"{picture_file(scheme).relative_to(ROOT)}: {len(png):,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What several tests need: workers that share fits, hypothesis on slow machines, and a browser on a
running dashboard.

Tests run in as many workers as there are cores, four at most (``-n 0``: in this process, for a
debugger). Browser tests are skipped, with the reason, where there is no Chromium; with
KESSAI_REQUIRE_BROWSER set to 1, as in CI, they fail instead.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from engine import decision_log
from engine.decision import fitted as fitted_module
from engine.decision.fitted import PUBLISHED_BERT, FittedEvidence, fitted_evidence
from engine.durable import CACHE_VARIABLE
from engine.runs.log import data_folder
from tests.browser.server import (
    CHROMIUM_ARGUMENTS,
    NO_CHROMIUM,
    Dashboard,
    find_chromium,
    running_dashboard,
)
from tests.mutation.trial import FITS_VARIABLE
from tests.security.sockets import guarded

ROOT = Path(__file__).resolve().parents[1]
REQUIRE_BROWSER = "KESSAI_REQUIRE_BROWSER"
PATIENCE = 30_000
"""Milliseconds that the browser is given where a test names none."""
VIEWPORT = {"width": 1440, "height": 2200}
"""Tall, because a picture of the page holds only what the viewport does."""

# A shared machine stalls now and then: time is no property of the code under test here.
settings.register_profile(
    "kessai", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("kessai")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Benchmarks measure: nothing may run beside them."""
    if config.option.benchmark_enable or config.option.benchmark_only:
        config.option.numprocesses = 0


def pytest_configure(config: pytest.Config) -> None:
    """Give all workers one folder of fits, and each of them one core.

    Workers inherit the environment of the process that starts them, which is the one that gets here
    without a ``workerinput``.
    """
    if hasattr(config, "workerinput"):
        return
    folder = tempfile.TemporaryDirectory(prefix="kessai-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ[CACHE_VARIABLE] = os.environ.get(FITS_VARIABLE, folder.name)
    os.environ[decision_log.VARIABLE] = str(Path(folder.name) / "log")
    if config.getoption("numprocesses", default=None):
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(variable, "1")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was tried at random, with its seed, and how much of it failed: in every run."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    said = [text for one in reports for name, text in one.user_properties if name == "tried"]
    if said:
        terminalreporter.section("tried at random")
        for text in sorted(said):
            terminalreporter.write_line(text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything under tests/browser is a browser test, marked or not."""
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def fitted() -> FittedEvidence:
    """The law of the published evidence, fitted once for all tests and workers."""
    return fitted_evidence(PUBLISHED_BERT)


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit installs each script it runs as ``__main__``, and a spawned
    process runs that again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def own_run_log() -> Iterator[None]:
    """A process opens its run log once: one in a test's own folder is no other test's."""
    yield
    if fitted_module.run_log.cache_info().currsize and (
        fitted_module.run_log().folder != data_folder()
    ):
        fitted_module.run_log.cache_clear()


@dataclass
class ConsoleErrors:
    """What the page's console called an error, and exceptions that nothing caught."""

    messages: list[str] = field(default_factory=list)


def without_browser(reason: str) -> NoReturn:
    """Skip, or fail where a browser is required."""
    if os.environ.get(REQUIRE_BROWSER) == "1":
        pytest.fail(f"{reason} ({REQUIRE_BROWSER}=1 makes this a failure)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    try:
        from playwright.sync_api import expect
    except ImportError:
        without_browser("Playwright is not installed: pip install -r tests/requirements.txt")
    expect.set_options(timeout=PATIENCE)
    path = find_chromium()
    if path is None:
        without_browser(NO_CHROMIUM)
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: str) -> dict[str, object]:
    """pytest-playwright's launch options: the system's browser, which calls nobody by itself."""
    return {"executable_path": chromium, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, object]:
    return {"viewport": VIEWPORT, "locale": "ja-JP", "timezone_id": "Asia/Tokyo"}


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard on a free port with an empty data folder, for all tests of the session that
    store no run: a run moves laws, and with them what other tests are shown. Those that store some
    take :func:`own_dashboard` in its place.

    It runs under the guard of sockets: whatever the tests made it do reached nobody outside.
    """
    with _guarded_dashboard(tmp_path_factory.mktemp("dashboard")) as running:
        yield running
        stored = [path.name for path in running.data.rglob("*.parquet")]
    assert stored == [], "a test that stores runs takes own_dashboard as its dashboard"


@pytest.fixture(scope="module")
def own_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard whose runs the tests of one module alone see."""
    with _guarded_dashboard(tmp_path_factory.mktemp("own-dashboard")) as running:
        yield running


@contextmanager
def _guarded_dashboard(folder: Path) -> Iterator[Dashboard]:
    environment, attempts = guarded(folder)
    with running_dashboard(folder, environment) as running:
        yield running
    assert attempts.read_text() == ""


@pytest.fixture
def console_errors(page) -> ConsoleErrors:
    """Errors of this test's page from here on: assert that there are none."""
    errors = ConsoleErrors()

    def listen(message) -> None:
        if message.type == "error":
            errors.messages.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: errors.messages.append(str(error)))
    return errors

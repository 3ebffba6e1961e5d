"""A dashboard in a process of its own on a free port, and the browser that opens it.

Used by the browser tests and by :mod:`tests.browser.pictures`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
"""The system's browser, which calls nobody by itself."""
NO_CHROMIUM = "No Chromium on the PATH: on Debian, apt-get install chromium"
START_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A running dashboard."""

    url: str
    data: Path
    """Folder of its run log."""
    log: Path
    """What it printed."""


def find_chromium() -> str | None:
    """Path of the system's Chromium; None if there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def running_dashboard(
    folder: Path, environment: Mapping[str, str] | None = None, *, checkout: Path = ROOT
) -> Iterator[Dashboard]:
    """Start a dashboard whose runs go to ``folder``, wait until it answers, and end it afterwards.

    ``environment`` is added to that of this process; ``checkout`` is whose dashboard it is.

    Raises :class:`RuntimeError`, with what the process printed, if it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    command += ["--server.port", str(port)]
    command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    running = Dashboard(
        url=f"http://127.0.0.1:{port}", data=folder / "runs", log=folder / "dashboard.log"
    )
    with running.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env=os.environ | {"KESSAI_DATA": str(running.data)} | dict(environment or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that its children end with it
        )
    try:
        _wait_until_healthy(process, running)
        yield running
    finally:
        _end_group(process)


def _wait_until_healthy(process: subprocess.Popen[bytes], running: Dashboard) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            # The path matters: any other answers 200 with the page, ready or not.
            with urllib.request.urlopen(f"{running.url}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    said = running.log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"The dashboard did not start in {START_SECONDS} s:\n{said}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for kind, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, kind)
            process.wait(timeout=patience)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=5)

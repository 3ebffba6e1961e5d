"""What the first visitor would otherwise wait for, made before the server answers anybody.

Laws are fitted or read, and the question that a visitor without a link asks is answered, with its
certificate under way. What cannot be made is said by the page that needs it, not here: the server
starts all the same. What killed processes left is removed.
"""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from streamlit.starlette import App

from dashboard.answers import decision_cache, pilot_cache, run_cache
from dashboard.state import link, scenario
from dashboard.ui.drawing import Drawing
from engine.api.runs import remove_leftovers
from engine.errors import InputError

_LANGUAGE = "ja"
"""Of no matter: no answer depends on it."""


@asynccontextmanager
async def before_serving(_app: App) -> AsyncIterator[None]:
    """Warm up, then let the server begin; the terminal is told what it waits for, and how long it
    took."""
    begun = time.monotonic()
    _say("  Preparing the law ... ")
    # A thread of its own: what fails in it is printed and stops nobody.
    worker = threading.Thread(target=prepare, name="warm-up", daemon=True)
    worker.start()
    await asyncio.to_thread(worker.join)
    _say(f"ready in {time.monotonic() - begun:.0f} s\n")
    yield


def _say(text: str) -> None:
    """Tell the terminal, in signs that any has; nobody needs to listen."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text)
        sys.stdout.flush()


def prepare() -> None:
    """Ask what Decide asks for a visitor without a link, so that the answers are kept."""
    remove_leftovers()
    asked = scenario.asked(link.defaults(), _LANGUAGE).question
    Drawing().unchecked()
    with suppress(InputError):
        run_cache.listed(run_cache.catalogue_version())
    with suppress(InputError):
        decision_cache.certificates().ask(decision_cache.request(asked))
        answer = decision_cache.answer(asked)
        pilot_cache.pilot_effect(answer)
    with suppress(InputError):
        decision_cache.starts(asked)
    with suppress(InputError):
        decision_cache.more_learning(asked)

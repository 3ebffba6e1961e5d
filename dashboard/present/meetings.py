"""Presentations that several windows of this server share: the room and the presenter see the same
slide of the same scenario.

A presentation is known by a token that nobody guesses: who has the presenter's link may turn its
slides. It is held in this process alone, and gone when the server starts anew or nothing was turned
for half a day.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

_BYTES = 24
"""Of a token: 192 bits, 32 characters."""
MOST, LONGEST = 200, 12 * 3600.0
"""Presentations that are held at once, and seconds for which one is held untouched."""


def new_token() -> str:
    """A name for a presentation to be shared."""
    return secrets.token_urlsafe(_BYTES)


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """What is on show: the fields of a link with what the cover says, and how often it changed.
    ``began`` and ``touched``: seconds of the clock."""

    content: Mapping[str, str]
    version: int
    began: float
    touched: float


class Meetings:
    """All that are under way; the functions may be called from any session."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, Meeting] = {}
        self._lock = threading.Lock()

    def begin(self, token: str, content: Mapping[str, str]) -> Meeting:
        """Share under ``token``; one that is shared already goes on as it is."""
        with self._lock:
            now = self._clock()
            self._drop(now)
            if token not in self._held:
                while len(self._held) >= MOST:
                    del self._held[min(self._held, key=lambda each: self._held[each].touched)]
                self._held[token] = Meeting(
                    content=dict(content), version=1, began=now, touched=now
                )
            return self._held[token]

    def known(self, token: str) -> Meeting | None:
        """What is shared under ``token``; None: nothing, or no longer."""
        with self._lock:
            self._drop(self._clock())
            return self._held.get(token)

    def change(self, token: str, seen: int, content: Mapping[str, str]) -> Meeting | None:
        """Show ``content``, from a window that showed version ``seen``. Where another window was
        first, what that one shows stays and is returned."""
        with self._lock:
            now = self._clock()
            self._drop(now)
            held = self._held.get(token)
            if held is not None and held.version == seen:
                held = replace(held, content=dict(content), version=seen + 1, touched=now)
                self._held[token] = held
            return held

    def begin_clock(self, token: str) -> None:
        """Count the presentation's time from now on."""
        with self._lock:
            if token in self._held:
                self._held[token] = replace(self._held[token], began=self._clock())

    def elapsed(self, token: str) -> float:
        """Seconds since it began; 0 for one that is not shared."""
        with self._lock:
            held = self._held.get(token)
            return 0.0 if held is None else self._clock() - held.began

    def _drop(self, now: float) -> None:
        """Forget what was left long ago."""
        for token in [t for t, held in self._held.items() if now - held.touched > LONGEST]:
            del self._held[token]


MEETINGS = Meetings()

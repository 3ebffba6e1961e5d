"""Certificates are computed aside, so that a slider never waits for one.

A certificate takes up to a few seconds of numerics. One worker thread computes them (it touches no
``st.*``); a page asks, goes on, and looks and asks again until it is there. What was asked twice is
computed once. Visitors take turns, one certificate each; of one visitor the newest request counts:
those that still wait for the former one are dropped. What an act stands still for goes before all
turns. Where too many wait, whoever has asked least lately gives way, and asks again while a page is
open. The oldest answers are forgotten first.

>>> desk = Certificates(lambda epsilon: f"at most {epsilon}")
>>> desk.known(4) is None
True
>>> desk.ask(4)
>>> desk.close(); desk.known(4)
'at most 4'
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import Generic, TypeVar

_KEPT = 512
_MOST_WAITING = 64
"""Visitors."""

Request = TypeVar("Request", bound=Hashable)
Certificate = TypeVar("Certificate")


class Certificates(Generic[Request, Certificate]):
    """Remembers what ``certify`` said of each request, and whom it still owes an answer."""

    def __init__(self, certify: Callable[[Request], Certificate]) -> None:
        self._certify = certify
        self._jobs: OrderedDict[Request, Future[Certificate]] = OrderedDict()
        """Of what has begun."""
        self._waiting: OrderedDict[str, list[Request]] = OrderedDict()
        """Of each visitor, in the order of their turns."""
        self._asked: dict[str, int] = {}
        """When each of them asked last, by a count of all that was asked."""
        self._urgent: list[Request] = []
        """What goes before all turns, the oldest first."""
        self._count = 0
        self._busy = False
        self._turn = Condition()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="certify")

    def ask(self, *requests: Request, by: str = "") -> None:
        """Have certificates made, in this order, unless they are there or under way; ``by``: whose
        former requests these take the place of."""
        with self._turn:
            missing = [request for request in requests if request not in self._jobs]
            if missing:
                self._waiting[by] = missing
                self._count += 1
                self._asked[by] = self._count
                if len(self._waiting) > _MOST_WAITING:
                    self._drop(min(self._waiting, key=lambda one: self._asked[one]))
            else:
                self._drop(by)
            self._begin()

    def ask_first(self, request: Request) -> None:
        """Have the certificate made before all that waits for its turn: an act needs it."""
        with self._turn:
            if request not in self._jobs and request not in self._urgent:
                self._urgent.append(request)
            self._begin()

    def _drop(self, by: str) -> None:
        self._waiting.pop(by, None)
        self._asked.pop(by, None)

    def _begin(self) -> None:
        """Take up the next request, if none is under way."""
        while not self._busy and (self._urgent or self._waiting):
            request = self._urgent.pop(0) if self._urgent else self._next_turn()
            if request in self._jobs:  # somebody else's, since
                continue
            self._busy = True
            self._jobs[request] = self._worker.submit(self._certify, request)
            self._jobs[request].add_done_callback(self._end)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)

    def _next_turn(self) -> Request:
        by, requests = next(iter(self._waiting.items()))
        request = requests.pop(0)
        self._waiting.move_to_end(by)
        if not requests:
            self._drop(by)
        return request

    def _end(self, _: Future[Certificate]) -> None:
        with self._turn:
            self._busy = False
            self._begin()
            self._turn.notify_all()

    def known(self, request: Request) -> Certificate | None:
        """The certificate, or None if it is not ready; raises what refused it."""
        with self._turn:
            job = self._jobs.get(request)
        return job.result() if job is not None and job.done() else None

    def wait(self, seconds: float, request: Request) -> None:
        """Return when the certificate is there, or after so many seconds."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_done(request), timeout=seconds)

    def _is_done(self, request: Request) -> bool:
        job = self._jobs.get(request)
        return job is not None and job.done()

    def close(self) -> None:
        """Finish what was asked; then ask no more."""
        with self._turn:
            self._turn.wait_for(lambda: not (self._busy or self._urgent or self._waiting))
        self._worker.shutdown(wait=True)

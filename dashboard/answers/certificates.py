"""Certificates are computed aside, so that a slider never waits for one.

A certificate takes up to a few seconds of numerics. One worker thread computes them (it touches no
``st.*``); a page asks, goes on, and looks and asks again until it is there. What was asked twice is
computed once. The newest request goes first: those still waiting are dropped, and whoever still
wants one asks again. The oldest answers are forgotten first.

>>> desk = Certificates(lambda epsilon: f"at most {epsilon}")
>>> desk.known(4) is None
True
>>> desk.ask(4)
>>> desk.close(); desk.known(4)
'at most 4'
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

_KEPT = 512

Request = TypeVar("Request", bound=Hashable)
Certificate = TypeVar("Certificate")


class Certificates(Generic[Request, Certificate]):
    """Remembers what ``certify`` said of each request, and whom it still owes an answer."""

    def __init__(self, certify: Callable[[Request], Certificate]) -> None:
        self._certify = certify
        self._jobs: OrderedDict[Request, Future[Certificate]] = OrderedDict()
        self._lock = Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="certify")

    def ask(self, *requests: Request) -> None:
        """Have certificates made, in this order, unless they are there or under way."""
        with self._lock:
            missing = [
                request
                for request in requests
                if request not in self._jobs or self._jobs[request].cancelled()
            ]
            if not missing:
                return
            for request, job in self._jobs.items():
                if request not in requests:
                    job.cancel()  # Only what has not begun can be.
            for request in missing:
                self._jobs[request] = self._worker.submit(self._certify, request)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)[1].cancel()

    def known(self, request: Request) -> Certificate | None:
        """The certificate, or None if it is not ready; raises what refused it."""
        with self._lock:
            job = self._jobs.get(request)
        if job is None or job.cancelled() or not job.done():
            return None
        return job.result()

    def wait(self, seconds: float, request: Request) -> None:
        """Return when the certificate is there, or after so many seconds."""
        with self._lock:
            job = self._jobs.get(request)
        if job is not None:
            futures.wait([job], timeout=seconds)

    def close(self) -> None:
        """Finish what was asked; then ask no more."""
        self._worker.shutdown(wait=True)

"""Certificates are computed aside, so that a slider never waits for one.

A certificate takes up to a few seconds of numerics. One worker thread computes them (it touches no
``st.*``); a page asks, goes on, and looks and asks again until it is there. What was asked twice is
computed once. The newest question goes first: those still waiting are dropped, and whoever still
wants one asks again. The oldest answers are forgotten first.

>>> desk = Certificates(lambda *, epsilon: f"at most {epsilon}")
>>> desk.known(epsilon=4) is None
True
>>> desk.ask(epsilon=4)
>>> desk.close(); desk.known(epsilon=4)
'at most 4'
"""

from collections import OrderedDict
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from engine.accounting.certificate import Certificate
from engine.decision.answer import Decision

_KEPT = 512


class Certificates:
    """Remembers what :func:`engine.accounting.certify` said, and whom it still owes an answer."""

    def __init__(self, certify: Callable[..., Certificate]) -> None:
        self._certify = certify
        self._jobs: OrderedDict[frozenset, Future] = OrderedDict()
        self._lock = Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="certify")

    def ask(self, **question: object) -> None:
        """Have the certificate made, unless it is there or under way."""
        with self._lock:
            key = frozenset(question.items())
            if key in self._jobs and not self._jobs[key].cancelled():
                return
            for job in self._jobs.values():
                job.cancel()  # Only what has not begun can be.
            self._jobs[key] = self._worker.submit(self._certify, **question)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)[1].cancel()

    def known(self, **question: object) -> Certificate | None:
        """The certificate, or None if it is not ready; raises what refused it."""
        with self._lock:
            job = self._jobs.get(frozenset(question.items()))
        if job is None or job.cancelled() or not job.done():
            return None
        return job.result()

    def wait(self, seconds: float, **question: object) -> None:
        """Return when the certificate is there, or after so many seconds."""
        with self._lock:
            job = self._jobs.get(frozenset(question.items()))
        if job is not None:
            futures.wait([job], timeout=seconds)

    def close(self) -> None:
        """Finish what was asked; then ask no more."""
        self._worker.shutdown(wait=True)


def to_certify(answer: Decision) -> dict[str, object]:
    """The question to :func:`engine.accounting.certify` that stands behind an answer."""
    best, asked = answer.recommendation, answer.budget
    return {
        "data_budget": asked.data_budget,
        "batch_size": best.config.batch_size,
        "iterations": best.config.iterations,
        "epsilon": asked.epsilon,
        "delta": asked.delta,
        "sampling": best.sampling,
    }

"""Which of several ranks still live: each beats in the store in which they found each other.

What a transport says of a lost rank is words, which change with its version. A beat is a fact: a
process that is gone, whatever ended it, moves its count no more; and where nobody answers, the
machine that holds the store is gone.

Formal guarantee: none needed. Beats say who lives; nothing of the training is in them.
"""

import os
import threading
import time
from contextlib import suppress
from datetime import timedelta

from torch import distributed as dist
from torch._C._distributed_c10d import Store, TCPStore  # where torch.distributed has them from

_BEAT = 0.5
_ASK = timedelta(seconds=10)
"""For which the store may take its time to answer."""
_SILENT = 6 * _BEAT
"""Seconds without a beat after which a rank counts as gone."""


class Pulse:
    """This process's beat as ``rank`` of ``size``, from now on."""

    def __init__(self, rank: int, size: int) -> None:
        """Raises torch's DistError where the store is not to be found."""
        self._rank, self._size = rank, size
        self._store = self._open()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, args=(self._open(),), daemon=True)
        self._thread.start()

    def silent(self) -> list[int]:
        """The other ranks that do not beat, or all of them where the store does not answer; takes
        some seconds."""
        try:
            before = self._counts()
            deadline = time.monotonic() + _SILENT
            still = [rank for rank in range(self._size) if rank != self._rank]
            while still and time.monotonic() < deadline:
                time.sleep(_BEAT)
                now = self._counts()
                still = [rank for rank in still if now[rank] == before[rank]]
        except (dist.DistError, RuntimeError):
            return [rank for rank in range(self._size) if rank != self._rank]
        return still

    def end(self) -> None:
        """Beat no more."""
        self._ended.set()
        self._thread.join()

    def _beat(self, store: Store) -> None:
        with suppress(dist.DistError, RuntimeError):  # nobody is left to be told
            while not self._ended.wait(_BEAT):
                store.add(_key(self._rank), 1)

    def _counts(self) -> list[int]:
        return [self._store.add(_key(rank), 0) for rank in range(self._size)]

    @staticmethod
    def _open() -> Store:
        """A connection of its own: one that waits for an answer lets no other thread through."""
        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        return TCPStore(host, port, is_master=False, wait_for_workers=False, timeout=_ASK)


def _key(rank: int) -> str:
    return f"kessai/beat/{rank}"

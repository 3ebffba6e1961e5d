"""How many threads the steps of a training take: all that it has, or one where others are at work.

Threads of a step wait for each other many times, spinning. Beside a busy process one of them waits
for its turn and the others for it, and all together take longer than one would alone. No machine
says so beforehand: so the steps under way are timed, the other number is tried for a few of them
now and then and whenever steps become slower, and the faster one stays.

Another number of threads rounds sums differently: nothing for a training whose seed is recorded.
"""

import statistics
import time
from collections.abc import Callable

import torch

_STEPS = 3
"""That tell how fast one is."""
_FIRST, _LONGEST = 2.0, 60.0
"""Seconds until the other number is tried again: doubled each time that nothing came of it."""
_FASTER = 0.95
"""Times the time of the one in use that the other must stay below."""
_SLOWER = 1.25
"""Times the usual time from which steps count as slower than before."""


class Threads:
    """Chooses between ``most`` threads and one, while it is told how long steps take."""

    def __init__(
        self,
        most: int,
        *,
        use: Callable[[int], None] = torch.set_num_threads,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._use, self._clock = most, use, clock
        self.now = most
        self._costs: list[float] = []
        self._before: float | None = None
        """Cost of the number in use, while the other one is tried."""
        self._usual = float("inf")
        self._wait, self._tried = _FIRST, -float("inf")

    def took(self, seconds: float, examples: int) -> None:
        """A step of so many examples took so long."""
        if self._most < 2 or not examples:
            return
        self._costs = [*self._costs, seconds / examples][-_STEPS:]
        if len(self._costs) < _STEPS:
            if self._before is not None and sum(self._costs) > _STEPS * self._before:
                self._judge(self._before, sum(self._costs))  # longer already than all of them
            return
        cost, waited = statistics.median(self._costs), self._clock() - self._tried
        if self._before is not None:
            self._judge(self._before, cost)
        elif waited >= self._wait or (waited >= _FIRST and cost > _SLOWER * self._usual):
            self._before = cost
            self._turn()

    def end(self) -> None:
        """Whoever comes next finds as many threads as there were."""
        if self.now != self._most:
            self._turn()

    def _judge(self, before: float, cost: float) -> None:
        self._usual, self._before = min(before, cost), None
        if cost < _FASTER * before:
            self._wait = _FIRST
            self._costs = []
        else:
            self._wait = min(2 * self._wait, _LONGEST)
            self._turn()
        self._tried = self._clock()

    def _turn(self) -> None:
        self.now = 1 if self.now == self._most else self._most
        self._use(self.now)
        self._costs = []

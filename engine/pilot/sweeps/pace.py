"""How fast runs of a sweep go here: seconds a FLOP by model size, from those that are done.

Small models take longer a FLOP, since 6·M counts no attention and no overheads; so a size that
was not measured is taken to go as the nearest one that was, in log M. Loads no torch.

>>> pace = Pace()
>>> pace.add(10_000, 2e12, 100.0)
>>> pace.seconds_of(12_000, 1e12)
50.0
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from engine.pilot.plan import TrainingSettings
from engine.runs.record import RunRecord
from engine.untrusted.texts import json_value


class Pace:
    """What was measured so far; of several runs of a size the median counts."""

    def __init__(self) -> None:
        self._seconds: dict[int, list[float]] = defaultdict(list)

    @property
    def sizes(self) -> set[int]:
        """Model sizes that were measured."""
        return set(self._seconds)

    def add(self, model_size: int, compute_flops: float, seconds: float) -> None:
        if seconds > 0:
            self._seconds[model_size].append(seconds / compute_flops)

    def learn(self, record: RunRecord) -> None:
        """Take over what a record says of its time; nothing where it says nothing."""
        seconds = json_value(record.versions).get("seconds")
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
            self.add(record.model_size, record.compute_flops, seconds)

    def seconds_of(self, model_size: int, compute_flops: float) -> float | None:
        """Seconds for a run; None as long as nothing was measured."""
        if not self._seconds:
            return None
        nearest = min(self._seconds, key=lambda size: abs(math.log(size / model_size)))
        return median(self._seconds[nearest]) * compute_flops

    def seconds(self, runs: Iterable[TrainingSettings], *, processes: int = 1) -> float | None:
        """Seconds for several runs, ``processes`` of them side by side."""
        found = [self.seconds_of(run.config.model_size, run.config.compute_flops) for run in runs]
        known = [seconds for seconds in found if seconds is not None]
        if len(known) < len(found):
            return None
        # The longest run alone is a bound, however many hands there are.
        return max(sum(known) / processes, max(known, default=0.0))

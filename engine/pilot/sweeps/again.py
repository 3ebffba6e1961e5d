"""Whether a sweep that is trained again gives the losses it gave before.

On one machine it gives the same numbers. Other processors and libraries add in another order, and
what that does to a training is to be judged by what another seed does to it: the
*scatter*. Loads no torch.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.pilot.plan import TrainingSettings
from engine.pilot.sweeps.grid import run_id
from engine.runs.record import RunRecord


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """One run, trained twice: its losses in nats per token or byte."""

    run: TrainingSettings
    before: float
    now: float

    @property
    def difference(self) -> float:
        """``now`` relative to ``before``; 0.01 is 1 % worse."""
        return self.now / self.before - 1


def repeats(
    runs: Iterable[TrainingSettings],
    before: Mapping[str, RunRecord],
    now: Mapping[str, RunRecord],
    *,
    family: str,
) -> list[Repeat]:
    """The runs that both hold, in the order of ``runs``; records are given by run id."""
    names = {run_id(run, family=family): run for run in runs}
    return [
        Repeat(run=run, before=before[name].cross_entropy, now=now[name].cross_entropy)
        for name, run in names.items()
        if name in before and name in now
    ]


def seed_scatter(records: Iterable[RunRecord]) -> float | None:
    """Standard deviation of ln(loss) between runs that differ in their seed alone; None without
    any. Pooled over configurations, n - 1 degrees of freedom each."""
    groups = defaultdict(list)
    for record in records:
        groups[_without_seed(record)].append(math.log(record.cross_entropy))
    squares, free = 0.0, 0
    for losses in groups.values():
        mean = math.fsum(losses) / len(losses)
        squares += math.fsum((loss - mean) ** 2 for loss in losses)
        free += len(losses) - 1
    return math.sqrt(squares / free) if free else None


def _without_seed(record: RunRecord) -> tuple[object, ...]:
    return (
        record.family,
        record.model_size,
        record.batch_size,
        record.sequence_length,
        record.iterations,
        record.noise_batch_ratio,
        record.learning_rate,
    )

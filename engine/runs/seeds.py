"""Runs that differ in their seed alone, as one: the mean of their losses and how far they spread.

The configuration of a run is what its id is a hash of (:data:`engine.runs.record.DEFINING`) but the
seed. Runs that are no point of a law have no configuration that is known, and stand alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.runs.catalogue import Listed
from engine.runs.record import DEFINING

_CONFIGURATION = tuple(name for name in DEFINING if name not in ("seed", "family"))


@dataclass(frozen=True, kw_only=True)
class Group:
    """One configuration. Losses in the unit of its family, nats of a token or byte."""

    runs: tuple[Listed, ...]
    """In the order of their seeds; at least one."""

    @property
    def first(self) -> Listed:
        """Whose settings are those of all, but for the seed."""
        return self.runs[0]

    @property
    def losses(self) -> tuple[float, ...]:
        """Final losses of those that have one."""
        values = (one.settings.get("cross_entropy") for one in self.runs)
        return tuple(value for value in values if isinstance(value, float))

    @property
    def mean(self) -> float | None:
        """Of the losses; None where there is none."""
        losses = self.losses
        return math.fsum(losses) / len(losses) if losses else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of one run, estimated from the n there are (over n - 1); None where
        there are fewer than two."""
        losses, mean = self.losses, self.mean
        if mean is None or len(losses) < 2:
            return None
        return math.sqrt(math.fsum((loss - mean) ** 2 for loss in losses) / (len(losses) - 1))


def groups(runs: Sequence[Listed]) -> list[Group]:
    """The configurations in the order of their first run."""
    found: dict[object, list[Listed]] = {}
    for one in runs:
        key: object = one.run_id
        if one.is_point:
            key = (one.family, *(one.settings.get(name) for name in _CONFIGURATION))
        found.setdefault(key, []).append(one)
    return [Group(runs=tuple(sorted(same, key=_seed))) for same in found.values()]


def _seed(one: Listed) -> tuple[int, str]:
    seed = one.settings.get("seed")
    return (seed if isinstance(seed, int) else -1, one.run_id)

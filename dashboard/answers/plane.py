"""Which map of budgets is asked for: a small frozen key of the cache."""

import math
from dataclasses import dataclass

from engine.config import Budget, Sampling

NAMES = {"compute": "compute_flops", "data": "data_budget", "epsilon": "epsilon"}
"""Key in a link -> the engine's name."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A map to draw: hashable, and the same for all scenarios that share it."""

    x: str
    y: str
    x_values: tuple[float, ...]
    y_values: tuple[float, ...]
    held: Budget
    """The third budget counts; the two along the axes are put at their first values."""
    sampling: Sampling
    evidence_id: str
    with_saving: bool = False
    target: float | None = None

    @property
    def third(self) -> str:
        """Key of the budget that is held."""
        (key,) = NAMES.keys() - {self.x, self.y}
        return key


def sparse(values: tuple[float, ...], count: int) -> tuple[float, ...]:
    """At most ``count`` of the values, evenly, none at the edges."""
    step = max(1, math.ceil((len(values) - 2) / count))
    return values[1:-1][step // 2 :: step]

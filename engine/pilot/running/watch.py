"""Turns a trainer's reports into the status: what is spent, what is left of the whole plan.

Loads no torch.
"""

import math
from dataclasses import dataclass

from engine.pilot.dpsgd.progress import Curve, Progress
from engine.pilot.running.reporter import Reporter
from engine.pilot.running.spending import Spending


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One training's place in its plan. Shares are of the plan's compute, 0 to 1."""

    reporter: Reporter
    spending: Spending | None
    """None where the training is not private."""
    tokens: float
    """Of this training."""
    expected_seconds: float
    """Of the whole plan."""
    done: float
    """Share of the trainings that have ended."""
    share: float
    """This training's."""
    later: float
    """Share of those that follow."""

    def __call__(self, now: Progress) -> None:
        """Report ``now``."""
        self.reporter.update(
            iteration=now.iteration,
            iterations=now.iterations,
            charged=now.charged,
            epsilon_spent=None if self.spending is None else self.spending.epsilon(now.charged),
            train_loss=finite(now.train_cross_entropy),
            curve=finite_points(now.curve),
            physical_batch_size=now.physical_batch_size,
            compiled=now.compiled,
            progress=self.done + self.share * now.iteration / max(now.iterations, 1),
            tokens_per_second=finite(now.tokens_per_second),
            seconds_left=self._left(now),
        )

    def _left(self, now: Progress) -> float | None:
        """This training as it says; the later ones as planned, by as much slower as this one is."""
        here = finite(now.seconds_left)
        if here is None or not now.tokens_per_second > 0:
            return None
        expected = self.share * self.expected_seconds
        slower = self.tokens / now.tokens_per_second / expected if expected > 0 else 1.0
        return here + self.later * self.expected_seconds * slower


def finite(value: float | None) -> float | None:
    """``value``, None where it is no number that JSON knows."""
    return value if value is not None and math.isfinite(value) else None


def finite_points(curve: Curve) -> Curve:
    """Points of ``curve`` that have a loss."""
    return tuple(point for point in curve if math.isfinite(point[1]))

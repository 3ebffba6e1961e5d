"""What ends a pilot's recommended training: what was asked for, or something before it.

A budget that buys more than can be used is not cut in silence: the plan says what was asked and
given, and which of these came first.

*Reach.* A training spends at most :data:`RUNG` times the most that one spent of those that the law
rests on, and its size lies at most as far beyond theirs: farther out, the law has been tested by
nothing. Its own record moves that end, so larger budgets are climbed a pilot at a time, each
narrowing what the next one predicts.

*Text.* No batch holds more units than the text. Where it holds them all, more compute could only
buy more steps, and under ε these cost more in noise than they teach.

*Memory.* The weights, their gradients, what the optimizer and the average keep of them, and noise.

Loads no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RUNG = 10.0
"""Greatest factor between a training's compute and the most of those that the law rests on."""
BYTES_A_PARAMETER = 32
"""Weights, gradient, sum of clipped gradients, noise, two moments, the average and a buffer, in
float32."""


class End(StrEnum):
    """What a recommended training ends at."""

    ASKED = "asked"
    """The budget: all of it is used."""
    REACH = "reach"
    TEXT = "text"
    MEMORY = "memory"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What was asked of a plan and what ended it. FLOPs are of one recommended training, seconds of
    all trainings."""

    end: End
    asked_flops: float | None
    asked_seconds: float | None
    """One of the two was asked, the other is None; both are where a run was."""
    given_flops: float
    evidence_flops: float
    """The most that a training spent of those that the law rests on."""
    units: int
    """Of the text, to train on."""

    @property
    def cuts(self) -> bool:
        """Whether less is used than was asked for."""
        return self.end is not End.ASKED

    @property
    def reach_flops(self) -> float:
        """The most that this law lets one training spend."""
        return RUNG * self.evidence_flops

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Limit":
        """Inverse of ``dataclasses.asdict``."""
        return cls(**{**data, "end": End(data["end"])})

"""Everything that is answered about one budget: the decision."""

from dataclasses import dataclass

from engine.allocation.result import (
    Allocation,
    Baseline,
    Doubling,
    Extrapolation,
    Frontier,
    Saturation,
    WiggleRoom,
)
from engine.config import Budget
from engine.cost import Cost
from engine.runs.evidence import EvidenceSummary


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Everything that the Decide page and ``python -m engine recommend`` say about one budget."""

    budget: Budget
    recommendation: Allocation
    cost: Cost
    frontier: Frontier
    saturation: Saturation
    doubling: Doubling
    wiggle_room: WiggleRoom
    rule_tuned: Baseline
    rule_practised: Baseline
    alternative: Baseline | None
    """A model size that the user named, tuned otherwise."""
    extrapolation: Extrapolation
    evidence: EvidenceSummary
    vocabulary_size: int

"""Everything that the ROI page says about one decision: 20,000 draws.

What every page asks for is made at once; comparisons with other plans and break-evens when somebody
first asks, from the same draws.
"""

from dataclasses import dataclass
from functools import cached_property

from engine.roi.appraise import (
    Appraisal,
    Comparison,
    appraise,
    compare,
    sample,
)
from engine.roi.assumptions import Assumptions
from engine.roi.draws import SEED
from engine.roi.metric import Curve
from engine.roi.plan import WITHOUT_PRIVACY, Plan
from engine.roi.sensitivity import Bar, BreakEven, break_even_metric, break_evens, tornado
from engine.roi.staging import StagedPlan, staged_plan


@dataclass(frozen=True, kw_only=True)
class Study:
    """The recommendation against doing nothing and other plans, and what that hangs on."""

    plans: tuple[Plan, ...]
    """The recommendation, then what it is compared with."""
    table: Assumptions
    curve: Curve
    seed: int
    appraisal: Appraisal
    tornado: tuple[Bar, ...]
    staged: StagedPlan

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Each other plan against the recommendation."""
        return self._against

    @property
    def premium(self) -> float | None:
        """What the privacy promise costs in all, mean JPY: by how much the same plan without it is
        worth more, its higher legal damage counted; below 0 the promise pays for itself. None where
        no plan without it is compared."""
        found = (each for each in self.comparisons if each.plan.name == WITHOUT_PRIVACY)
        plain = next(found, None)
        return None if plain is None else -plain.difference.value

    @property
    def without_privacy(self) -> Plan | None:
        """The recommendation trained without privacy, where that is compared."""
        return next((plan for plan in self.plans if plan.name == WITHOUT_PRIVACY), None)

    @cached_property
    def break_evens(self) -> tuple[BreakEven, ...]:
        """Of each figure of the table."""
        return break_evens(self.plans[0], self.table, self.curve)

    @cached_property
    def break_even_metric(self) -> float | None:
        """The metric from which on it pays."""
        return break_even_metric(self.plans[0], self.table, self.curve)

    @cached_property
    def _against(self) -> tuple[Comparison, ...]:
        """Some 6 ms: the recommendation is drawn again, as what was drawn takes 10 MB."""
        found, *others = (
            sample(plan, self.table, self.curve, seed=self.seed) for plan in self.plans
        )
        return compare(found, others)


def study(plans: tuple[Plan, ...], table: Assumptions, curve: Curve, *, seed: int = SEED) -> Study:
    """Appraise the first of ``plans`` and compare it with the others (:func:`plans_of`)."""
    best = plans[0]
    found = sample(best, table, curve, seed=seed)
    return Study(
        plans=plans,
        table=table,
        curve=curve,
        seed=seed,
        appraisal=appraise(found, table, curve, seed=seed),
        tornado=tornado(found, table, curve),
        staged=staged_plan(best, table, curve, seed=seed, at_once=found),
    )

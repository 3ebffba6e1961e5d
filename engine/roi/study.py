"""Everything that the ROI page says about one decision, in one go: about 0.1 s, 20,000 draws."""

from dataclasses import dataclass

from engine.roi.appraise import (
    Appraisal,
    Comparison,
    Premium,
    appraise,
    compare,
    premium,
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

    table: Assumptions
    curve: Curve
    appraisal: Appraisal
    comparisons: tuple[Comparison, ...]
    premium: Premium | None
    """Of privacy; None where no plan without it is compared."""
    tornado: tuple[Bar, ...]
    break_evens: tuple[BreakEven, ...]
    break_even_metric: float | None
    staged: StagedPlan


def study(plans: tuple[Plan, ...], table: Assumptions, curve: Curve, *, seed: int = SEED) -> Study:
    """Appraise the first of ``plans`` and compare it with the others (:func:`plans_of`)."""
    best, *others = plans
    found = sample(best, table, curve, seed=seed)
    compared = [sample(plan, table, curve, seed=seed) for plan in others]
    plain = next((other for other in compared if other.plan.name == WITHOUT_PRIVACY), None)
    return Study(
        table=table,
        curve=curve,
        appraisal=appraise(found, table, curve),
        comparisons=compare(found, compared),
        premium=None if plain is None else premium(found, plain),
        tornado=tornado(found, table, curve),
        break_evens=break_evens(best, table, curve),
        break_even_metric=break_even_metric(best, table, curve),
        staged=staged_plan(best, table, curve, seed=seed, at_once=found),
    )

"""The ROI page's arithmetic: a changed figure must be answered in under 0.3 s, 20,000 draws."""

from itertools import count

from engine.attack_risk import attack_risk, planned_mechanism
from engine.config import Budget
from engine.decision.decide import decide
from engine.decision.plans import plans_of
from engine.roi.appraise import DEFAULT_CURVE, appraise, sample
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.study import study

BUDGET = Budget(compute_flops=3.8e20, data_budget=10_000_000, epsilon=4.0)
_EDITS = count()


def edited():
    """A table that was not asked about before."""
    return DEFAULT_ASSUMPTIONS.edited({"adoption": {"value": 0.5 + 1e-4 * next(_EDITS)}})


def test_the_whole_page(benchmark, fitted):
    plans = plans_of(decide(BUDGET, fitted), fitted.fit, fitted.space)
    found = benchmark(lambda: study(plans, edited(), DEFAULT_CURVE))
    assert 0 < found.appraisal.probability < 1


def test_one_plan(benchmark, fitted):
    best = plans_of(decide(BUDGET, fitted), fitted.fit, fitted.space)[0]

    def appraised():
        table = edited()
        return appraise(sample(best, table, DEFAULT_CURVE), table, DEFAULT_CURVE)

    found = benchmark(appraised)
    assert found.npv.low < found.npv.high


def test_attack_risk(benchmark, fitted):
    mechanism = planned_mechanism(decide(BUDGET, fitted).recommendation, BUDGET.data_budget)
    assert benchmark(lambda: attack_risk(mechanism)).advantage > 0

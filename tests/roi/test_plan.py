"""Plans from a decision on the published evidence, and inverse questions about money."""

from dataclasses import replace

import numpy as np
import pytest

from engine.attack_risk import advantage, planned_mechanism
from engine.config import Budget, Sampling
from engine.decision.decide import decide
from engine.decision.plans import plans_of
from engine.errors import InputError
from engine.roi.appraise import sample
from engine.roi.configurations import best_plans
from engine.roi.inverse import (
    Goal,
    Held,
    along,
    best_epsilon,
    best_people,
    fewer_people,
    least_budgets,
    least_for_npv,
    people_with_compute,
)
from engine.roi.plan import RECOMMENDATION, RULE, TRANSFER, WITHOUT_PRIVACY, Plan

BUDGET = Budget(compute_flops=3.8e20, data_budget=10_000_000, epsilon=4.0)


@pytest.fixture(scope="module")
def question(fitted, table, curve) -> Held:
    return Held(
        budget=BUDGET,
        fit=fitted.fit,
        space=fitted.space,
        sampling=Sampling.POISSON,
        table=table,
        curve=curve,
    )


def test_the_recommendation_and_what_it_is_compared_with(fitted):
    decision = decide(BUDGET, fitted)
    best, rule, plain = plans_of(decision, fitted.fit, fitted.space)
    assert (best.name, rule.name, plain.name) == (RECOMMENDATION, RULE, WITHOUT_PRIVACY)
    assert best.loss.value == pytest.approx(decision.recommendation.cross_entropy.value)
    assert plain.loss.value < best.loss.value < rule.loss.value
    assert plain.advantage is None
    assert not plain.workload.private
    assert best.advantage is not None and 0 < best.advantage < 0.4
    assert best.workload.compute_flops == decision.recommendation.config.compute_flops


def short_way(budget, fitted) -> Plan:
    (plan,) = best_plans([budget], fitted.fit, fitted.space, sampling=Sampling.POISSON)
    assert plan is not None
    return plan


@pytest.mark.parametrize(
    "budget",
    [
        BUDGET,
        Budget(compute_flops=1e15, data_budget=2_000, epsilon=4.0),
        Budget(compute_flops=2e13, data_budget=10_000, epsilon=8.0),
    ],
)
def test_a_candidate_is_the_decision_and_keeps_to_the_budget(fitted, budget):
    plan = short_way(budget, fitted)
    decision = decide(budget, fitted)
    assert plan.workload.compute_flops <= budget.compute_flops
    best = plans_of(decision, fitted.fit, fitted.space)[0]
    assert plan.loss.value == pytest.approx(best.loss.value, rel=1e-5)
    assert plan.workload.model_size == pytest.approx(best.workload.model_size, rel=0.02)
    assert plan.workload.data_budget == best.workload.data_budget
    assert plan.advantage == pytest.approx(best.advantage, rel=0.01)


def test_a_certificate_replaces_the_odds_of_the_recommendation_only(fitted):
    decision = decide(BUDGET, fitted)
    searched = plans_of(decision, fitted.fit, fitted.space)
    mechanism = planned_mechanism(decision.recommendation, BUDGET.data_budget)
    noisier = replace(mechanism, noise_multiplier=1.01 * mechanism.noise_multiplier)
    best, *others = plans_of(decision, fitted.fit, fitted.space, certified=noisier)
    assert best.certified and not searched[0].certified
    assert searched[0].advantage is not None
    assert best.advantage == advantage(noisier) < searched[0].advantage
    assert tuple(others) == searched[1:]


def test_drawn_losses_are_the_fits_own_interval(fitted):
    """The forecast combines resamples, scatter and drift as the fit's interval does."""
    decision = decide(BUDGET, fitted)
    (best, *_) = plans_of(decision, fitted.fit, fitted.space)
    assert best.loss.transfer == TRANSFER, "not part of the law's own interval"
    low, high = np.quantile(replace(best.loss, transfer=0.0).draw(), [0.05, 0.95])
    expected = decision.recommendation.cross_entropy
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=0.02)


def test_the_short_way_to_a_plan_is_the_decisions(fitted, table, curve):
    short = short_way(BUDGET, fitted)
    (long, *_) = plans_of(decide(BUDGET, fitted), fitted.fit, fitted.space)
    assert short.loss.value == pytest.approx(long.loss.value, rel=1e-4)
    assert short.advantage == pytest.approx(long.advantage, rel=1e-2)
    both = [sample(plan, table, curve).flows.npv.mean() for plan in (short, long)]
    assert both[0] == pytest.approx(both[1], rel=0.01)


def test_more_legal_risk_asks_for_less_epsilon(question):
    careless = best_epsilon(question)
    dear = replace(
        question,
        table=question.table.fixed(incident_probability=0.5, incident_cost=5e8),
    )
    careful = best_epsilon(dear)
    assert careful.budget.epsilon < careless.budget.epsilon
    tried = along(dear, "epsilon", np.geomspace(0.25, 64, 9))
    means = [sample(each.plan, dear.table, dear.curve).flows.npv.mean() for each in tried]
    assert careful.npv.value >= max(means), "by the mean over the draws, as the verdict goes"
    own = replace(dear, budget=careful.budget)
    assert best_epsilon(own).npv.value >= careful.npv.value, "the own ε is tried too"
    leaks = [each.plan.advantage or 0.0 for each in tried]
    assert leaks == sorted(leaks)


def test_more_people_to_choose_from_are_never_worth_less(question, monkeypatch):
    """At most so many: where a person costs and risks more than it adds, fewer are used."""
    found = []
    for most in (100_000, 1_000_000, 10_000_000, 1_000_000_000):
        held = replace(question, budget=replace(question.budget, data_budget=most))
        best = best_people(held)
        assert best.people <= most
        found.append(best)
    assert [c.npv.value for c in found] == sorted(c.npv.value for c in found)
    assert found[-1].people < 1_000_000_000, "the last are not worth their damages"
    for people in (0.8 * found[-1].people, 1.25 * found[-1].people, 1e9):
        (other,) = question.candidates("data_budget", [people])
        assert other is not None
        drawn = sample(other.plan, question.table, question.curve).flows.npv
        assert drawn.mean() < found[-1].npv.value, "a fifth more or less is worth less"
    monkeypatch.setattr(Held, "candidates", lambda *_: iter(()))
    with pytest.raises(InputError, match="No number of people"):
        best_people(question)


@pytest.mark.parametrize(
    ("name", "bounds"),
    [("compute_flops", (1e16, 1e22)), ("data_budget", (1e5, 1e8)), ("epsilon", (0.5, 32.0))],
)
def test_the_least_budget_for_an_npv(question, name, bounds):
    found = least_for_npv(question, name, 3e7, bounds=bounds, points=7)
    assert found is not None
    assert found.npv >= 3e7
    (less,) = question.candidates(name, [getattr(found.budget, name) * 0.9])
    assert less is not None and less.npv < 3e7
    assert least_for_npv(question, name, 1e15, bounds=bounds, points=3) is None


@pytest.mark.parametrize("target", [-1e9, 0.0, 3e7])
def test_budgets_searched_together_reach_what_each_would_alone(question, target):
    """Neither the company in the search nor the look without an attacker changes an answer."""
    values = {"compute_flops": np.geomspace(1e16, 1e22, 5), "epsilon": np.geomspace(0.5, 32.0, 5)}
    for name, reached in question.reaching(values, target).items():
        alone = question.candidates(name, values[name])
        for found, one in zip(reached, alone, strict=True):
            assert found == (None if one is None or one.npv < target else one)


def test_budgets_that_allow_nothing_are_left_out(question):
    assert along(question, "data_budget", [10.0]) == ()
    tried = list(question.candidates("compute_flops", [1e6, 1e20]))
    assert tried[0] is None and tried[1] is not None
    with pytest.raises(InputError, match="Expected one of"):
        along(question, "iterations", [1.0])


def test_one_question_for_all_budgets(question):
    for goal, target in ((Goal.NPV, 3e7), (Goal.METRIC, 2.5), (Goal.LOSS, 3.0)):
        found = least_budgets(question, goal, target)
        assert [item.name for item in found] == ["compute_flops", "data_budget", "epsilon"]
        assert all(item.value for item in found)
    with pytest.raises(InputError):
        least_budgets(question, Goal.METRIC, 50.0)
    nothing = least_budgets(question, Goal.NPV, 1e15)
    assert all(item.value is None for item in nothing)


def test_people_and_compute_together_reach_what_neither_does_alone(question):
    few = replace(
        question, budget=replace(question.budget, compute_flops=2e15, data_budget=5_000, epsilon=4)
    )
    assert all(each.value is None for each in least_budgets(few, Goal.NPV, 0.0))
    found = people_with_compute(few, 0.0)
    assert found is not None and 0 < found.probability < 1
    together = replace(few, budget=found.budget)
    at, below = together.candidates("data_budget", [found.people, found.people * 0.9])
    assert at is not None and at.npv >= 0
    assert below is not None and below.npv < 0
    assert found.budget.epsilon == 4
    # Ten times the compute, or a tenth of it, would ask for more people, not for fewer.
    for factor in (0.1, 10.0):
        other = replace(
            few, budget=replace(few.budget, compute_flops=found.budget.compute_flops * factor)
        )
        least = least_for_npv(other, "data_budget", 0.0, bounds=(1e4, 1e10))
        assert least is None or least.budget.data_budget >= found.people
    assert people_with_compute(few, 1e15) is None


def test_of_too_many_people_fewer_are_worth_more(question):
    """Preparing and answering for the rest costs more than they add: at most N people are never
    worth less than fewer."""
    many = replace(question, budget=replace(question.budget, data_budget=300_000_000))
    (plan,) = best_plans([many.budget], many.fit, many.space, sampling=many.sampling)
    assert plan is not None
    worth = float(sample(plan, many.table, many.curve).flows.npv.mean())
    found = fewer_people(many, worth)
    assert found is not None and worth < 0 < found.npv.value
    held = replace(many, budget=replace(many.budget, data_budget=found.people))
    (smaller,) = best_plans([held.budget], held.fit, held.space, sampling=held.sampling)
    assert smaller is not None
    drawn = sample(smaller, held.table, held.curve).flows.npv
    assert found.npv.value == pytest.approx(float(drawn.mean()))
    assert found.probability == pytest.approx(float(np.mean(drawn > 0)))
    # Nothing is said where fewer are worth less, or nothing.
    assert fewer_people(many, found.npv.value) is None
    few = replace(question, budget=replace(question.budget, data_budget=1_000_000))
    assert fewer_people(few, -1e12) is None

"""How long a slider move and a refit take in the engine."""

import itertools

from engine.config import Budget
from engine.decision.answer import answer
from engine.decision.decide import decide
from engine.decision.fitted import evidence_of
from engine.decision.question import question
from engine.law.fit import fit


def test_a_recommendation_with_everything(benchmark, fitted):
    """Interval, frontier, saturation, doubling, baselines, wiggle room; a new budget each time."""
    budgets = itertools.cycle(
        Budget(compute_flops=compute, data_budget=people, epsilon=epsilon)
        for compute in (1e18, 3.8e20, 1e22)
        for people in (10**6, 10**7, 10**8)
        for epsilon in (1.0, 4.0, 16.0)
    )
    found = benchmark(lambda: decide(next(budgets), fitted))
    assert found.recommendation.config.batch_size >= 1


def test_from_a_slider_to_verdict_and_figures(benchmark, fitted):
    """Plan, money, risk and verdict, with estimated noise: what a page waits for."""
    budgets = itertools.cycle(itertools.product((1e18, 3.8e20, 1e22), (10**6, 10**7), (1.0, 8.0)))
    found = benchmark(lambda: answer(question(*next(budgets)), fitted))
    assert found.verdict.npv is not None


def test_refit_with_two_hundred_resamples(benchmark):
    frame = evidence_of("published-bert").frame
    found = benchmark.pedantic(fit, args=(frame,), kwargs={"resamples": 200}, rounds=3)
    assert len(found.resampled) == 200

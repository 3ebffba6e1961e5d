"""Makes ``allocation.json``: what searches said in November 2026 of laws made by hand.

``python -m tests.golden.make_allocation``. Their truth is tested elsewhere (slower searches agree,
definitions hold); these values say that nothing moved unnoticed, without a fit. Make them anew only
where a change of the numbers is meant, and say in the changelog how far they moved.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.allocation import baselines, inverse, levers, maps
from engine.allocation.frontier import Line, best_by_compute
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.reach import Coverage, coverage_of, word_of
from engine.allocation.redrawn import _refined, optima
from engine.allocation.search import (
    Budgets,
    best_at,
    best_of,
    budgets,
    least_compute_of,
    minimise,
)
from engine.allocation.space import Space, space_of
from engine.allocation.whole_numbers import whole_config
from engine.config import Budget, Sampling, TrainingConfig
from tests.golden.digest import digest, note
from tests.law.made_stack import LIMITS, made_fit, made_stack

PATH = Path(__file__).parent / "allocation.json"
SPACE = Space(
    model_size=(4.6e6, 3.3e8),
    iterations=(1.8e3, 1.3e5),
    noise_batch_ratio=(1e-7, 1e-2),
    sequence_length=512,
    vocabulary_size=30_522,
)
FIT = made_stack(made_fit(draws=9), made_fit("limits", LIMITS, draws=6), weights=(0.6, 0.4))
BUDGET = 3.8e20
QUESTION = PrivacyParameters(data_budget=10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
FEW = replace(QUESTION, data_budget=2_000, epsilon=1.0)
LEVEL = 0.9
QUESTIONS = (
    (3.8e20, 1e7, 4.0),
    (1e17, 1e5, 0.5),
    (1e24, 1e9, 16.0),
    (math.inf, 2e3, 1.0),
    (1e12, 1e7, 4.0),
)


def asked(sampling: Sampling, count: int = len(QUESTIONS)) -> Budgets:
    return budgets(*np.array(QUESTIONS[:count]).T, delta=1e-8, sampling=sampling)


@cache
def line(question: PrivacyParameters = QUESTION, compute: float = BUDGET) -> Line:
    return best_by_compute(FIT, question, SPACE, compute)


@cache
def drawn(question: PrivacyParameters = QUESTION, compute: float = BUDGET) -> levers.Redrawn:
    return levers.redrawn(FIT, question, SPACE, line(question, compute), compute)


def coverage() -> Coverage:
    return coverage_of(runs())


def runs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model_size": [4.6e6, 2.5e7, 1.1e8, 3.3e8],
            "iterations": [1.8e3, 8e3, 1.3e5, 3e4],
            "noise_batch_ratio": [1e-4, 0.0, 1e-6, 1e-7],
            "batch_size": [512.0, 4096.0, 1e5, 1e6],
            "data_budget": [1e6, np.nan, 1e8, 1e7],
            "compute_flops": [1e17, 1e18, 1e20, 1e21],
            "sequence_length": 512,
            "vocabulary_size": 30_522,
        }
    )


def searched() -> list[Any]:
    found = [best_of(FIT, SPACE, asked(one)) for one in (Sampling.POISSON, Sampling.DETERMINISTIC)]
    alone = best_at(FIT, QUESTION, SPACE, 1e19)
    return [digest(found), digest(alone), least_compute_of(SPACE)]


def minimised() -> list[Any]:
    """Bowls whose least points are known, one axis held, and an impossible one."""

    def loss(size: Any, steps: Any) -> Any:
        value = (size - 2.2) ** 2 + 0.5 * (steps - 1.1) ** 2 + 0.3 * size * steps
        return np.where(size + steps > 9.0, np.inf, value)

    full = minimise(loss, 2, size=(0.0, 7.0), steps=(np.array([-2.0, 0.0]), 5.0))
    held = minimise(loss, 1, size=(3.0, 3.0), steps=(-2.0, 5.0))
    started = minimise(
        loss, 1, size=(0.0, 7.0), steps=(-2.0, 5.0), starts=(np.array([[2.0]]), np.array([[0.5]]))
    )
    return [digest(full), digest(held), digest(started)]


def frontier() -> list[Any]:
    return [digest(line()), digest(line().chosen), digest(line(FEW, 1e17))]


def redrawn() -> list[Any]:
    found = optima(FIT, SPACE, asked(Sampling.POISSON, 3))
    x, y = np.linspace(0, 7, 8), np.linspace(0, 5, 11)
    bowl = 1 + (x[:, None] - 3.3) ** 2 + 0.3 * (x[:, None] - 3.3) * (y - 2.1) + (y - 2.1) ** 2
    slope = 1 + (x[:, None] - 3.3) ** 2 + y
    hole = np.where((x[:, None] > 3.5) & (y > 2.2), np.inf, bowl - 0.4 * x[:, None] * y)
    surfaces = np.stack([bowl, slope, hole, slope[::-1], bowl[:, ::-1] + 3 * y])
    return [digest(found), digest(_refined(surfaces[None], x, y))]


def levels() -> list[Any]:
    """Saturation, doubling, ranges of the plan and wiggle room, of a large and a small budget."""
    found = []
    for question, compute in ((QUESTION, BUDGET), (FEW, 1e17)):
        here, draws = line(question, compute), drawn(question, compute)
        more = best_at(FIT, replace(question, epsilon=2 * question.epsilon), SPACE, compute)
        found += [
            digest(draws.compute),
            digest(levers.saturation(draws, here, level=LEVEL)),
            digest(levers.doubling(draws, here, more, more, level=LEVEL)),
            digest(levers.plan_ranges(draws, here.chosen, question, SPACE, level=LEVEL)),
            digest(levers.wiggle_room(FIT, question, SPACE, here.chosen)),
        ]
    return found


def rules() -> list[Any]:
    here, draws = line(), drawn()
    compute = here.allowed_flops
    tuned = baselines.rule_tuned(FIT, QUESTION, SPACE, compute)
    practised = baselines.rule_practised(FIT, QUESTION, SPACE, compute)
    fixed = baselines.fixed_model(FIT, QUESTION, SPACE, compute[::6], 3e7)
    limit = baselines.followed(tuned)
    near = baselines.comparable(tuned, QUESTION, coverage())
    found: list[Any] = [digest(tuned), digest(practised), digest(fixed), limit]
    found += [digest(near.cross_entropy), baselines.followed(near)]
    for points in (tuned, practised):
        found.append(digest(_factor(points, here.chosen, draws, limit)))
    for spent in (1e17, 1e16, 3e15, 6e14):
        poor = line(QUESTION, spent)
        for rule in (baselines.rule_tuned, baselines.rule_practised):
            points = rule(FIT, QUESTION, SPACE, poor.allowed_flops)
            found.append(digest(_factor(points, poor.chosen, drawn(QUESTION, spent), limit)))
    found.append(digest(_factor(tuned, here.chosen, draws, 1e20)))
    at = [int(np.argmin(np.abs(compute - BUDGET)))]
    found.append([baselines.matched_factor(here, one.take(at)) for one in (tuned, practised)])
    return found


def _factor(points: Points, best: Points, draws: levers.Redrawn, limit: float) -> Any:
    return baselines.compute_factor(FIT, points, best, draws, limit=limit, level=LEVEL)


def inverted() -> list[Any]:
    budget = Budget(compute_flops=1e19, data_budget=10**6, epsilon=4.0, delta=1e-8)
    found = []
    for question in (inverse.least_compute, inverse.fewest_people, inverse.smallest_epsilon):
        for target in (10.2, 5.0, 2.0) if question is inverse.least_compute else (3.4,):
            found.append(digest(question(target, budget, FIT, SPACE, sampling=Sampling.POISSON)))
    return found


def mapped() -> list[Any]:
    held = budgets(BUDGET, 1e7, 4.0, delta=1e-8, sampling=Sampling.POISSON)
    compute, people, epsilon = (
        np.array(values) for values in ([1e15, 1e19, 1e22], [1e5, 1e7], [0.5, 8.0])
    )
    first = maps.budget_map(
        FIT, SPACE, coverage(), held,
        x="compute_flops", y="data_budget", x_values=compute, y_values=people, with_saving=True,
    )  # fmt: skip
    second = maps.budget_map(
        FIT, SPACE, coverage(), held,
        x="epsilon", y="data_budget", x_values=epsilon, y_values=people, target=3.2,
    )  # fmt: skip
    small = replace(held, compute_flops=np.array([1e16]))
    poor = maps.budget_map(
        FIT, SPACE, coverage(), small,
        x="compute_flops", y="data_budget", x_values=np.array([2e14, 4e15, 1e16]), y_values=people,
        with_saving=True,
    )  # fmt: skip
    few = maps.doublings(FIT, SPACE, asked(Sampling.POISSON, 3), x="compute_flops", y="epsilon")
    lines = maps.plan_lines(
        FIT, SPACE, coverage(),
        compute_flops=compute, data_budget=people, epsilon=epsilon,
        delta=1e-8, sampling=Sampling.POISSON,
    )  # fmt: skip
    return [digest(one) for one in (first, second, poor.saving, few, lines)]


def reached() -> list[Any]:
    where, found = coverage(), []
    for size, steps, batch, noise in ((3e7, 9e3, 5e3, 1e-9), (1e10, 2e6, 9e6, 1e-3)):
        plan = TrainingConfig(
            model_size=int(size), batch_size=int(batch), iterations=int(steps), sequence_length=512
        )
        budget = Budget(compute_flops=1e22, data_budget=10**9, epsilon=4.0, delta=1e-8)
        found.append(digest([where.reach(plan, noise), where.reach(plan, noise, budget)]))
        found.append(digest(SPACE.decades(plan, noise)))
    points = best_of(FIT, SPACE, asked(Sampling.POISSON))
    words = [word_of(x).value for x in (0.0, 0.7, 1.6, 4.7, 4.8)]
    return [found, digest(where), digest(where.distances(points, asked(Sampling.POISSON))), words]


def spaces() -> list[Any]:
    some = [SPACE, replace(SPACE, largest_model=1e9, iterations=(3.0, 9e5)), space_of(runs())]
    return [
        digest(
            [
                one,
                one.searched_model_size,
                one.searched_iterations,
                one.tried_model_size,
                one.tried_iterations,
            ]
        )
        for one in some
    ]


def whole() -> list[Any]:
    """Whole numbers of fractional plans, at and within the budget, and of less than an example."""
    found = []
    for question, compute in ((QUESTION, BUDGET), (FEW, 1e17), (QUESTION, 3.1e13)):
        point = best_at(FIT, question, SPACE, compute)
        budget = Budget(
            compute_flops=compute,
            data_budget=int(question.data_budget),
            epsilon=question.epsilon,
            delta=1e-8,
        )
        found.append(digest(whole_config(point, budget, SPACE)))
    return found


SECTIONS: dict[str, Callable[[], Any]] = {
    "spaces": spaces,
    "minimised": minimised,
    "searched": searched,
    "whole": whole,
    "reached": reached,
    "frontier": frontier,
    "redrawn": redrawn,
    "levels": levels,
    "rules": rules,
    "inverted": inverted,
    "mapped": mapped,
}

if __name__ == "__main__":
    note(PATH, SECTIONS)

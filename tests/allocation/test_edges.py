"""Small things at the edges of the search, each of which a changed line once passed unseen."""

import dataclasses
import importlib
import inspect
import pkgutil
from dataclasses import replace

import numpy as np
import pytest

from engine.allocation import baselines, levers, maps
from engine.allocation.points import Points
from engine.allocation.search import best_at, best_of, budgets, least_compute_of
from engine.config import Budget, Sampling, TrainingConfig
from engine.errors import InputError
from tests.golden.make_allocation import FIT, QUESTION, SPACE, coverage

MUTABLE = {"_Open"}
"""What a sequence of runs learns is written into one record."""


@pytest.mark.parametrize("room", ["engine.law", "engine.allocation"])
def test_records_are_frozen_and_named(room):
    package = importlib.import_module(room)
    found = 0
    for info in pkgutil.iter_modules(package.__path__, f"{room}."):
        module = importlib.import_module(info.name)
        for name, record in inspect.getmembers(module, dataclasses.is_dataclass):
            if record.__module__ == info.name and name not in MUTABLE:
                found += 1
                assert getattr(record, "__dataclass_params__").frozen, name  # noqa: B009
                assert all(field.kw_only for field in dataclasses.fields(record)), name
    assert found > 5


def test_a_budget_below_one_example_of_the_smallest_model_is_refused():
    least = least_compute_of(SPACE)
    assert float(best_at(FIT, QUESTION, SPACE, least).batch_size[0]) == pytest.approx(1.0)
    with pytest.raises(InputError, match="Expected a compute budget of at least"):
        best_at(FIT, QUESTION, SPACE, least * 0.999)


def test_a_plan_spends_what_its_numbers_multiply_to():
    """To the last digits: near the least compute one FLOP more would be seen."""
    asked = budgets([2e13, 1e16, 3.8e20], 1e7, 4.0, delta=1e-8, sampling=Sampling.POISSON)
    found = best_of(FIT, SPACE, asked)
    product = 6 * found.model_size * found.iterations * SPACE.sequence_length * found.batch_size
    np.testing.assert_allclose(found.compute_flops, product, rtol=2e-15)


def test_the_plan_stands_on_its_own_map():
    """Also where it takes one example a step."""
    best = best_at(FIT, QUESTION, SPACE, least_compute_of(SPACE))
    room = levers.wiggle_room(FIT, QUESTION, SPACE, best)
    assert room.batch_size[0] == pytest.approx(1.0)
    assert np.isclose(room.model_size, best.model_size[0]).any()


def test_a_rule_takes_no_fewer_and_no_more_steps_than_the_search_may():
    long = replace(SPACE, iterations=(3.6e3, 4e3))
    compute = np.geomspace(2e15, 1e18, 30)
    for rule in (baselines.rule_practised, baselines.rule_tuned):
        found = rule(FIT, QUESTION, long, compute)
        steps = found.iterations[np.isfinite(found.cross_entropy)]
        low, high = long.searched_iterations
        assert steps.size
        assert (steps >= low * (1 - 1e-8)).all() and (steps <= high * (1 + 1e-8)).all()
    practised = baselines.rule_practised(FIT, QUESTION, long, compute)
    assert np.isnan(practised.cross_entropy).any()


@pytest.mark.parametrize(
    ("name", "factor"), [("compute_flops", 1.5), ("data_budget", 1.5), ("data_budget", 3.0)]
)
def test_a_budget_beyond_every_run_counts_half_its_e_folds(name, factor):
    where = coverage()
    plan = TrainingConfig(
        model_size=25_000_000, batch_size=4096, iterations=8_000, sequence_length=512
    )
    most = Budget(
        compute_flops=where.compute_flops,
        data_budget=int(where.data_budget),
        epsilon=4.0,
        delta=1e-8,
    )
    more = int(factor * where.data_budget) if name == "data_budget" else factor * 1e21
    within = where.reach(plan, 1e-7, most)
    beyond = where.reach(plan, 1e-7, replace(most, **{name: more}))
    added = beyond.distance**2 - within.distance**2
    assert added == pytest.approx((np.log(factor) / 2) ** 2, rel=1e-6)


def test_what_a_search_misses_is_no_loss_by_doubling(monkeypatch):
    """More of anything never hurts: where the second search ends higher, nothing is gained."""
    calls = iter([1.0, 1.001, 1.002])

    def worse(*_):
        nothing = np.full(2, np.nan)
        fields = dict.fromkeys((field.name for field in dataclasses.fields(Points)), nothing)
        return Points(**fields | {"cross_entropy": np.full(2, next(calls))})

    monkeypatch.setattr(maps, "best_of", worse)
    at = budgets([1e18, 1e19], 1e7, 4.0, delta=1e-8, sampling=Sampling.POISSON)
    found = maps.doublings(FIT, SPACE, at, x="compute_flops", y="epsilon")
    assert found.along_x.tolist() == found.along_y.tolist() == [0.0, 0.0]

"""Which privacy for which use: the knapsack, the promise together, the other way."""

import itertools
import math

import numpy as np
import pytest

from engine.accounting.accountant import joint_epsilon
from engine.decision.fitted import fitted_evidence
from engine.decision.question import OPENING, Question
from engine.errors import InputError
from engine.roi import uses
from engine.roi.inverse import Held
from engine.roi.use_files import load_uses
from engine.roi.uses import Use, share_privacy

SUPPORT = Use(name="support", people=10_000_000, tasks_per_year=1_000_000)
SEARCH = Use(name="search", people=10_000_000, tasks_per_year=600_000)
NOTHING = Use(name="nothing", people=4_000_000, tasks_per_year=0)


@pytest.fixture(scope="module")
def held() -> Held:
    asked = Question(budget=OPENING)
    fitted = fitted_evidence(asked.evidence_id)
    return Held(
        budget=asked.budget,
        fit=fitted.fit,
        space=fitted.space,
        sampling=asked.sampling,
        table=asked.assumptions,
        curve=asked.curve,
    )


@pytest.fixture(scope="module")
def found(held):
    return share_privacy([SUPPORT, NOTHING, SEARCH], held)


def test_what_they_promise_together_is_what_was_asked(found):
    mechanisms = [share.mechanism for share in found.shares]
    together = joint_epsilon(mechanisms, OPENING.delta)
    assert together <= found.epsilon * (1 + 1e-3)
    assert 0.995 * OPENING.epsilon <= found.epsilon <= OPENING.epsilon
    # Each alone is far below, and simply added they would be far above.
    assert max(share.epsilon for share in found.shares) < OPENING.epsilon < found.added_epsilon


def test_noise_is_written_as_it_was_certified(found):
    for share in found.shares:
        assert float(f"{share.mechanism.noise_multiplier:.5g}") == share.mechanism.noise_multiplier


def test_a_use_without_tasks_gets_nothing_and_the_larger_one_more(found):
    assert [use.name for use in found.left_out] == ["nothing"]
    assert [share.use.name for share in found.shares] == ["support", "search"]
    support, search = found.shares
    assert support.epsilon > search.epsilon
    assert found.compute_flops <= OPENING.compute_flops * (1 + 1e-9)


def test_sharing_costs_every_use_something_and_one_model_costs_nothing(found):
    assert all(share.npv.value < share.alone for share in found.shares)
    assert found.one_model is not None
    assert found.one_model.npv.value > found.npv.value
    parts = math.fsum(share.npv.value for share in found.shares)
    assert found.npv.value == pytest.approx(parts)


def test_a_use_that_has_everything_is_worth_what_it_would_be_alone(held):
    """Both means: a mean under shared ε beside a central case read as more than with all of it."""
    (only,) = share_privacy([SUPPORT, NOTHING], held).shares
    assert only.alone == pytest.approx(only.npv.value, rel=0.05)


def test_a_tiny_population_is_told_to_leave_it(held):
    budget = OPENING.__class__(compute_flops=1e18, data_budget=5_000, epsilon=1.0, delta=1e-8)
    small = Held(
        budget=budget,
        fit=held.fit,
        space=held.space,
        sampling=held.sampling,
        table=held.table,
        curve=held.curve,
    )
    one, other = (Use(name=name, people=5_000, tasks_per_year=100_000) for name in ("one", "other"))
    nothing = share_privacy([one, other], small)
    assert (nothing.shares, nothing.epsilon, nothing.npv.value) == ((), 0.0, 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_no_other_shares_are_worth_more(seed, monkeypatch):
    """Every way to deal out few shares and few levels of compute, tried one by one."""
    shares, parts = 5, np.array([1.0, 0.5, 0.25])
    monkeypatch.setattr(uses, "_SHARES", shares)
    monkeypatch.setattr(uses, "_COMPUTE", parts)
    random = np.random.default_rng(seed)
    values = np.cumsum(random.exponential(1.0, (3, shares + 1, 3)), axis=1) - 2.0
    values[:, 0] = 0.0
    dealt, _ = uses._at_price(values, 0.3)
    ways = itertools.product(range(shares + 1), repeat=3)
    net = values - 0.3 * parts
    net[:, 0] = 0.0
    best = max(
        sum(net[k, n].max() for k, n in enumerate(way)) for way in ways if sum(way) <= shares
    )
    assert sum(net[k, n].max() for k, n in enumerate(dealt)) == pytest.approx(best)
    assert sum(dealt) <= shares
    dealt, compute = uses._dealt(values, 8.0)
    assert sum(compute) <= 8.0 * (1 + 1e-9)


def test_compute_that_suffices_has_no_price(monkeypatch):
    monkeypatch.setattr(uses, "_SHARES", 2)
    monkeypatch.setattr(uses, "_COMPUTE", np.array([1.0, 0.25]))
    values = np.zeros((2, 3, 2))
    values[:, 1:] = [[[1.0, 3.0]], [[2.0, 4.0]]]
    assert uses._dealt(values, 4.0) == ([1, 1], [1.0, 1.0])


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ([SUPPORT], "Expected between 2 and 12 uses"),
        ([SUPPORT, SUPPORT], "support came twice"),
        ([SUPPORT, Use(name="all", people=10**8, tasks_per_year=1.0)], "10,000,000 people"),
        ([SUPPORT, Use(name="odd", people=10**6, tasks_per_year=-1.0)], "0 or more for odd"),
    ],
)
def test_bad_uses_are_refused_in_a_sentence(held, wanted, says):
    with pytest.raises(InputError, match=says):
        share_privacy(wanted, held)


def test_a_table_as_people_write_it():
    text = (
        "use;people;tasks_per_year;value_per_unit\n問い合わせ;１千万;1,000,000;\nsearch;4e6;5,5;10"
    )
    known, detected = load_uses("uses.csv", text.encode("cp932"))
    assert detected.separator == ";"
    assert known[0] == Use(name="問い合わせ", people=10_000_000, tasks_per_year=1_000_000.0)
    assert (known[1].tasks_per_year, known[1].value_per_unit) == (5.5, 10.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("use,people\na,1000\n", "tasks_per_year missing"),
        ("use,people,tasks_per_year\n,1000,5\n", "a name for the use in line 2"),
        ("use,people,tasks_per_year\na,many,5\n", "a number for people in line 2"),
        ("use,people,tasks_per_year\na,10.5,5\n", "whole"),
    ],
)
def test_bad_tables_are_refused_in_a_sentence(text, says):
    with pytest.raises(InputError, match=says):
        load_uses("uses.csv", text.encode())

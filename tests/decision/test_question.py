"""A question holds everything that an answer depends on, and means the same however it was made."""

from dataclasses import FrozenInstanceError, replace

import pytest

from engine.config import DEFAULT_DELTA, Sampling
from engine.cost import DEFAULTS
from engine.decision.question import Currency, Question, question
from engine.errors import InputError
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, prices_of, with_metric
from engine.roi.kinds import MetricKind
from engine.roi.metric import AssumedCurve


def test_a_question_of_three_budgets_rests_on_the_defaults():
    asked = question(3.8e20, 10_000_000, 4.0)
    assert asked == Question(budget=asked.budget)
    assert (asked.budget.delta, asked.sampling) == (DEFAULT_DELTA, Sampling.POISSON)
    assert asked.assumptions == DEFAULT_ASSUMPTIONS and asked.prices == DEFAULTS


def test_equal_questions_are_one_key_and_other_questions_are_not():
    asked = question(3.8e20, 10_000_000, 4.0)
    assert hash(asked) == hash(question(3.8e20, 10_000_000, 4.0))
    others = {
        asked,
        replace(asked, currency=Currency.USD),
        replace(asked, sampling=Sampling.DETERMINISTIC),
        replace(asked, assumptions=asked.assumptions.fixed(adoption=0.5)),
        question(3.8e20, 10_000_000, 8.0),
    }
    assert len(others) == 5
    with pytest.raises(FrozenInstanceError):
        asked.currency = Currency.USD  # type: ignore[misc]  # what is tested: it is frozen


def test_prices_stand_in_the_assumptions_too():
    prices = replace(DEFAULTS, utilisation=0.3, jpy_per_usd=160.0)
    asked = question(3.8e20, 10_000_000, 4.0, prices=prices)
    assert prices_of(asked.assumptions) == prices
    assert asked.assumptions["utilisation"].value == 0.3


@pytest.mark.parametrize("kind", MetricKind)
def test_the_metric_brings_its_curve_and_its_figures(kind):
    asked = question(3.8e20, 10_000_000, 4.0, metric=kind)
    assert asked.metric is kind and asked.curve == AssumedCurve(kind=kind)
    assert asked.assumptions == with_metric(DEFAULT_ASSUMPTIONS, kind)


def test_the_rate_is_that_of_the_assumptions_and_only_for_dollars():
    prices = replace(DEFAULTS, jpy_per_usd=160.0)
    yen = question(3.8e20, 10_000_000, 4.0, prices=prices)
    assert yen.jpy_per_usd is None
    assert replace(yen, currency=Currency.USD).jpy_per_usd == 160.0


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        ((1e30, 10_000_000, 4.0), "compute_flops"),
        ((3.8e20, 10, 4.0), "data_budget"),
        ((3.8e20, 10_000_000, 0.0), "epsilon"),
    ],
)
def test_a_budget_outside_the_ranges_is_refused(budget, name):
    with pytest.raises(InputError, match=f"Expected {name}"):
        question(*budget)


def test_prices_change_in_the_assumptions_as_well_or_not_at_all():
    asked = question(3.8e20, 10_000_000, 4.0)
    dearer = replace(DEFAULTS, dp_overhead=2.0)
    assert asked.at_prices(dearer).assumptions["dp_overhead"].value == 2.0
    assert asked.at_prices(dearer).at_prices(DEFAULTS).prices == DEFAULTS
    with pytest.raises(ValueError, match="dp_overhead"):
        replace(asked, prices=dearer)
    with pytest.raises(ValueError, match="utilisation"):
        replace(asked, assumptions=asked.assumptions.fixed(utilisation=0.3))

"""How one amount leads to another: the steps add up, and every amount has one name."""

from dataclasses import fields

import pytest

from engine.cost import ONCE
from engine.decision.reconciliation import Reconciliation, reconciliation
from engine.text.i18n import LANGUAGES, Words
from engine.text.quantities import QUANTITIES
from engine.text.reconciliation import rows
from tests.dashboard.roi.test_wording import found


@pytest.fixture(scope="module")
def appraisal():
    return found().appraisal


def test_steps_lead_from_one_amount_to_the_next(decided, appraisal):
    got = reconciliation(decided().cost, appraisal)
    assert got.training_list_price == decided().cost.jpy
    assert got.training_list_price + got.prices_move == pytest.approx(got.training_mean)
    assert got.spending + got.expected_damage == pytest.approx(got.total_cost)


def test_amounts_are_those_of_the_appraisal(decided, appraisal):
    got = reconciliation(decided().cost, appraisal)
    assert got.total_cost == appraisal.total_cost.value
    assert got.expected_damage == appraisal.costs["legal"] > 0
    paid = sum(cost for name, cost in appraisal.costs.items() if name != "legal")
    assert got.spending == pytest.approx(paid)
    assert got.cash_to_approve == pytest.approx(sum(appraisal.costs[name] for name in ONCE))
    assert got.running_cost == pytest.approx(
        appraisal.costs["serving"] + appraisal.costs["operation"]
    )
    assert got.cash_to_approve + got.running_cost == pytest.approx(got.spending)
    assert got.training_mean == appraisal.costs["training"]
    assert got.training_mean == pytest.approx(-appraisal.parts["training"]), "it is paid now"


def test_every_amount_has_a_name_a_field_and_a_quantity():
    names = [field.name for field in fields(Reconciliation)]
    assert set(names) <= set(QUANTITIES)
    assert len({QUANTITIES[name].label for name in names}) == len(names)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rate", [None, 150.0])
def test_rows_name_each_amount_once_and_mark_the_steps(certified, language, rate):
    said = rows(certified, Words(language, jpy_per_usd=rate))
    assert len({name for name, _ in said}) == len(said) == 8
    steps = [amount for _, amount in said if amount[0] in "+−"]
    assert len(steps) == 3
    assert all(("¥" in text or "円" in text) is (rate is None) for _, text in said)

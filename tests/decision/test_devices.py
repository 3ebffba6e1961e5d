"""A decision's plan on many devices: its own training, prices and number of devices."""

from dataclasses import replace

import pytest

from engine.cluster.forecast import COUNTS
from engine.decision.answer import decide_on
from engine.decision.devices import chosen_devices, on_devices
from engine.decision.fitted import fitted_evidence
from engine.decision.question import question
from engine.errors import InputError
from engine.text import cluster
from engine.text.i18n import Words


@pytest.fixture(scope="module")
def asked():
    return question(3.8e20, 10_000_000, 4.0)


@pytest.fixture(scope="module")
def decision(asked):
    return decide_on(asked, fitted_evidence(asked.evidence_id))


def test_the_plan_is_forecast_at_the_scenarios_prices(asked, decision):
    prices = asked.prices
    dearer = replace(prices, accelerator=replace(prices.accelerator, price_per_hour_usd=8.0))
    found, twice = on_devices(decision, prices, (24,)), on_devices(decision, dearer, (24,))
    rows, dear = ({one.devices: one for one in scale.forecasts} for scale in (found, twice))
    config = decision.recommendation.config
    assert found.training.flops == pytest.approx(config.compute_flops)
    assert found.training.dp_overhead == prices.dp_overhead
    assert [one.devices for one in found.forecasts] == sorted([*COUNTS, 24])
    assert dear[24].usd.value == pytest.approx(2 * rows[24].usd.value)
    # The list price of the plan lies in the range: 40 % of the peak is what published runs reach.
    assert rows[1].hours.low < decision.cost.device_hours < rows[1].hours.high


def test_a_short_training_says_that_its_price_is_the_start(asked, decision):
    small = question(1e14, 5_000, 4.0)
    short = decide_on(small, fitted_evidence(small.evidence_id))
    found, long = on_devices(short, small.prices), on_devices(decision, asked.prices)
    (alone,) = [one for one in found.forecasts if one.devices == 1]
    assert alone.start > 0.99 and long.forecasts[0].start < 0.01
    assert alone.usd.value > 1000 * short.cost.usd
    said = cluster.finding(found, 1, 150.0, Words("en"))
    assert "of it is their start (10 minutes each, our assumption)" in said
    assert "“Cost of the training” is another figure" in said
    plain = cluster.finding(long, 1, 150.0, Words("en"))
    assert "start" not in plain and "“Cost of the training” is another figure" in plain


def test_the_number_of_devices_is_that_of_the_assumptions(asked):
    assert chosen_devices(asked) == 1
    many = replace(asked, assumptions=asked.assumptions.fixed(devices=16))
    assert chosen_devices(many) == 16


def test_a_device_whose_networks_are_unknown_is_refused(asked, decision):
    prices = asked.prices
    other = replace(prices, accelerator=replace(prices.accelerator, name="Abacus"))
    with pytest.raises(InputError, match="memory and networks are known here"):
        on_devices(decision, other)

"""Costs: known quantities by hand, and what may never happen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cost import (
    DEFAULTS,
    ONCE,
    Workload,
    all_reduce_hours,
    breakdown,
    cost,
    device_hours,
    federated_bytes,
    serving_devices,
    serving_flops,
)
from engine.errors import InputError
from engine.roi.defaults import DEFAULT_ASSUMPTIONS

FIGURES = DEFAULT_ASSUMPTIONS.values
WORK = Workload(compute_flops=3.8e20, model_size=5e7, iterations=10_000, data_budget=1e7)


def test_a_training_run_costs_what_the_short_price_says():
    assert breakdown(WORK, FIGURES).training == pytest.approx(cost(3.8e20, DEFAULTS).jpy)


def test_quantities_by_hand():
    assert device_hours(3.6e18, 1e15, 0.5) == pytest.approx(2.0)
    assert serving_flops(1e9, 1_000) == 2e12
    # 4 devices, 1e9 parameters of 4 bytes, 6e9 bytes/s: 2·3·4e9/6e9 s = 4 s a step, all waiting.
    assert all_reduce_hours(900, 1e9, 4, 4, 6e9) == pytest.approx(1.0)
    assert all_reduce_hours(900, 1e9, 1, 4, 6e9) == 0
    assert federated_bytes(100, 1e6, 5, 4) == 2 * 100 * 5 * 4e6


def test_each_part_by_hand():
    figures = FIGURES | {"devices": 1, "federated_links": 10, "price_per_gigabyte": 0.1}
    found = breakdown(WORK, figures)
    assert found.communication == pytest.approx(2 * 10_000 * 10 * 5e7 * 4 / 1e9 * 0.1 * 150)
    assert found.search == pytest.approx(2 * (found.training + found.communication))
    assert found.people == 2 * 6 * 1_200_000
    assert found.data_preparation == 5_000_000
    assert found.operation_per_year == pytest.approx(12 * 0.3 * 1_200_000)
    assert found.once == pytest.approx(sum(getattr(found, name) for name in ONCE))


def test_without_privacy_there_is_no_overhead():
    plain = breakdown(replace(WORK, private=False), FIGURES)
    assert breakdown(WORK, FIGURES).training == pytest.approx(1.5 * plain.training)


@given(st.floats(1e6, 1e10), st.floats(1.1, 100))
def test_a_smaller_model_is_cheaper_to_serve(size, factor):
    small = breakdown(replace(WORK, model_size=size), FIGURES)
    large = breakdown(replace(WORK, model_size=size * factor), FIGURES)
    assert large.serving_per_year >= small.serving_per_year


def test_servers_are_on_whether_anybody_asks_or_not():
    """The least number of machines, day and night; more where the busiest hour needs more."""
    year = 24 * 365 * 0.47 * 150
    for tokens in (0, 2_000_000):
        idle = breakdown(WORK, FIGURES | {"tokens_per_day": tokens})
        assert idle.serving_per_year == pytest.approx(2 * year)
    assert breakdown(WORK, FIGURES | {"serving_devices": 5}).serving_per_year == pytest.approx(
        5 * year
    )
    # 2 · 5e7 FLOP a token, 4.2 times 8.64e9/86,400 tokens a second: 4.2e13 of 1.21e13 FLOP/s.
    busy = FIGURES | {"tokens_per_day": 8.64e9}
    assert serving_devices(5e7, busy) == 4
    assert serving_devices(5e7, busy | {"peak_to_average": 1.0}) == 2
    assert serving_devices(5e7, busy | {"serving_utilisation": 0.05}) == 7
    assert serving_devices(5e7, busy | {"serving_peak_flops": 121e13}) == 2
    assert serving_devices(1e8, busy) == 7


def test_draws_broadcast():
    found = breakdown(WORK, FIGURES | {"utilisation": np.array([0.2, 0.4])})
    assert found.training.shape == (2,)
    assert found.training[0] == pytest.approx(2 * found.training[1])


@pytest.mark.parametrize(
    "change", [{"utilisation": 0.0}, {"utilisation": 3.0}, {"dp_overhead": 0.5}, {"jpy_per_usd": 0}]
)
def test_impossible_prices_are_refused(change):
    with pytest.raises(InputError):
        cost(1e18, replace(DEFAULTS, **change))

"""The textbook's closed forms, and the exceptions that it warns of."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.roi.measures import discount_factors, internal_rates, payback, paybacks, sign_changes
from tests.roi.closed_forms import annuity, monthly_rate, net_present_value

rates = st.floats(-0.5, 1.0)


@given(st.floats(1, 1e6), st.floats(0.0001, 0.5), st.integers(1, 60))
def test_an_annuity_is_the_sum_of_its_payments(payment, rate, periods):
    flows = [0.0, *[payment] * periods]
    assert annuity(payment, rate, periods) == pytest.approx(net_present_value(flows, rate))


@given(st.floats(1, 1e6), st.floats(0.0001, 0.5), st.integers(1, 60))
def test_discounted_payments_sum_to_the_annuity(payment, rate_per_year, months):
    factors = discount_factors(rate_per_year, np.arange(1.0, months + 1))
    expected = annuity(payment, monthly_rate(rate_per_year), months)
    assert payment * factors.sum() == pytest.approx(expected)


@given(rates, st.floats(1, 1e6), st.integers(1, 60))
def test_the_rate_of_one_payment_is_known(rate, amount, periods):
    flows = np.zeros(periods + 1)
    flows[0], flows[-1] = -amount, amount * (1 + rate) ** periods
    (found,) = internal_rates(flows)
    assert found == pytest.approx(rate, abs=1e-7)
    assert net_present_value(list(flows), found) == pytest.approx(0, abs=1e-6 * amount)


@given(st.floats(0.0005, 0.5), st.integers(2, 120))
def test_the_rate_of_an_annuity_is_known(rate, periods):
    flows = [-annuity(1.0, rate, periods), *[1.0] * periods]
    (found,) = internal_rates(flows)
    assert found == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([-100, 230, -132], (0.1, 0.2)),
        ([-1000, 3600, -4310, 1716], (0.1, 0.2, 0.3)),
        ([100, 10, 10], ()),
        ([-100, -10], ()),
        ([0, 0], ()),
        # Two changes of sign and no real rate at all.
        ([-100, 150, -100], ()),
        # Mean loss: the only rate is negative.
        ([-100, 50], (-0.5,)),
    ],
)
def test_none_one_and_several_rates(flows, expected):
    assert internal_rates(flows) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_there_are_never_more_rates_than_sign_changes(flows):
    found = internal_rates(flows)
    assert len(found) <= sign_changes(flows)
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([-10, 4, 4, 4], 2.5),
        ([-10, 5, 5], 2.0),
        ([1, 1], 0.0),
        ([-10, 1, 1], math.inf),
        # Positive for a while, but for good only later.
        ([-10, 11, -5, 8], 2.5),
    ],
)
def test_payback_is_when_the_money_is_back_for_good(flows, expected):
    assert payback(flows) == expected


def test_paybacks_of_many_cases():
    cumulative = np.array([[-10.0, -1.0], [-2.0, -1.0], [2.0, -1.0]])
    np.testing.assert_array_equal(paybacks(cumulative), [1.5, math.inf])

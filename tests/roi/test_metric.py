"""From loss to metric: recovery, monotony, intervals, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from engine.errors import InputError
from engine.roi.draws import student_t
from engine.roi.kinds import CurveShape
from engine.roi.metric import AssumedCurve, fit_curve

LOSSES = np.array([2.0, 2.4, 2.8, 3.2, 3.6])


def test_a_logistic_curve_is_recovered():
    pairs = [(loss, 5 * expit(7.5 - 2.5 * loss)) for loss in LOSSES]
    curve = fit_curve(pairs, ceiling=5.0)
    assert (curve.intercept, curve.slope) == pytest.approx((7.5, -2.5))
    assert curve.metric(2.85, {}) == pytest.approx(5 * expit(7.5 - 2.5 * 2.85))
    assert curve.loss_for(2.5, {}) == pytest.approx(3.0)
    assert np.prod(curve.slope_interval) > 0, "both ends say which way"


def test_an_exponential_curve_is_recovered():
    pairs = [(loss, np.exp(0.2 + 0.7 * loss)) for loss in LOSSES]
    curve = fit_curve(pairs, shape=CurveShape.EXPONENTIAL)
    assert curve.metric(2.5, {}) == pytest.approx(np.exp(0.2 + 0.7 * 2.5))
    assert curve.loss_for(float(np.exp(0.2 + 0.7 * 2.5)), {}) == pytest.approx(2.5)
    with pytest.raises(InputError, match="above 0"):
        curve.loss_for(-1.0, {})


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        line = 7.5 - 2.5 * LOSSES + 0.3 * rng.standard_normal(LOSSES.size)
        curve = fit_curve(list(zip(LOSSES, 5 * expit(line), strict=True)), ceiling=5.0)
        found = curve.interval(2.85)
        inside += int(found.low <= 5 * expit(7.5 - 2.5 * 2.85) <= found.high)
    # Binomial(400, 0.9): four standard deviations are 24.
    assert 336 <= inside <= 384


def test_draws_vary_as_the_interval_says():
    pairs = list(zip(LOSSES, [4.6, 4.1, 3.2, 2.0, 0.9], strict=True))
    curve = fit_curve(pairs, ceiling=5.0)
    drawn = curve.metric(2.9, {}, student_t("curve", curve.degrees_of_freedom, 20_000))
    interval = curve.interval(2.9)
    assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx(
        [interval.low, interval.high], abs=0.02
    )


@given(st.floats(0.5, 8), st.floats(0.01, 2))
def test_the_assumed_curve_falls_with_the_loss_and_comes_back(loss, step):
    figures = {"metric_ceiling": 5.0, "metric_half_loss": 3.0, "metric_width": 0.4}
    curve = AssumedCurve()
    metric = curve.metric(np.array([loss, loss + step]), figures)
    assert metric[1] < metric[0]
    if 1e-3 < metric[0] < 4.99:
        assert curve.loss_for(float(metric[0]), figures) == pytest.approx(loss, rel=1e-6)
    assert not curve.measured


def test_pairs_that_say_nothing_say_so():
    low, high = fit_curve([(2, 0.5), (3, 0.6), (4, 0.5)]).slope_interval
    assert low < 0 < high


@pytest.mark.parametrize(
    ("pairs", "options", "sentence"),
    [
        ([(2, 0.5), (3, 0.4)], {}, "at least 3"),
        ([(2, 0.5), (2, 0.4), (2, 0.3)], {}, "at least 3"),
        ([], {}, "at least 3"),
        ([(2, 0.5), (3, float("nan")), (4, 0.1)], {}, "at least 3"),
        ([(2, 0.5), (3, 0.4), (4, 1.2)], {}, "between 0 and 1, got 1.2"),
        ([(2, 5), (3, 4), (4, 0)], {"shape": CurveShape.EXPONENTIAL}, "above 0"),
    ],
)
def test_pairs_that_carry_no_curve_are_refused(pairs, options, sentence):
    with pytest.raises(InputError, match=sentence):
        fit_curve(pairs, **options)


def test_a_metric_out_of_reach_is_refused():
    figures = {"metric_ceiling": 5.0, "metric_half_loss": 3.0, "metric_width": 0.4}
    with pytest.raises(InputError, match="between 0 and 5"):
        AssumedCurve().loss_for(6.0, figures)
    with pytest.raises(InputError, match="No loss above 0"):
        AssumedCurve().loss_for(5 - 1e-9, figures)

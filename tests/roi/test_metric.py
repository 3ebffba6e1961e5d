"""From loss to metric: recovery, monotony, intervals, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from engine.errors import InputError
from engine.loss_unit import BERT_WORD_PIECES, NATS_PER_BYTE, LossUnit, Measure
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.draws import student_t
from engine.roi.kinds import CurveShape, MetricKind
from engine.roi.metric import AssumedCurve, FittedCurve, assumed, fit_curve, fit_metric, in_unit

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


IN_BITS = tuple((loss / np.log(2), float(5 * expit(7.5 - 2.5 * loss))) for loss in LOSSES)


def test_pairs_in_bits_make_the_curve_of_the_same_pairs_in_nats():
    curve = fit_metric(MetricKind.MINUTES_SAVED, IN_BITS, 5.0, stated=Measure.BITS_PER_BYTE)
    assert (curve.intercept, curve.slope) == pytest.approx((7.5, -2.5))
    assert curve.unit == NATS_PER_BYTE and curve.unit_stated
    assert in_unit(curve, NATS_PER_BYTE) == curve


def test_a_perplexity_is_measured_by_its_logarithm():
    pairs = [(float(np.exp(loss)), float(5 * expit(7.5 - 2.5 * loss))) for loss in LOSSES]
    curve = fit_metric(MetricKind.MINUTES_SAVED, pairs, 5.0, stated=Measure.PERPLEXITY)
    assert curve.slope == pytest.approx(-2.5)
    assert curve.unit == LossUnit(measure=Measure.NATS_PER_TOKEN)


def test_pairs_without_a_unit_are_known_to_be_without():
    pairs = [(loss, float(5 * expit(7.5 - 2.5 * loss))) for loss in LOSSES]
    curve = fit_metric(MetricKind.MINUTES_SAVED, pairs, 5.0)
    assert not curve.unit_stated and in_unit(curve, BERT_WORD_PIECES).scale == 1.0
    with pytest.raises(InputError, match="made for nats-per-token, and this evidence has nats-per"):
        in_unit(curve, NATS_PER_BYTE)


@pytest.mark.parametrize("measured", [False, True])
def test_a_curve_for_losses_in_bits_is_the_same_curve(measured):
    curve: AssumedCurve | FittedCurve = AssumedCurve(kind=MetricKind.MINUTES_SAVED)
    if measured:
        curve = fit_metric(MetricKind.MINUTES_SAVED, IN_BITS, 5.0, stated=Measure.BITS_PER_TOKEN)
    bits = in_unit(curve, replace(BERT_WORD_PIECES, measure=Measure.BITS_PER_TOKEN))
    figures = DEFAULT_ASSUMPTIONS.values
    assert bits.metric(2.8 / np.log(2), figures) == pytest.approx(curve.metric(2.8, figures))
    assert bits.loss_for(2.5, figures) == pytest.approx(curve.loss_for(2.5, figures) / np.log(2))
    if isinstance(bits, FittedCurve) and isinstance(curve, FittedCurve):
        there, here = bits.interval(2.8 / np.log(2)), curve.interval(2.8)
        assert (there.low, there.high) == pytest.approx((here.low, here.high))


def test_the_assumed_curve_is_of_the_unit_that_its_rows_state():
    assert assumed(MetricKind.MINUTES_SAVED, DEFAULT_ASSUMPTIONS).unit == BERT_WORD_PIECES
    rows = {name: {"unit": "nats/byte"} for name in ("metric_half_loss", "metric_width")}
    ours = assumed(MetricKind.MINUTES_SAVED, DEFAULT_ASSUMPTIONS.edited(rows))
    assert ours.unit == NATS_PER_BYTE
    with pytest.raises(InputError, match="made for nats-per-byte"):
        in_unit(ours, BERT_WORD_PIECES)


def test_tokens_of_two_tokenizers_are_told_apart():
    theirs = LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="theirs")
    with pytest.raises(InputError, match=r"tokens of BERT WordPiece, .* those of theirs"):
        in_unit(AssumedCurve(), theirs)

"""From loss to metric: recovery, monotony, intervals, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from engine.errors import InputError
from engine.loss_unit import BERT_WORD_PIECES, NATS_PER_BYTE, LossUnit, Measure
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.kinds import CurveShape, MetricKind
from engine.roi.metric import (
    CURVE_INPUTS,
    LEVEL_DOUBT,
    SLOPE_DOUBT,
    AssumedCurve,
    FittedCurve,
    assumed,
    doubt,
    fit_curve,
    fit_metric,
    in_unit,
)

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
    drawn = curve.metric(2.9, {}, curve.noise(20_000))
    interval = curve.interval(2.9)
    assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx(
        [interval.low, interval.high], abs=0.02
    )


PAIRS = tuple((loss, float(5 * expit(7.5 - 2.5 * loss))) for loss in LOSSES)


def scattered(curve, loss: float) -> float:
    """Standard deviation of the metric's line over the doubt of the curve alone."""
    figures = DEFAULT_ASSUMPTIONS.values
    return float(np.std(logit(curve.metric(loss, figures, curve.noise(20_000)) / 5.0)))


def test_an_assumed_curve_is_in_doubt_the_more_the_farther():
    """Half a logit at the assumed half-way, and a quarter of what it changes from there."""
    curve = AssumedCurve()
    assert scattered(curve, 3.0) == pytest.approx(LEVEL_DOUBT, rel=0.03)
    near, far = scattered(curve, 2.6), scattered(curve, 5.0)
    assert near == pytest.approx(np.hypot(LEVEL_DOUBT, SLOPE_DOUBT), rel=0.06)
    assert far > 1.2 > near


def test_measured_pairs_narrow_the_curve_and_most_among_them():
    curve, guess = fit_curve(PAIRS, ceiling=5.0), AssumedCurve()
    assert scattered(curve, 2.8) == pytest.approx(0.0, abs=1e-6)
    assert 0 < scattered(curve, 1.8) < scattered(curve, 1.2) < scattered(guess, 1.2)
    noisy = tuple(
        (at, float(value * f))
        for (at, value), f in zip(PAIRS, (0.98, 1.02, 0.98, 1.02, 0.98), strict=True)
    )
    assert 0 < scattered(fit_curve(noisy, ceiling=5.0), 2.8) < scattered(guess, 2.8) / 2
    inside, outside = curve.interval(2.8), curve.interval(5.0)
    assert inside.low == pytest.approx(inside.high)
    assert outside.low < outside.value < outside.high


def test_the_interval_of_the_form_is_that_of_its_draws():
    curve, figures = AssumedCurve(), DEFAULT_ASSUMPTIONS.values
    for loss in (2.2, 3.0, 4.0):
        found = curve.interval(loss, figures)
        drawn = np.quantile(curve.metric(loss, figures, curve.noise(20_000)), [0.05, 0.95])
        assert (found.low, found.high) == pytest.approx(tuple(drawn), abs=0.15)


def test_a_curve_whose_figures_are_certain_is_not_in_doubt():
    table = DEFAULT_ASSUMPTIONS
    sure = table.fixed(**{name: table[name].value for name in CURVE_INPUTS})
    assert doubt(AssumedCurve(), sure, 10) is None
    assert doubt(AssumedCurve(), table, 10) is not None
    assert doubt(fit_curve(PAIRS, ceiling=5.0), sure, 10) is not None, "outside of its pairs"


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

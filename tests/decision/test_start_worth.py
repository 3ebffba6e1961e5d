"""What a public start is worth in money, on the trainings that ship."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.allocation.result import Word
from engine.decision.question import Question, question
from engine.decision.start_worth import FROM_START, _planned, start_worth
from engine.errors import InputError
from engine.roi.metric import assumed, fit_metric
from engine.text import public_start
from engine.text.i18n import LANGUAGES
from engine.text.quantities import words_of


def by_the_byte(people: int, epsilon: float) -> Question:
    """A question whose step from loss to value is made for nats per byte."""
    asked = question(1e20, people, epsilon)
    table = asked.assumptions
    half, width = table["metric_half_loss"], table["metric_width"]
    unit = "nats-per-byte"
    table = table.changed(
        [
            replace(half, value=1.9, low=1.7, high=2.1, unit=unit),
            replace(width, value=0.3, low=0.2, high=0.4, unit=unit),
        ]
    )
    return replace(asked, assumptions=table, curve=assumed(asked.metric, table))


@pytest.fixture(scope="module")
def asked():
    return by_the_byte(5_000, 4.0)


@pytest.fixture(scope="module")
def found(asked):
    return start_worth(asked)


def test_a_lower_loss_earns_more_and_the_difference_adds_up(found):
    assert found.comparison.start_pays
    assert found.start.plan == found.comparison.best
    assert found.nothing.plan == found.comparison.from_nothing
    assert found.start.npv.value > found.nothing.npv.value
    assert found.start.probability > found.nothing.probability
    gap = found.start.npv.value - found.nothing.npv.value
    assert found.difference.value == pytest.approx(gap, rel=1e-9)
    assert found.difference.low < found.difference.value < found.difference.high
    assert 0.5 < found.probability_better <= 1
    # The transfer to another text is drawn for both together.
    alone = math.hypot(*(one.npv.high - one.npv.low for one in (found.start, found.nothing)))
    assert found.difference.high - found.difference.low < alone


def test_the_price_is_that_of_the_training_at_the_question_s_prices(asked, found):
    plan, prices = found.start.plan.config, asked.prices
    flops = 6 * plan.model_size * plan.batch_size * plan.iterations * plan.sequence_length
    hours = flops * prices.dp_overhead
    hours /= prices.accelerator.peak_flops * prices.utilisation * 3600
    price = hours * prices.accelerator.price_per_hour_usd * prices.jpy_per_usd
    assert found.start.training_list_price == pytest.approx(price)
    dearer = replace(prices, jpy_per_usd=2 * prices.jpy_per_usd)
    again = start_worth(asked.at_prices(dearer))
    assert again is not None
    assert again.start.training_list_price == pytest.approx(2 * price)
    assert found.start.cash_to_approve.value > price


def test_the_draws_of_a_loss_have_the_comparison_s_range(asked, found):
    loss = found.comparison.best.cross_entropy
    drawn = _planned(FROM_START, found.comparison.best, asked).loss
    own = replace(drawn, transfer=0.0).draw()
    low, high = np.quantile(own, (0.05, 0.95))
    assert math.log(high / low) == pytest.approx(math.log(loss.high / loss.low), rel=0.03)
    assert np.std(np.log(drawn.draw())) > np.std(np.log(own))


def test_the_reach_is_that_of_the_farther_plan(found):
    far = replace(found.nothing, plan=replace(found.nothing.plan, reach=Word.EXTRAPOLATED))
    assert found.reach is Word.MEASURED
    assert replace(found, nothing=far).reach is Word.EXTRAPOLATED
    assert replace(found, start=far).reach is Word.EXTRAPOLATED


def test_no_figure_where_the_unit_does_not_fit_or_nothing_is_gained():
    with pytest.raises(InputError, match=r"nats-per-token.*nats-per-byte.*do not convert"):
        start_worth(question(1e20, 5_000, 4.0))
    assert start_worth(by_the_byte(3_000_000, 8.0)) is None
    pairs = ((1.2, 4.5), (1.6, 3.0), (2.2, 1.0))
    asked = by_the_byte(5_000, 4.0)
    of_tokens = replace(asked, curve=fit_metric(asked.metric, pairs, ceiling=5.0))
    with pytest.raises(InputError, match="do not convert"):
        start_worth(of_tokens)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_names_both_values_the_price_and_what_is_not_covered(asked, found, language):
    words = words_of(asked, language)
    table = public_start.money_table(found, words)
    assert {len(cells) for cells in table.values()} == {2}
    said = public_start.in_money(found, words)
    for figure in ("98%", "¥107M" if language == "en" else "1.07億円"):
        assert figure in said
    assert public_start.not_covered(words) and public_start.price(found, words)

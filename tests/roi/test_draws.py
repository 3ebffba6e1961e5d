"""Draws: the right means, each figure its own stream, one law for all plans."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import InputError
from engine.roi.assumptions import Distribution
from engine.roi.draws import DRAWS, LossForecast, draw, drawn, mean


@pytest.mark.parametrize("name", ["adoption", "incident_cost", "search_multiplier"])
@pytest.mark.parametrize("distribution", [Distribution.PERT, Distribution.LOGNORMAL])
def test_draws_have_the_distributions_mean(table, name, distribution):
    row = replace(table[name], distribution=distribution)
    values = drawn(row, DRAWS)
    # Four standard errors.
    assert values.mean() == pytest.approx(mean(row), abs=4 * values.std() / np.sqrt(DRAWS))
    if distribution is Distribution.PERT:
        assert row.low <= values.min() <= values.max() <= row.high
    else:
        assert np.median(values) == pytest.approx(row.value, rel=0.03)


def test_pert_has_the_textbooks_mean_and_variance(table):
    row = replace(table["adoption"], low=0.2, value=0.5, high=0.6)
    alpha, beta = 1 + 4 * 0.3 / 0.4, 1 + 4 * 0.1 / 0.4
    assert mean(row) == pytest.approx(0.2 + 0.4 * alpha / (alpha + beta))
    variance = 0.4**2 * alpha * beta / (alpha + beta) ** 2 / (alpha + beta + 1)
    assert drawn(row, DRAWS).var() == pytest.approx(variance, rel=0.05)


def test_certain_figures_are_not_drawn(table):
    assert drawn(table["horizon_years"], DRAWS).tolist() == [5.0]


def test_changing_one_figure_leaves_the_others_draws(table):
    before = draw(table)
    after = draw(table.changed([replace(table["adoption"], value=0.5)]))
    for name in before:
        assert np.array_equal(before[name], after[name]) == (name != "adoption"), name


def test_figures_are_independent(table):
    found = draw(table)
    drawn_ones = np.array([found[name] for name in table.uncertain])
    off_diagonal = np.corrcoef(drawn_ones) - np.eye(len(drawn_ones))
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(DRAWS)


def test_plans_share_the_law_and_scatter_alone():
    resampled = tuple(np.linspace(2.5, 3.5, 200))
    one = LossForecast(name="a", value=3.0, resampled=resampled, scatter=0.01, drift=0.02)
    other = replace(one, name="b")
    assert np.corrcoef(one.draw(), other.draw())[0, 1] > 0.95
    assert not np.array_equal(one.draw(), other.draw())
    without_scatter = replace(one, scatter=0.0)
    assert np.array_equal(without_scatter.draw(), replace(without_scatter, name="b").draw())


def test_the_transfer_is_shared_by_all_plans_and_widens_the_loss():
    one = LossForecast(name="a", value=3.0, transfer=0.1)
    assert np.std(np.log(one.draw())) == pytest.approx(0.1, rel=0.03)
    assert np.array_equal(one.draw(), replace(one, name="b").draw())
    np.testing.assert_allclose(np.log(one.draw() / 3.0), one.shared(DRAWS), atol=1e-12)


def test_a_small_training_shows_neither_drift_nor_the_scatter_of_another_run():
    whole = LossForecast(name="a", value=3.0, resampled=(2.9, 3.2), scatter=0.1, drift=0.1)
    part = whole.shared(DRAWS)
    assert set(np.round(3.0 * np.exp(part), 9)) == {2.9, 3.2}
    assert LossForecast(name="a", value=3.0, scatter=0.1).shared(DRAWS).tolist() == [0.0]


def test_a_certain_loss_is_one_number_and_a_drawn_one_stays_below_its_ceiling():
    assert LossForecast(name="a", value=3.0).draw().tolist() == [3.0]
    wild = LossForecast(name="a", value=3.0, scatter=2.0, ceiling=4.0)
    assert wild.draw().max() == 4.0


def test_no_draws_are_refused(table):
    with pytest.raises(InputError, match="at least 1 draw"):
        draw(table, 0)

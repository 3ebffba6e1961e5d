"""The issue's thresholds on left-out rows and on trade-offs, and the choice of the form."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.law.fit import fit
from engine.law.forms import DEFAULT_FORM
from engine.law.selection.form_selection import choose_form, holdouts, regret
from tests.law.known_sweep import TRUTH, frame_of


@pytest.fixture(scope="module")
def figures(published, accounting):
    return holdouts(published, DEFAULT_FORM, noise_batch_ratio=accounting)


def test_left_out_rows_are_predicted(figures):
    assert figures.in_sample_mean < 0.03
    assert figures.pair_mean < 0.06  # the requirement; 1.3 % when written
    assert figures.pair_mean < 0.02  # our own: half as much again as when written
    assert figures.largest_mean < 0.06  # 1.9 % when written, 8 rows
    assert figures.largest_rows == 8
    assert max(figures.largest_two_mean, figures.largest_three_mean) < 0.06


def test_interval_covers_left_out_rows(figures):
    # 18 of 20 expected; 16 would still happen in one of eight honest 90 % intervals.
    assert figures.coverage >= 0.8


def test_the_law_hardly_beats_the_published_optimum(published, published_fit, accounting, figures):
    table = regret(published_fit.law, published, accounting)
    assert table["regret"].max() < 0.03  # the requirement; 0.6 % by PLD, when written
    assert figures.regret_max < 0.03
    # Where it puts the optimum: M within a factor 3, T within 5 (the valley in T is flat).
    assert np.abs(np.log(table["model_size"] / published["model_size"])).max() < np.log(3)
    assert np.abs(np.log(table["iterations"] / published["iterations"])).max() < np.log(5)


def test_published_compute_is_the_saturation_point(published, published_fit, accounting):
    """Ten times the published compute buys little; a tenth of it costs more."""
    more, less = (
        regret(
            published_fit.law,
            published.assign(compute_flops=published["compute_flops"] * k),
            accounting,
        )["cross_entropy"]
        for k in (10.0, 0.1)
    )
    here = regret(published_fit.law, published, accounting)["cross_entropy"]
    gain, loss = np.log(here / more), np.log(less / here)
    # Batch size up to N is allowed here and the paper's search ended somewhere: 1 % becomes 2 %.
    assert gain.mean() < 0.02
    assert loss.mean() > 2 * gain.mean()


def test_choice_ranks_forms_by_left_out_error(published, accounting):
    choice = choose_form(published, ("effective_steps", DEFAULT_FORM), noise_batch_ratio=accounting)
    assert choice.winner == DEFAULT_FORM
    assert list(choice.table["score"]) == sorted(choice.table["score"])
    assert set(choice.table["form"]) == {DEFAULT_FORM, "effective_steps"}


def test_without_accounting_or_compute_to_leave_out_figures_are_missing(published):
    frame = published.assign(compute_flops=1e20).head(12)
    figures = holdouts(frame, "signal_share")
    assert np.isnan(figures.regret_mean) and np.isnan(figures.largest_mean)
    assert figures.score == pytest.approx(figures.pair_mean)


@pytest.mark.parametrize("decades", [1.2, 2.2, 3.2])
def test_curves_without_a_published_optimum_have_no_regret(accounting, decades):
    """Points of measured curves over few decades: nothing is averaged over nothing."""
    frame = frame_of(TRUTH.cross_entropy, scatter=0.003)
    frame = frame[frame["compute_flops"] >= frame["compute_flops"].max() / 10**decades]
    figures = holdouts(frame, "signal_share", noise_batch_ratio=accounting)
    assert np.isnan(figures.regret_mean) and np.isnan(figures.regret_max)
    assert figures.pair_mean < 0.01
    assert figures.score < 0.05
    result = fit(frame, resamples=20)
    assert result.rows == len(frame) and result.drift > 0


def test_no_form_is_refused(published):
    with pytest.raises(InputError, match="at least one form"):
        choose_form(published, ())

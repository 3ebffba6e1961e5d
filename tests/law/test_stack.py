"""A stack of forms: its centre, its draws, its way to disk and back, and a fit of one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, capacity_of, evidence_of
from engine.law.capacity import Capacity
from engine.law.selection.stacking import FormsBeforehand
from engine.law.stack import StackedFit, fit_stack
from tests.law.known_sweep import TRUTH, frame_of
from tests.law.made_stack import LIMITS, made_fit, made_stack

CAPACITY = Capacity(total=(4.5e6, 1.09e8), other=(0.39e6, 8.5e7))
SIZE, STEPS, NOISE = np.array([[5e6], [4e7], [3e8]]), np.array([2e3, 1e5]), 2e-5


@pytest.fixture(scope="module")
def two() -> StackedFit:
    return made_stack(
        made_fit(draws=6, capacity=CAPACITY),
        made_fit("limits", LIMITS, draws=2, capacity=CAPACITY),
        weights=(0.75, 0.25),
    )


def test_the_centre_is_the_weighted_geometric_mean(two):
    first, second = (one.law.cross_entropy(SIZE, STEPS, NOISE) for one in two.members)
    assert (np.abs(first - second) > 1e-3).all()
    np.testing.assert_allclose(
        two.law.cross_entropy(SIZE, STEPS, NOISE), first**0.75 * second**0.25, rtol=1e-12
    )
    assert two.law.capacity == CAPACITY
    assert two.forms == {"signal_onset": 0.75, "limits": 0.25}
    assert two.leading is two.members[0]


def test_a_large_batch_of_points_is_a_loop_over_them(two):
    sizes = np.geomspace(4.5e6, 3e8, 70_000)
    together = two.law.cross_entropy(sizes, 1e4, NOISE)
    some = slice(None, None, 9_973)
    np.testing.assert_allclose(
        together[some], two.law.cross_entropy(sizes[some], 1e4, NOISE), rtol=1e-13
    )


def test_draws_are_those_of_the_members_in_turn(two):
    losses = two.resampled_cross_entropy(SIZE, STEPS, NOISE)
    assert two.draws == 8
    assert losses.shape == (8, 3, 2)
    for one, part in zip(two.members, (losses[:6], losses[6:]), strict=True):
        np.testing.assert_allclose(
            part, one.resampled_cross_entropy(SIZE, STEPS, NOISE), rtol=1e-12
        )


def test_a_member_without_draws_has_none(two):
    alone = made_stack(two.members[0], made_fit("limits", LIMITS), weights=(0.99, 0.01))
    assert alone.draws == 6
    assert alone.resampled_cross_entropy(SIZE, STEPS, NOISE).shape == (6, 3, 2)


def test_the_interval_holds_what_the_forms_disagree_about(two):
    alone = made_stack(two.members[0], weights=(1.0,))
    wide, narrow = (
        np.log(np.divide(*found.interval(SIZE, STEPS, NOISE)[::-1])) for found in (two, alone)
    )
    assert wide.mean() > narrow.mean()


def test_what_a_draw_misses_has_the_deviation_of_scatter_and_drift(two):
    many = made_stack(made_fit(draws=2000), weights=(1.0,), scatter=0.03, drift=0.02)
    point = 3e7, 1e4, 1e-5  # the reference: on the evidence
    assert many.distance(*point) == pytest.approx(0.0, abs=1e-6)
    assert many.discrepancy(*point, drift=0.02).std() == pytest.approx(0.03, rel=0.15)
    far = 3e7 * np.exp(5.0), 1e4, 1e-5
    away = float(many.distance(*far))
    for drift in (many.drift, many.level_drift):
        spread = many.discrepancy(*far, drift=drift).std()
        assert spread == pytest.approx(np.hypot(0.03, drift * away), rel=0.15)


def test_to_disk_and_back(two):
    again = StackedFit.from_dict(json.loads(json.dumps(two.to_dict())))
    assert again == two
    np.testing.assert_array_equal(
        again.law.cross_entropy(SIZE, STEPS, NOISE), two.law.cross_entropy(SIZE, STEPS, NOISE)
    )


def test_members_are_changed_alike_and_keep_their_weights(two):
    changed = two.mapped(
        lambda one: replace(one, scatter=0.05 if one.law.form == "limits" else 0.01, rows=31)
    )
    assert changed.weights == two.weights
    assert changed.scatter == pytest.approx(0.75 * 0.01 + 0.25 * 0.05)
    assert changed.rows == 31


@pytest.fixture(scope="module")
def known() -> StackedFit:
    """A made sweep of signal_onset, and two forms to choose from."""
    frame = frame_of(TRUTH.cross_entropy, scatter=0.003)
    return fit_stack(frame, forms=("effective_steps", "signal_onset"), resamples=20)


def test_the_form_that_made_the_data_leads(known):
    assert known.leading.law.form == "signal_onset"
    assert known.weights[0] > 0.7
    assert sum(known.weights) == pytest.approx(1.0)
    assert list(known.weights) == sorted(known.weights, reverse=True)


def test_it_tells_what_it_missed_unseen(known):
    """A sweep has no ridge of optima to leave."""
    assert set(known.held) == {"configurations", "largest"}
    assert known.held["configurations"] == pytest.approx(0.003 * 0.8, rel=0.5)
    assert 0 < known.held["largest"] < 0.03


def test_what_is_known_of_the_forms_beforehand_moves_the_weights_and_is_kept(known):
    frame, forms = frame_of(TRUTH.cross_entropy, scatter=0.003), ("effective_steps", "signal_onset")
    other = FormsBeforehand(
        evidence_id="other",
        evidence_hash="ab" * 32,
        runs=40,
        weights={"effective_steps": 0.9, "limits": 0.1},
        share=0.4,
    )
    moved = fit_stack(frame, forms=forms, resamples=2, beforehand=other)
    own = known.forms.get("effective_steps", 0.0)
    assert moved.forms["effective_steps"] == pytest.approx((1 - 0.36) * own + 0.36)
    assert moved.beforehand == other
    again = StackedFit.from_dict(json.loads(json.dumps(moved.to_dict())))
    assert again == moved
    # Laws that were kept before, and all others, are written as they were.
    assert known.beforehand is None and "beforehand" not in known.to_dict()


def test_table_2_alone_says_table_3_with_the_campaigns_weights_of_the_forms():
    """Figures of the campaign's fit; forms that get no weight are left out. Alike, it says 3.1."""
    source = evidence_of(PUBLISHED_BERT)
    on_ridge = source.frame["compute_optimal"].astype(bool)
    other = FormsBeforehand(
        evidence_id=MEASURED_GPT,
        evidence_hash="",
        runs=133,
        weights={"limits": 0.881, "signal_limits_plateau": 0.119},
    )
    found = fit_stack(
        source.frame[on_ridge].reset_index(drop=True),
        forms=("limits", "signal_share_pace", "plateau", "signal_limits_plateau"),
        capacity=capacity_of(source.family),
        resamples=100,
        beforehand=other,
    )
    asked = source.frame[~on_ridge]
    names = ("model_size", "iterations", "noise_batch_ratio")
    point = tuple(asked[name].to_numpy(float) for name in names)
    measured = asked["cross_entropy"].to_numpy(float)
    assert np.abs(found.law.cross_entropy(*point) / measured - 1).max() < 0.15
    low, high = found.interval(*point)
    assert ((low < measured) & (measured < high)).all()


def test_draws_go_by_weight(known):
    assert known.draws == 20
    for one, weight in zip(known.members, known.weights, strict=True):
        assert one.draws == pytest.approx(20 * weight, abs=1.0)


def test_scatter_and_drift_are_those_of_the_stack_itself(known):
    assert known.scatter == pytest.approx(0.003, rel=0.5)
    assert known.drift >= 0.01
    assert known.rows == len(frame_of(TRUTH.cross_entropy))


def test_a_fit_tells_how_far_it_is_and_can_be_ended():
    frame, told = frame_of(TRUTH.cross_entropy, scatter=0.003), []
    fit_stack(
        frame, forms=("limits", "additive"), resamples=4, progress=lambda *at: told.append(at)
    )
    assert told[0][0] == 0 and {of for _, of in told} == {told[0][1]}
    done = [at for at, _ in told]
    assert done == sorted(set(done)) and told[-1][0] == told[-1][1]

    def end(done: int, of: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit_stack(frame, forms=("limits",), resamples=4, progress=end)

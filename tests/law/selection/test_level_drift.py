"""The drift of a law's level: what held-out errors say beyond what refits differ by."""

import numpy as np
import pytest

from engine.law.forms import form_of
from engine.law.observations import Observations, observations_of
from engine.law.selection.holdout import HeldOut, LeftOut, best, leave_largest_out, resample
from engine.law.selection.level_drift import LEAST_LEVEL_DRIFT, level_drift, refit_spread

FORM = form_of("signal_onset")
SCATTER, DRIFT = 0.01, 0.03


@pytest.fixture(scope="module")
def frame(published):
    return published.assign(compute_optimal=False)


@pytest.fixture(scope="module")
def observations(frame) -> Observations:
    return observations_of(frame)


@pytest.fixture(scope="module")
def part(observations) -> LeftOut:
    found = leave_largest_out(FORM, observations, best(FORM, observations)[0])
    assert found is not None
    return found


def test_the_spread_is_that_of_resamples_without_the_rows(frame, observations, part):
    """Linearised with the rows' weights at nought, against refits to the other rows alone."""
    kept = np.ones(len(frame), dtype=bool)
    kept[part.rows] = False
    alone = observations_of(frame[kept], reference=observations.reference)
    thetas, _ = resample(FORM, alone, part.theta[0], 300, 0)
    u, v, s = (x[part.rows] for x in (observations.u, observations.v, observations.s))
    drawn = np.log(FORM.cross_entropy(thetas, u, v, s, observations.log_vocabulary))
    low, high = np.quantile(drawn, [0.16, 0.84], axis=0)
    found = refit_spread(FORM, observations, part)
    assert found.shape == part.errors.shape
    assert np.median(found / ((high - low) / 2)) == pytest.approx(1.0, abs=0.35)


def held(part: LeftOut, errors: np.ndarray, distances: np.ndarray) -> HeldOut:
    far = LeftOut(
        rows=part.rows,
        errors=errors,
        distances=distances,
        theta=part.theta,
        conditions=part.conditions,
    )
    return HeldOut(single=far, large=(far,), off_ridge=None)


def level(observations, *forms: HeldOut, weights=None) -> float:
    shares = np.full(len(forms), 1 / len(forms)) if weights is None else np.array(weights)
    return level_drift([(FORM, one) for one in forms], shares, observations, SCATTER, DRIFT)


def test_what_nothing_else_explains_is_drift(observations, part):
    """Errors of 0.4 an e-fold, far above what refits differ by."""
    distances = np.linspace(2.0, 5.0, len(part.rows))
    found = level(observations, held(part, 0.4 * distances, distances))
    assert found == pytest.approx(0.4, rel=0.05)
    spread = refit_spread(FORM, observations, part)
    explained = SCATTER**2 + spread**2 + (found * distances) ** 2
    assert ((0.4 * distances) ** 2 / explained).mean() == pytest.approx(1.0, rel=1e-6)


def test_what_refits_or_forms_differ_by_is_no_drift(observations, part):
    distances = np.full(len(part.rows), 3.0)
    own = refit_spread(FORM, observations, part)
    assert level(observations, held(part, own, distances)) == LEAST_LEVEL_DRIFT
    above, below = (held(part, sign * 0.4 * distances, distances) for sign in (1, -1))
    assert level(observations, above, below) == LEAST_LEVEL_DRIFT
    # Of two that miss to the same side one is no excuse for the other; by weight, nor is a third.
    assert level(observations, above, above) == pytest.approx(0.4, rel=0.05)
    mostly = level(observations, above, below, weights=(0.9, 0.1))
    assert LEAST_LEVEL_DRIFT < mostly < 0.4


def test_without_anything_far_the_whole_drift_stands(observations, part):
    near = held(part, np.full(len(part.rows), 0.4), np.zeros(len(part.rows)))
    assert level(observations, near) == DRIFT
    none = HeldOut(single=near.single, large=(), off_ridge=None)
    assert level(observations, none) == DRIFT


def test_rows_on_top_of_others_that_miss_too_much_leave_the_whole(observations, part):
    distances = np.zeros(len(part.rows))
    distances[0] = 1.0
    assert level(observations, held(part, np.full(len(part.rows), 5.0), distances)) == DRIFT

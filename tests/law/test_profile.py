"""Profiles: what is held is held, the rest is at its best, and clustered points are not counted
twice."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from engine.errors import InputError
from engine.law.fit import fit
from engine.law.forms import form_of
from engine.law.observations import observations_of
from engine.law.profile import profile
from engine.law.residuals import residuals
from engine.law.solve import huber, normal_matrix
from engine.text.i18n import Words
from engine.text.law_profile import profiled
from tests.law.known_sweep import TRUTH, frame_of

EN, JA = Words("en"), Words("ja")
STEPS = (64.0, 181.0, 512.0, 1448.0)
FORM = form_of(TRUTH.form)
NAME = "steps_exponent"
PLACE = FORM.names.index(NAME)


@pytest.fixture(scope="module")
def frame():
    return frame_of(TRUTH.cross_entropy, steps=STEPS, scatter=0.02, seed=26)


@pytest.fixture(scope="module")
def fitted(frame):
    return fit(frame, form=TRUTH.form, resamples=0)


@pytest.fixture(scope="module")
def found(fitted, frame):
    return profile(fitted, frame, NAME)


def test_the_interval_holds_what_made_the_runs(found):
    assert found.low is not None and found.high is not None
    assert found.low < found.estimate < found.high
    assert found.low < TRUTH.theta[PLACE] < found.high
    assert found.interval.low == found.low and found.interval.level == 0.9
    assert abs(found.missed) < 1e-3
    assert np.interp(found.estimate, found.held, found.rise) == pytest.approx(0.0, abs=1e-4)
    assert (np.diff(found.held) > 0).all() and found.rise.max() > 1.5


def test_another_optimiser_finds_the_same_rise(found, fitted, frame):
    observations = observations_of(frame)
    mean, width = np.array([p.prior for p in FORM.parameters]).T
    theta = np.array(fitted.law.theta)

    def objective(others, held):
        whole = np.insert(others, PLACE, held)
        missed = huber(residuals(FORM, whole[None], observations))[0].sum()
        return missed + (((whole - mean) / width) ** 2).sum()

    rest = np.delete(theta, PLACE)
    base = objective(rest, theta[PLACE])
    for place in (0, 5, len(found.held) - 1):
        value = found.held[place]
        best = minimize(
            objective, rest, args=(value,), method="L-BFGS-B",
            bounds=[(p.low, p.high) for k, p in enumerate(FORM.parameters) if k != PLACE],
            options={"maxiter": 2000, "ftol": 1e-12},
        )  # fmt: skip
        threshold = 2.7055 * found.clustering
        assert found.rise[place] * threshold == pytest.approx(best.fun - base, rel=0.02, abs=0.01)


def test_near_the_estimate_it_is_the_parabola_of_the_standard_deviation(found, fitted, frame):
    normal = normal_matrix(FORM, observations_of(frame), np.array(fitted.law.theta))
    deviation = np.sqrt(np.linalg.inv(normal)[PLACE, PLACE])
    middle = int(np.argmin(found.rise))
    sides = found.rise[[middle - 1, middle + 1]].mean()
    step = (found.held[middle + 1] - found.held[middle]) / deviation
    assert sides == pytest.approx(step**2 / (2.7055 * found.clustering), rel=0.3)


def test_points_of_a_run_that_only_repeat_each_other_tell_little_new(found, fitted, frame):
    four_times = profile(fitted, pd.concat([frame] * 4, ignore_index=True), NAME)
    assert found.clustering == 1.0, "a sandwich of few groups never narrows the interval"
    assert four_times.clustering > 1.3
    ends = [one.interval for one in (found, four_times)]
    width, narrower = (one.high - one.low for one in ends)
    assert narrower > 0.6 * width, "as new points they would leave half of it"


def test_a_side_on_which_nothing_decides_is_open():
    quiet = frame_of(
        TRUTH.cross_entropy, noises=(0.0, 2.0**-22), steps=STEPS, scatter=0.02, seed=26
    )
    found = profile(fit(quiet, form=TRUTH.form, resamples=0), quiet, "entropy")
    assert found.low is None and found.high is not None and found.bounds == (0.0, 2.0)
    assert found.interval.low == 0.0 and found.interval.high == found.high
    assert "downwards nothing decides" in profiled(found, EN)


def test_a_name_that_the_form_lacks_is_refused(fitted, frame):
    with pytest.raises(InputError, match=r"a number of the form signal_onset \(entropy, .*got x"):
        profile(fitted, frame, "x")


@pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
def test_the_sentence_has_both_ends(found, words):
    said = profiled(found, words, name="N", show=lambda value: f"<{value:.3f}>")
    for value in (found.estimate, found.low, found.high):
        assert f"<{value:.3f}>" in said

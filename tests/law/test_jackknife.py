"""Leaving a run out from where the fit stands, beside true refits."""

import numpy as np
import pytest

from engine.law.forms import form_of
from engine.law.jackknife import distances, runs_of, without_each
from engine.law.observations import observations_of
from engine.law.residuals import residuals
from engine.law.stack import fit_stack

FORMS = ("signal_onset", "bounded_l2")


@pytest.fixture(scope="module")
def frame(published):
    return published.assign(run_id=[f"row-{n}" for n in range(len(published))])


@pytest.fixture(scope="module")
def fit(frame):
    return fit_stack(frame, forms=FORMS, resamples=20)


@pytest.fixture(scope="module")
def without(fit, frame):
    return {one.run_id: one for one in without_each(fit, frame, runs_of(frame))}


def test_it_finds_what_a_full_fit_of_the_same_form_finds(fit, frame, without):
    """At one weight, the batch of warm starts ends where a grid of starts does."""
    point = 5e7, 1e4, 1e-6
    moved = distances(fit, frame)
    least, *_, most = sorted(moved, key=lambda run: moved[run])
    for run in (most, least):
        less = frame[frame["run_id"] != run].reset_index(drop=True)
        for one in without[run].fit.members:
            full = fit_stack(less, forms=(one.law.form,), resamples=0)
            expected = float(full.law.cross_entropy(*point))
            # Another reference moves the weak priors' locations a little.
            assert float(one.law.cross_entropy(*point)) == pytest.approx(expected, rel=4e-3)


def test_one_step_ranks_runs_as_refits_do(fit, frame, without):
    moved = distances(fit, frame)
    observations = observations_of(frame)

    def change(run):
        total = 0.0
        for one, now, weight in zip(
            without[run].fit.members, fit.members, fit.weights, strict=True
        ):
            form = form_of(one.law.form)
            both = np.array([one.law.theta, now.law.theta])
            apart = np.diff(residuals(form, both, observations), axis=0)[0]
            total += weight * float(apart @ apart)
        return total

    by_step = sorted(moved, key=lambda run: -moved[run])
    by_refit = sorted(moved, key=lambda run: -change(run))
    assert set(by_step[:3]) & set(by_refit[:3])
    assert by_refit[0] in by_step[:5]


def test_the_cloud_moves_along_and_the_weights_stay(fit, without):
    for one in without.values():
        assert one.fit.weights == fit.weights and one.rows.sum() == fit.rows - 1 == one.fit.rows
        for after, before in zip(one.fit.members, fit.members, strict=True):
            by = np.array(after.law.theta) - np.array(before.law.theta)
            low, high = np.array([(p.low, p.high) for p in form_of(before.law.form).parameters]).T
            expected = np.clip(np.array(before.resampled) + by, low, high)
            assert np.array(after.resampled).reshape(expected.shape) == pytest.approx(expected)


def test_a_run_is_all_of_its_rows(fit, frame):
    twice = frame.assign(run_id=[f"row-{n // 2}" for n in range(len(frame))])
    (one,) = without_each(fit, twice, ["row-3"])
    assert np.flatnonzero(~one.rows).tolist() == [6, 7]


def test_what_leaves_one_size_cannot_be_fitted(fit, frame):
    largest = frame["model_size"].max()
    two = frame.assign(run_id=np.where(frame["model_size"] < largest, "all others", "largest"))
    assert without_each(fit, two, ["all others"]) == []

"""What a run more would do to a range: against the algebra, and against fits that have the run."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.law.foresight import _inverse_and_slopes, in_turn, learnt, narrowing
from engine.law.forms import form_of
from engine.law.observations import observations_of
from engine.law.residuals import LOSS_TOLERANCE
from engine.law.solve import normal_matrix
from engine.law.stack import fit_stack

FORM = "signal_onset"
PLAN = 2e7, 3e3, 2e-6, 1024.0


def at(*points):
    size, steps, noise, batch = np.array(points).T
    return size, steps, noise, batch


@pytest.fixture(scope="module")
def frame(published):
    return published.assign(compute_optimal=False)


@pytest.fixture(scope="module")
def fit(frame):
    return fit_stack(frame, forms=(FORM,), resamples=60)


def test_a_share_is_what_the_row_takes_off_the_inverse_of_the_objective(fit, frame):
    """Sherman and Morrison's formula against the matrix with one row more."""
    observations = observations_of(frame)
    (one,) = fit.members
    run = (2.5e7, 4e3, 4e-6, 1024.0)
    share = learnt(one, observations, fit.law.relative(*at(run, PLAN)))
    form, theta = form_of(FORM), np.array(one.law.theta)

    def slopes(point):
        u, v, noise = fit.law.relative(*at(point))
        step = 1e-6 * np.eye(len(theta))
        ends = [form.cross_entropy(theta + s * step, u, v, noise, np.log(30522)) for s in (1, -1)]
        return (np.log(ends[0] / ends[1]) / 2e-6 / LOSS_TOLERANCE)[:, 0]

    normal = normal_matrix(form, observations, theta)
    row, plan = slopes(run), slopes(PLAN)
    before = plan @ np.linalg.inv(normal) @ plan
    after = plan @ np.linalg.inv(normal + np.outer(row, row)) @ plan
    assert share.tolist() == pytest.approx([1 - after / before], rel=5e-3)
    assert 0.01 < share[0] < 1


def test_the_same_run_again_says_less_than_the_first_and_far_ones_nothing_of_the_drift(fit, frame):
    deviation, falls = narrowing(fit, frame, at(PLAN), at(PLAN, (2.2e7, 3e3, 2e-6, 1024.0)))
    assert falls[0] > falls[1] > 0
    assert deviation > fit.scatter
    # Without rows only the drift falls, and only where the run is nearer than those there are.
    _, pooled = narrowing(fit, None, at(PLAN), at(PLAN, (3e8, 1e5, 1e-4, 1024.0)))
    near = fit.level_drift * float(fit.distance(*PLAN))
    drawn = np.log(fit.resampled_cross_entropy(*at(PLAN)).astype(float))
    before = float(drawn.var()) + fit.scatter**2 + near**2
    assert pooled == pytest.approx([1 - np.sqrt((before - near**2) / before), 0.0], abs=1e-6)


def test_one_run_narrows_the_range_of_the_loss_by_no_other_drift_than_that_range_has(fit, frame):
    """A range of scatter and drift alone is a normal one, whose width the deviation says."""
    bare = replace(fit, members=(replace(fit.members[0], resampled=()),), level_drift=0.004)
    deviation, falls = narrowing(bare, None, at(FAR), at(FAR))
    low, high = bare.interval(*FAR, level=0.9)
    assert np.log(high / low) == pytest.approx(2 * 1.6448536 * deviation)
    assert (1 - falls[0]) * deviation == pytest.approx(bare.scatter)


def test_a_refit_with_the_run_is_narrower(fit, frame):
    """The draws' own part, off the ridge of the evidence. A resample leaves a run out in a third of
    cases, so that one run more narrows the draws by less than the formula says."""
    run = (2e8, 1e5, 1e-4, 1024.0)
    new = frame.iloc[[0]].assign(
        model_size=run[0],
        iterations=run[1],
        noise_batch_ratio=run[2],
        cross_entropy=float(fit.law.cross_entropy(*run)),
    )
    more = fit_stack(pd.concat([frame, new], ignore_index=True), forms=(FORM,), resamples=60)
    before, after = (
        np.log(one.resampled_cross_entropy(*run).astype(float)).var() for one in (fit, more)
    )
    (share,) = learnt(fit.members[0], observations_of(frame), fit.law.relative(*at(run, run)))
    assert 0.3 * share < 1.0 - after / before < share


NEAR, TWIN, FAR = (2.2e7, 3e3, 2e-6, 1024.0), (2.2e7, 3e3, 2e-6, 1024.0), (4e8, 1e5, 1e-4, 1024.0)


def test_the_first_in_turn_is_what_one_run_alone_would_do(fit, frame):
    runs = at(NEAR, FAR, PLAN)
    deviation, alone = narrowing(replace(fit, level_drift=fit.drift), frame, at(PLAN), runs)
    now, turns = in_turn(fit, frame, at(PLAN), runs, np.ones(3))
    assert now == pytest.approx(deviation)
    assert turns[0].index == int(np.argmax(alone))
    assert turns[0].narrowing == pytest.approx(float(alone.max()))
    assert turns[0].deviation == pytest.approx(deviation * (1 - float(alone.max())))


def test_what_one_run_told_its_twin_cannot_tell_again(fit, frame):
    _, turns = in_turn(fit, frame, at(PLAN), at(NEAR, TWIN), np.ones(2))
    first, second = turns
    assert second.narrowing < 0.9 * first.narrowing
    assert second.deviation < first.deviation


def test_runs_in_turn_are_rows_of_the_matrix(fit, frame):
    """Two runs, one after the other, against the inverse of the matrix with both."""
    runs = at(NEAR, (8e6, 1e3, 1e-5, 1024.0))
    observations = observations_of(frame)
    (one,) = fit.members
    drawn = np.log(fit.resampled_cross_entropy(*at(PLAN)).astype(float))[:, 0]
    points = tuple(np.append(run, at(PLAN)[k]) for k, run in enumerate(runs))
    inverse, slopes = _inverse_and_slopes(one, observations, fit.law.relative(*points))
    both = np.linalg.inv(np.linalg.inv(inverse) + slopes[:2].T @ slopes[:2])
    share = 1 - (slopes[2] @ both @ slopes[2]) / (slopes[2] @ inverse @ slopes[2])
    where = fit.coordinates(*points)
    near = min(
        float(fit.distance(*points)[-1]), *np.linalg.norm(where[:-1] - where[-1], axis=-1).tolist()
    )
    expected = drawn.var() * (1 - share) + fit.scatter**2 + (fit.drift * near) ** 2
    _, turns = in_turn(fit, frame, at(PLAN), runs, np.ones(2))
    assert len(turns) == 2
    assert turns[-1].deviation == pytest.approx(float(np.sqrt(expected)), rel=1e-6)


def test_the_cheaper_of_two_alike_comes_first(fit, frame):
    _, turns = in_turn(fit, frame, at(PLAN), at(NEAR, TWIN), np.array([2.0, 1.0]))
    assert [turn.index for turn in turns] == [1, 0]

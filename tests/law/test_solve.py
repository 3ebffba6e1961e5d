"""The batched solver: each problem as if alone, weights obeyed, bounds and minima real."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.law.forms import form_of
from engine.law.observations import observations_of
from engine.law.residuals import residuals
from engine.law.solve import huber, prior_share, solve
from tests.golden.make_law import sweep

FORM = form_of("signal_share")
START = np.array([[p.starts[0] for p in FORM.parameters]])


def objective(theta, observations):
    prior = sum(
        ((t - p.prior[0]) / p.prior[1]) ** 2 for t, p in zip(theta, FORM.parameters, strict=True)
    )
    return float(huber(residuals(FORM, theta[None], observations)[0]).sum() + prior)


def test_finds_the_minimum_that_a_general_optimiser_finds(published):
    observations = observations_of(published)
    theta, value = solve(FORM, observations, START, np.ones((1, 20)))
    assert value[0] == pytest.approx(objective(theta[0], observations), rel=1e-12)
    other = minimize(
        objective,
        theta[0] * 1.02,
        args=(observations,),
        method="Nelder-Mead",
        options={"maxiter": 4000, "maxfev": 4000, "xatol": 1e-5, "fatol": 1e-7},
    )
    # 0.01 tolerances squared in 28: the smooth minimum over probes is sharp, and slow at its end.
    assert value[0] <= other.fun + 0.01


def test_a_batch_is_a_loop(published):
    observations = observations_of(published)
    starts = np.repeat(START, 3, axis=0) * np.array([[1.0], [0.8], [1.2]])
    weights = np.random.default_rng(0).integers(0, 3, (3, 20)).astype(float)
    together = solve(FORM, observations, starts, weights)[1]
    alone = [solve(FORM, observations, starts[[i]], weights[[i]])[1][0] for i in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_row_of_no_weight_has_no_say(published):
    spoilt = published.copy()
    spoilt.loc[4, ["cross_entropy", "slope_batch"]] = 0.5, 3.0
    weights = np.ones((1, 20))
    weights[0, 4] = 0.0
    one, two = (solve(FORM, observations_of(f), START, weights)[0] for f in (published, spoilt))
    np.testing.assert_allclose(one, two, rtol=1e-9)


def test_bounds_hold_under_absurd_evidence(published):
    frame = published.assign(cross_entropy=np.linspace(0.01, 10.3, 20))
    theta = solve(FORM, observations_of(frame), START, np.ones((1, 20)))[0][0]
    assert all(p.low <= t <= p.high for p, t in zip(FORM.parameters, theta, strict=True))


def test_the_priors_of_the_form_are_a_precision(published):
    observations, weights = observations_of(published), np.ones((1, 20))
    widths = np.array([p.prior[1] for p in FORM.parameters])
    given = solve(FORM, observations, START, weights, precision=np.diag(widths**-2.0))
    for one, other in zip(given, solve(FORM, observations, START, weights), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_tight_prior_has_the_say(published):
    centre = START + 0.1
    found = solve(
        FORM,
        observations_of(published),
        START,
        np.ones((1, 20)),
        centres=centre,
        precision=1e12 * np.eye(START.shape[1]),
    )[0]
    np.testing.assert_allclose(found, centre, atol=1e-6)


def test_shifts_are_errors_of_the_rows(published):
    # Without conditions: they read the observed loss as well as the predicted one.
    observations = observations_of(published.assign(compute_optimal=False))
    errors = np.random.default_rng(2).normal(0, 0.02, (3, 20))
    starts, weights = np.repeat(START, 3, axis=0), np.ones((3, 20))
    together = solve(FORM, observations, starts, weights, shifts=errors)[1]
    alone = [
        solve(
            FORM, replace(observations, log_loss=observations.log_loss - error), START, weights[:1]
        )[1][0]
        for error in errors
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_rows_that_say_nothing_leave_the_prior_its_share(published):
    observations, theta = observations_of(published), START[0]
    np.testing.assert_allclose(prior_share(FORM, observations, theta, weights=np.zeros(20)), 1.0)
    shares = prior_share(FORM, observations, theta, precision=1e12 * np.eye(len(theta)))
    np.testing.assert_allclose(shares, 1.0, atol=1e-4)
    assert prior_share(FORM, observations, theta).min() < 0.1


def test_a_bound_holds_nothing_that_wants_to_leave_it():
    """From the estimate with one number at either end of its box: back to the same objective."""
    observations = observations_of(sweep())
    form = form_of("signal_onset")
    rows = np.ones(len(observations.u))
    middle = np.array([[p.starts[0] for p in form.parameters]])
    theta, value = solve(form, observations, middle, rows[None])
    starts = np.repeat(theta, 2 * len(theta[0]), axis=0)
    for place, parameter in enumerate(form.parameters):
        starts[2 * place, place], starts[2 * place + 1, place] = parameter.low, parameter.high
    _, found = solve(form, observations, starts, np.tile(rows, (len(starts), 1)))
    np.testing.assert_allclose(found, value[0], atol=1e-3)

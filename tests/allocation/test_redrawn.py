"""Optima found anew in each draw: those of the search where nothing is left open."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.allocation.redrawn import COARSE, FINE, _refined, log_losses, optima
from engine.allocation.search import best_of, budgets
from engine.allocation.space import Space
from engine.config import Sampling
from tests.law.made_stack import LIMITS, made_fit, made_stack

SPACE = Space(
    model_size=(4.6e6, 3.3e8),
    iterations=(1.8e3, 1.3e5),
    noise_batch_ratio=(1e-7, 1e-2),
    sequence_length=512,
    vocabulary_size=30_522,
)
ASKED = budgets(
    [3.8e20, 1e19, 1e22, 1e18],
    [1e7, 1e6, 1e8, 1e7],
    [4.0, 8.0, 2.0, 1.0],
    delta=1e-8,
    sampling=Sampling.POISSON,
)
CERTAIN = made_stack(made_fit(draws=3, spread=0.0), weights=(1.0,), scatter=0.0, drift=0.0)
OPEN = made_stack(made_fit(draws=30), made_fit("limits", LIMITS, draws=10), weights=(0.75, 0.25))


def test_a_law_without_anything_left_open_has_one_optimum():
    found = optima(CERTAIN, SPACE, ASKED)
    assert found.log_loss.shape == (4, 4)
    for values in (found.log_loss, found.log_size, found.log_steps):
        np.testing.assert_allclose(
            values, np.broadcast_to(values[0], values.shape), atol=1e-4
        )  # single precision


def test_that_optimum_is_the_searchs():
    found, best = optima(CERTAIN, SPACE, ASKED), best_of(CERTAIN, SPACE, ASKED)
    np.testing.assert_allclose(found.log_loss[0], np.log(best.cross_entropy), atol=2e-3)
    # The valley is flat, along the steps most: within a third of a cell, and within one.
    np.testing.assert_allclose(found.log_size[0], np.log(best.model_size), atol=0.25)
    np.testing.assert_allclose(found.log_steps[0], np.log(best.iterations), atol=math.log(2))


def test_no_draw_does_better_on_a_finer_grid():
    coarse, fine = (optima(OPEN, SPACE, ASKED, cell=cell) for cell in (COARSE, FINE / 2))
    assert coarse.log_loss.shape == (41, 4)
    np.testing.assert_allclose(coarse.log_loss, fine.log_loss, atol=4e-3)


def test_draws_differ_where_something_is_left_open():
    found = optima(OPEN, SPACE, ASKED)
    assert (found.log_size[1:].std(axis=0) > 0.05).all()
    for values, bounds in (
        (found.log_size, SPACE.searched_model_size),
        (found.log_steps, SPACE.searched_iterations),
    ):
        low, high = np.log(bounds)
        assert (values >= low - 1e-9).all() and (values <= high + 1e-9).all()


def test_a_loss_that_would_fall_on_beyond_the_search_is_unsettled():
    """A billion people and any compute: the largest model, trained longest, is not enough."""
    ends = budgets([1e30, 3.8e20], [1e9, 1e7], 10.0, delta=1e-8, sampling=Sampling.POISSON)
    narrow = replace(SPACE, model_size=(4.6e6, 1e7))
    found = optima(CERTAIN, narrow, ends)
    assert found.unsettled[:, 0].all()
    assert found.log_size[0, 0] == pytest.approx(math.log(narrow.searched_model_size[1]))
    assert not optima(CERTAIN, SPACE, ASKED).unsettled[:, 0].any()


def test_questions_are_taken_as_they_are():
    found = optima(OPEN, SPACE, ASKED)
    some = found.take([2, 0])
    np.testing.assert_array_equal(some.log_loss, found.log_loss[:, [2, 0]])
    np.testing.assert_array_equal(some.unsettled, found.unsettled[:, [2, 0]])
    alone = optima(OPEN, SPACE, ASKED.take([2]))
    np.testing.assert_allclose(alone.log_loss, found.log_loss[:, [2]], rtol=1e-12)


def test_losses_of_draws_hold_what_the_law_misses_and_no_more_than_guessing():
    point = (
        np.array([1e7, 1e12]),
        np.array([1e4, 10.0]),
        np.array([1e-5, 10.0]),
        np.array([1e3, 1.0]),
    )
    mean, draws = log_losses(OPEN, *point, drift=0.03)
    plain = np.log(OPEN.resampled_cross_entropy(*point))
    np.testing.assert_allclose(mean, plain.mean(axis=0))
    np.testing.assert_allclose(draws[:, 0], (plain + OPEN.discrepancy(*point, drift=0.03))[:, 0])
    assert draws.max() <= math.log(math.log(30_522))


def test_the_vertex_of_a_paraboloid_is_exact():
    x, y = np.linspace(0, 7, 8), np.linspace(0, 5, 11)
    surface = 1 + (x[:, None] - 3.3) ** 2 + 0.3 * (x[:, None] - 3.3) * (y - 2.1) + (y - 2.1) ** 2
    found = _refined(surface[None, None], x, y)
    assert found.log_size[0, 0] == pytest.approx(3.3)
    assert found.log_steps[0, 0] == pytest.approx(2.1)
    assert found.log_loss[0, 0] == pytest.approx(1.0)
    assert not found.unsettled[0, 0]


@pytest.mark.parametrize("size_at_border", [True, False])
def test_at_a_border_the_other_axis_is_still_refined(size_at_border):
    """A range read off grid points would be a cell wide, or none: the best size of every draw fell
    on the same one where the steps end."""
    x, y = np.linspace(0, 7, 8), np.linspace(0, 5, 11)
    surface = 1 + (x[:, None] - 3.3) ** 2 + y
    axes = (x, y)
    if size_at_border:
        surface, axes = surface.T, (y, x)
    found = _refined(surface[None, None], *axes)
    refined, border = found.log_size[0, 0], found.log_steps[0, 0]
    if size_at_border:
        refined, border = border, refined
    assert (refined, border) == (pytest.approx(3.3), 0.0)
    assert found.log_loss[0, 0] == pytest.approx(1.0)


def test_what_is_impossible_is_never_chosen():
    surface = np.full((1, 1, 4, 4), np.inf)
    surface[..., 0, :] = [3.0, 2.0, 1.0, 2.0]
    found = _refined(surface, np.arange(4.0), np.arange(4.0))
    assert (found.log_size[0, 0], found.log_steps[0, 0], found.log_loss[0, 0]) == (0.0, 2.0, 1.0)

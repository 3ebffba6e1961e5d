"""The semi-parametric surface: its data come back, it is monotone, and it refuses to guess."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.published.surface import _monotone, fit_surface
from tests.law.known_sweep import NOISES, SIZES, STEPS, TRUTH, frame_of


def power(size, steps, noise):
    return 1.2 + 20 / size**0.3 + (1 + 200 * noise) / steps**0.25


@pytest.fixture(scope="module")
def surface():
    return fit_surface(frame_of(TRUTH.cross_entropy))


def test_measured_points_come_back(surface):
    frame = frame_of(TRUTH.cross_entropy)
    found = surface.cross_entropy(
        frame["model_size"], frame["iterations"], frame["noise_batch_ratio"]
    )
    np.testing.assert_allclose(found, frame["cross_entropy"], rtol=1e-9)


def test_between_the_points_it_nears_the_law_as_they_come_closer(surface):
    rng = np.random.default_rng(0)
    size = np.exp(rng.uniform(np.log(SIZES[0]), np.log(SIZES[-1]), 300))
    steps = np.exp(rng.uniform(np.log(STEPS[0]), np.log(STEPS[-1]), 300))
    noise = rng.uniform(0, NOISES[-1], 300)
    closer = fit_surface(
        frame_of(
            TRUTH.cross_entropy,
            sizes=np.geomspace(SIZES[0], SIZES[-1], 7),
            noises=(0.0, *np.geomspace(NOISES[1], NOISES[-1], 5)),
        )
    )
    coarse, fine = (
        np.abs(
            found.cross_entropy(size, steps, noise) / TRUTH.cross_entropy(size, steps, noise) - 1
        )
        for found in (surface, closer)
    )
    # Chords over factors of 3 in M and 4 in σ̄ of a surface that bends; their square roots: a
    # quarter.
    assert coarse.max() < 0.05
    assert fine.max() < coarse.max() / 2
    assert fine.mean() < coarse.mean() / 2.5


def test_a_power_curve_is_prolonged_exactly():
    found = fit_surface(frame_of(power))
    size, noise = np.meshgrid(SIZES, NOISES)
    steps = np.array([3, 30, 1000])[:, None, None] * STEPS[-1]
    np.testing.assert_allclose(
        found.cross_entropy(size, steps, noise), power(size, steps, noise), rtol=1e-4
    )
    for model, curves in zip(SIZES, found.curves, strict=True):
        assert curves[0].floor == pytest.approx(1.2 + 20 / model**0.3, rel=1e-3)
        assert all(curve.floor == curves[0].floor for curve in curves)


def test_the_floor_is_that_of_the_noiseless_curve():
    lower = frame_of(power)
    # Noise that costs 1 nat for ever: on its own such a curve would have another floor.
    noisy = lower["noise_batch_ratio"] == NOISES[-1]
    lower.loc[noisy, "cross_entropy"] += 1.0
    curves = fit_surface(lower).curves[0]
    assert curves[-1].floor == pytest.approx(1.2 + 20 / SIZES[0] ** 0.3, rel=1e-3)
    assert curves[-1].losses[-1] > curves[-1].floor + 1.0


def test_below_the_least_noise_it_is_linear_towards_none(surface):
    none, least = (surface.cross_entropy(3e4, 100, s) for s in NOISES[:2])
    assert surface.cross_entropy(3e4, 100, NOISES[1] / 4) == pytest.approx(
        0.75 * none + 0.25 * least
    )
    low, high = (surface.cross_entropy(3e4, 100, s) for s in NOISES[1:3])
    # 2^-10 is half way between 2^-11 and 2^-9 in ln σ̄.
    assert surface.cross_entropy(3e4, 100, 2**-10) == pytest.approx((low + high) / 2)


@pytest.mark.parametrize(
    "point",
    [
        (0.9 * SIZES[0], 100, 0.0),
        (1.1 * SIZES[-1], 100, 0.0),
        (3e4, 0.9 * STEPS[0], 0.0),
        (3e4, 100, 1.1 * NOISES[-1]),
    ],
)
def test_outside_what_was_trained_it_says_nothing(surface, point):
    assert np.isnan(surface.cross_entropy(*point))


def test_without_a_noiseless_curve_less_noise_is_outside():
    frame = frame_of(TRUTH.cross_entropy, noises=NOISES[1:])
    found = fit_surface(frame)
    assert np.isnan(found.cross_entropy(3e4, 100, [0.0, 2**-12])).all()
    assert np.isfinite(found.cross_entropy(3e4, 100, NOISES[1:])).all()


def test_a_short_curve_is_not_prolonged():
    frame = frame_of(TRUTH.cross_entropy)
    short = (frame["model_size"] == SIZES[-1]) & (frame["iterations"] > STEPS[1])
    found = fit_surface(frame[~short])
    last = found.cross_entropy(SIZES[-1], [STEPS[1], 1.1 * STEPS[1]], 0.0)
    assert np.isfinite(last).tolist() == [True, False]
    # Its neighbours do not suffer, not even at their own size.
    assert np.isfinite(found.cross_entropy(SIZES[-2], 10 * STEPS[-1], 0.0))


def test_models_need_not_share_noises_or_iterations():
    frame = frame_of(TRUTH.cross_entropy)
    frame = frame[~((frame["model_size"] == SIZES[1]) & (frame["noise_batch_ratio"] == NOISES[2]))]
    frame.loc[frame["model_size"] == SIZES[1], "iterations"] *= 1.1
    found = fit_surface(frame)
    assert np.isfinite(found.cross_entropy(2e4, 100, NOISES[2]))


def test_seeds_count_by_their_mean_in_any_order():
    frame = frame_of(TRUTH.cross_entropy)
    up, down = (frame.assign(cross_entropy=frame["cross_entropy"] + d) for d in (0.01, -0.01))
    both = np.random.default_rng(0).permutation(len(frame) * 2)
    mixed = fit_surface(pd.concat([up, down], ignore_index=True).iloc[both])
    found = mixed.cross_entropy(3e4, STEPS[4], NOISES[2])
    assert found == pytest.approx(TRUTH.cross_entropy(3e4, STEPS[4], NOISES[2]))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.5, 5.5), min_size=18, max_size=18),
    st.lists(st.booleans(), min_size=18, max_size=18),
    st.floats(0, 2**-7),
    st.floats(64, 1e5),
    st.floats(1, 10),
)
def test_more_steps_never_hurt_and_more_noise_never_helps(losses, dropped, noise, steps, factor):
    frame = frame_of(TRUTH.cross_entropy, sizes=(1e4, 1e5), noises=NOISES[1:], steps=STEPS[:3])
    frame["cross_entropy"] = losses
    kept = ~np.array(dropped)
    # Whatever is missing, each model keeps its first points, so that there is something to ask.
    kept |= (frame["iterations"] == STEPS[0]).to_numpy() | (np.arange(18) % 9 < 2)
    found = fit_surface(frame[kept])
    noise = max(noise, NOISES[1])
    here, longer, noisier = (
        found.cross_entropy([1e4, 3e4, 1e5], *more)
        for more in ((steps, noise), (steps * factor, noise), (steps, min(noise * factor, 2**-7)))
    )
    for more, sign in ((longer, -1), (noisier, 1)):
        both = np.isfinite(here) & np.isfinite(more)
        assert (sign * (more - here)[both] >= -1e-9).all()


def test_isotonic_regression_is_the_nearest_monotone_table():
    table = np.random.default_rng(3).normal(4.0, 0.5, (3, 4))
    table[1, 2] = np.nan
    there = np.isfinite(table)
    found = _monotone(table)
    orders = [((i, j), (i, j + 1)) for i in range(3) for j in range(3)]
    orders += [((i + 1, j), (i, j)) for i in range(2) for j in range(4)]
    orders += [((1, 1), (1, 3)), ((2, 2), (0, 2))]
    number = {tuple(at): k for k, at in enumerate(np.argwhere(there).tolist())}
    pairs = [(number[a], number[b]) for a, b in orders if a in number and b in number]
    differences = np.zeros((len(pairs), len(number)))
    for row, (above, below) in enumerate(pairs):
        differences[row, above], differences[row, below] = 1.0, -1.0

    def squares(x: FloatArray) -> float:
        return float(np.sum((x - table[there]) ** 2))

    other = minimize(
        squares,
        np.full(int(there.sum()), 4.0),
        constraints=LinearConstraint(differences, 0.0, np.inf),
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(found[there], other.x, atol=1e-5)
    assert np.isnan(found[1, 2])


def test_what_carries_no_law_is_refused():
    with pytest.raises(InputError, match="two model sizes"):
        fit_surface(frame_of(TRUTH.cross_entropy, sizes=(1e4,)))

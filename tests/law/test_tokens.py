"""The law of size and tokens: known parameters come back, outliers have little say."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.law.tokens import fit_tokens

TRUE = {"E": 1.82, "A": 482.0, "alpha": 0.35, "B": 2085.0, "beta": 0.37}


def made(noise: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    size, ratio = (
        part.ravel() for part in np.meshgrid(np.geomspace(5e7, 1e10, 12), [1, 5, 20, 80])
    )
    tokens = size * ratio
    loss = TRUE["E"] + TRUE["A"] / size ** TRUE["alpha"] + TRUE["B"] / tokens ** TRUE["beta"]
    return size, tokens, loss * np.exp(noise * rng.normal(size=loss.size))


def test_known_parameters_come_back():
    law = fit_tokens(*made(0.0), resamples=0)
    assert law.parameters == pytest.approx(TRUE, rel=1e-2)
    assert law.intervals == {}


def test_intervals_hold_the_truth_and_outliers_do_not_move_it():
    size, tokens, loss = made(0.002)
    loss[[3, 17]] *= 1.4
    law = fit_tokens(size, tokens, loss, resamples=60)
    for name, off in (("E", 0.02), ("alpha", 0.01), ("beta", 0.01)):
        assert law.parameters[name] == pytest.approx(TRUE[name], abs=off)
        interval = law.intervals[name]
        assert 0 < interval.high - interval.low < 4 * off
    assert 0.001 < law.scatter < 0.004
    assert law.cross_entropy(size, tokens)[0] == pytest.approx(loss[0], rel=0.01)


def test_it_is_deterministic_and_needs_runs():
    assert fit_tokens(*made(0.01), resamples=5) == fit_tokens(*made(0.01), resamples=5)
    with pytest.raises(InputError, match=r"at least 6 runs for a law of size and tokens, got 5"):
        fit_tokens(*(part[:5] for part in made(0.0)))

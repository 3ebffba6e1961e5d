"""The peers: their own numbers come back; what they cannot see, they do not."""

import math

import numpy as np
import pytest

from engine.errors import InputError
from engine.law.published.parametric import UNBOUNDED, fit_unbounded
from tests.law.known_sweep import NOISES, TRUTH, frame_of


def share(noise):
    noise = np.asarray(noise, dtype=float)
    with np.errstate(divide="ignore"):
        return 1 / (1 + np.exp(-(np.log(noise) + 8) / 1.6))


LAWS = {
    "chinchilla": lambda m, t, s: 1.3 + 9 / m**0.25 + 6 / t**0.35 + 0 * s,
    "l1": lambda m, t, s: 1.3 + 9 / m**0.25 + 6 / t**0.35 + 5 * s**0.7,
    "l2": lambda m, t, s: 1.0 + 9 / m**0.25 + 5 / t**0.35 + 0.5 * share(s) ** 0.9 * m**0.1,
}
EXPONENTS = {
    "chinchilla": {"alpha": 0.25, "beta": 0.35},
    "l1": {"alpha": 0.25, "beta": 0.35, "gamma": 0.7},
    "l2": {"alpha": 0.25, "beta": 0.35, "gamma": 0.9, "gamma2": -0.1},
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_known_numbers_come_back(name):
    found = fit_unbounded(name, frame_of(LAWS[name]))
    for exponent, value in EXPONENTS[name].items():
        assert found.parameters[exponent] == pytest.approx(value, abs=0.01), exponent
    # Ten times the steps, three times the size, twice the noise of anything seen.
    point = 1e6, 2e4, np.array([0.0, 2**-12, 2**-6])
    np.testing.assert_allclose(found.cross_entropy(*point), LAWS[name](*point), rtol=0.005)


def test_outliers_hardly_move_a_peer():
    frame = frame_of(LAWS["l1"], scatter=0.003)
    frame.loc[::25, "cross_entropy"] *= 1.2
    error = fit_unbounded("l1", frame).cross_entropy(1e5, 500, NOISES)
    # Least squares would move by 4 % · ln 1.2 = 0.7 %.
    np.testing.assert_allclose(error, LAWS["l1"](1e5, 500, np.array(NOISES)), rtol=0.005)


def test_chinchilla_cannot_see_noise():
    frame = frame_of(TRUTH.cross_entropy)
    blind = fit_unbounded("chinchilla", frame).cross_entropy(3e4, 500, NOISES)
    assert len(set(blind.tolist())) == 1
    for name in ("l1", "l2"):
        assert (np.diff(fit_unbounded(name, frame).cross_entropy(3e4, 500, NOISES)) > 0).all()


def test_a_peer_may_pass_the_vocabulary():
    # The reason for bounded forms, kept as a fact.
    found = fit_unbounded("l1", frame_of(TRUTH.cross_entropy))
    assert found.cross_entropy(1e4, 64, 50.0) > math.log(256)


def test_the_same_frame_gives_the_same_numbers():
    frame = frame_of(TRUTH.cross_entropy, scatter=0.01)
    assert fit_unbounded("l2", frame) == fit_unbounded("l2", frame)


def test_unknown_names_and_poor_evidence_are_refused():
    frame = frame_of(TRUTH.cross_entropy)
    with pytest.raises(InputError, match="among l1, l2, chinchilla"):
        fit_unbounded("l3", frame)
    with pytest.raises(InputError, match="at least 8 rows"):
        fit_unbounded("l1", frame.head(7))

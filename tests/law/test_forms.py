"""Every form: bounded, monotone, exact at σ̄ = 0, with slopes that are its slopes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.law.forms import FORMS, form_of

CEILING = float(np.log(30522))
forms = st.sampled_from(sorted(FORMS))
shares = st.lists(st.floats(0, 1), min_size=10, max_size=10)
# Beyond the evidence by far: a size 1000 times off, steps 10,000 times, noise 1,000 times.
sizes, steps = st.floats(-7, 7), st.floats(-9, 9)
noises = st.one_of(st.just(0.0), st.floats(1e-4, 1e3))


def theta_of(name: str, share: list[float]) -> np.ndarray:
    """Anywhere in the form's box."""
    parameters = FORMS[name].parameters
    return np.array([p.low + s * (p.high - p.low) for p, s in zip(parameters, share, strict=False)])


def typical(name: str) -> np.ndarray:
    return np.array([p.starts[-1] for p in FORMS[name].parameters])


@given(forms, shares, sizes, steps, noises)
def test_bounded(name, share, u, v, s):
    loss = FORMS[name].cross_entropy(theta_of(name, share), u, v, s, CEILING)
    assert 0 <= loss <= CEILING * (1 + 1e-12)


@given(forms, shares, sizes, steps, noises, st.floats(0.01, 3))
def test_falls_with_steps_and_rises_with_noise(name, share, u, v, s, more):
    def loss(v, s):
        return FORMS[name].cross_entropy(theta_of(name, share), u, v, s, CEILING)

    # 1e-9 nats: rounding of losses that have reached a plateau.
    assert loss(v + more, s) <= loss(v, s) + 1e-9
    assert loss(v, s * np.exp(more)) >= loss(v, s) - 1e-9
    assert loss(v, 0.0) <= loss(v, s) + 1e-9


@given(forms, st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 30))
def test_slopes_are_central_differences(name, u, v, s):
    form, theta, h = FORMS[name], typical(name), 1e-5
    _, slopes = form.surface(theta, u, v, s, CEILING)

    def loss(u, v, s):
        return form.cross_entropy(theta, u, v, s, CEILING)

    differences = (
        loss(u + h, v, s) - loss(u - h, v, s),
        loss(u, v + h, s) - loss(u, v - h, s),
        loss(u, v, s * np.exp(h)) - loss(u, v, s * np.exp(-h)),
    )
    # Rounding 1e-15/h and curvature h² both stay below 1e-8 nats per e-fold.
    np.testing.assert_allclose(slopes, np.array(differences) / (2 * h), atol=1e-8)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_no_noise_is_the_limit_of_little_noise(name):
    form, theta = FORMS[name], typical(name)
    none, (_, _, slope) = form.surface(theta, 0.3, -0.2, 0.0, CEILING)
    little = form.cross_entropy(theta, 0.3, -0.2, 1e-9, CEILING)
    # The slowest power of σ̄ among the starts is 0.44 (bounded_l2): (1e-9)^0.44 = 1e-4.
    assert little == pytest.approx(none, abs=2e-3)
    assert np.asarray(slope) == 0


@pytest.mark.parametrize("name", sorted(FORMS))
def test_a_batch_of_parameters_is_a_loop_over_them(name):
    form = FORMS[name]
    theta = typical(name) * np.array([[1.0], [0.9], [1.1]])
    u, v, s = np.linspace(-1, 1, 4)[:, None], np.linspace(-2, 2, 5), 0.7
    together = form.cross_entropy(theta, u, v, s, CEILING)
    assert together.shape == (3, 4, 5)
    for one, expected in zip(theta, together, strict=True):
        np.testing.assert_array_equal(form.cross_entropy(one, u, v, s, CEILING), expected)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_parameter_is_explained_and_starts_inside_its_box(name):
    assert len(set(FORMS[name].names)) == len(FORMS[name].names)
    for parameter in FORMS[name].parameters:
        assert parameter.meaning.endswith(".")
        assert all(parameter.low <= start <= parameter.high for start in parameter.starts)


def test_unknown_form_is_refused():
    with pytest.raises(InputError, match="got nonsense"):
        form_of("nonsense")


@pytest.mark.parametrize("name", sorted(FORMS))
@pytest.mark.parametrize("noise", [0.0, 0.7, 30.0])
def test_gradients_are_central_differences(name, noise):
    form, h = FORMS[name], 1e-6
    theta = typical(name) * np.array([[1.0], [0.9], [1.1]])
    u, v = np.array([-1.0, 0.2, 1.5]), np.array([0.8, -1.3, 2.0])
    at = u, v, np.full(3, noise), CEILING
    loss, gradient = form.loss_and_gradient(theta, *at)
    np.testing.assert_allclose(loss, form.cross_entropy(theta, *at), rtol=1e-12)
    for k in range(theta.shape[1]):
        move = h * np.eye(theta.shape[1])[k]
        after, before = (form.cross_entropy(theta + sign * move, *at) for sign in (1, -1))
        np.testing.assert_allclose(gradient[k], (after - before) / (2 * h), atol=2e-8)

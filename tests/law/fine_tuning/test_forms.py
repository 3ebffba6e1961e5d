"""What every form says at its ends, whatever its numbers are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.law.fine_tuning.forms import FORMS, Coordinates


def at(**changes):
    told = {"log_size": 0.0, "log_share": 0.0, "log_trainable": 0.0, "log_steps": 0.0}
    told |= {"log_noise": 0.0} | changes
    return Coordinates(**{name: np.atleast_1d(np.array(v, float)) for name, v in told.items()})


@st.composite
def cases(draw):
    form = draw(st.sampled_from(FORMS))
    theta = np.array([draw(st.floats(p.low, p.high)) for p in form.parameters])
    where = {name: draw(st.floats(-3, 3)) for name in ("log_size", "log_share", "log_trainable")}
    return form, theta, where


@given(cases())
@settings(max_examples=60)
def test_the_share_taken_lies_between_nothing_and_all(case):
    form, theta, where = case
    found = form.share_taken(theta, at(**where, log_steps=[-9, 0, 9], log_noise=[-9, 0, 9]))
    assert ((found >= 0) & (found < 1)).all()


@given(cases())
@settings(max_examples=60)
def test_steps_help_and_noise_harms(case):
    form, theta, where = case
    steps = form.share_taken(theta, at(**where, log_steps=[-2.0, 0.0, 2.0], log_noise=[0.0] * 3))
    noise = form.share_taken(theta, at(**where, log_noise=[-2.0, 0.0, 2.0], log_steps=[0.0] * 3))
    assert (np.diff(steps) >= -1e-12).all()
    assert (np.diff(noise) <= 1e-12).all()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_no_step_takes_nothing_and_steps_without_noise_take_all_that_can_be(form):
    theta = np.array([p.prior[0] for p in form.parameters])
    gain = 1 / (1 + np.exp(-theta[0]))
    assert form.share_taken(theta, at(log_steps=-200.0))[0] < 1e-12
    assert form.share_taken(theta, at(log_steps=200.0, log_noise=-400.0))[0] == pytest.approx(gain)
    assert form.share_taken(theta, at(log_noise=400.0))[0] < 1e-12


def test_only_a_plateau_is_not_averaged_away():
    long = {"log_steps": 60.0, "log_noise": 3.0}
    kept = {}
    for form in FORMS:
        theta = np.array([p.prior[0] for p in form.parameters])
        kept[form.name] = form.share_taken(theta, at(**long))[0] * (1 + np.exp(-theta[0]))
    assert kept["pace"] == pytest.approx(1, abs=1e-6)
    assert kept["averaging"] == pytest.approx(1, abs=1e-6)
    assert kept["plateau"] < 0.1

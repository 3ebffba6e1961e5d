"""What drawing a batch adds to the noise: its limits, and that trainings of
several batches share a law."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.law.fit import fit
from engine.law.observations import observations_of
from engine.law.step_noise import step_noise
from engine.law.transfer.pool import pool
from tests.law.known_sweep import TRUTH

DRAWING = replace(TRUTH, batch_size=32.0, theta=(*TRUTH.theta[:6], -2.0, TRUTH.theta[7]))
"""More sensitive to noise than the truth of other tests: what a batch adds is little."""
positive = st.floats(1e-6, 1.0)


@given(st.floats(0, 1.0), st.floats(1e3, 1e12), st.floats(1, 1e9))
def test_never_less_than_either_part_and_never_more_than_both(noise, size, batch):
    found = float(step_noise(noise, size, batch))
    drawn = (size * batch) ** -0.5
    assert max(noise, drawn) <= found * (1 + 1e-12)
    assert found <= (noise + drawn) * (1 + 1e-12)


def frame_of(batches, sizes=(3e4, 1e5, 3e5), scatter=0.0):
    rows = pd.DataFrame(
        [
            (size, float(steps), noise, float(batch))
            for batch in batches
            for size in sizes
            for steps in (256, 512, 1024, 2048, 4096)
            for noise in (0.0, 2**-10, 2**-8, 2**-6)
        ],
        columns=["model_size", "iterations", "noise_batch_ratio", "drawn_batch_size"],
    )
    loss = DRAWING.cross_entropy(*(rows[name] for name in rows))
    error = np.random.default_rng(0).normal(0, scatter, len(rows))
    return rows.assign(cross_entropy=loss * np.exp(error), vocabulary_size=TRUTH.vocabulary_size)


def test_a_law_of_two_batches_tells_a_third():
    asked = frame_of((512,))
    point = asked["model_size"], asked["iterations"], asked["noise_batch_ratio"]
    known = frame_of((32, 128), scatter=0.003)
    seeing = fit(known, form=TRUTH.form, resamples=0).law
    blind = fit(known.drop(columns="drawn_batch_size"), form=TRUTH.form, resamples=0).law
    assert seeing.batch_size == pytest.approx(64) and blind.batch_size is None
    errors = [
        np.abs(
            np.log(law.cross_entropy(*point, asked["drawn_batch_size"]) / asked["cross_entropy"])
        )
        for law in (seeing, blind)
    ]
    assert 3 * errors[0].mean() < errors[1].mean() and errors[1].mean() > 0.01


def test_one_row_that_does_not_say_its_batch_keeps_all_to_the_noise_of_privacy():
    frame = frame_of((16, 64))
    assert observations_of(frame).batch_size == pytest.approx(32)
    frame.loc[0, "drawn_batch_size"] = np.nan
    assert observations_of(frame).batch_size is None


def test_one_batch_alone_says_nothing_of_drawing():
    """What it adds is then a function of model size alone, and any capacity would do as well."""
    assert observations_of(frame_of((32,))).batch_size is None
    optimal = frame_of((16, 64)).assign(compute_optimal=False)
    assert observations_of(optimal).batch_size is not None
    optimal.loc[0, "compute_optimal"] = True
    assert observations_of(optimal).batch_size is None


def test_runs_of_another_family_keep_their_batch_when_pooled():
    source = fit(frame_of((16, 64), scatter=0.003), form=TRUTH.form, resamples=20)
    few = frame_of((1024,), sizes=(1e5,)).assign(run_id="one")
    found = pool(source, few, resamples=20)
    assert found.law.batch_size == source.law.batch_size
    point = few["model_size"], few["iterations"], few["noise_batch_ratio"]
    told = found.law.cross_entropy(*point, few["drawn_batch_size"])
    np.testing.assert_allclose(told, few["cross_entropy"], rtol=0.01)
    with pytest.raises(InputError, match="examples that each run drew"):
        pool(source, few.drop(columns="drawn_batch_size"), resamples=20)

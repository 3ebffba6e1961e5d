"""A law is its form with numbers: same losses on any layout of the question, and as JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import InputError
from engine.law.form import Reference
from engine.law.law import Law

LAW = Law(
    form="signal_onset",
    theta=(0.3, -3.2, 0.44, 2.2, 0.19, 0.17, -2.2, -4.5),
    vocabulary_size=30522,
    reference=Reference(model_size=6e7, iterations=2e4, noise_batch_ratio=1.5e-5),
)


def test_json_round_trip_is_exact():
    assert Law.from_dict(json.loads(json.dumps(LAW.to_dict()))) == LAW


def test_long_questions_are_answered_as_short_ones():
    rng = np.random.default_rng(0)
    size, steps = np.exp(rng.uniform(15, 20, 70_001)), np.exp(rng.uniform(5, 12, 70_001))
    noise = np.exp(rng.uniform(-16, -6, 70_001))
    loss = LAW.cross_entropy(size, steps, noise)
    for part in (slice(0, 10), slice(32_760, 32_780), slice(69_990, None)):
        # SIMD and scalar tails of exp may differ in the last bit.
        np.testing.assert_allclose(
            loss[part], LAW.cross_entropy(size[part], steps[part], noise[part]), rtol=1e-14
        )


DRAWING = replace(LAW, batch_size=32.0)


def test_a_law_that_counts_drawing_takes_less_noise_from_a_larger_batch():
    point = 1e5, 1e4, 1e-5
    small, large = (DRAWING.cross_entropy(*point, batch) for batch in (8, 10_000))
    assert large < DRAWING.cross_entropy(*point) == DRAWING.cross_entropy(*point, 32) < small
    assert LAW.cross_entropy(*point, 8) == LAW.cross_entropy(*point), "the others take σ̄ alone"
    same = LAW.cross_entropy(1e5, 1e4, np.sqrt(1e-10 + 1 / (1e5 * 8)))
    assert small == pytest.approx(same, rel=1e-12)
    assert Law.from_dict(json.loads(json.dumps(DRAWING.to_dict()))) == DRAWING


@pytest.mark.parametrize("counts", [(2, 3, 4), (40, 50, 60)])  # below and above one chunk
def test_axes_broadcast(counts):
    size, steps, noise = (
        np.geomspace(low, high, count)
        for low, high, count in zip((5e6, 1e2, 1e-7), (3e8, 1e5, 1e-3), counts, strict=True)
    )
    loss = LAW.cross_entropy(size[:, None, None], steps[:, None], noise)
    assert loss.shape == counts
    last = LAW.cross_entropy(size[-1], steps[1], noise)
    np.testing.assert_allclose(loss[-1, 1], last, rtol=1e-14)


def test_wrong_number_of_parameters_is_refused():
    with pytest.raises(InputError, match="Expected 8 parameters"):
        Law(form="signal_onset", theta=(1.0,), vocabulary_size=30522, reference=LAW.reference)
    with pytest.raises(InputError, match="at least 64"):
        Law(form="signal_onset", theta=LAW.theta, vocabulary_size=1, reference=LAW.reference)

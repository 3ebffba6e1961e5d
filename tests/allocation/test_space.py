"""How far an answer lies outside each measured range, where the search may look, and which question
is refused."""

from dataclasses import replace

import pandas as pd
import pytest

from engine.allocation.result import Extrapolation, Reach, Word
from engine.allocation.space import (
    CLIMBED,
    LARGER,
    LONGER,
    MARGIN,
    Space,
    refuse_if_absurd,
    space_of,
)
from engine.config import TrainingConfig
from engine.errors import InputError

SPACE = Space(
    model_size=(1e6, 1e8),
    iterations=(1e3, 1e5),
    noise_batch_ratio=(1e-7, 1e-3),
    sequence_length=512,
    vocabulary_size=30_522,
)


def at(model_size=10**7, iterations=10**4, ratio=1e-5) -> Extrapolation:
    config = TrainingConfig(
        model_size=model_size, batch_size=10, iterations=iterations, sequence_length=512
    )
    nowhere = Reach(word=Word.UNKNOWN, distance=9.0, farthest="batch_size")
    return Extrapolation(reach=nowhere, decades=SPACE.decades(config, ratio))


@pytest.mark.parametrize(
    ("change", "name", "decades"),
    [
        ({}, None, 0.0),
        ({"model_size": 10**8}, None, 0.0),
        ({"model_size": 199_000_000}, "model_size", 0.299),
        ({"model_size": 10**9}, "model_size", 1.0),
        ({"iterations": 10}, "iterations", 2.0),
        ({"ratio": 1e-1}, "noise_batch_ratio", 2.0),
        # Less noise than ever measured approaches the noiseless curve: no extrapolation.
        ({"ratio": 1e-12}, None, 0.0),
    ],
)
def test_decades_outside(change, name, decades):
    found = at(**change)
    assert found.farthest[1] == pytest.approx(decades, abs=2e-3)
    assert name is None or found.farthest[0] == name


def test_absurd_is_refused_with_the_distance():
    refuse_if_absurd(at(ratio=0.99))
    with pytest.raises(InputError, match="10,000 times outside the evidence in noise_batch_ratio"):
        refuse_if_absurd(at(ratio=10.0))


def test_the_search_goes_as_far_beyond_the_evidence_as_the_drift_allows():
    assert SPACE.searched_model_size == pytest.approx((1e6 / MARGIN, 1e8 * LARGER))
    assert SPACE.searched_iterations == pytest.approx((1e3 / MARGIN, 1e5 * LONGER))
    longest = replace(SPACE, iterations=(5.0, 9e5))
    assert longest.searched_iterations == (10.0, 1e6)


def test_a_pilot_stays_near_the_evidence():
    assert SPACE.tried_model_size == pytest.approx((1e6 / MARGIN, 1e8 * CLIMBED))
    assert SPACE.tried_iterations == pytest.approx((1e3 / MARGIN, 1e5 * LONGER))
    assert replace(SPACE, iterations=(5.0, 9e5)).tried_iterations == (10.0, 1e6)


def test_space_of_a_frame_ignores_noiseless_runs_and_refuses_mixtures():
    frame = pd.DataFrame(
        {
            "model_size": [1e6, 2e6, 4e6],
            "iterations": [100.0, 200.0, 300.0],
            "noise_batch_ratio": [0.0, 1e-6, 1e-4],
            "sequence_length": [512.0] * 3,
            "vocabulary_size": [256.0] * 3,
        }
    )
    found = space_of(frame)
    assert found.noise_batch_ratio == (1e-6, 1e-4)
    assert found.model_size == (1e6, 4e6)
    assert found.sequence_length == 512
    with pytest.raises(InputError, match="Expected one vocabulary_size in the evidence"):
        space_of(frame.assign(vocabulary_size=[256.0, 256.0, 300.0]))

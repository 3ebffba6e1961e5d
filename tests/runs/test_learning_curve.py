"""A learning curve in columns is the sequence of pairs that it was."""

import pickle

import numpy as np
import pytest

from engine.errors import InputError
from engine.runs.learning_curve import LearningCurve
from engine.runs.record import LONG_CURVE
from tests.runs.made_runs import record

PAIRS = ((100, 4.5), (200, 4.1), (400, 3.9))


def test_it_is_a_sequence_of_pairs_of_pythons_own_numbers():
    curve = LearningCurve(*zip(*PAIRS, strict=True))
    assert (curve == PAIRS, curve == list(PAIRS), curve == PAIRS[:2], curve == 1) == (
        True, True, False, False,
    )  # fmt: skip
    assert list(curve) == list(PAIRS) and curve[1:] == PAIRS[1:] and curve[-1] == PAIRS[-1]
    assert (type(curve[0][0]), type(curve[0][1])) == (int, float)
    assert hash(curve) == hash(LearningCurve(curve.iterations, curve.losses))
    assert pickle.loads(pickle.dumps(curve)) == curve and repr(curve) == repr(PAIRS)
    with pytest.raises(ValueError, match="read-only"):
        curve.losses[0] = 1.0
    with pytest.raises(ValueError, match="two columns"):
        LearningCurve([1, 2], [1.0])


@pytest.mark.parametrize(
    ("steps", "losses", "words"),
    [
        ([100, 100], [4.0, 3.0], "iterations to rise"),
        ([100, 9_999], [4.0, 3.0], "iterations to rise"),
        ([-1, 100], [4.0, 3.0], "curve.iteration of at least 0"),
        ([100, 200], [4.0, np.nan], "a finite number for curve.cross_entropy"),
        ([100, 200], [4.0, 0.0], "curve.cross_entropy above 0"),
    ],
)
def test_columns_are_checked_as_pairs_are(steps, losses, words):
    for curve in (LearningCurve(steps, losses), list(zip(steps, losses, strict=True))):
        with pytest.raises(InputError, match=words):
            record(iterations=1_000, curve=curve)


def test_a_long_curve_enters_the_hash_of_evidence_by_its_digest():
    """Short ones as text: hashes on record stay what they were."""

    def content(points: int, last: float = 3.0) -> str:
        losses = [*np.linspace(5, 4, points - 1).tolist(), last]
        curve = LearningCurve(range(1, points + 1), losses)
        return record(iterations=1_000, compute_flops=7.68e8, curve=curve).canonical_json()

    assert '"curve":[[1,5.0],' in content(LONG_CURVE)
    long = content(LONG_CURVE + 1)
    assert '"curve":"' in long and len(long) < 2_000
    assert long != content(LONG_CURVE + 1, last=3.0000001)

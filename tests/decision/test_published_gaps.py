"""What the law of fine-tuning extrapolates to for published pairs, and where it would be wrong."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from engine.decision.fine_tuning import tuning_law
from engine.decision.published_gaps import asked_gaps
from engine.fine_tunings import gaps
from engine.law.fine_tuning.fit import FARTHEST
from engine.law.fine_tuning.points import Configurations

DOCUMENT = (Path(__file__).resolve().parents[2] / "data" / "FINE-TUNING.md").read_text("utf-8")


@pytest.fixture(scope="module")
def asked():
    return asked_gaps()


def test_trained_parameters_are_those_printed():
    found = {one.private.model: one.private.trainable_size for one in gaps()}
    assert found["GPT-2 small LoRA (589K trainable), E2E NLG"] == 589e3
    assert found["Llama-2 7B, LoRA (~4.2M trainable) on Wikipedia"] == 4.2e6
    assert found["GPT-2, full fine-tuning, Reddit"] == 124e6
    assert found["GPT-2, LoRA r=4, Reddit"] is None


def test_all_lie_beyond_the_reach(asked):
    assert len(asked) == 8 and all(one.distance > FARTHEST for one in asked)
    assert sum(one.as_gpt2 for one in asked) == 4


def test_a_start_s_own_loss_falls_out_of_the_ratio(asked):
    """By hand: the ratio of two predicted losses, whatever the start's loss."""
    law, one = tuning_law(), asked[0]

    def at(noise: float, steps: float, loss: float) -> Configurations:
        return Configurations.of(
            start_cross_entropy=loss, model_size=1.24e8, trainable_size=1.24e8,
            iterations=steps, batch_size=96, noise_batch_ratio=noise,
        )  # fmt: skip

    for loss in (1.0, 3.4):
        both = at(one.noise_batch_ratio, 312, loss), at(0.0, 625, loss)
        found = law.log_ratio(*both)
        assert found == one.extrapolated
        plain = [float(law.cross_entropy(each)[0]) for each in both]
        assert found.low < math.log(plain[0] / plain[1]) < found.high
    same = law.log_ratio(at(0.01, 300, 2.0), at(0.01, 300, 2.0))
    assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)


def test_the_document_says_where_it_held_and_where_not(asked):
    row = r"^\| [^|]+ \| ([\d.]+) \| ([\d.]+) \(([\d.]+) to ([\d.]+)\) \| (in|out)side \|$"
    stated = re.findall(row, DOCUMENT, re.MULTILINE)
    found = [
        (one.measured, one.extrapolated.value, one.extrapolated.low, one.extrapolated.high)
        for one in asked
    ]
    numbers = np.array([[float(part) for part in row[:4]] for row in stated])
    np.testing.assert_allclose(numbers, found, atol=0.003)
    assert [row[4] == "in" for row in stated] == [one.inside for one in asked]

"""What the law of fine-tuning extrapolates to for published pairs, and where it would be wrong."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from engine.decision.fine_tuning import tuning_law
from engine.decision.published_gaps import asked_gaps, measured_drift, missed_near
from engine.decision.published_rows import Asking, published_rows
from engine.fine_tunings import fine_tunings, gaps
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


def test_a_range_called_90_percent_counts_how_far_it_is(asked):
    """The printed costs judge the drift that small models taught: each lies inside, and they
    drift no more than the ranges count."""
    law = tuning_law()
    for one in asked:
        assert one.with_drift.low < one.extrapolated.low
        assert one.extrapolated.high < one.with_drift.high
        assert one.inside_with_drift
    assert sum(one.inside for one in asked) == 6
    assert 0.0 < measured_drift(asked) <= min(one.held_out.drift for one in law.forms)


def test_the_widened_range_is_that_of_both_losses(asked):
    """By hand: two losses at their distances, each with its Student error, apart."""
    law, one = tuning_law(), asked[0]
    far = np.array([one.distance, one.distance])
    spread = sum(form.weight * form.spread(far)[0] for form in law.forms)
    wide = (one.with_drift.high - one.with_drift.low) / 2.0
    # 1.9: the 95 % point of a sum of two Student errors with 5 degrees, over the root of two.
    assert wide == pytest.approx(1.9 * math.sqrt(2.0) * spread, rel=0.25)


def test_who_has_many_people_is_warned(asked):
    assert missed_near(3_000) == [] and missed_near(5_000) == []
    warned = missed_near(1_000_000)
    assert {one.gap.private.data_budget for one in warned} == {298_613.0, 500_000.0}
    assert [round(one.times_too_little) for one in warned] == [23, 11]


@pytest.fixture(scope="module")
def rows():
    return published_rows()


def test_each_of_the_37_rows_is_answered(rows):
    assert len(rows) == 37 and [one.row for one in rows] == list(fine_tunings())
    count = {asking: sum(one.asking is asking for one in rows) for asking in Asking}
    assert count == {
        Asking.COST: 8, Asking.DISTANCE: 2, Asking.PAIR: 11, Asking.START: 1, Asking.OTHER: 4,
        Asking.LACKING: 11,
    }  # fmt: skip
    for one in rows:
        assert (one.reach is not None) == (one.asking in (Asking.COST, Asking.DISTANCE))
        if one.reach is not None:
            assert one.distance > FARTHEST and str(one.reach) == "unknown"
        if one.asking is Asking.LACKING:
            assert one.row.lacks


def test_what_a_row_lacks_is_what_its_line_leaves_empty(rows):
    assert rows[0].row.lacks == () and rows[2].row.lacks == ()
    assert rows[18].row.lacks == ("trainable_size", "iterations")
    assert rows[21].row.lacks == ("batch_size", "delta", "data_budget")


def test_trained_parameters_that_nobody_prints_lie_no_farther_than_any_number_of_them(rows):
    low_rank = next(one for one in rows if one.asking is Asking.DISTANCE)
    assert low_rank.least and low_rank.cost is None
    assert low_rank.distance < next(one for one in rows if "full" in one.row.model).distance


def test_the_one_loss_that_can_be_asked_is_missed_and_the_document_says_so(rows):
    (one,) = [each for each in rows if each.loss is not None]
    assert one.start_cross_entropy == 2.964 and one.loss_inside is False
    said = re.search(r"a loss of ([\d.]+) \(([\d.]+) to ([\d.]+)\) where 0.946", DOCUMENT)
    assert said is not None
    found = (one.loss.value, one.loss.low, one.loss.high)
    np.testing.assert_allclose([float(part) for part in said.groups()], found, atol=0.02)


def test_the_document_says_where_it_held_and_where_not(asked):
    row = (
        r"^\| [^|]+ \| ([\d.]+) \| ([\d.]+) \(([\d.]+) to ([\d.]+)\) \| (in|out)side[^|]* "
        r"\| (-[\d.]+) to ([\d.]+) \|$"
    )
    stated = re.findall(row, DOCUMENT, re.MULTILINE)
    found = [
        (one.measured, one.extrapolated.value, one.extrapolated.low, one.extrapolated.high)
        for one in asked
    ]
    numbers = np.array([[float(part) for part in row[:4]] for row in stated])
    np.testing.assert_allclose(numbers, found, atol=0.003)
    assert [row[4] == "in" for row in stated] == [one.inside for one in asked]
    wide = np.array([[float(part) for part in row[5:]] for row in stated])
    np.testing.assert_allclose(
        wide, [(one.with_drift.low, one.with_drift.high) for one in asked], atol=0.02
    )

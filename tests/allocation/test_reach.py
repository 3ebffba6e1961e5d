"""How far question and answer lie from the runs: every coordinate, every word."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from engine.allocation.reach import EXTRAPOLATED, MEASURED, NEAR, Coverage, coverage_of, word_of
from engine.allocation.result import Extrapolation, Support, Word
from engine.config import Budget, TrainingConfig
from engine.decision.decide import decide
from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, evidence_of, fitted_evidence

RUN = TrainingConfig(model_size=10**7, batch_size=1_000, iterations=10_000, sequence_length=512)
NOISE = 1e-5
COVERAGE = Coverage(
    runs=(
        (math.log(1e7), math.log(1e4), math.log(NOISE), math.log(1e3)),
        (math.log(1e9), math.log(1e6), math.log(1e-8), math.log(1e6)),
    ),
    least_noise=1e-8,
    compute_flops=1e20,
    data_budget=1e6,
)


def distance(noise: float = NOISE, asked: Budget | None = None, **changes: int) -> float:
    return COVERAGE.reach(replace(RUN, **changes), noise, asked).distance


def test_a_run_is_measured():
    found = COVERAGE.reach(RUN, NOISE)
    assert found.distance == pytest.approx(0.0, abs=1e-9)
    assert found.word is Word.MEASURED


@pytest.mark.parametrize(
    ("name", "value", "e_folds"),
    [
        ("model_size", 10**8, math.log(10)),
        ("model_size", 10**6, math.log(10)),
        ("iterations", 20_000, math.log(2)),
        ("batch_size", 8_000, math.log(8) / 2),
    ],
)
def test_each_coordinate_counts_in_both_directions(name, value, e_folds):
    found = COVERAGE.reach(replace(RUN, **{name: value}), NOISE)
    assert found.distance == pytest.approx(e_folds)
    assert found.farthest == name


def test_noise_counts_until_it_hardly_matters():
    assert distance(NOISE * 100) == pytest.approx(math.log(100))
    large = replace(RUN, model_size=10**9, iterations=10**6, batch_size=10**6)
    assert COVERAGE.reach(large, 1e-12).distance == pytest.approx(0.0, abs=1e-9)
    assert COVERAGE.reach(large, 0.0).distance == pytest.approx(0.0, abs=1e-9)


def test_coordinates_add_as_in_space():
    both = distance(model_size=10**8, batch_size=8_000)
    assert both == pytest.approx(math.hypot(math.log(10), math.log(8) / 2))


def test_a_budget_counts_where_it_exceeds_what_any_run_had():
    within = Budget(compute_flops=1e19, data_budget=10**5, epsilon=4.0)
    assert distance(asked=within) == pytest.approx(0.0, abs=1e-9)
    rich = replace(within, compute_flops=1e22)
    found = COVERAGE.reach(RUN, NOISE, rich)
    assert found.distance == pytest.approx(math.log(100) / 2)
    assert found.farthest == "compute_flops"
    many = COVERAGE.reach(RUN, NOISE, replace(within, data_budget=10**9))
    assert many.distance == pytest.approx(math.log(1000) / 2)
    assert many.farthest == "data_budget"


@pytest.mark.parametrize(
    ("limit", "here", "beyond"),
    [
        (MEASURED, Word.MEASURED, Word.NEAR),
        (NEAR, Word.NEAR, Word.EXTRAPOLATED),
        (EXTRAPOLATED, Word.EXTRAPOLATED, Word.UNKNOWN),
    ],
)
def test_words_end_at_their_limits(limit, here, beyond):
    assert word_of(limit) is here
    assert word_of(math.nextafter(limit, math.inf)) is beyond


@pytest.mark.parametrize(
    ("word", "support"),
    [
        (Word.MEASURED, Support.INSIDE),
        (Word.NEAR, Support.EDGE),
        (Word.EXTRAPOLATED, Support.OUTSIDE),
        (Word.UNKNOWN, Support.OUTSIDE),
    ],
)
def test_support_follows_the_word(word, support):
    reach = replace(COVERAGE.reach(RUN, NOISE), word=word)
    assert Extrapolation(reach=reach, decades={"model_size": 0.0}).support is support


def test_coverage_of_a_frame():
    frame = pd.DataFrame(
        {
            "model_size": [1e7, 1e7, 1e8],
            "iterations": [1e3, 1e3, 1e4],
            "noise_batch_ratio": [0.0, 1e-6, 1e-4],
            "batch_size": [64.0, 64.0, 128.0],
            "compute_flops": [1e15, 1e15, 1e17],
            "data_budget": [float("nan"), 1e5, 1e6],
        }
    )
    found = coverage_of(frame)
    # A run without noise lies where the least noise does.
    assert len(found.runs) == 2
    assert (found.least_noise, found.compute_flops, found.data_budget) == (1e-6, 1e17, 1e6)
    nobody = coverage_of(frame.assign(data_budget=float("nan")))
    assert nobody.data_budget == math.inf
    asked = Budget(compute_flops=1e15, data_budget=10**9, epsilon=4.0)
    config = replace(RUN, iterations=1_000, batch_size=64)
    assert nobody.reach(config, 1e-6, asked).word is Word.MEASURED


def test_every_published_run_is_measured():
    frame = evidence_of(PUBLISHED_BERT).frame
    coverage = coverage_of(frame)
    for row in frame.to_dict("records"):
        config = TrainingConfig(
            model_size=int(row["model_size"]),
            batch_size=int(row["batch_size"]),
            iterations=int(row["iterations"]),
            sequence_length=512,
        )
        assert coverage.reach(config, row["noise_batch_ratio"]).word is Word.MEASURED


def test_what_our_small_runs_cannot_know_is_unknown():
    """Millions of times the compute of any run, in a batch of nearly everybody."""
    asked = Budget(compute_flops=3.8e20, data_budget=10**7, epsilon=4.0)
    found = decide(asked, fitted_evidence(MEASURED_GPT)).extrapolation
    assert found.reach.word is Word.UNKNOWN
    assert found.support is Support.OUTSIDE

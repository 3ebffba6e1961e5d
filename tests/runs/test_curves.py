"""Curves become points: best of the rates, mean of the seeds, one name a cell, thinned."""

import math
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.curves import (
    FIRST_ITERATION,
    LADDER,
    SMOOTHED,
    has_curve,
    is_too_short,
    noise_of,
    points,
    vertex,
)
from engine.runs.record import Provenance, RunRecord

VOCABULARY = 256


def run(curve, *, size=30_000, noise=2**-8, rate=2**-7, seed=0, batch=128, **other) -> RunRecord:
    iterations = curve[-1][0]
    return RunRecord(
        **{
            "family": "gpt-bytes-docstrings",
            "source": "kessai pilot 1",
            "provenance": Provenance.MEASURED,
            "model_size": size,
            "batch_size": batch,
            "iterations": iterations,
            "sequence_length": 64,
            "noise_batch_ratio": noise,
            "compute_flops": 6 * size * batch * iterations * 64,
            "learning_rate": rate,
            "seed": seed,
            "vocabulary_size": VOCABULARY,
            "cross_entropy": curve[-1][1],
            "created_at": datetime(2026, 11, 24, tzinfo=UTC),
            "curve": curve,
        }
        | other
    )


def by_steps(found):
    return {point.iterations: point.cross_entropy for point in found}


def test_the_best_rate_counts_at_each_iteration():
    fast = run([(256, 3.0), (512, 2.9), (1024, 2.8)], rate=2**-6)
    slow = run([(256, 3.5), (512, 2.9), (1024, 2.5)], rate=2**-8)
    found = points([fast, slow])
    assert by_steps(found) == pytest.approx({256: 3.0, 512: 2.9, 1024: 2.5})
    assert [point.learning_rate for point in found] in (
        [2**-6, 2**-6, 2**-8],
        [2**-6, 2**-8, 2**-8],
    )
    assert {point.run_id for point in found} == {slow.run_id}, "one name: they leave together"


def test_seeds_are_averaged_before_rates_compete():
    lucky = run([(256, 3.0), (512, 2.0)], rate=2**-6, seed=0)
    unlucky = run([(256, 3.0), (512, 3.0)], rate=2**-6, seed=1)
    steady = run([(256, 3.0), (512, 2.4)], rate=2**-8)
    assert by_steps(points([lucky, unlucky, steady]))[512] == pytest.approx(2.4)


def test_between_rates_of_a_ladder_the_loss_is_the_parabola_s():
    def loss(octave):
        return 2.5 + 0.06 * (octave + 6.7) ** 2

    ladder = [run([(256, 3.0), (512, loss(octave))], rate=2.0**octave) for octave in (-8, -7, -6)]
    found = points(ladder)
    assert by_steps(found)[512] == pytest.approx(2.5, abs=1e-12)
    assert found[-1].best is ladder[1], "the run that came nearest"
    assert by_steps(points(ladder[:2]))[512] == pytest.approx(loss(-7)), "two rates are no parabola"


def test_at_the_end_of_a_ladder_the_loss_is_the_best_that_was_measured():
    falling = [
        run([(256, loss)], rate=2.0**octave) for octave, loss in ((-8, 3), (-7, 2.5), (-6, 2.4))
    ]
    assert by_steps(points(falling))[256] == 2.4
    assert vertex([-8, -7, -6], [3, 2.5, 2.4]).at_end


@pytest.mark.parametrize("diverged", [5.5, 2.76])
def test_a_neighbour_that_diverged_promises_no_better_loss(diverged):
    assert vertex([-8, -7, -6], [2.55, 2.5, diverged]).cross_entropy == 2.5
    assert not vertex([-8, -7, -6], [2.55, 2.5, diverged]).at_end


@given(
    losses=st.lists(st.floats(0.5, 5.0), min_size=3, max_size=6),
    gaps=st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=6, max_size=6),
)
def test_a_vertex_is_at_most_the_least_loss_and_near_its_rate(losses, gaps):
    octaves = [-8.0 + sum(gaps[:place]) for place in range(len(losses))]
    found = vertex(octaves, losses)
    best = losses.index(min(losses))
    assert 0.987 * min(losses) <= found.cross_entropy <= min(losses)
    assert found.at_end == (best in (0, len(losses) - 1))
    assert abs(found.octaves - octaves[best]) <= max(gaps) / 2


@pytest.mark.parametrize("change", [{"size": 100_000}, {"noise": 2**-9}, {"batch": 64}])
def test_other_cells_do_not_mix(change):
    found = points([run([(256, 3.0)]), run([(256, 2.0)], **change)])
    assert sorted(point.cross_entropy for point in found) == [2.0, 3.0]
    assert len({point.run_id for point in found}) == 2


def test_the_start_is_left_out_and_the_end_always_in():
    curve = [(step, 4.0 - 0.0002 * step) for step in (32, 255, 256, 360, 400, 508, 800)]
    assert sorted(by_steps(points([run(curve)]))) == [256, 360, 508, 800]
    short = run([(FIRST_ITERATION - 1, 3.0)])
    assert not has_curve(short) and is_too_short(short)
    assert not is_too_short(run([(FIRST_ITERATION, 3.0)]))


def test_a_loss_beyond_knowing_nothing_is_held_to_it():
    highest = 1.01 * math.log(VOCABULARY)
    assert points([run([(256, highest), (512, 3.0)])])[0].cross_entropy == math.log(VOCABULARY)


def test_dense_curves_are_smoothed_over_their_last_share():
    curve = [(step, 3.0 + (0.1 if step % 20 else -0.1)) for step in range(10, 2001, 10)]
    found = by_steps(points([run(curve)]))
    assert found[2000] == pytest.approx(3.0, abs=1e-9)
    thin = min(found)
    alone = [(step, loss) for step, loss in curve if step == thin or step > 1.1 * thin]
    assert abs(by_steps(points([run(alone)]))[thin] - 3.0) > 0.05, "a window of one point"


def test_noise_is_read_from_either_column_and_must_be_stated():
    assert noise_of(run([(256, 3.0)], noise=None, noise_multiplier=0.5)) == 0.5 / 128
    private = {"epsilon": 4.0, "delta": 1e-6, "data_budget": 32_000, "privacy_unit": "document"}
    unstated = run([(256, 3.0)], noise=None, sampling="best", **private)
    assert not has_curve(unstated)


@given(
    steps=st.lists(st.integers(1, 20_000), min_size=1, max_size=60, unique=True).map(sorted),
    losses=st.randoms(use_true_random=False),
)
def test_points_lie_on_a_ladder_inside_the_range_of_their_curves(steps, losses):
    curve = [(step, losses.uniform(1.0, 5.0)) for step in steps]
    record = run(curve)
    if not has_curve(record):
        return
    found = points([record])
    reached = [point.iterations for point in found]
    assert reached[-1] == steps[-1] and reached[0] >= FIRST_ITERATION
    assert all(b >= LADDER * a for a, b in pairwise(reached))
    for point in found:
        window = [x for s, x in curve if point.iterations * (1 - SMOOTHED) < s <= point.iterations]
        assert min(window) - 1e-9 <= point.cross_entropy <= max(window) + 1e-9


@given(order=st.permutations(range(4)))
def test_order_of_records_does_not_matter(order):
    runs = [
        run(
            [(256, 3.0 + 0.1 * i), (512, 2.5 + 0.05 * (3 - i))],
            rate=2.0 ** -(6 + i % 2),
            seed=i // 2,
        )
        for i in range(4)
    ]
    assert points([runs[i] for i in order]) == points(runs)

"""Which runs a plan asks for, in which order, under which ids."""

import subprocess
import sys
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import CorpusSource, Engine, Schedule
from engine.pilot.sweeps.grid import Grid, SweepPlan, defining, run_id
from engine.runs.record import DEFINING

FAMILY = "gpt-bytes-test"


def grid(**changes):
    block: dict[str, Any] = {
        "round": 1,
        "model_sizes": (3e4,),
        "noise_batch_ratios": (0.0,),
        "learning_rates": (2.0**-8,),
        "seeds": (1,),
        "iterations": 64,
        "warmup": 8,
    }
    return Grid(**block | changes)


def plan(*grids, **changes):
    defaults: dict[str, Any] = {
        "corpus": CorpusSource(kind="docstrings"),
        "grids": grids,
        "interleave": True,
        "processes": 1,
        "threads": 1,
        "device": "cpu",
        "batch_size": 128,
        "sequence_length": 64,
        "physical_batch_size": 32,
        "engine": Engine.FAST,
        "precision": "float32",
    }
    return SweepPlan(**defaults | changes)


def runs_of(*grids, **changes):
    return plan(*grids, **changes).settings(vocabulary_size=256, data_budget=5000)


def test_a_run_has_the_shape_of_its_target_and_says_its_exact_size():
    (run,) = runs_of(grid(model_sizes=(1e5,), noise_batch_ratios=(2.0**-8,)))
    assert run.shape == shape_for(100_000, vocabulary_size=256, sequence_length=64)
    assert run.config.model_size == parameter_count(run.shape)
    assert run.noise_batch_ratio == 2.0**-8
    assert (run.config.batch_size, run.config.iterations, run.config.sequence_length) == (
        128,
        64,
        64,
    )
    assert (run.clip_norm, run.averaging, run.schedule) == (1.0, 8.0, Schedule.CONSTANT)
    assert (run.seed, run.warmup, run.data_budget, run.physical_batch_size) == (1, 8, 5000, 32)


def test_a_batch_larger_than_the_text_is_refused():
    with pytest.raises(InputError, match="batch_size of at most the 100 units"):
        plan(grid()).settings(vocabulary_size=256, data_budget=100)
    assert plan(grid()).settings(vocabulary_size=256, data_budget=128)


def test_as_written_sizes_are_outermost_and_seeds_innermost():
    block = grid(
        model_sizes=(1e5, 3e4), noise_batch_ratios=(0.1, 0.0), learning_rates=(0.2, 0.1),
        seeds=(2, 1),
    )  # fmt: skip
    found = [
        (run.config.model_size > 60_000, run.noise_batch_ratio, run.learning_rate, run.seed)
        for run in runs_of(block, interleave=False)
    ]
    assert found == list(product((True, False), (0.1, 0.0), (0.2, 0.1), (2, 1)))


def test_rounds_come_in_order_and_equal_rounds_are_interleaved_together():
    first = grid(round=2, noise_batch_ratios=(0.0, 0.1))
    second = grid(round=1, noise_batch_ratios=(0.2,))
    third = grid(round=2, model_sizes=(1e5,), noise_batch_ratios=(0.3, 0.4))
    found = [run.noise_batch_ratio for run in runs_of(first, second, third)]
    assert found == [0.2, 0.0, 0.3, 0.1, 0.4]


def test_a_run_that_two_blocks_ask_for_runs_once_at_its_first_place():
    twice = runs_of(grid(round=1), grid(round=2, noise_batch_ratios=(0.1, 0.0)))
    assert [run.noise_batch_ratio for run in twice] == [0.0, 0.1]


def test_a_run_once_for_its_id_whatever_its_warmup():
    found = runs_of(grid(round=1, warmup=8), grid(round=2, warmup=9))
    assert [run.warmup for run in found] == [8]


def test_middle_rates_and_first_seeds_come_first_noises_bit_reversed():
    block = grid(
        noise_batch_ratios=tuple(2.0**-k for k in range(8)),
        learning_rates=(0.1, 0.2, 0.4),
        seeds=(1, 2),
    )
    found = runs_of(block)
    assert [run.learning_rate for run in found[:24:8]] == [0.2, 0.1, 0.4]
    assert {run.seed for run in found[:24]} == {1}
    noises = sorted(block.noise_batch_ratios)
    assert [noises.index(run.noise_batch_ratio) for run in found[:8]] == [0, 4, 2, 6, 1, 5, 3, 7]


def test_the_middle_rate_is_each_noise_s_own():
    quiet = grid(noise_batch_ratios=(0.0,), learning_rates=(0.2, 0.4, 0.8))
    noisy = grid(noise_batch_ratios=(0.1,), learning_rates=(0.05, 0.1, 0.2))
    first = runs_of(quiet, noisy)[:2]
    assert {(run.noise_batch_ratio, run.learning_rate) for run in first} == {(0.0, 0.4), (0.1, 0.1)}


@given(
    sizes=st.sets(st.sampled_from([3e4, 6e4, 1e5, 2e5]), min_size=1),
    noises=st.sets(st.integers(0, 12), min_size=1, max_size=6),
    rates=st.sets(st.integers(4, 12), min_size=1, max_size=4),
    seeds=st.sets(st.integers(0, 5), min_size=1, max_size=3),
    share=st.floats(0.0, 1.0),
)
def test_a_beginning_of_the_campaign_is_balanced_over_sizes(sizes, noises, rates, seeds, share):
    block = grid(
        model_sizes=tuple(sizes),
        noise_batch_ratios=tuple(2.0**-k for k in noises),
        learning_rates=tuple(2.0**-k for k in rates),
        seeds=tuple(seeds),
    )
    found = runs_of(block)
    each = len(noises) * len(rates) * len(seeds)
    assert len({run_id(run, family=FAMILY) for run in found}) == len(found) == each * len(sizes)
    done = [run.config.model_size for run in found[: int(share * len(found))]]
    counts = [done.count(parameter_count(shape_for(int(size)))) for size in sizes]
    assert max(counts) - min(counts) <= 1


def test_the_id_is_known_before_and_holds_what_the_law_needs():
    (run,) = runs_of(grid(noise_batch_ratios=(2.0**-8,)))
    fields = defining(run, family=FAMILY)
    assert set(fields) <= set(DEFINING)
    assert fields["noise_batch_ratio"] == 2.0**-8
    assert "epsilon" not in fields and "noise_multiplier" not in fields


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"learning_rate": 0.5}, {"noise_batch_ratio": 0.5}]
)
def test_what_changes_the_loss_changes_the_id(change):
    (run,) = runs_of(grid())
    assert run_id(replace(run, **change), family=FAMILY) != run_id(run, family=FAMILY)


def test_speed_and_family():
    (run,) = runs_of(grid())
    assert run_id(replace(run, physical_batch_size=7), family=FAMILY) == run_id(run, family=FAMILY)
    assert run_id(run, family="gpt-bytes-other") != run_id(run, family=FAMILY)


def test_planning_loads_no_torch():
    code = (
        "import sys, engine.pilot.sweeps.gridfile, engine.pilot.sweeps.sweep, "
        "engine.commands.sweep;assert not {'torch', 'opacus'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""The rule finds the law that made the rates, and refuses where a ladder never turned."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.errors import InputError
from engine.pilot.learning_rate import MINIMUM_CELLS, fit_rule, optima
from engine.runs.record import Provenance, RunRecord

BATCH = 128
TRUE = (-2.0, -0.25, -0.5, -0.125)
LADDER = [2.0**-k for k in range(1, 16)]


def best_rate(size: float, noise: float, steps: float, batch: float = BATCH) -> float:
    a, b, c, d = TRUE
    total = math.sqrt(1 / batch + size * noise**2)
    return a + b * math.log2(size) + c * math.log2(total) + d * math.log2(steps)


def run(size, noise, rate, *, seed=0, batch=BATCH, shift=0.0) -> RunRecord:
    curve = [
        (steps, 2.5 + 0.05 * (math.log2(rate) - best_rate(size, noise, steps, batch)) ** 2 + shift)
        for steps in (128, 256, 512, 1024)
    ]
    return RunRecord(
        family="gpt-bytes-docstrings",
        source="kessai pilot 1",
        provenance=Provenance.MEASURED,
        model_size=size,
        batch_size=batch,
        iterations=1024,
        sequence_length=64,
        noise_batch_ratio=noise,
        compute_flops=6 * size * batch * 1024 * 64,
        learning_rate=rate,
        seed=seed,
        vocabulary_size=65_536,
        cross_entropy=curve[-1][1],
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
        curve=tuple(curve),
    )


def near(size, noise, *, beyond=3):
    """Rates of the ladder around the best at every number of iterations."""
    centre = best_rate(size, noise, 512)
    return [rate for rate in LADDER if abs(math.log2(rate) - centre) <= beyond]


SWEEP = [
    run(size, noise, rate)
    for size in (10_000, 30_000, 100_000)
    for noise in (0.0, 2**-9, 2**-7, 2**-5)
    for rate in near(size, noise)
]


def test_the_rule_is_recovered():
    rule = fit_rule(SWEEP)
    assert rule.coefficients == pytest.approx(TRUE, abs=1e-6)
    assert rule.spread < 1e-6
    assert rule.cells == 9, "those without noise do not count"
    asked = {"model_size": 50_000, "noise_batch_ratio": 2**-6, "iterations": 500}
    expected = best_rate(50_000, 2**-6, 500, batch=1000)
    found = rule.learning_rate(batch_size=1000, **asked)
    assert math.log2(found) == pytest.approx(expected, abs=1 / 64 + 1e-9)


def test_the_rule_stays_inside_what_was_tried():
    rule = fit_rule(SWEEP)
    tried = [record.learning_rate for record in SWEEP if record.noise_batch_ratio]
    far = {"model_size": 1e12, "batch_size": 1, "noise_batch_ratio": 1.0, "iterations": 1e6}
    assert rule.learning_rate(**far) == min(rate for rate in tried if rate is not None)
    near_nothing = {"model_size": 1, "batch_size": 1e9, "noise_batch_ratio": 0, "iterations": 1}
    assert rule.learning_rate(**near_nothing) == max(rate for rate in tried if rate is not None)


def test_seeds_are_averaged():
    noisy = [run(30_000, 2**-7, rate, seed=1, shift=0.3) for rate in near(30_000, 2**-7)]
    assert fit_rule([*SWEEP, *noisy]).coefficients == pytest.approx(TRUE, abs=1e-6)


def test_a_shorter_second_seed_takes_no_iterations_away():
    rates = near(30_000, 2**-7, beyond=1.5)
    ladder = [run(30_000, 2**-7, rate) for rate in rates]
    whole = run(30_000, 2**-7, rates[1], seed=1)
    curve = whole.curve[:3]
    short = replace(
        whole,
        iterations=512,
        curve=tuple(curve),
        cross_entropy=curve[-1][1],
        compute_flops=whole.compute_flops / 2,
    )
    reached = [optimum.iterations for optimum in optima([*ladder, short])]
    assert reached == [256, 512, 1024]


def test_a_ladder_that_never_turned_is_told_and_not_used():
    size, noise = 30_000, 2**-7
    falling = [rate for rate in LADDER if math.log2(rate) < best_rate(size, noise, 1024) - 2][:3]
    found = optima([run(size, noise, rate) for rate in falling])
    assert found and all(optimum.at_end for optimum in found)
    others = [
        record for record in SWEEP if (record.model_size, record.noise_batch_ratio) != (size, noise)
    ]
    rule = fit_rule([*others, *[run(size, noise, rate) for rate in falling]])
    assert rule.coefficients == pytest.approx(TRUE, abs=1e-6)


def test_two_rates_are_no_ladder():
    assert optima([run(30_000, 0.0, 2**-6), run(30_000, 0.0, 2**-7)]) == []


def test_too_few_cells_are_refused_with_what_to_do():
    few = [record for record in SWEEP if record.model_size == 10_000]
    with pytest.raises(InputError, match=f"at least {MINIMUM_CELLS} pairs.*found 3: sweep"):
        fit_rule(few)


def test_private_runs_without_a_ladder_change_nothing():
    pilot = run(30_000, 2**-6.5, 2**-3)
    assert fit_rule([*SWEEP, pilot]).coefficients == pytest.approx(TRUE, abs=1e-6)


def test_rates_scatter_into_the_spread():
    rng = np.random.default_rng(0)
    shifted = [
        run(size, noise, 2.0 ** (math.log2(rate) + shift))
        for size in (10_000, 30_000, 100_000)
        for noise in (0.0, 2**-9, 2**-7)
        for shift in [rng.normal(0, 0.5)]
        for rate in near(size, noise)
    ]
    assert fit_rule(shifted).spread < 0.1, "a parabola finds its vertex wherever the ladder lies"


def test_trainings_without_noise_are_another_matter():
    """Their best rate hardly falls with further steps; a pilot always has noise."""
    quiet = [
        run(size, 0.0, rate, shift=0.5 * abs(math.log2(rate) + 5))
        for size in (10_000, 30_000, 100_000)
        for rate in LADDER[:9]
    ]
    noisy = [record for record in SWEEP if record.noise_batch_ratio]
    assert fit_rule([*noisy, *quiet]) == fit_rule(noisy)

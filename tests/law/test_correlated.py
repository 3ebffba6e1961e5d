"""What correlated noise is equal to: cells by hand, recovery of a known law, what ships."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from engine.accounting.mechanisms_compared import choices
from engine.law.correlated import PATH, Cell, cells_of, correlation, fitted
from tests.golden import bands_table

ROOT = Path(__file__).resolve().parents[2]


def run(bands, share, rate, seed, loss, error=4.0, **more):
    facts = {"model_size": 14_000, "epsilon": 1.0, "bands": bands, "share": share}
    return {**facts, "learning_rate": rate, "seed": seed, "cross_entropy": loss, "error": error} | (
        more
    )


RUNS = [
    # Independent noise, all of it, half and a quarter, at its best rate; one worse rate.
    *(run(1, 1.0, 0.1, seed, 3.0 + d) for seed, d in ((1, 0.01), (2, -0.01))),
    *(run(1, 1.0, 0.2, seed, 3.2) for seed in (1, 2)),
    *(run(1, 1.0, 0.05, seed, 3.3) for seed in (1, 2)),
    *(run(1, 0.5, 0.1, seed, 2.8) for seed in (1, 2)),
    *(run(1, 0.25, 0.1, seed, 2.6) for seed in (1, 2)),
    # Four bands leave half of the error, and reach the loss half way from a half to a quarter.
    *(run(4, 1.0, 0.1, seed, 2.7 + d, error=2.0) for seed, d in ((1, 0.02), (2, -0.02))),
    run(4, 1.0, 0.2, 1, 2.0, error=2.0),  # one seed alone does not count
]


def test_a_cell_by_hand():
    (cell,) = cells_of(RUNS)
    assert (cell.model_size, cell.epsilon, cell.bands, cell.learning_rate) == (14_000, 1.0, 4, 0.1)
    assert cell.loss == pytest.approx(2.7)
    assert cell.half_difference == pytest.approx(0.02)
    assert cell.gain == pytest.approx(0.3)
    assert cell.planned == pytest.approx(0.5)
    assert cell.equal == pytest.approx(math.sqrt(0.5 * 0.25))
    assert not cell.bound and cell.at_edge  # the only rate tried with both seeds


def test_less_than_was_tried_is_a_bound():
    better = [one | {"cross_entropy": 2.5} if one["bands"] == 4 else one for one in RUNS]
    (cell,) = cells_of(better)
    assert cell.bound and cell.equal == pytest.approx(0.25)


def made(exponent, scatter, count, seed):
    rng = np.random.default_rng(seed)
    planned = rng.uniform(0.2, 0.95, count)
    equal = np.minimum(planned**exponent * np.exp(scatter * rng.normal(size=count)), 1.0)
    return [
        Cell(
            model_size=14_000, epsilon=1.0, bands=4, learning_rate=0.1, at_edge=False, loss=3.0,
            half_difference=0.0, gain=0.1, planned=float(p), equal=float(e), bound=False,
        )
        for p, e in zip(planned, equal, strict=True)
    ]  # fmt: skip


def test_a_known_law_is_found_and_its_ranges_hold():
    held, new = [], []
    for seed in range(300):
        cells = made(0.8, 0.1, 20, seed)
        law = fitted(cells[:-1], iterations=192, sampling_probability=0.002)
        held.append(law.exponent.low <= 0.8 <= law.exponent.high)
        share = law.equal_share(cells[-1].planned)
        new.append(share.low <= cells[-1].equal <= share.high)
    assert 0.85 < np.mean(held) < 0.95
    assert 0.85 < np.mean(new) < 0.95


def test_without_gain_nothing_is_claimed():
    share = correlation().equal_share(1.0)
    assert share.value == share.high == 1.0


def test_what_ships_was_tried_with_rates_around_the_best():
    known = correlation()
    assert {cell.bands for cell in known.cells} == {4, 16, 64}
    assert len({cell.model_size for cell in known.cells}) >= 3
    assert len({cell.epsilon for cell in known.cells}) >= 3
    assert known.exponent.low < known.exponent.value < known.exponent.high
    assert all(0 < cell.equal <= 1 for cell in known.cells)


def test_the_distance_is_that_of_size_steps_and_probability():
    known = correlation()
    size = known.cells[0].model_size
    at = size, known.iterations, known.sampling_probability
    assert known.distance(*at) == pytest.approx(0.0)
    assert known.distance(at[0], at[1] * math.e, at[2]) == pytest.approx(1.0)
    assert known.distance(at[0] / math.e**3, at[1], at[2] * math.e**4) == pytest.approx(5.0, 0.2)


def test_what_was_measured_stands_in_the_document():
    text = (ROOT / "docs" / "mechanisms.md").read_text("utf-8")
    made = json.loads(PATH.read_text("utf-8"))
    assert "\n".join(bands_table.rows()) in text
    assert "\n".join(bands_table.left_out()) in text
    assert bands_table.exponent() in text
    assert f"{len(made['runs'])} trainings" in text
    minutes = sum(run["seconds"] for run in made["runs"]) / 60
    assert f"{minutes:.0f} minutes of one core" in text
    assert f"{made['people']:,} documents" in text


def test_planned_errors_are_those_of_the_accountant():
    (cell,) = (
        one
        for one in correlation().cells
        if (one.bands, one.epsilon) == (16, 4.0) and one.model_size < 20_000
    )
    planned = choices(
        data_budget=25_512, batch_size=48, iterations=192, epsilon=4.0, delta=1e-6,
        model_size=1e4, bandwidth=1e12, bands=[16],
    )  # fmt: skip
    assert cell.planned == pytest.approx(planned[1].error)

"""The noise of banded plans: the same numbers as the accounting and the strategies give by hand."""

import math
from typing import Any

import numpy as np
import pytest

from engine.accounting.search import noise_multiplier
from engine.accounting.strategy import error, strategy
from engine.allocation.noise import PLANNED_BANDS, bands_of, in_groups, noise_of, planned_error
from engine.allocation.reach import EXTRAPOLATED, distance_of_correlation
from engine.config import PLANNED_SAMPLINGS, Sampling, TrainingConfig
from engine.errors import InputError
from engine.law.correlated import correlation

ASKED: dict[str, Any] = {"epsilon": 2.0, "delta": 1e-8}


@pytest.mark.parametrize("sampling", [s for s in PLANNED_SAMPLINGS if s is not Sampling.BANDED])
def test_independent_noise_is_what_the_accounting_says(sampling):
    asked = {**ASKED, "data_budget": 1e6, "batch_size": [50, 5_000], "iterations": [400, 9_000]}
    found = noise_of(**asked, sampling=sampling)
    assert (found.multiplier == noise_multiplier(**asked, sampling=sampling)).all()
    assert [*map(float, (found.effect, found.share, found.doubt, found.bands))] == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("batch", "steps"), [(200, 1_000), (3_000, 1_000), (20_000, 5_000), (60, 70), (90_000, 2_000)]
)
def test_a_banded_plan_takes_the_bands_of_least_error(batch, steps):
    """By hand: σ of one group in its turns, the error of the strategy for just so many steps."""
    people, errors, sigmas = 1_000_000, {}, {}
    alone = float(noise_multiplier(**ASKED, data_budget=people, batch_size=batch, iterations=steps))
    errors[1], sigmas[1] = 1.0, alone
    for bands in PLANNED_BANDS:
        if people // bands < batch or steps < bands:
            continue
        sigmas[bands] = float(
            noise_multiplier(
                **ASKED,
                data_budget=people // bands,
                batch_size=batch,
                iterations=-(-steps // bands),
            )
        )
        spread = error(strategy(bands=bands, iterations=steps), iterations=steps)
        errors[bands] = sigmas[bands] / alone * math.sqrt(2 * spread / (steps + 1))
    found = noise_of(
        **ASKED, data_budget=people, batch_size=batch, iterations=steps, sampling=Sampling.BANDED
    )
    best = min(errors, key=lambda bands: errors[bands])
    assert errors[int(found.bands)] == pytest.approx(errors[best], rel=0.01)
    assert float(found.multiplier) == pytest.approx(sigmas[int(found.bands)], rel=1e-12)
    planned = errors[int(found.bands)]
    assert float(found.share) == pytest.approx(planned ** correlation().exponent.value, rel=0.02)
    assert float(found.multiplier * found.effect) == pytest.approx(alone * float(found.share))
    assert (float(found.doubt) > 0) == (found.bands > 1)


def test_groups_smaller_than_a_batch_leave_independent_noise():
    asked = {**ASKED, "data_budget": 10_000, "batch_size": 2_600, "iterations": 1_000}
    found = noise_of(**asked, sampling=Sampling.BANDED)
    assert [*map(float, (found.bands, found.effect, found.doubt))] == [1, 1, 0]
    assert found.multiplier == noise_multiplier(**asked)


def test_many_at_once_are_each_on_its_own():
    batch, steps = np.array([[100.0], [20_000.0]]), np.array([[50.0, 300.0, 20_000.0]])
    many = noise_of(
        **ASKED, data_budget=1e6, batch_size=batch, iterations=steps, sampling=Sampling.BANDED
    )
    for i, j in np.ndindex(2, 3):
        one = noise_of(
            **ASKED,
            data_budget=1e6,
            batch_size=batch[i, 0],
            iterations=steps[0, j],
            sampling=Sampling.BANDED,
        )
        for name in ("multiplier", "effect", "share", "doubt", "bands"):
            assert getattr(many, name)[i, j] == pytest.approx(float(getattr(one, name)), rel=1e-9)


def test_bands_of_a_configuration():
    config = TrainingConfig(
        model_size=1_000_000, batch_size=200, iterations=1_000, sequence_length=64
    )
    assert bands_of(config, data_budget=1_000_000, **ASKED) in PLANNED_BANDS
    assert bands_of(config, data_budget=400, **ASKED) == 1


@pytest.mark.parametrize(("bands", "steps"), [(4, 40), (16, 700), (64, 20_000)])
def test_errors_between_the_nodes_are_those_of_a_strategy(bands, steps):
    coefficients = strategy(bands=bands, iterations=min(steps, 4_096))
    exact = math.sqrt(error(coefficients, iterations=steps) / ((steps + 1) / 2))
    assert planned_error(bands, np.array([float(steps)]))[0] == pytest.approx(exact, rel=0.03)


def test_one_sigma_cannot_say_banded_noise():
    with pytest.raises(InputError, match="number of bands"):
        noise_multiplier(
            **ASKED, data_budget=1e6, batch_size=10, iterations=10, sampling=Sampling.BANDED
        )


def test_distance_is_nought_at_a_measured_cell_and_grows_by_e_folds():
    measured = correlation()
    cell, people = measured.cells[0], 100_000_000
    config = TrainingConfig(
        model_size=cell.model_size,
        batch_size=round(people * measured.sampling_probability),
        iterations=measured.iterations,
        sequence_length=32,
    )
    assert distance_of_correlation(config, people) == pytest.approx(0.0, abs=1e-3)
    far = distance_of_correlation(config, round(people / math.e**2))
    assert far == pytest.approx(2.0, abs=1e-3) and far < EXTRAPOLATED


def test_groups_are_of_whole_people_and_take_turns():
    """1,003 people in 4 groups: σ is that of 250 people in every fourth step."""
    people, batch, steps = (np.array(float(x)) for x in (1_003, 40, 1_001))
    at: dict[str, Any] = {"data_budget": people, "batch_size": batch, "iterations": steps}
    white = noise_multiplier(**ASKED, **at)
    grouped = in_groups(4, white, **ASKED, **at)
    assert grouped is not None
    expected = noise_multiplier(**ASKED, data_budget=250, batch_size=40, iterations=251)
    assert float(grouped[0]) == float(expected)
    assert float(grouped[1]) == float(expected / white * planned_error(4, steps))


@pytest.mark.parametrize(
    ("batch", "steps", "bands"), [(251, 1_001, 4), (40, 3, 4), (40, 1_001, 16)]
)
def test_no_groups_where_a_batch_a_turn_or_people_are_missing(batch, steps, bands):
    people, examples, taken = (np.array(float(x)) for x in (1_003, batch, steps))
    at: dict[str, Any] = {"data_budget": people, "batch_size": examples, "iterations": taken}
    white = noise_multiplier(**ASKED, **at)
    assert in_groups(bands, white, **ASKED, **at) is None

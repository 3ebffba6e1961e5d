"""The search path: within 0.5 % of the near-exact accountant everywhere, and safe at its edges."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.accounting import search
from engine.accounting.domain import SMALLEST_NOISE_MULTIPLIER
from engine.accounting.gaussian import gaussian_mu
from engine.accounting.profile import subsampled_epsilon
from engine.accounting.search import better_sampling, noise_multiplier
from engine.accounting.table import NoiseTable
from engine.config import Sampling
from engine.errors import InputError

QUESTION: dict[str, Any] = {
    "data_budget": 1e7,
    "batch_size": 220_000,
    "iterations": 11_000,
    "epsilon": 4.0,
    "delta": 1e-8,
}


def random_questions(seed, count, largest_probability):
    generator = np.random.default_rng(seed)
    return zip(
        10 ** generator.uniform(-6, np.log10(largest_probability), count),
        np.round(10 ** generator.uniform(1, 6, count)).astype(int),
        np.exp(generator.uniform(np.log(0.01), np.log(64), count)),
        10 ** generator.uniform(-12, -5, count),
        strict=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "count", "largest_probability"),
    # The second half stays where few take part and one step's loss is two-humped.
    [
        (1, 20, 1.0),
        (2, 20, 1e-3),
        pytest.param(3, 100, 1.0, marks=pytest.mark.exhaustive),
        pytest.param(4, 100, 1e-3, marks=pytest.mark.exhaustive),
    ],
)
def test_within_half_a_percent_of_the_near_exact_accountant(seed, count, largest_probability):
    checked = 0
    for q, steps, epsilon, delta in random_questions(seed, count, largest_probability):
        sigma = noise_multiplier(
            data_budget=1e9,
            batch_size=max(q * 1e9, 1.0),
            iterations=steps,
            epsilon=epsilon,
            delta=delta,
        )
        enough = subsampled_epsilon(q, float(sigma) * 1.005, int(steps), [delta])[0]
        assert enough <= epsilon * (1 + 1e-3), (q, steps, epsilon, delta)
        if sigma > SMALLEST_NOISE_MULTIPLIER:
            too_little = subsampled_epsilon(q, float(sigma) * 0.995, int(steps), [delta])[0]
            assert too_little >= epsilon * (1 - 1e-3), (q, steps, epsilon, delta)
            checked += 1
    assert checked > count / 3


def test_shapes_broadcast_and_chunks_do_not_show():
    batch = np.geomspace(1e3, 1e6, 211)
    iterations = np.geomspace(100, 1e5, 101)[:, None]
    grid = noise_multiplier(**{**QUESTION, "batch_size": batch, "iterations": iterations})
    assert grid.shape == (101, 211)
    alone = noise_multiplier(**{**QUESTION, "batch_size": batch[7], "iterations": iterations[3, 0]})
    assert grid[3, 7] == pytest.approx(float(alone), rel=1e-4)


@pytest.mark.parametrize("delta", [1e-12, 1e-8, 1e-5])
@pytest.mark.parametrize("epsilon", [0.05, 1.0, 20.0])
def test_many_points_of_one_epsilon_are_as_one_by_one(epsilon, delta):
    """The spline through the lattice against single readings, to the lattice's edges."""
    generator = np.random.default_rng(3)
    batch = 1e9 * 10 ** generator.uniform(-6.3, 0, 600)
    iterations = np.exp(generator.uniform(np.log(100), np.log(3e5), 600))
    asked: dict[str, Any] = {"data_budget": 1e9, "epsilon": epsilon, "delta": delta}
    together = noise_multiplier(batch_size=batch, iterations=iterations, **asked)
    alone = np.concatenate(
        [
            noise_multiplier(
                batch_size=batch[k : k + 200], iterations=iterations[k : k + 200], **asked
            )
            for k in range(0, 600, 200)
        ]
    )
    off = np.abs(np.log(together / alone))
    assert 0 < np.quantile(off, 0.9) < 2e-4 and off.max() < 3e-3


def test_few_epsilons_at_many_points_are_each_their_own():
    batch = np.geomspace(1e3, 1e7, 700)
    both = noise_multiplier(
        **{**QUESTION, "batch_size": batch, "epsilon": np.array([4.0, 8.0])[:, None]}
    )
    for found, epsilon in zip(both, (4.0, 8.0), strict=True):
        alone = noise_multiplier(**{**QUESTION, "batch_size": batch, "epsilon": epsilon})
        np.testing.assert_array_equal(found, alone)


def test_one_epsilon_and_many_take_different_ways_to_the_same_noise():
    one = noise_multiplier(**QUESTION)
    many = noise_multiplier(**{**QUESTION, "epsilon": np.array([4.0, 8.0])})
    assert many[0] == pytest.approx(float(one), rel=1e-9)
    assert many[1] < many[0]


@settings(max_examples=60)
@given(
    batch=st.floats(1, 1e7),
    iterations=st.integers(10, 1_000_000),
    epsilon=st.floats(0.02, 60),
    exponent=st.floats(-12, -5),
)
def test_noise_falls_with_epsilon_and_rises_with_use(batch, iterations, epsilon, exponent):
    def sigma(**change):
        asked = {
            "data_budget": 1e7,
            "batch_size": batch,
            "iterations": iterations,
            "epsilon": epsilon,
            "delta": 10.0**exponent,
        }
        return float(noise_multiplier(**{**asked, **change}))

    base = sigma()
    assert base >= SMALLEST_NOISE_MULTIPLIER
    # Interpolation may bend the surface by its own error, but no more.
    assert sigma(epsilon=epsilon * 1.05) <= base * 1.002
    assert sigma(batch_size=batch * 0.9 if batch > 2 else batch) <= base * 1.002
    assert sigma(iterations=max(iterations * 0.9, 10)) <= base * 1.002


def test_rarer_participation_than_the_table_knows_takes_its_edge():
    asked = {**QUESTION, "data_budget": 1e10, "iterations": 100_000, "epsilon": 0.05}
    edge = noise_multiplier(**{**asked, "batch_size": 1e4})
    assert noise_multiplier(**{**asked, "batch_size": 10}) == edge
    assert noise_multiplier(**{**QUESTION, "iterations": 2}) == noise_multiplier(
        **{**QUESTION, "iterations": 6}
    )


def test_fixed_batches_are_gaussian_mechanisms():
    asked = {**QUESTION, "batch_size": 100_000, "iterations": 250}
    found = noise_multiplier(**asked, sampling=Sampling.DETERMINISTIC)
    # 250 steps of batches of 1/100 of the people: each takes part in 3 at the most.
    assert found == pytest.approx(np.sqrt(3) / gaussian_mu(4.0, 1e-8), rel=1e-12)


# In floating point 0.07·100 is a little more than 7.
@pytest.mark.parametrize(("people", "batch", "steps"), [(3e6, 1e6, 21), (1e7, 7e5, 100)])
def test_a_whole_number_of_participations_is_not_rounded_up(people, batch, steps):
    asked = {**QUESTION, "data_budget": people, "batch_size": batch, "iterations": steps}
    found = noise_multiplier(**asked, sampling=Sampling.DETERMINISTIC)
    assert found == pytest.approx(np.sqrt(7) / gaussian_mu(4.0, 1e-8), rel=1e-12)


@pytest.mark.parametrize("batch", [1e4, 1e6, 1e7])
def test_best_is_the_smaller_and_is_named(batch):
    asked = {**QUESTION, "batch_size": batch, "iterations": 100, "epsilon": 40.0}
    both = {
        scheme: float(noise_multiplier(**asked, sampling=scheme))
        for scheme in (Sampling.POISSON, Sampling.DETERMINISTIC)
    }
    assert float(noise_multiplier(**asked, sampling=Sampling.BEST)) == min(both.values())
    assert both[better_sampling(**asked)] == min(both.values())


def test_few_steps_over_nearly_everybody_are_best_fixed():
    """One participation, against six steps, the fewest that the table knows."""
    asked = {**QUESTION, "batch_size": 9e6, "iterations": 1}
    assert better_sampling(**asked) is Sampling.DETERMINISTIC


@pytest.fixture
def tabulated(monkeypatch):
    """ln σ read from a table of a function of (ln q, ln T, ln ε), whose axes hold whole numbers."""

    def read(function, *point):
        q, steps, epsilon = np.arange(8.0), np.arange(0.0, 16.0, 2.0), np.arange(21.0)
        delta = np.arange(-30.0, -26.0)
        values = function(q[:, None, None], steps[:, None], epsilon)
        table = NoiseTable(
            log_sampling_probability=q,
            log_iterations=steps,
            log_epsilon=epsilon,
            log_delta=delta,
            log_sigma=np.repeat(values[..., None], delta.size, axis=-1),
            provenance="",
        )
        monkeypatch.setattr(search, "_table", lambda: table)
        monkeypatch.setattr(search, "_at_delta", search._at_delta.__wrapped__)
        points = [np.array([value]) for value in (*point, -28.0)]
        return [float(search._interpolate(*points, one_delta=one)[0]) for one in (True, False)]

    return read


@pytest.mark.parametrize(
    # Neighbours are read from 2.5 below to 3.5 above in ln ε: here from the very first node.
    ("log_q", "log_steps", "log_epsilon"),
    [(3.5, 6.0, 9.5), (2.5, 4.0, 2.5)],
)
def test_a_knee_is_read_at_its_own_distance(tabulated, log_q, log_steps, log_epsilon):
    knee = log_epsilon - log_q - log_steps / 2

    def bent(q, steps, epsilon):
        return np.abs(epsilon - q - steps / 2 - knee) + 0.25

    assert tabulated(bent, log_q, log_steps, log_epsilon) == pytest.approx([0.25] * 2)


@pytest.mark.parametrize("log_epsilon", [18.7, 19.9, 0.1, 1.3])
def test_where_the_knee_would_leave_the_table_the_points_own_epsilon_is_read(
    tabulated, log_epsilon
):
    found = tabulated(lambda q, steps, epsilon: 0 * q + 0 * steps - epsilon, 3.5, 6.0, log_epsilon)
    assert found == pytest.approx([-log_epsilon] * 2)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epsilon": 0.001}, "Expected epsilon between 0.01 and 128"),
        ({"epsilon": np.nan}, "Expected epsilon"),
        ({"delta": 0.5}, "Expected delta"),
        ({"iterations": 2e6}, "Expected iterations between 1 and 1e+06, got 2e+06"),
        ({"batch_size": 0.2}, "Expected batch_size"),
        ({"data_budget": 10}, "Expected data_budget"),
        ({"batch_size": [10.0, 2e7]}, "at most the 1e+07 people, got 2e+07"),
    ],
)
def test_outside_the_domain_one_sentence(change, sentence):
    with pytest.raises(InputError) as refused:
        noise_multiplier(**{**QUESTION, **change})
    assert sentence in str(refused.value)


@pytest.mark.parametrize(("points", "by_lattice"), [(299, False), (300, True)])
def test_from_three_hundred_points_of_one_epsilon_a_lattice_serves(monkeypatch, points, by_lattice):
    used = []
    lattice = search._by_lattice

    def seen(*arguments):
        used.append(arguments)
        return lattice(*arguments)

    monkeypatch.setattr(search, "_by_lattice", seen)
    batch = np.geomspace(10.0, 1e5, points)
    search.noise_multiplier(
        data_budget=1e6, batch_size=batch, iterations=1_000, epsilon=2.0, delta=1e-8
    )
    assert bool(used) is by_lattice

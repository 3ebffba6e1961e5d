import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.dpsgd import sampling
from engine.pilot.dpsgd.noise import EntropyNoise, Purpose, SeededNoise
from engine.pilot.dpsgd.sampling import draw, poisson


class Bits:
    """Hands out given bits."""

    secret = False

    def __init__(self, values):
        self.values = values

    def bits(self, step, purpose, count):
        return np.resize(np.array(self.values, dtype=np.uint64), count)

    def normal(self, step, count, *, device):
        raise NotImplementedError("A draw of units asks for bits alone.")


@pytest.mark.parametrize("noise", [EntropyNoise(), SeededNoise(2)], ids=["entropy", "seeded"])
@pytest.mark.parametrize("q", [0.004, 0.3, 0.9])
def test_everybody_joins_independently_with_the_same_probability(noise, q):
    N, T = 400, 2_000
    joined = np.zeros((T, N), dtype=bool)
    for step in range(T):
        joined[step, poisson(noise, step, units=N, probability=q)] = True
    error = math.sqrt(q * (1 - q))
    # Six standard errors over all; ten over one unit, whose 8 expected draws are far from Gaussian
    # (36 of Poisson(8): 1e-12).
    assert abs(joined.mean() - q) < 6 * error / math.sqrt(N * T)
    assert np.abs(joined.mean(0) - q).max() < 10 * error / math.sqrt(T)
    sizes = joined.sum(1)
    spread = N * q * (1 - q)
    # Binomial sizes, as independence within a step asks; the variance of a variance is 2/T, and
    # more by the excess kurtosis, which is below 1 here.
    assert abs(sizes.var() / spread - 1) < 6 * math.sqrt(3 / T)
    across = (joined[:-1] & joined[1:]).mean()  # a unit in two successive steps
    assert abs(across - q * q) < 9 * q / math.sqrt(N * (T - 1))


@given(st.floats(2.0**-60, 1 - 2.0**-53))
def test_the_threshold_is_the_probability_rounded_down(q):
    threshold = math.floor(q * 2.0**64)
    below, at = Bits([threshold - 1]), Bits([threshold])
    assert poisson(below, 0, units=3, probability=q).tolist() == [0, 1, 2]
    assert poisson(at, 0, units=3, probability=q).tolist() == []
    assert threshold / 2**64 <= q


def test_all_join_where_the_batch_is_everybody():
    assert poisson(Bits([2**64 - 1]), 0, units=3, probability=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("q", [0, -0.1, 1.0000001, math.nan])
def test_no_probability_is_refused(q):
    with pytest.raises(InputError, match="Expected a batch size between 1 and"):
        poisson(EntropyNoise(), 0, units=3, probability=q)


def test_a_batch_holds_its_people_and_numbers_between_0_and_1():
    batch = draw(SeededNoise(1), 4, units=1000, probability=0.05)
    assert batch.size == len(batch.documents) == len(batch.windows) > 20
    assert (np.diff(batch.units) > 0).all(), "nobody twice"
    for values in (batch.documents, batch.windows):
        assert values.min() > 0 and values.max() < 1
    assert not np.allclose(batch.documents, batch.windows), "two independent choices"
    assert draw(SeededNoise(1), 4, units=1000, probability=0.05).units.tolist() == (
        batch.units.tolist()
    )


@pytest.mark.parametrize(("windows", "shape"), [(1, (9,)), (3, (9, 3))])
def test_each_unit_has_numbers_for_as_many_windows_as_asked(windows, shape):
    batch = draw(SeededNoise(1), 4, units=9, probability=1.0, windows=windows)
    assert batch.documents.shape == batch.windows.shape == shape
    assert len(np.unique(batch.documents)) == batch.documents.size, "each a draw of its own"


def test_an_empty_batch_is_a_batch():
    batch = draw(Bits([2**64 - 1]), 0, units=9, probability=0.5)
    assert batch.size == 0 and batch.documents.size == 0


def test_purposes_are_drawn_apart():
    seen = []

    class Recorder(SeededNoise):
        def bits(self, step, purpose, count):
            seen.append((step, purpose))
            return super().bits(step, purpose, count)

    draw(Recorder(1), 6, units=10, probability=0.5)
    assert seen == [(6, Purpose.UNITS), (6, Purpose.DOCUMENTS), (6, Purpose.WINDOWS)]


def test_a_large_batch_is_cut_to_a_random_subset():
    """Each of 40 stays in a batch of all 40 with 10 in 40, whoever they are."""
    rounds, stayed = 3_000, np.zeros(40)
    for step in range(rounds):
        batch = draw(EntropyNoise(), step, units=40, probability=1.0, largest=10)
        assert batch.size == 10 == len(batch.documents) == len(set(batch.units.tolist()))
        assert (np.diff(batch.units) > 0).all()
        stayed[batch.units] += 1
    assert np.abs(stayed / rounds - 0.25).max() < 6 * math.sqrt(0.25 * 0.75 / rounds)


def test_a_batch_that_is_small_enough_is_not_cut():
    whole = draw(SeededNoise(4), 7, units=400, probability=0.1)
    cut = draw(SeededNoise(4), 7, units=400, probability=0.1, largest=whole.size)
    assert (whole.units == cut.units).all() and (whole.windows == cut.windows).all()
    fewer = draw(SeededNoise(4), 7, units=400, probability=0.1, largest=whole.size - 1)
    assert set(fewer.units) < set(whole.units)


# --- several documents of a unit ------------------------------------------------------------------


def test_different_documents_are_drawn_all_sets_alike():
    """20 ordered pairs of five documents, each as often as any (χ², 19 degrees, 1 in 10,000)."""
    rng = np.random.default_rng(0)
    pairs = sampling.distinct(np.full(20_000, 5), rng.random((20_000, 2)))
    assert (pairs[:, 0] != pairs[:, 1]).all() and pairs.min() == 0 and pairs.max() == 4
    found = np.unique(pairs, axis=0, return_counts=True)[1]
    assert len(found) == 20 and ((found - 1000) ** 2 / 1000).sum() < 50


def test_who_has_few_documents_gives_each_once():
    counts = np.array([1, 2, 3, 7])
    chosen = sampling.distinct(counts, np.random.default_rng(1).random((4, 4)))
    assert sorted(chosen[0]) == [-1, -1, -1, 0]
    assert sorted(chosen[1]) == [-1, -1, 0, 1]
    assert sorted(chosen[2]) == [-1, 0, 1, 2]
    assert len(set(chosen[3])) == 4 and chosen[3].max() < 7


@given(st.integers(1, 9), st.integers(1, 6), st.floats(0, 1))
def test_picks_at_the_ends_stay_within(count, k, pick):
    chosen = sampling.distinct(np.array([count]), np.full((1, k), pick))[0]
    held = chosen[chosen >= 0]
    assert len(set(held)) == len(held) == min(k, count) and held.max() < count


# --- private draws look at the first byte ---------------------------------------------------------


class Split:
    """Secret bits that are handed out byte by byte: first bytes of all, then the rest of some."""

    secret = True

    def __init__(self, values):
        self.values, self.threshold = np.array(values, dtype=np.uint64), 0
        self.asked = []

    def bits(self, step, purpose, count):
        self.asked.append(count)
        first = (self.values >> np.uint64(56)).astype(np.uint8)
        if len(self.asked) == 1:
            return np.resize(first, 8 * count).view(np.uint64)
        undecided = self.values[first == self.threshold >> 56]
        assert count == undecided.size
        return undecided << np.uint64(8)  # its first byte is known: the others, and one to spare

    def normal(self, step, count, *, device):
        raise NotImplementedError("A draw of units asks for bits alone.")


@given(
    st.floats(1e-9, 1 - 1e-9),
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40),
    st.integers(-2, 2),
)
def test_a_private_draw_compares_all_64_bits(probability, values, near):
    threshold = math.floor(math.ldexp(probability, 64))
    values.append(min(max(threshold + near, 0), 2**64 - 1))
    noise = Split(values)
    noise.threshold = threshold
    joined = poisson(noise, 0, units=len(values), probability=probability)
    assert joined.tolist() == [k for k, value in enumerate(values) if value < threshold]


@pytest.mark.parametrize("probability", [0.3, 0.004, 2**-8, 1e-3])
def test_private_draws_are_binomial_and_alike_for_every_unit(probability):
    """χ² of units in 20 parts and of batch sizes; each fails once in 100,000 times."""
    units, steps = 20_000, 60
    draws = [poisson(EntropyNoise(), k, units=units, probability=probability) for k in range(steps)]
    parts = np.bincount(np.concatenate(draws) // (units // 20), minlength=20)
    mean = steps * units * probability / 20
    assert ((parts - mean) ** 2).sum() / (mean * (1 - probability)) < 62.2  # 20 degrees
    sizes = np.array([len(joined) for joined in draws])
    mean = units * probability
    assert 19 < ((sizes - mean) ** 2).sum() / (mean * (1 - probability)) < 123.3  # 60 degrees


def test_a_step_of_ten_million_people_takes_no_more_than_a_tenth_of_a_second():
    """Of the processor; 0.03 s on the machine that this was written on."""
    began = time.process_time()
    for step in range(3):
        poisson(EntropyNoise(), step, units=10**7, probability=1e-3)
    assert (time.process_time() - began) / 3 < 0.3

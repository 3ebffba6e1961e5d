import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
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

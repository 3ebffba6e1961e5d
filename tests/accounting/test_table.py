"""The shipped table is whole, and making it again resumes.

How the table is made is tested on an accountant of one line, ε = c/σ, for which the ladder of σ and
the noise of every ε are known exactly.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.accounting import table
from engine.accounting.profile import subsampled_epsilon


def test_the_shipped_table_covers_the_domain():
    shipped = table.load()
    assert shipped.log_sigma.shape == (
        table.SAMPLING_PROBABILITIES.size,
        table.ITERATIONS.size,
        table.EPSILONS.size,
        table.DELTAS.size,
    )
    assert np.isfinite(shipped.log_sigma).all()
    for axis, values in (
        (shipped.log_sampling_probability, table.SAMPLING_PROBABILITIES),
        (shipped.log_iterations, table.ITERATIONS),
        (shipped.log_epsilon, table.EPSILONS),
        (shipped.log_delta, table.DELTAS),
    ):
        assert axis == pytest.approx(np.log(values), rel=1e-6, abs=1e-6)
    # Every budget's ε lies inside, and very nearly the double of the largest.
    assert shipped.log_epsilon[0] < np.log(0.01) < np.log(125) < shipped.log_epsilon[-1]
    assert shipped.log_delta[0] < np.log(1e-12) < np.log(1e-5) < shipped.log_delta[-1]
    assert shipped.log_iterations[0] < np.log(10) < np.log(1e6) < shipped.log_iterations[-1]


def test_the_shipped_table_is_monotone():
    sigma = table.load().log_sigma
    for axis, sign in ((0, 1), (1, 1), (2, -1), (3, -1)):
        # 0.2 %: the resolution of the ladder.
        assert np.min(sign * np.diff(sigma, axis=axis)) > -2e-3


@pytest.mark.parametrize("q", [1e-5, 1e-2, 1.0])
def test_nodes_hold_what_the_accountant_says(q):
    shipped = table.load()
    row = int(np.argmin(np.abs(table.SAMPLING_PROBABILITIES - q)))
    for column, e, d in ((8, 20, 5), (20, 30, 2)):
        sigma = float(np.exp(shipped.log_sigma[row, column, e, d]))
        if sigma <= table.LEAST_SIGMA * 1.001:
            continue
        found = subsampled_epsilon(
            min(float(table.SAMPLING_PROBABILITIES[row]), 1.0),
            sigma,
            int(table.ITERATIONS[column]),
            [table.DELTAS[d]],
        )[0]
        assert found == pytest.approx(table.EPSILONS[e], rel=4e-3)


@pytest.mark.slow
def test_an_interrupted_build_keeps_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "SAMPLING_PROBABILITIES", np.array([0.1, 1.0]))
    monkeypatch.setattr(table, "ITERATIONS", np.array([10, 20]))
    monkeypatch.setattr(table, "EPSILONS", np.array([1.0, 4.0]))
    monkeypatch.setattr(table, "DELTAS", np.array([1e-8, 1e-6]))
    target = tmp_path / "table.npz"
    parts = target.with_suffix(".parts")
    parts.mkdir()
    finished = np.full((2, 2, 2), 0.125)
    np.save(parts / "000.npy", finished)
    said: list[str] = []
    table.build(target, workers=1, say=said.append)
    made = table.load(target)
    assert said[0] == "1 rows done, 1 to make"
    assert np.array_equal(made.log_sigma[0], finished)
    # ε = 1 and 4 of the Gaussian after 10 steps at δ = 1e-8 and 1e-6.
    assert np.all(np.diff(made.log_sigma[1], axis=1) < 0)
    assert np.all(np.diff(made.log_sigma[1], axis=2) < 0)
    assert not parts.exists()
    assert "python -m engine table" in made.provenance


class Accountant:
    """In place of the near-exact one: notes every σ that it is asked for, and ends every loop."""

    def __init__(self, epsilon):
        self.epsilon, self.sigmas = epsilon, []

    def __call__(self, sampling_probability, sigma, iterations, deltas):
        self.sigmas.append(sigma)
        assert len(self.sigmas) < 1_000, "the ladder has no end"
        return np.array([self.epsilon(sigma) for _ in deltas])


@pytest.fixture
def ladder(monkeypatch):
    """The ladder over an accountant, for ε of the table from ``least`` to 1000."""

    def made(epsilon, least):
        accountant = Accountant(epsilon)
        monkeypatch.setattr(table, "subsampled_epsilon", accountant)
        monkeypatch.setattr(table, "EPSILONS", np.array([least, 1_000.0]))
        monkeypatch.setattr(table, "DELTAS", np.array([1e-8, 1e-6]))
        sigmas, epsilons = table._ladder(0.1, 10)
        assert sorted(accountant.sigmas) == sigmas.tolist(), "each rung is asked for once"
        assert np.array_equal(epsilons, [[epsilon(sigma)] * 2 for sigma in sigmas])
        return sigmas

    return made


def test_rungs_rise_by_a_quarter_until_epsilon_lies_below_the_table(ladder):
    # ε = 1/σ falls below 0.9 at σ = 0.22·1.25^8 = 1.31.
    sigmas = ladder(lambda sigma: 1 / sigma, 1.0)
    assert sigmas == pytest.approx(0.22 * 1.25 ** np.arange(9), rel=1e-12)
    assert sigmas[-2] < 1 / 0.9 < sigmas[-1]


def test_rungs_are_halved_where_epsilon_falls_steeply(ladder):
    # ε = σ^−3 falls by 0.67 in ln ε a rung, which two half rungs share.
    sigmas = ladder(lambda sigma: sigma**-3, 1.0)
    assert sigmas == pytest.approx(0.22 * 1.25 ** (np.arange(sigmas.size) / 2), rel=1e-12)
    assert sigmas.size % 2 == 1
    assert sigmas[-1] ** -3 <= 0.9 < sigmas[-3] ** -3


def test_a_jump_is_narrowed_down_to_a_hundredth(ladder):
    sigmas = ladder(lambda sigma: 100.0 if sigma < 0.25 else 0.5, 1.0)
    below = int(np.searchsorted(sigmas, 0.25))
    assert 1.005 < sigmas[below] / sigmas[below - 1] <= 1.01
    # Halves without a jump stay whole. The quarter is halved five times: 1.25^(1/32) = 1.007.
    assert sigmas.size == 2 + 5
    assert np.all(np.diff(sigmas) > 0)


def test_a_ladder_of_hundreds_of_rungs_ends(ladder):
    sigmas = ladder(lambda sigma: 1 / sigma, 1e-28)
    assert sigmas.size > 257
    assert np.diff(np.log(sigmas)) == pytest.approx(np.full(sigmas.size - 1, math.log(1.25)))


def test_rungs_are_far_apart_by_the_logarithm_at_any_delta():
    near = math.exp(0.39)
    assert not table._far(np.array([2.0, 0.5]), np.array([2.0 / near, 0.5 / near]))
    assert table._far(np.array([2.0, 0.5]), np.array([2.0, 0.5 * math.exp(-0.41)]))
    assert table._far(np.array([2.0, 0.5]), np.array([2.0, 0.5 * math.exp(0.41)]))
    # Beyond the table nothing is far.
    assert not table._far(np.array([np.inf, 1e-3]), np.array([1e3, 0.0]))


@pytest.fixture
def plane(monkeypatch):
    """ln σ at ``wanted`` ε, from a ladder that is given, at a single δ."""

    def made(sigmas, epsilons, wanted):
        rungs = np.array(sigmas, dtype=float), np.array(epsilons, dtype=float)[:, None]
        monkeypatch.setattr(table, "_ladder", lambda *_: rungs)
        monkeypatch.setattr(table, "EPSILONS", np.array(wanted, dtype=float))
        monkeypatch.setattr(table, "DELTAS", np.array([1e-8]))
        return np.exp(table._plane(0.1, 10)[:, 0])

    return made


def test_noise_is_interpolated_along_the_ladder(plane):
    # ε = 8/σ is a line in logarithms.
    found = plane([1, 2, 4, 8, 16, 32], [8, 4, 2, 1, 0.5, 0.25], [0.3, 0.7, 1, 3, 6])
    assert found == pytest.approx([8 / 0.3, 8 / 0.7, 8, 8 / 3, 8 / 6])
    assert plane([1, 2], [8, 4], [5, 7]) == pytest.approx([8 / 5, 8 / 7])


def test_below_the_ladder_its_first_rung_without_loss_is_taken(plane):
    assert plane([1, 2, 4, 8], [8, 4, 0, 0], [1, 5]) == pytest.approx([4, 8 / 5])
    assert plane([1, 2, 4], [8, 4, 2], [1, 5]) == pytest.approx([4, 8 / 5])


def test_above_the_ladder_the_least_noise_is_enough_unless_it_was_beyond_counting(plane):
    found = plane([1, 2, 4], [8, 4, 2], [3, 8, 8.01, 100])
    assert found == pytest.approx([8 / 3, 1, table.LEAST_SIGMA, table.LEAST_SIGMA])
    assert plane([1, 2, 4, 8], [np.inf, 4, 2, 1], [3, 5, 100]) == pytest.approx([8 / 3, 2, 2])


def test_rungs_of_the_same_epsilon_count_once(plane):
    assert plane([1, 2, 3, 4], [8, 4, 4, 2], [3, 6])[1] > 1
    # Where there is nothing to interpolate, the least noise.
    assert plane([1, 2, 4], [0, 0, 0], [1, 5]) == pytest.approx([table.LEAST_SIGMA] * 2)
    assert plane([1, 2, 4], [3, 3, 3], [1, 5]) == pytest.approx([table.LEAST_SIGMA] * 2)


def test_a_build_makes_what_is_missing_and_says_how_much(tmp_path, monkeypatch):
    made: list[float] = []

    def row(q):
        made.append(q)
        return np.full((1, 2, 2), q)

    monkeypatch.setattr(table, "ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(table, "SAMPLING_PROBABILITIES", np.array([0.1, 0.25, 0.5]))
    monkeypatch.setattr(table, "row", row)
    target = tmp_path / "a" / "folder" / "table.npz"
    said: list[str] = []
    with pytest.raises(OSError, match="full"):
        table.build(path=target, workers=1, say=refusing)
    assert target.with_suffix(".parts").is_dir()
    np.save(target.with_suffix(".parts") / "000.npy", np.full((1, 2, 2), 7.0))
    table.build(path=target, workers=1, say=said.append)
    assert said == ["1 rows done, 2 to make", "row 1: 1 of 2", "row 2: 2 of 2"]
    assert made == [0.25, 0.5]
    assert table.load(target).log_sigma[:, 0, 0, 0].tolist() == [7.0, 0.25, 0.5]
    assert [path.name for path in target.parent.iterdir()] == ["table.npz"]


def refusing(line):
    raise OSError("disk full")

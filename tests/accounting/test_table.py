"""The shipped table is whole, and making it again resumes."""

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

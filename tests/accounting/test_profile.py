"""The near-exact accountant against closed forms, fine PLDs and extended precision."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.fft
from dp_accounting.pld import privacy_loss_distribution
from scipy.stats import norm

from engine.accounting import grid, profile
from engine.accounting.gaussian import gaussian_mu
from engine.accounting.grid import Repeated
from engine.accounting.profile import (
    composed_epsilon_bound,
    step_losses,
    subsampled_epsilon,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "fine_pld_epsilon.csv"


def golden_rows():
    with GOLDEN.open() as file:
        lines = (line for line in file if not line.startswith("#"))
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]


@pytest.mark.parametrize(
    "row", golden_rows(), ids=lambda row: "{q:g}-{sigma:g}-{T:g}".format(**row)
)
def test_agrees_with_a_fine_pld(row):
    found = subsampled_epsilon(row["q"], row["sigma"], int(row["T"]), [row["delta"]])[0]
    # 0.5 % in σ is at least 0.5 % in ε; we ask for half of it, PLD's own pessimism included.
    assert found == pytest.approx(row["epsilon"], rel=2.5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [10, 1_000, 100_000])
@pytest.mark.parametrize("sigma_per_root_step", [0.3, 1.0, 10.0])
def test_full_batches_are_gaussian_mechanisms(steps, sigma_per_root_step):
    deltas = np.array([1e-12, 1e-8, 1e-5])
    sigma = sigma_per_root_step * np.sqrt(steps)
    epsilon = subsampled_epsilon(1.0, sigma, steps, deltas)
    mu = gaussian_mu(epsilon, deltas)
    assert mu == pytest.approx(np.full(3, 1 / sigma_per_root_step), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("q", "sigma", "steps", "cell", "span"),
    [(0.3, 300.0, 100_000, 2e-3, 16.0), (1e-5, 0.6, 100_000, 4e-4, 60.0)],
)
def test_smallest_delta_agrees_with_extended_precision(q, sigma, steps, cell, span):
    """At δ = 1e-12 and T = 1e5 double-precision FFTs are off by several
    per cent; ours is tilted."""
    assert subsampled_epsilon(q, sigma, steps, [1e-12])[0] == pytest.approx(
        extended_precision_epsilon(q, sigma, steps, 1e-12, cell, span), rel=2e-3
    )


def extended_precision_epsilon(q, sigma, steps, delta, cell, span):
    """Untilted FFT in 80-bit floats: another way to keep the digits of a small δ."""
    size = 2 ** int(np.ceil(np.log2(span / cell)))
    nodes = np.arange(-2, 4)
    found = []
    for loss, weight in step_losses(q, sigma):
        loss, weight = loss.astype(np.longdouble), weight.astype(np.longdouble)
        weight /= weight.sum()
        index = np.floor(loss / cell).astype(int)
        offset = loss / cell - index
        grid = np.zeros(size, np.longdouble)
        for node in nodes:
            share = weight.copy()
            for other in nodes[nodes != node]:
                share *= (offset - other) / (node - other)
            np.add.at(grid, (index + node) % size, share)
        total = scipy.fft.ifft(scipy.fft.fft(grid) ** steps).real[: size // 2]
        position = np.arange(size // 2) * np.longdouble(cell)
        mass = np.cumsum(total[::-1])[::-1]
        shrunk = np.cumsum((total * np.exp(-position))[::-1])[::-1]
        excess = np.maximum(mass - np.exp(position) * shrunk, 1e-300)
        excess = np.maximum.accumulate(excess[::-1])[::-1]
        found.append(
            np.interp(-np.log(delta), -np.log(excess.astype(float)), position.astype(float))
        )
    return max(found)


@pytest.mark.parametrize(("q", "sigma"), [(1e-6, 0.3), (1e-3, 0.5), (0.1, 1.0)])
def test_one_step_agrees_with_its_integral(q, sigma):
    epsilon = subsampled_epsilon(q, sigma, 1, [q * 1e-3])[0]
    # δ(ε) of removing a person: mass above the point where the likelihood ratio is e^ε.
    x = 0.5 + sigma**2 * np.log((np.exp(epsilon) - 1 + q) / q)
    inside = (1 - q) * norm.sf(x / sigma) + q * norm.sf((x - 1) / sigma)
    assert inside - np.exp(epsilon) * norm.sf(x / sigma) == pytest.approx(q * 1e-3, rel=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("q", "steps"), [(6.3e-6, 631), (1e-5, 13_638), (1.4e-4, 118), (1e-6, 1_000_000)]
)
def test_more_noise_never_costs_more_privacy(q, steps):
    """Where few take part, the loss is a narrow hump beside rare large ones: once a source of
    jumps in ε, because one cell width had to serve both."""
    sigmas = np.geomspace(0.3, 2.0, 20)
    table = np.array([subsampled_epsilon(q, sigma, steps, [1e-11, 1e-8]) for sigma in sigmas])
    # Below 0.008 nobody asks, and the grid is coarse there.
    table = np.maximum(table, 0.008)
    assert np.all(np.diff(table, axis=0) <= 1e-6)


def test_more_steps_and_likelier_participation_cost_more():
    steps = [subsampled_epsilon(0.01, 1.0, t, [1e-8])[0] for t in (10, 100, 1_000, 10_000)]
    shares = [subsampled_epsilon(q, 1.0, 1_000, [1e-8])[0] for q in (1e-4, 1e-3, 1e-2, 1e-1)]
    assert np.all(np.diff(steps) > 0)
    assert np.all(np.diff(shares) > 0)


def test_a_hopeless_mechanism_has_no_finite_epsilon():
    assert subsampled_epsilon(1.0, 0.3, 1_000_000, [1e-8])[0] == np.inf


def test_a_bound_is_one_and_is_tight():
    loss, weight = np.array([-0.1, 0.0, 0.1]), np.array([0.3, 0.4, 0.3])
    bound = composed_epsilon_bound([Repeated(loss, weight, 50)], 1e-3, cell=0.1)
    # Direct convolution of the three-point distribution.
    mass = np.array([1.0])
    for _ in range(50):
        mass = np.convolve(mass, weight)
    position = 0.1 * (np.arange(mass.size) - 50)
    delta = [np.sum(np.maximum(1 - np.exp(e - position), 0) * mass) for e in (bound, bound - 1e-5)]
    assert delta[0] <= 1e-3 < delta[1]
    below = composed_epsilon_bound([Repeated(loss, weight, 50)], 1e-3, cell=0.1, above=False)
    assert bound - 1e-5 < below < bound


THREE = np.array([-0.1, 0.0, 0.1]), np.array([0.3, 0.4, 0.3])


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("error", [2e-15, 1e-4])
def test_a_bound_adds_to_delta_what_the_fft_may_have_got_wrong(monkeypatch, above, error):
    """For each loss that is not 0 a share of the largest density, in every cell that counts: those
    above a position, each e^{−tilt·cell} times as much as the one before. And e^−36, which may lie
    off the grid. A lower bound takes as much from δ."""
    seen: dict[str, Any] = {}
    tilt_of = profile._tilt

    def tilted(loss, log_weight, tilt):
        found = tilt_of(loss, log_weight, tilt)
        seen.update(tilt=tilt, cumulant=50 * found[1])
        return found

    def composed(*arguments, **options):
        found = grid.compose_on(*arguments, **options)
        assert found is not None
        seen.update(zip(("position", "density", "moved"), found, strict=True))
        return found

    monkeypatch.setattr(profile, "_tilt", tilted)
    monkeypatch.setattr(profile, "compose_on", composed)
    monkeypatch.setattr(profile, "_FLOAT_ERROR", error)
    bound = composed_epsilon_bound([Repeated(*THREE, 50)], 1e-3, cell=0.1, above=above)
    position, density, tilt = seen["position"], seen["density"], seen["tilt"]
    weights = np.exp(-tilt * 0.1 * np.arange(20_000))
    assert weights[-1] < 1e-20
    slack = error * (1 + seen["moved"]) * density.max() * weights.sum() + np.exp(-36.0)
    probability = density * np.exp(seen["cumulant"] - tilt * position)
    delta = float(np.maximum(1 - np.exp(bound - position), 0) @ probability)
    after = position[np.searchsorted(position, bound)]
    allowed = slack * np.exp(seen["cumulant"] - tilt * after)
    assert delta + (allowed if above else -allowed) == pytest.approx(
        1e-3 * (1 - 1e-6 if above else 1 + 1e-6), rel=1e-10, abs=0
    )
    assert error < 1e-10 or allowed > 1e-6


def test_a_bound_takes_grids_of_four_million_points(monkeypatch):
    asked = {}
    monkeypatch.setattr(profile, "compose_on", lambda *_, **options: asked.update(options))
    assert composed_epsilon_bound([Repeated(*THREE, 50)], 1e-3, cell=0.1) == np.inf
    assert composed_epsilon_bound([Repeated(*THREE, 50)], 1e-3, cell=0.1, above=False) == 0.0
    assert asked["largest"] == 2**22


def test_what_is_within_reach():
    log_delta = np.log([0.1, 1e-4, 1e-9])
    wanted = np.log([0.5, 0.1, 1e-4, 1e-9, 1e-12])
    found = profile._within_reach(np.full(5, 3.0), wanted, log_delta)
    assert found.tolist() == [0.0, 0.0, 3.0, np.inf, np.inf]
    # Half of the widest loss, 400.
    far = profile._within_reach(np.array([199.0, 201.0]), np.log([1e-4, 1e-4]), log_delta)
    assert far.tolist() == [199.0, np.inf]


def test_the_tilt_changes_by_a_quarter_within_a_cell_at_the_most(monkeypatch):
    seen = []
    log_delta = profile._log_delta

    def composed(loss, weight, iterations, cell, **options):
        seen.append(cell)
        return grid.compose(loss, weight, iterations, cell, **options)

    def tilted(position, density, cumulant, tilt):
        seen[-1] *= tilt
        return log_delta(position, density, cumulant, tilt)

    monkeypatch.setattr(profile, "compose", composed)
    monkeypatch.setattr(profile, "_log_delta", tilted)
    subsampled_epsilon(1e-3, 0.3, 1, [1e-8])
    assert max(seen) == pytest.approx(0.25)


@pytest.mark.slow
def test_the_floating_point_allowance_covers_what_an_fft_gets_wrong():
    """Where one step is two-humped only 1e-8 of the tilted mass decides δ: a relative allowance on
    δ itself would be 4e5 times too small here."""
    q, sigma, steps, delta, cell = 9.23e-5, 0.9, 19_250, 1.2972e-12, 1e-3
    step = privacy_loss_distribution.from_gaussian_mechanism(
        sigma, sampling_prob=q, value_discretization_interval=cell
    )
    for pmf in (step._pmf_remove, step._pmf_add):
        dense = pmf.to_dense_pmf()
        losses = cell * (dense._lower_loss + np.arange(dense._probs.size))
        bound = composed_epsilon_bound([Repeated(losses, dense._probs, steps)], delta, cell=cell)
        # The same step in 80-bit floats, tilted: untilted they err by as much as 1e-15 themselves.
        size, tilt = 2**17, np.longdouble(8)
        tilted = dense._probs.astype(np.longdouble) * np.exp(tilt * losses)
        grid = np.zeros(size, np.longdouble)
        np.add.at(grid, (dense._lower_loss + np.arange(tilted.size)) % size, tilted / tilted.sum())
        total = scipy.fft.ifft(scipy.fft.fft(grid) ** steps).real[: size // 2]
        position = np.arange(size // 2, dtype=np.longdouble) * cell
        total *= np.exp(steps * np.log(tilted.sum()) - tilt * position)
        excess = np.sum(np.maximum(1 - np.exp(bound - position), 0) * total)
        assert float(excess) <= delta

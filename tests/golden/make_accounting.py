"""Makes ``accounting.json``: what the accountants said in November 2026.

``python -m tests.golden.make_accounting``. Their truth is tested elsewhere, against other
accountants; these values say that nothing moved unnoticed. Make them anew only where a change of
the numbers is meant, and say in the changelog how far they moved.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.accounting import domain, table
from engine.accounting.accountant import (
    certified_epsilon,
    certify,
    group_epsilon,
    joint_epsilon,
    lower_epsilon,
)
from engine.accounting.gaussian import gaussian_delta, gaussian_mu
from engine.accounting.mechanism import Mechanism
from engine.accounting.profile import subsampled_epsilon
from engine.accounting.search import beyond_table, noise_multiplier
from engine.accounting.tradeoff import subsampled_delta
from engine.accounting.training_epsilon import RELATIONS, SAMPLINGS, Training, epsilon_of
from engine.config import Sampling
from engine.errors import InputError

PATH = Path(__file__).parent / "accounting.json"

STEPS = (
    (0.022, 3.44, 11_000),
    (1e-3, 0.45, 20_000),
    (1e-5, 0.6, 700),
    (0.4, 1.0, 1),
    (1.0, 9.0, 4),
)
"""(q, σ, T): nearly Gaussian, two-humped, rare, single, full batches."""
QUESTIONS = (
    (10**7, 220_000, 11_000, 4.0, 1e-8),
    (10**9, 1_000, 300_000, 0.5, 1e-10),
    (2_000, 2_000, 12, 30.0, 1e-6),
    (10**10, 40, 5, 0.02, 1e-12),
    (10**6, 10, 40_000, 12.0, 3e-7),
    (10**5, 3_000, 2, 0.1, 1e-5),
)
"""(N, B, T, ε, δ)."""
SCHEMES = (Sampling.POISSON, Sampling.DETERMINISTIC, Sampling.BEST)
CERTIFIED = (
    (10**5, 2_000, 40, 2.0, 1e-7, "poisson"),
    (10**5, 10**5, 3, 1.0, 1e-9, "best"),
    (1_000, 900, 2, 1.0, 1e-8, "deterministic"),
    # From the table's edge, so that the noise is found by bisection.
    (10**5, 5_000, 3, 0.5, 1e-6, "poisson"),
)


def names(question: tuple[Any, ...]) -> dict[str, Any]:
    keys = ("data_budget", "batch_size", "iterations", "epsilon", "delta")
    return dict(zip(keys, question, strict=False))


def gaussian() -> list[float]:
    mu = gaussian_mu(np.array([0.01, 1.0, 20.0, 128.0]), np.array([1e-12, 1e-8, 1e-6, 1e-5]))
    delta = gaussian_delta(np.array([0.0, 1.0, 8.0, 500.0]), np.array([0.1, 1.0, 2.0, 20.0]))
    return [*mu.tolist(), *delta.tolist()]


def epsilons() -> list[list[float]]:
    return [subsampled_epsilon(*step, [1e-12, 1e-8, 1e-5]).tolist() for step in STEPS]


def deltas() -> list[list[float]]:
    return [subsampled_delta(*step, [0.0, 0.1, 1.0, 5.0]).tolist() for step in STEPS]


def noise() -> list[list[float]]:
    columns = [np.array(column, dtype=float) for column in zip(*QUESTIONS, strict=True)]
    schemes = [noise_multiplier(**names(tuple(columns)), sampling=s).tolist() for s in SCHEMES]
    alone = [float(noise_multiplier(**names(question))) for question in QUESTIONS]
    return [*schemes, alone]


def edges() -> list[bool]:
    return [beyond_table(q, t, 1e-8) for q in (0.9e-6, 1.1e-6, 0.5) for t in (5, 7, 1_000)]


def certificates() -> list[list[Any]]:
    found = [certify(**names(c[:5]), sampling=Sampling(c[5])) for c in CERTIFIED]
    return [
        [c.noise_multiplier, c.epsilon, c.accountant, c.sampling_probability, c.compositions]
        for c in found
    ]


def bounds() -> list[list[Any]]:
    asked = ((0.2, 12.0, 2_000, 1e-10), (0.1, 2.0, 20, 1e-6), (1.0, 4.0, 9, 1e-8))
    mechanisms = [
        Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)
        for q, sigma, steps, _ in asked
    ]
    return [
        list(certified_epsilon(mechanism, question[-1]))
        for mechanism, question in zip(mechanisms, asked, strict=True)
    ]


def trainings() -> list[list[Any]]:
    """Every sampling and relation that has an answer, batches that are cut, groups in turns."""
    asked = [
        {"sampling": sampling, "relation": relation} | more
        for sampling in SAMPLINGS
        for relation in RELATIONS
        for more in (({}, {"largest_batch": 45}) if "truncated" in sampling else ({},))
    ]
    asked += [{"bands": 3}, {"bands": 8, "iterations": 21}]
    return [_training(one) for one in asked]


def _training(more: dict[str, Any]) -> list[Any]:
    facts = {"noise_multiplier": 1.2, "batch_size": 30, "iterations": 20, "data_budget": 400}
    try:
        found = epsilon_of(Training(**{**facts, "delta": 1e-5, **more}))
    except InputError:
        return []
    return [found.certified, found.lower, found.compositions, found.largest_batch]


def banded() -> list[list[Any]]:
    asked = ((20_000, 100, 60, 3.0, 1e-7, 4), (3_000, 100, 7, 1.0, 1e-6, 2))
    found = [certify(**names(c[:5]), sampling=Sampling.POISSON, bands=c[5]) for c in asked]
    return [[c.noise_multiplier, c.epsilon, c.sampling_probability, c.compositions] for c in found]


def facts() -> list[Any]:
    """Turns, groups, where batches are cut, and what is left beyond."""
    turns = [domain.turns(steps, bands) for steps, bands in ((7, 2), (8, 2), (1, 1), (9, 4))]
    groups = [domain.group_size(people, bands) for people, bands in ((10, 3), (9, 3), (7, 1))]
    cut = [domain.largest_batch(people, batch) for people, batch in ((500, 50), (10**6, 300))]
    tails = [domain.binomial_tail(n, 20, 0.3) for n in (-1, 0, 5, 19, 20, 21)]
    return [*turns, *groups, *cut, *tails]


def together() -> list[Any]:
    """Several trainings, several people, and bounds from below."""
    first, second = (
        Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)
        for q, sigma, steps in ((0.02, 1.1, 60), (0.3, 9.0, 25))
    )
    fixed = Mechanism.deterministic(noise_multiplier=1.5, participations=9)
    joint = [joint_epsilon([first, second], 1e-6), joint_epsilon([fixed, fixed], 1e-6)]
    groups = [group_epsilon(one, 1e-6, size) for one in (first, fixed) for size in (2, 3)]
    lower = [lower_epsilon(one, 1e-6) for one in (first, second, fixed)]
    return [*joint, *groups, *lower]


def lattice() -> list[float]:
    """Many configurations at once, to the corners, under one ε, two and a δ beyond the table."""
    q, steps = np.geomspace(1e-6, 1.0, 25)[:, None], np.geomspace(100.0, 3e5, 30)

    def read(epsilon: Any, delta: float) -> list[float]:
        found = noise_multiplier(
            data_budget=1e6, batch_size=1e6 * q, iterations=steps, epsilon=epsilon, delta=delta
        )
        return [float(value) for value in found[..., ::12, ::14].ravel()]

    two = np.array([1.0, 8.0])[:, None, None]
    return [*read(2.0, 1e-8), *read(two, 1e-8), *read(2.0, 1e-3)]


def planes() -> list[list[list[float]]]:
    """ln σ of a small table; :mod:`engine.accounting.table` is changed while it is made."""
    kept = table.EPSILONS, table.DELTAS
    table.EPSILONS, table.DELTAS = np.geomspace(2.0, 20.0, 4), np.array([1e-9, 1e-6])
    try:
        return [np.round(table._plane(q, t), 9).tolist() for q, t in ((1e-4, 4), (0.3, 2))]
    finally:
        table.EPSILONS, table.DELTAS = kept


SECTIONS: dict[str, Callable[[], Any]] = {
    "gaussian": gaussian,
    "epsilons": epsilons,
    "deltas": deltas,
    "noise": noise,
    "edges": edges,
    "certificates": certificates,
    "bounds": bounds,
    "trainings": trainings,
    "banded": banded,
    "facts": facts,
    "together": together,
    "lattice": lattice,
    "planes": planes,
}

if __name__ == "__main__":
    made = {name: section() for name, section in SECTIONS.items()}
    PATH.write_text(json.dumps(made, indent=1) + "\n")

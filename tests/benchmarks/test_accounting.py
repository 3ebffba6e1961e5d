"""Calibration for search against dp_accounting's PLD calibration, in the same run.

The peer's rows are a sample of ours; compare the per-configuration figures in ``extra_info``.
"""

import time

import numpy as np
import pytest
from dp_accounting import mechanism_calibration
from dp_accounting.dp_event import GaussianDpEvent, PoissonSampledDpEvent, SelfComposedDpEvent
from dp_accounting.pld.pld_privacy_accountant import PLDAccountant

from engine.accounting.accountant import certify
from engine.accounting.search import noise_multiplier
from engine.config import Sampling

PEOPLE, DELTA = 10**7, 1e-8


def questions(count):
    generator = np.random.default_rng(0)
    return (
        np.round(np.exp(generator.uniform(np.log(1e3), np.log(1e6), count))),
        np.round(np.exp(generator.uniform(np.log(1e3), np.log(1e5), count))),
        np.exp(generator.uniform(np.log(0.5), np.log(16), count)),
    )


@pytest.mark.parametrize("epsilons", ["one", "many"])
def test_ten_thousand_configurations_by_search(benchmark, epsilons):
    batch, iterations, epsilon = questions(10_000)
    asked = 4.0 if epsilons == "one" else epsilon
    sigma = benchmark(
        noise_multiplier,
        data_budget=PEOPLE,
        batch_size=batch,
        iterations=iterations,
        epsilon=asked,
        delta=DELTA,
    )
    assert np.all(sigma >= 0.3)


def test_ratio_to_dp_accounting(benchmark):
    """One configuration by dp_accounting's own calibration, over one of ten thousand by ours."""
    if not benchmark.enabled:
        pytest.skip("half a minute of the peer's time: run with --benchmark-enable")
    batch, iterations, epsilon = questions(10_000)

    def ours():
        return noise_multiplier(
            data_budget=PEOPLE,
            batch_size=batch,
            iterations=iterations,
            epsilon=epsilon,
            delta=DELTA,
        )

    ours()
    started = time.perf_counter()
    sigma = ours()
    per_configuration = (time.perf_counter() - started) / batch.size

    def theirs(row):
        return mechanism_calibration.calibrate_dp_mechanism(
            PLDAccountant,
            lambda noise: SelfComposedDpEvent(
                PoissonSampledDpEvent(batch[row] / PEOPLE, GaussianDpEvent(noise)),
                int(iterations[row]),
            ),
            float(epsilon[row]),
            DELTA,
            mechanism_calibration.ExplicitBracketInterval(0.3, 100.0),
            tol=1e-3,
        )

    found = benchmark.pedantic(theirs, args=(0,), rounds=3, iterations=1)
    assert found == pytest.approx(sigma[0], rel=0.02)
    benchmark.extra_info["search_seconds_per_configuration"] = per_configuration
    benchmark.extra_info["ratio"] = benchmark.stats.stats.median / per_configuration


def test_certificate_of_the_default(benchmark):
    benchmark(
        certify,
        data_budget=PEOPLE,
        batch_size=220_000,
        iterations=11_000,
        epsilon=4.0,
        delta=DELTA,
        sampling=Sampling.POISSON,
    )

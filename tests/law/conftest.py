"""The published table as a frame that ``fit`` receives, and one fit of it for all tests."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import log_ndtr

from engine.law.fit import FitResult, fit
from tests.law.published_table import published_table


@pytest.fixture(scope="session")
def published() -> pd.DataFrame:
    return published_table()


@pytest.fixture(scope="session")
def published_fit(published: pd.DataFrame) -> FitResult:
    return fit(published)


def _gaussian_mu(epsilon: float, delta: float) -> float:
    """μ of the Gaussian mechanism that is exactly (ε, δ)."""

    def excess(log_mu: float) -> float:
        mu = math.exp(log_mu)
        first, second = log_ndtr(mu / 2 - epsilon / mu), epsilon + log_ndtr(-mu / 2 - epsilon / mu)
        return first + math.log1p(-math.exp(min(second - first, -1e-16))) - math.log(delta)

    return math.exp(brentq(excess, -8, 6))


@pytest.fixture(scope="session")
def accounting() -> Callable[..., np.ndarray]:
    """σ̄ by the central limit theorem for subsampling (Bu et al. 2020): fast, and close enough
    to ask where an optimum lies; deterministic batches where they need less noise."""

    def noise_batch_ratio(data_budget, batch_size, iterations, epsilon, delta):
        mu = _gaussian_mu(epsilon, delta)
        rate = np.minimum(batch_size / data_budget, 1.0)
        poisson = np.log1p((mu / rate) ** 2 / iterations) ** -0.5
        full = np.sqrt(np.maximum(rate * iterations, 1.0)) / mu
        return np.minimum(poisson, full) / batch_size

    return noise_batch_ratio

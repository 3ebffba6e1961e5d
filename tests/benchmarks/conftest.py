"""Benchmarks run only when asked for: ``python -m pytest tests/benchmarks --benchmark-enable``."""

import pytest

from engine.decision.fitted import FittedEvidence, fitted_evidence


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> FittedEvidence:
    return fitted_evidence("published-bert", cache=tmp_path_factory.mktemp("fits"))

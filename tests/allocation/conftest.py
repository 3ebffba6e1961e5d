"""The published law, fitted once for all tests of what is decided with it."""

from dataclasses import replace

import pytest

from engine.decision.fitted import FittedEvidence, fitted_evidence


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> FittedEvidence:
    return fitted_evidence("published-bert", cache=tmp_path_factory.mktemp("fits"))


@pytest.fixture(scope="session")
def counting(fitted) -> FittedEvidence:
    """The same law, as if it counted what drawing a batch adds to the noise: as much as privacy does."""
    law = fitted.fit.law
    reference = replace(law.reference, noise_batch_ratio=law.reference.noise_batch_ratio * 3)
    drawing = replace(law, batch_size=1024.0, reference=reference)
    return replace(fitted, fit=replace(fitted.fit, law=drawing))

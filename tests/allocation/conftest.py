"""The published law as if it counted drawing."""

from dataclasses import replace

import pytest

from engine.decision.fitted import FittedEvidence


@pytest.fixture(scope="session")
def counting(fitted) -> FittedEvidence:
    """The same law, as if it counted what drawing a batch adds to the noise:
    as much as privacy does."""
    law = fitted.fit.law
    reference = replace(law.reference, noise_batch_ratio=law.reference.noise_batch_ratio * 3)
    drawing = replace(law, batch_size=1024.0, reference=reference)
    return replace(fitted, fit=replace(fitted.fit, law=drawing))

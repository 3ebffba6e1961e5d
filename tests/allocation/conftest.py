"""The published law as if it counted drawing."""

from dataclasses import replace

import pytest

from engine.decision.fitted import FittedEvidence
from engine.law.fit import FitResult


@pytest.fixture(scope="session")
def counting(fitted) -> FittedEvidence:
    """The same law, as if it counted what drawing a batch adds to the noise:
    as much as privacy does."""

    def drawing(one: FitResult) -> FitResult:
        reference = one.law.reference
        larger = replace(reference, noise_batch_ratio=reference.noise_batch_ratio * 3)
        return replace(one, law=replace(one.law, batch_size=1024.0, reference=larger))

    members = tuple(map(drawing, fitted.fit.members))
    return replace(fitted, fit=replace(fitted.fit, members=members))

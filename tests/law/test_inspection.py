"""What a fit says of its own rows, on the fit of the session."""

import numpy as np
import pytest

from engine.decision.fitted import evidence_of
from engine.law.inspection import LEVEL, inspect
from engine.law.observations import point_of


@pytest.fixture(scope="module")
def frame(fitted):
    return evidence_of(fitted.summary.id).frame


@pytest.fixture(scope="module")
def inspection(fitted, frame):
    return inspect(fitted.fit, frame)


def test_rows_are_measured_against_the_centre_of_all_forms(fitted, frame, inspection):
    rows = inspection.rows
    assert rows.measured.tolist() == frame["cross_entropy"].tolist()
    first = point_of(frame.iloc[:1])
    assert rows.fitted[0] == pytest.approx(float(fitted.fit.law.cross_entropy(*first)[0]))
    assert np.allclose(rows.fitted * np.exp(rows.residual), rows.measured)
    assert np.abs(rows.residual).max() < 0.1


def test_forms_by_weight_with_their_errors(inspection):
    weights = [form.weight for form in inspection.forms]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1.0)
    for form in inspection.forms:
        assert 0 < form.in_sample < 0.1 and form.scatter > 0 and form.drift > 0


def test_estimates_lie_in_their_intervals(fitted, inspection):
    leading = fitted.fit.leading
    assert inspection.leading.name == leading.law.form
    estimates = inspection.leading.estimates
    assert [one.name for one in estimates] == list(leading.law.parameters)
    assert [one.interval.value for one in estimates] == list(leading.law.theta)
    for one in estimates:
        assert one.interval.low <= one.interval.value <= one.interval.high
        assert one.interval.level == LEVEL
    assert [one.prior_share for one in estimates] == list(leading.prior_shares)


def test_the_covariance_is_that_of_the_resamples(fitted, inspection):
    for form, one in zip(inspection.forms, fitted.fit.members, strict=True):
        drawn = np.array(one.resampled)
        assert form.draws == len(drawn)
        assert form.covariance is not None and form.covariance.shape == (form.parameters,) * 2
        assert np.diag(form.covariance) == pytest.approx(drawn.var(axis=0, ddof=1))

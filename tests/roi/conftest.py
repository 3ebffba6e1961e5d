"""A small plan whose figures can be worked out by hand."""

import pytest

from engine.cost import Workload
from engine.roi.appraise import DEFAULT_CURVE
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.draws import LossForecast
from engine.roi.plan import Plan


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(
        name="recommendation",
        workload=Workload(
            compute_flops=3.8e20, model_size=5e7, iterations=9_000, data_budget=10_000_000
        ),
        loss=LossForecast(
            name="recommendation",
            value=2.85,
            resampled=(2.75, 2.8, 2.85, 2.9, 3.0),
            scatter=0.02,
            drift=0.01,
            ceiling=10.3,
        ),
        advantage=0.28,
    )


@pytest.fixture(scope="session")
def table():
    return DEFAULT_ASSUMPTIONS


@pytest.fixture(scope="session")
def certain(table):
    """No uncertainty, no tax, no legal risk, and a value at once and in full."""
    return table.fixed(**table.values).fixed(
        launch_months=0, ramp_months=0, incident_probability=0, tax_rate=0, operation_team_size=0
    )


@pytest.fixture(scope="session")
def curve():
    return DEFAULT_CURVE

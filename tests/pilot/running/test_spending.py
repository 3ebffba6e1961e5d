"""The runner believes no certificate: it proves the promise anew, and shows what is spent of it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting.certificate import Certificate
from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import epsilon_spent
from engine.pilot.running.spending import Spending, is_private, proved
from tests.pilot.fake_pilots import PEOPLE, STEPS, made_plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_text("made")
    return made_plan(path)


@pytest.fixture(scope="module")
def spending(plan):
    return proved(plan, plan.arms[0])


def changed(plan, *, settings=None, certificate=None):
    arm = plan.arms[0]
    return replace(
        arm,
        settings=replace(arm.settings, **(settings or {})),
        certificate=Certificate.from_dict(
            {**arm.certificate.to_dict(), **(certificate or {})},
            clipping_norm=arm.settings.clip_norm,
        ),
    )


def test_a_whole_training_spends_what_was_certified(plan, spending):
    assert spending.epsilon(STEPS) == pytest.approx(plan.arms[0].certificate.epsilon, rel=1e-3)
    assert spending.epsilon(STEPS) <= plan.epsilon
    assert spending.epsilon(STEPS + 1) == spending.epsilon(STEPS)
    assert spending.epsilon(0) == spending.epsilon(-1) == 0.0


def test_what_is_shown_rises_and_hardly_differs_from_the_certified(plan, spending):
    shown = [spending.epsilon(count) for count in range(STEPS + 1)]
    assert shown == sorted(shown)
    arm = plan.arms[0]
    for count in (2, 5, 15, 30, 45):
        certified = epsilon_spent(arm.certificate.mechanism, charged=count, delta=plan.delta)
        assert spending.epsilon(count) == pytest.approx(certified, rel=0.15)


@given(st.integers(1, 999))
def test_between_two_points_it_stays_between(charged):
    found = Spending(points=((1, 0.5), (10, 1.0), (1000, 8.0))).epsilon(charged)
    low, high = (0.5, 1.0) if charged <= 10 else (1.0, 8.0)
    assert low <= found <= high


@pytest.mark.parametrize(
    ("settings", "certificate", "name"),
    [
        ({"noise_batch_ratio": 1e-3}, {}, "noise_multiplier"),
        ({"data_budget": PEOPLE - 1}, {}, "sampling_probability"),
        ({}, {"compositions": STEPS - 1}, "compositions"),
        ({}, {"delta": 1e-7}, "delta"),
        ({}, {"sampling": Sampling.DETERMINISTIC}, "for poisson sampling"),
        ({}, {"bands": 2}, "bands"),
        ({}, {"privacy_unit": "household"}, "household"),
        ({}, {"epsilon": 0.01}, "0.01"),
        ({}, {"neighbouring_relation": NeighbouringRelation.ZERO_OUT}, "add-or-remove-one"),
    ],
)
def test_a_certificate_for_something_else_is_refused(plan, settings, certificate, name):
    with pytest.raises(InputError, match=name):
        proved(plan, changed(plan, settings=settings, certificate=certificate))


def test_a_certificate_that_lies_is_found_out(plan):
    """All fits together, only the noise does not keep the ε it claims."""
    sigma = plan.arms[0].certificate.noise_multiplier * 0.8
    arm = changed(
        plan, settings={"noise_batch_ratio": sigma / 16}, certificate={"noise_multiplier": sigma}
    )
    claimed = re.escape(f"{plan.arms[0].certificate.epsilon:.6g}")
    with pytest.raises(InputError, match=f"Expected noise that keeps ε ≤ {claimed}, got some"):
        proved(plan, arm)
    with pytest.raises(InputError, match="Expected noise that keeps ε ≤ 4"):
        proved(replace(plan, epsilon=4.0), plan.arms[0])


@pytest.mark.parametrize("settings", [{"seed": 0}, {"noise_batch_ratio": 0.0}])
def test_what_promises_nothing_spends_nothing(plan, settings):
    arm = changed(plan, settings=settings)
    assert not is_private(arm)
    assert proved(plan, arm) is None

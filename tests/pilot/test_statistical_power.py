"""What a pilot can tell agrees with what simulated pilots tell, under a known law."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import InputError
from engine.pilot.plan import PilotPlan
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.statistical_power import TRIED_SECONDS, Power, least_seconds, power
from tests.pilot.conftest import law, prepared  # noqa: F401 (fixtures)
from tests.present import present

TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")


@pytest.fixture(scope="module")
def plan(prepared, law):  # noqa: F811
    return propose(prepared, law, TERMS, PilotBudget(seconds=120.0))


def loss_of(law, arm, **changes):  # noqa: F811
    config = arm.settings.config
    at = (config.model_size, config.iterations, arm.settings.noise_batch_ratio, config.batch_size)
    return at, np.log(np.asarray(law.fit.resampled_cross_entropy(*at), dtype=float))


@pytest.mark.parametrize("repeats", [1, 3])
def test_simulated_pilots_tell_as_often_as_said(plan, law, repeats):  # noqa: F811
    found = power(replace(plan, repeats=repeats), law)
    rng, trials = np.random.default_rng(5), 40_000
    centres, spread = [], []
    for arm in plan.arms:
        at, draws = loss_of(law, arm)
        centres.append(draws)
        spread.append(law.fit.drift * float(law.fit.distance(*at)))
    pick = rng.integers(len(centres[0]), size=trials)
    scatter = law.fit.scatter
    measured = [
        centre[pick]
        + rng.normal(0, away, trials)
        + rng.normal(0, scatter, (repeats, trials)).mean(axis=0)
        for centre, away in zip(centres, spread, strict=True)
    ]
    by_chance = np.quantile(
        np.diff(rng.normal(0, scatter, (2, repeats, trials)).mean(axis=1), axis=0), 0.95
    )
    told = np.mean(np.abs(measured[1] - measured[0]) > by_chance)
    assert found.apart == pytest.approx(told, abs=0.015)


def test_a_plan_keeps_what_it_can_tell(plan, prepared, law):  # noqa: F811
    """For its verdict, and in its hash: it cannot be said otherwise afterwards."""
    assert plan.apart == pytest.approx(present(power(plan, law).apart), abs=1e-4)
    assert PilotPlan.from_json(plan.to_json()) == plan
    assert replace(plan, apart=0.5).plan_id != plan.plan_id
    before = replace(plan, apart=None)
    assert "apart" not in before.to_dict()
    alone = propose(prepared, law, TERMS, PilotBudget(seconds=120.0), with_rule=False)
    assert alone.apart is None


def test_equal_arms_are_told_apart_by_chance_alone(plan, law):  # noqa: F811
    same = replace(plan, arms=(plan.arms[0], replace(plan.arms[0], name="rule")))
    still = replace(law, fit=replace(law.fit, drift=0.0))
    assert power(same, still).apart == pytest.approx(0.1, abs=1e-6)
    assert not power(same, still).is_enough


def test_repeats_tell_more_and_the_range_never_widens(plan, law):  # noqa: F811
    apart = [present(power(replace(plan, repeats=n), law).apart) for n in (1, 2, 5, 20)]
    assert apart == sorted(apart)
    predicted = replace(present(plan.arms[0].predicted), low=0.5, high=9.0)
    wide = replace(plan.arms[0], predicted=predicted)
    found = power(replace(plan, arms=(wide, plan.arms[1])), law)
    after = present(found.after)
    assert found.before == predicted and 0.5 < after.low < after.value < after.high < 9.0
    narrow = [present(power(replace(plan, repeats=n, arms=(wide,)), law).after) for n in (1, 5)]
    assert narrow[1].high - narrow[1].low < narrow[0].high - narrow[0].low


def test_without_a_rule_or_a_prediction_nothing_is_promised(plan, law):  # noqa: F811
    alone = power(replace(plan, arms=plan.arms[:1]), law)
    assert alone.apart is None and alone.after is not None and not alone.is_enough
    blind = replace(plan, arms=tuple(replace(arm, predicted=None) for arm in plan.arms))
    assert power(blind, law) == Power(apart=None, before=None, after=None)


def test_the_least_time_is_enough_and_the_one_before_it_is_not(prepared, law):  # noqa: F811
    found = least_seconds(prepared, law, TERMS, repeats=1)
    assert found in TRIED_SECONDS

    def apart(seconds):
        return power(propose(prepared, law, TERMS, PilotBudget(seconds=seconds)), law)

    assert apart(found).is_enough
    place = TRIED_SECONDS.index(found)
    if place:
        with suppress(InputError):  # too little for a step
            assert not apart(TRIED_SECONDS[place - 1]).is_enough


def test_where_noise_drowns_all_no_time_is_promised(prepared, law):  # noqa: F811
    loud = replace(law, fit=replace(law.fit, scatter=5.0, drift=0.0))
    assert least_seconds(prepared, loud, TERMS, repeats=1) is None
    assert least_seconds(prepared, law, replace(TERMS, bands=4), repeats=1) is None

"""Tests of a fit find what was planted, and admit what they could not have found."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from engine.law import diagnostics
from engine.law.diagnostics import ENOUGH_POWER, Kind, Outcome, diagnose, diagnose_tokens
from engine.law.form import Reference
from engine.law.law import Law
from engine.law.linear import line_of
from engine.law.observations import observations_of
from engine.law.tokens import TokenLaw
from engine.text import law_tests
from engine.text.i18n import Words

LAW = Law(
    form="additive",
    theta=(0.3, -2.0, 0.4, -1.5, 0.3, 0.3, -1.0, 0.7, 0.5),
    vocabulary_size=30522,
    reference=Reference(model_size=3e7, iterations=1e4, noise_batch_ratio=1e-5),
)


@pytest.fixture(scope="module", autouse=True)
def few_simulations():
    """A quarter of the simulations is enough to tell a power of 0.9 from one of 0.2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnostics, "_SIMULATIONS", 50)
        yield


def runs(error, *, steps=(1e3, 1e4, 1e5), noises=(0.0, 3e-6, 1e-5, 1e-4), sizes=6, points=False):
    """A grid of runs whose ln L misses LAW by ``error(frame, rng)``."""
    grid = [
        (size, step, noise)
        for size in np.geomspace(4e6, 4e8, sizes)
        for step in steps
        for noise in noises
    ]
    frame = pd.DataFrame(grid, columns=["model_size", "iterations", "noise_batch_ratio"])
    frame["vocabulary_size"] = 30522
    names = frame.groupby(["model_size", "noise_batch_ratio"]).ngroup() if points else frame.index
    frame["run_id"] = [f"run-{n}" for n in names]
    exact = LAW.cross_entropy(*(frame[name] for name in frame.columns[:3]))
    rng = np.random.default_rng(5)
    return frame.assign(cross_entropy=exact * np.exp(error(frame, rng)))


def even(frame, rng):
    return 0.01 * rng.standard_normal(len(frame))


def _drawn_by(error, own, frame, _):
    return error(frame, own)


def by_kind(found):
    return {(one.kind, one.along): one for one in found.tests}


def test_coefficients_of_a_known_law_come_back_within_their_errors():
    found = diagnose(LAW, runs(even))
    assert (found.rows, found.runs, found.covariance_kind) == (72, 72, "HC3")
    for one in found.coefficients:
        assert abs(one.value - one.fitted) < 3.5 * one.robust_error
        assert one.robust_error == pytest.approx(one.error, rel=0.5)
    assert found.spread == pytest.approx(0.01, rel=0.3)
    variances = [one.robust_error**2 for one in found.coefficients]
    assert found.covariance is not None
    assert np.diag(found.covariance) == pytest.approx(variances)


def test_robust_errors_and_influence_agree_with_their_formulas():
    """HC3, hat values and Cook's distance from their textbook definitions."""
    frame = runs(even)
    found = diagnose(LAW, frame)
    observations = observations_of(frame, reference=LAW.reference)
    on_line = line_of(LAW, observations)
    assert on_line is not None
    line, _ = on_line
    x, y = line.design, line.response
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    hat = np.einsum("ij,jk,ik->i", x, inverse, x)
    missed = y - x @ beta
    meat = (x * ((missed / (1 - hat)) ** 2)[:, None]).T @ x
    assert found.covariance == pytest.approx(inverse @ meat @ inverse)
    assert [one.value for one in found.coefficients] == pytest.approx(beta.tolist())
    variance = missed @ missed / (len(y) - len(beta))
    cook = missed**2 * hat / ((1 - hat) ** 2 * len(beta) * variance)
    by_row = {one.row: one for one in found.influence}
    assert [by_row[n].hat for n in range(len(y))] == pytest.approx(hat.tolist())
    assert [by_row[n].cook for n in range(len(y))] == pytest.approx(cook.tolist())
    assert sum(one.hat for one in found.influence) == pytest.approx(len(beta))
    equal = x / np.linalg.norm(x, axis=0)
    assert found.condition_number == pytest.approx(np.linalg.cond(equal))


def test_a_spread_that_grows_is_found_where_it_grows():
    def growing(frame, rng):
        size = np.log(frame["model_size"] / 4e6) / np.log(100)
        return 0.004 * 6.0**size * rng.standard_normal(len(frame))

    found = by_kind(diagnose(LAW, runs(growing)))
    by_size = found[Kind.SPREAD, "model_size"]
    assert by_size.outcome is Outcome.FOUND and by_size.rises
    assert found[Kind.SPREAD, "iterations"].outcome is not Outcome.FOUND

    def shrinking(frame, rng):
        return growing(frame, rng) / 6.0 ** (2 * np.log(frame["model_size"] / 4e6) / np.log(100))

    again = by_kind(diagnose(LAW, runs(shrinking)))[Kind.SPREAD, "model_size"]
    assert again.outcome is Outcome.FOUND and again.rises is False


def test_a_wrong_bend_is_found_and_a_right_one_is_not():
    def bent(frame, rng):
        loss = LAW.cross_entropy(*(frame[name] for name in frame.columns[:3]))
        place = (loss - loss.min()) / np.ptp(loss)
        return even(frame, rng) + 0.02 * (8 * (place - 0.5) ** 2 - 1)

    assert by_kind(diagnose(LAW, runs(bent)))[Kind.BEND, ""].outcome is Outcome.FOUND
    right = by_kind(diagnose(LAW, runs(even)))[Kind.BEND, ""]
    assert right.outcome is not Outcome.FOUND and right.p > 0.05


def test_few_runs_cannot_tell_and_many_can():
    few = diagnose(LAW, runs(even, sizes=2, steps=(1e3, 1e5), noises=(0.0, 1e-5)))
    assert {one.outcome for one in few.tests} == {Outcome.CANNOT_TELL}
    said = [law_tests.sentence(one, few, Words("en")) for one in few.tests]
    assert all("cannot be told" in one or "too few" in one for one in said)
    many = diagnose(LAW, runs(even, sizes=30))
    spread = by_kind(many)[Kind.SPREAD, "model_size"]
    assert spread.power > 0.9 > ENOUGH_POWER and spread.outcome is Outcome.NOT_FOUND
    assert "would have been in" in law_tests.sentence(spread, many, Words("en"))
    tiny = diagnose(LAW, runs(even, sizes=2, steps=(1e4,), noises=(0.0, 1e-5)))
    assert {one.p for one in tiny.tests} <= {None}


def test_points_of_one_curve_are_one_run():
    """Errors that a whole curve shares: classic errors believe 180 rows, clustered ones 24 runs."""

    def shared(frame, rng):
        curve = pd.factorize(frame["run_id"])[0]
        return 0.01 * rng.standard_normal(curve.max() + 1)[curve]

    steps = tuple(np.geomspace(1e3, 1e5, 9))
    found = diagnose(LAW, runs(shared, steps=steps, points=True))
    assert (found.rows, found.runs, found.covariance_kind) == (216, 24, "cluster")
    ratios = [one.robust_error / one.error for one in found.coefficients]
    assert max(ratios) > 1.5
    # That a curve lies above or below is no bend: of eight such evidences, most show none.
    bends = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        errors = partial(_drawn_by, shared, rng)
        again = diagnose(LAW, runs(errors, steps=steps, points=True))
        bends += by_kind(again)[Kind.BEND, ""].outcome is Outcome.FOUND
    assert bends <= 2


def test_an_outlier_leads_the_list():
    def one_off(frame, rng):
        return even(frame, rng) + np.where(frame.index == 17, 0.3, 0.0)

    first = diagnose(LAW, runs(one_off)).influence[0]
    assert (first.row, first.run_id) == (17, "run-17") and first.cook > 0.4


def test_forms_without_a_line_say_so():
    law = Law(
        form="effective_steps",
        theta=(0.3, -2.0, 0.4, 3.0, 0.3, 0.3, 0.0, 1.0),
        vocabulary_size=30522,
        reference=LAW.reference,
    )
    found = diagnose(law, runs(even))
    assert not found.linear and not found.tests
    assert "no straight line" in law_tests.basis(found, Words("en"))


def test_the_law_of_size_and_tokens_is_tested_alike():
    grid = [(size, ratio * size) for size in (5e7, 2e8, 1e9, 4e9) for ratio in (5, 20, 80)]
    size, tokens = np.array(grid).T
    law = TokenLaw(
        parameters={"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2100.0, "beta": 0.37},
        intervals={}, covariance=None, draws=0, scatter=0.0, rows=12,
    )  # fmt: skip
    loss = law.cross_entropy(size, tokens) * np.exp(
        0.003 * np.random.default_rng(2).standard_normal(12)
    )
    frame = pd.DataFrame({"model_size": size, "iterations": tokens, "cross_entropy": loss})
    found = diagnose_tokens(law, frame.assign(run_id=[f"r{n}" for n in range(12)]))
    assert [one.name for one in found.coefficients] == ["floor", "size", "tokens"]
    for one in found.coefficients:
        assert abs(one.value - one.fitted) < 3.5 * one.robust_error
    assert {one.along for one in found.tests} == {"model_size", "tokens", ""}
    assert all(law_tests.sentence(one, found, Words("ja")) for one in found.tests)

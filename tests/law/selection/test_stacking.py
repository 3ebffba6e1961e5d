"""Weights from what was held out: the form that predicts has the say."""

from dataclasses import replace

import numpy as np
import pytest

from engine.law.selection.holdout import HeldOut, LeftOut
from engine.law.selection.stacking import (
    LEAST_WEIGHT,
    FormsBeforehand,
    pooled_weights,
    stack_weights,
)

ROWS = 20


def left_out(errors: np.ndarray, distance: float = 0.0, conditions=()) -> LeftOut:
    return LeftOut(
        rows=np.arange(len(errors)),
        errors=errors,
        distances=np.full(len(errors), distance),
        theta=np.zeros((len(errors), 1)),
        conditions=np.array(conditions, dtype=float),
    )


def held(errors: np.ndarray, far: np.ndarray | None = None, conditions=()) -> HeldOut:
    return HeldOut(
        single=left_out(errors, conditions=conditions),
        large=(),
        off_ridge=None if far is None else left_out(far, distance=3.0),
    )


def scattered(deviation: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, deviation, ROWS)


def test_weights_follow_what_was_predicted():
    weights = stack_weights([held(scattered(0.01, 0)), held(scattered(0.05, 1))])
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] > 0.8


def test_forms_that_say_the_same_share_alike():
    one = held(scattered(0.02, 0))
    np.testing.assert_allclose(stack_weights([one, one, one]), 1 / 3)


def test_a_form_without_density_has_no_say():
    """One of many that is off by a hundred times as much everywhere."""
    good = [held(scattered(0.01, seed)) for seed in range(6)]
    weights = stack_weights([*good, held(scattered(1.0, 9))])
    assert weights[-1] == 0.0
    assert weights.sum() == pytest.approx(1.0)
    assert ((weights == 0) | (weights >= LEAST_WEIGHT)).all()


def test_what_is_off_the_ridge_counts():
    near = scattered(0.01, 0)
    weights = stack_weights([held(near, np.full(3, 0.02)), held(near, np.full(3, 0.35))])
    assert weights[0] > weights[1] > 0


def test_a_prior_says_how_forms_that_say_the_same_share():
    one, prior = held(scattered(0.01, 0)), np.array([0.6, 0.3, 0.1])
    np.testing.assert_allclose(stack_weights([one, one, one], prior), prior, atol=1e-6)


def test_another_evidence_has_its_share_of_the_weights():
    """Forms that it does not know keep what the rest of the say leaves them; one that is not among
    the forms has none, and the evidence's own hold-outs take that share."""
    forms, rows = ("a", "b", "c"), [held(scattered(0.01, 0)), held(scattered(0.03, 1))]
    own = stack_weights([*rows, rows[1]])
    known = FormsBeforehand(
        evidence_id="other", evidence_hash="", runs=9, weights={"b": 0.75, "gone": 0.25}
    )
    found = pooled_weights(forms, [*rows, rows[1]], known)
    np.testing.assert_allclose(found, 0.625 * own + np.array([0.0, 0.375, 0.0]), rtol=1e-12)
    none = pooled_weights(forms, [*rows, rows[1]], replace(known, weights={"gone": 1.0}))
    np.testing.assert_allclose(none, own, rtol=1e-12)
    # Less than the least is left out of what is pooled as well.
    little = replace(known, weights={"a": 1.0}, share=0.9)
    assert pooled_weights(forms, [*rows, rows[1]], little).tolist() == [1.0, 0.0, 0.0]


def test_conditions_of_the_optima_count():
    near = scattered(0.01, 0)
    kept, broken = np.full(3 * ROWS, 0.1), np.full(3 * ROWS, 8.0)
    weights = stack_weights([held(near, conditions=broken), held(near, conditions=kept)])
    assert weights[1] > 0.7


def test_a_form_that_admits_what_it_misses_keeps_its_say_where_another_is_far_off():
    """Each is right at the rows where the other is wrong: both stay."""
    small, large = np.full(ROWS // 2, 0.002), np.full(ROWS // 2, 0.06)
    weights = stack_weights(
        [held(np.concatenate([small, large])), held(np.concatenate([large, small]))]
    )
    np.testing.assert_allclose(weights, 0.5, atol=0.02)

"""Certificates over (N, B, T, ε, δ), judged by an accountant that shares no code with ours.

A certificate whose noise is too small breaks a promise; one whose noise is more than a few per cent
too large wastes the data.
"""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.accounting.accountant import certify
from engine.accounting.domain import SMALLEST_NOISE_MULTIPLIER
from engine.config import Sampling
from tests.accounting.independent import gaussian_delta, most_participations, poisson_delta

PEOPLE = st.integers(1_000, 10_000_000)
SHARES = st.floats(-3, 0).map(lambda exponent: 10.0**exponent)
DELTAS = st.floats(-8, -5).map(lambda exponent: 10.0**exponent)
EPSILONS = st.floats(math.log(0.1), math.log(16)).map(math.exp)


@settings(max_examples=50)
@given(
    people=PEOPLE,
    share=SHARES,
    steps=st.integers(1, 1_000_000),
    epsilon=st.floats(math.log(0.01), math.log(128)).map(math.exp),
    delta=st.floats(-12, -5).map(lambda exponent: 10.0**exponent),
)
# 1,800 places for 1,000 people: one participation instead of two would promise at σ/√2.
@example(people=1_000, share=0.9, steps=2, epsilon=1.0, delta=1e-8)
def test_fixed_batches_need_what_the_closed_form_says(people, share, steps, epsilon, delta):
    batch = math.ceil(people * share)
    found = certify(
        data_budget=people,
        batch_size=batch,
        iterations=steps,
        epsilon=epsilon,
        delta=delta,
        sampling=Sampling.DETERMINISTIC,
    )
    root = math.sqrt(most_participations(people, batch, steps))
    sigma = found.noise_multiplier
    assert gaussian_delta(epsilon, root / sigma) <= delta
    assert gaussian_delta(found.epsilon, root / sigma) <= delta
    if sigma > SMALLEST_NOISE_MULTIPLIER:
        assert gaussian_delta(epsilon, root / (sigma * 0.98)) > delta


@pytest.mark.slow
@settings(max_examples=15)
@given(
    people=PEOPLE,
    share=SHARES,
    steps=st.floats(0, math.log(3_000)).map(lambda x: round(math.exp(x))),
    epsilon=EPSILONS,
    delta=DELTAS,
)
def test_poisson_batches_need_what_a_plain_fft_says(people, share, steps, epsilon, delta):
    batch = math.ceil(people * share)
    found = certify(
        data_budget=people,
        batch_size=batch,
        iterations=steps,
        epsilon=epsilon,
        delta=delta,
        sampling=Sampling.POISSON,
    )
    q, sigma = batch / people, found.noise_multiplier
    # 1 % in δ is some 0.1 % in ε: what the other accountant's grid leaves open.
    assert poisson_delta(q, sigma, steps, epsilon) <= delta * 1.01
    assert poisson_delta(q, sigma, steps, found.epsilon) <= delta * 1.01
    if sigma > SMALLEST_NOISE_MULTIPLIER:
        assert poisson_delta(q, sigma * 0.97, steps, epsilon) > delta

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from engine.pilot.dpsgd.optimizer import DPAdam, flatten, learning_rate
from engine.pilot.plan import Schedule
from tests.pilot.fake_training import settings


def gradients(steps, size=40):
    rng = torch.Generator().manual_seed(0)
    scales = torch.logspace(-6, 1, size)
    return [torch.randn(size, generator=rng) * scales for _ in range(steps)]


def test_it_is_torchs_adam():
    ours = DPAdam(parameters=torch.ones(40), averaging=8)
    theirs = nn.Parameter(torch.ones(40))
    reference = torch.optim.Adam([theirs], lr=0.01)
    for gradient in gradients(30):
        theirs.grad = gradient.clone()
        reference.step()
        ours.step(gradient, rate=0.01)
        # Rounding of float32 in 30 steps of 0.01.
        torch.testing.assert_close(ours.parameters, theirs.detach(), rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("averaging", [1.0, 8.0])
def test_the_average_weighs_steps_polynomially(averaging):
    """By Shamir and Zhang's recursion, w_t counts like Π (t − η …): checked for whole η in closed
    form, t (t+1) … (t+η−1) up to scale."""
    adam, iterates, weights = DPAdam(parameters=torch.zeros(40), averaging=averaging), [], []
    for t, gradient in enumerate(gradients(20), start=1):
        adam.step(gradient, rate=0.01)
        iterates.append(adam.parameters.clone())
        weights.append(math.prod(t + k for k in range(int(averaging))))
    weighted = sum(w * x for w, x in zip(weights, iterates, strict=True)) / sum(weights)
    torch.testing.assert_close(adam.average, weighted, rtol=1e-5, atol=1e-7)


def test_without_averaging_the_average_is_the_last_iterate():
    adam = DPAdam(parameters=torch.zeros(40), averaging=0)
    for gradient in gradients(5):
        adam.step(gradient, rate=0.01)
        assert torch.equal(adam.average, adam.parameters)


def test_before_the_first_step_the_average_is_the_start():
    assert torch.equal(DPAdam(parameters=torch.ones(3), averaging=8).average, torch.ones(3))


def test_it_goes_on_from_its_state():
    whole, first, second = (DPAdam(parameters=torch.ones(40), averaging=8) for _ in range(3))
    steps = gradients(10)
    for gradient in steps:
        whole.step(gradient, rate=0.01)
    for gradient in steps[:4]:
        first.step(gradient, rate=0.01)
    second.load(first.state())
    for gradient in steps[4:]:
        second.step(gradient, rate=0.01)
    for name in ("parameters", "average", "first", "second"):
        assert torch.equal(getattr(second, name), getattr(whole, name)), name
    assert second.steps == 10


def test_flat_parameters_are_the_models():
    first = nn.Linear(3, 4)
    model = nn.Sequential(first, nn.LayerNorm(4))
    tied = nn.Linear(3, 4)
    tied.weight = first.weight
    model.append(nn.Identity()).append(tied)
    before = [p.detach().clone() for p in model.parameters()]
    flat = flatten(model)
    assert flat.numel() == sum(p.numel() for p in before) == 12 + 4 + 8 + 4
    for parameter, value in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, value)
    flat.fill_(3.0)
    assert all((p == 3).all() for p in model.parameters())
    assert tied.weight is model[0].weight


@given(
    st.sampled_from(Schedule),
    st.integers(1, 300),
    st.integers(0, 400),
)
def test_schedules_rise_then_fall_and_never_reach_zero(schedule, iterations, warmup):
    plan = settings(iterations=iterations, schedule=schedule, warmup=warmup, learning_rate=0.5)
    rates = [learning_rate(plan, step) for step in range(1, iterations + 1)]
    peak = min(warmup, iterations)
    assert all(0 < rate <= 0.5 for rate in rates)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    if peak:
        assert rates[peak - 1] == 0.5
    if schedule is Schedule.CONSTANT:
        assert set(rates[peak:]) <= {0.5}


def test_schedules_have_their_shapes():
    plan = settings(iterations=99, warmup=0, learning_rate=1.0)
    linear, cosine = (replace(plan, schedule=s) for s in (Schedule.LINEAR, Schedule.COSINE))
    assert learning_rate(linear, 25) == pytest.approx(0.75)
    assert learning_rate(cosine, 25) == pytest.approx(0.5 + math.sqrt(0.125))
    assert learning_rate(linear, 50) == learning_rate(cosine, 50) == pytest.approx(0.5)
    assert learning_rate(linear, 100) == learning_rate(cosine, 100) == 0, "one step after the last"
    assert learning_rate(replace(plan, warmup=8), 2) == pytest.approx(0.25)

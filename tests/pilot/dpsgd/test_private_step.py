import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from engine.pilot.dpsgd import batch_sum
from engine.pilot.dpsgd.model import IGNORED, build, cross_entropy
from engine.pilot.dpsgd.noise import EntropyNoise, SeededNoise
from engine.pilot.dpsgd.optimizer import flatten
from engine.pilot.dpsgd.private_step import PrivateStep
from engine.pilot.dpsgd.progress import DivergedError, MemoryFullError
from tests.pilot.fake_training import SHAPE, S, settings

NOISE = SeededNoise(3)
TOKENS = torch.randint(32, (12, S + 1), generator=torch.Generator().manual_seed(1))


def made(**changes):
    model = build(SHAPE, generator=torch.Generator().manual_seed(0))
    flat = flatten(model)
    return PrivateStep(model, settings(**{"noise": 0.0, **changes}), parameters=flat)


def examples(rows):
    return TOKENS[rows, :-1], TOKENS[rows, 1:]


def mean(mechanism, rows, noise=NOISE, step=0):
    return mechanism.noisy_mean(examples(list(rows)), noise, step)[0].clone()


@limits(max_examples=30, deadline=None)
@given(
    st.sets(st.integers(0, 11)),
    st.integers(0, 11),
    st.sampled_from([1e-9, 1e-2, 1.0, 1e9]),
    st.integers(1, 20),
)
def test_one_unit_more_or_less_moves_the_mean_by_at_most_one_over_b(rows, one, clip_norm, B):
    """The sensitivity that the guarantee rests on, whatever the clip norm and the drawn size."""
    subject = made(clip_norm=clip_norm, batch_size=B)
    moved = mean(subject, sorted(rows | {one})) - mean(subject, sorted(rows - {one}))
    # Rounding of float32 sums of at most 12 vectors of norm 1.
    assert float(moved.norm()) <= 1 / B * (1 + 1e-5) + 1e-6 / B


def test_a_tiny_clip_norm_normalises_every_gradient():
    assert float(mean(made(clip_norm=1e-9), [4]).norm()) == pytest.approx(1 / 8, rel=1e-5)


def test_it_is_the_mean_over_the_expected_batch_of_clipped_gradients():
    model = build(SHAPE, generator=torch.Generator().manual_seed(0))
    tokens, targets = examples([0, 5, 7])
    total = torch.zeros(())
    for row in range(3):
        loss = cross_entropy(model(tokens[row : row + 1]), targets[row : row + 1]).sum()
        parts = torch.autograd.grad(loss, list(model.parameters()))
        gradient = torch.cat([part.reshape(-1) for part in parts])
        total = total + gradient / max(0.1, float(gradient.norm()))
    ours = mean(made(clip_norm=0.1), [0, 5, 7])
    torch.testing.assert_close(ours, total / 8, rtol=1e-4, atol=1e-7)


@limits(max_examples=15, deadline=None)
@given(st.integers(1, 13), st.integers(0, 12))
def test_micro_batches_do_not_change_the_step(physical, drawn):
    whole = made(physical_batch_size=16, noise=0.1)
    cut = made(physical_batch_size=physical, noise=0.1)
    torch.testing.assert_close(
        mean(cut, range(drawn)), mean(whole, range(drawn)), rtol=1e-4, atol=1e-6
    )


def test_padding_fills_up_micro_batches_and_weighs_nothing():
    subject = made(physical_batch_size=32)
    for compiled, rows in ((False, 16), (True, 32)):
        subject._rows = None if compiled else batch_sum.ROWS
        ((tokens, targets, weights),) = subject._micro_batches(examples(range(12)))
        assert tokens.shape == targets.shape == (rows, S)
        assert weights.tolist() == [1.0] * 12 + [0.0] * (rows - 12)
        assert (targets[12:] == IGNORED).all()


class Counting(EntropyNoise):
    def __init__(self):
        self.draws = []

    def normal(self, step, count, *, device):
        self.draws.append((step, count))
        return super().normal(step, count, device=device)


def test_noise_is_added_once_a_step_with_its_standard_deviation():
    subject, noise = made(noise=0.25, physical_batch_size=2), Counting()
    M = subject.parameters.numel()
    exact = mean(made(), range(9))
    noisy = mean(subject, range(9), noise, step=6)
    assert noise.draws == [(6, M)], "five micro-batches, one draw"
    added = (noisy - exact) / 0.25
    # Six standard errors of mean and variance of M Gaussians.
    assert abs(float(added.mean())) < 6 / math.sqrt(M)
    assert abs(float(added.var()) - 1) < 6 * math.sqrt(2 / M)


def test_an_empty_batch_is_noise_alone():
    subject = made(noise=0.25)
    M = subject.parameters.numel()
    mean(subject, range(5))  # what an earlier step left must not come back
    expected = 0.25 * NOISE.normal(2, M, device=torch.device("cpu"))
    assert torch.equal(mean(subject, [], step=2), expected)
    assert not mean(made(), []).any()


def test_without_noise_none_is_drawn():
    noise = Counting()
    mean(made(), range(3), noise)
    assert noise.draws == []


def test_losses_are_summed_over_the_examples_alone():
    subject = made(physical_batch_size=5)
    tokens, targets = examples(range(12))
    found = subject.noisy_mean((tokens, targets), NOISE, 0)[1]
    each = subject.losses((tokens, targets), parameters=subject.parameters.clone())
    assert each.shape == (12,)
    assert found == pytest.approx(float(each.sum()), rel=1e-5)
    assert found / 12 == pytest.approx(math.log(32), rel=0.1), "near uniform at the start"


def test_losses_are_of_the_parameters_asked_for_and_leave_the_models():
    subject = made()
    before = subject.parameters.clone()
    zero = subject.losses(examples(range(3)), parameters=torch.zeros_like(before))
    assert zero.tolist() == pytest.approx([math.log(32)] * 3)
    assert torch.equal(subject.parameters, before)
    assert subject.losses(examples([]), parameters=before).shape == (0,)


class Hungry:
    """Runs out of memory above so many rows, after it has begun."""

    def __init__(self, inner, rows, error):
        self.inner, self.rows, self.error, self.calls = inner, rows, error, 0

    def __call__(self, tokens, *rest):
        self.calls += 1
        if len(tokens) > self.rows or (self.calls == 2 and self.rows < 8):
            raise self.error
        return self.inner(tokens, *rest)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 "
            "bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
    ],
)  # fmt: skip
def test_out_of_memory_halves_the_micro_batch_and_takes_the_same_step(error):
    subject, noise = made(noise=0.1, physical_batch_size=8), Counting()
    subject._clipped_sum = Hungry(subject._clipped_sum, 4, error)
    exact = mean(made(), range(12))
    found = mean(subject, range(12), noise)
    assert subject.physical_batch_size == 2, "halved twice: for its size, and half way"
    assert len(noise.draws) == 1
    assert float((found - exact).norm()) == pytest.approx(
        0.1 * math.sqrt(exact.numel()), rel=0.1
    ), "nothing of the failed attempts is left in the sum"


def test_memory_for_not_even_one_example_is_told():
    subject = made(physical_batch_size=8)
    subject._clipped_sum = Hungry(subject._clipped_sum, 0, MemoryError())
    with pytest.raises(MemoryFullError, match="Expected memory for one example of 16 tokens"):
        mean(subject, range(3))
    assert subject.physical_batch_size == 1


def test_other_errors_are_not_taken_for_memory():
    subject = made(physical_batch_size=8)
    subject._clipped_sum = Hungry(subject._clipped_sum, 0, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        mean(subject, range(3))
    assert subject.physical_batch_size == 8


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_stops_before_the_noise(value):
    subject, noise = made(noise=0.1), Counting()
    subject.parameters[-1] = value
    with pytest.raises(DivergedError, match="Training diverged"):
        mean(subject, range(3), noise)
    assert noise.draws == []


def test_evaluation_runs_out_of_memory_too(monkeypatch):
    subject = made(physical_batch_size=8)
    model = subject._model
    subject._model = Hungry(model, 4, MemoryError())
    found = subject.losses(examples(range(12)), parameters=subject.parameters.clone())
    subject._model = model
    subject.physical_batch_size = 16
    again = subject.losses(examples(range(12)), parameters=subject.parameters.clone())
    torch.testing.assert_close(found, again)


def test_opacus_computes_the_same_step():
    from engine.pilot.plan import Engine

    ours = mean(made(noise=0.1, clip_norm=0.1), range(9))
    theirs = mean(made(noise=0.1, clip_norm=0.1, engine=Engine.OPACUS), range(9))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_errors_come_out_of_another_process_whole():
    import pickle

    for error in (DivergedError(), MemoryFullError(tokens=16)):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.template) == (
            type(error),
            str(error),
            error.template,
        )

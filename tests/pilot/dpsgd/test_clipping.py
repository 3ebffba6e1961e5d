"""The fast engine against Opacus, against a loop over examples, and against its own promises."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.errors import InputError
from engine.pilot.dpsgd import tape
from engine.pilot.dpsgd.clipped import Clipped
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.model import Transformer, build, cross_entropy
from engine.pilot.plan import Engine
from engine.pilot.shape import Shape


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_loop(
    model: nn.Module, clip_norm: float, tokens: Tensor, targets: Tensor, weights: Tensor
) -> Clipped:
    """The definition, one example at a time, in float64 from the gradients on."""
    parameters = list(model.parameters())
    sums = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]
    norms, losses = [], []
    for row, target, weight in zip(tokens, targets, weights, strict=True):
        loss = cross_entropy(model(row[None]), target[None])[0]
        gradients = [g.double() for g in torch.autograd.grad(loss, parameters)]
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
        factor = float(weight) * min(1 / clip_norm, 1 / norm if norm else math.inf)
        for total, gradient in zip(sums, gradients, strict=True):
            total += factor * gradient
        norms.append(norm)
        losses.append(loss.item())
    return Clipped(
        sums=[total.float() for total in sums],
        norms=torch.tensor(norms),
        losses=torch.tensor(losses),
    )


def assert_agree(found: Clipped, expected: Clipped, tolerance: float = 1e-5) -> None:
    """Relative to the sum, and to the parts of norm up to 1 that may cancel in it."""
    rounding = 5e-7 * len(expected.norms)
    torch.testing.assert_close(found.norms, expected.norms, rtol=tolerance, atol=1e-7)
    torch.testing.assert_close(found.losses, expected.losses, rtol=tolerance, atol=1e-6)
    assert [s.shape for s in found.sums] == [s.shape for s in expected.sums]
    left, right = flat(found), flat(expected)
    assert (left - right).norm() <= tolerance * right.norm() + rounding
    # And parameter by parameter, so that a small one cannot hide behind a large one.
    for one, other in zip(found.sums, expected.sums, strict=True):
        assert (one - other).norm() <= tolerance * other.norm() + rounding


def flat(clipped: Clipped) -> Tensor:
    return torch.cat([part.flatten() for part in clipped.sums])


@st.composite
def problems(draw: st.DrawFn) -> tuple[Transformer, float, Tensor, Tensor, Tensor]:
    """A model with weights at random, a batch with padding and short documents, and a clip norm
    between the gradient norms, so that some are clipped and some are not."""
    heads = draw(st.integers(1, 2))
    shape = Shape(
        kind=draw(st.sampled_from(("gpt", "bert"))),
        depth=draw(st.integers(1, 2)),
        width=heads * draw(st.sampled_from((4, 8, 16))),
        heads=heads,
        hidden=draw(st.integers(1, 40)),
        activation=draw(st.sampled_from(("gelu", "swiglu"))),
        vocabulary_size=draw(st.integers(2, 40)),
        sequence_length=draw(st.integers(1, 12)),
    )
    random = seeded(draw(st.integers(0, 2**31)))
    model = build(shape, generator=random)
    with torch.no_grad():
        for parameter in model.parameters():  # norms and biases too
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    P = draw(st.integers(2, 6))
    size = (P, shape.sequence_length)
    tokens = torch.randint(shape.vocabulary_size, size, generator=random)
    targets = torch.randint(-1, shape.vocabulary_size, size, generator=random)
    targets[0, 0] = 0
    weights = (torch.rand(P, generator=random) < 0.8).float()
    norms = by_loop(model, 1.0, tokens, targets, weights).norms
    low, high = float(norms.min()), float(norms.max())
    clip_norm = max(low + draw(st.floats(0.05, 0.95)) * (high - low), 1e-3)
    return model, clip_norm, tokens, targets, weights


@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_the_fast_engine_is_opacus_and_the_loop(problem):
    model, clip_norm, *batch = problem
    expected = by_loop(model, clip_norm, *batch)
    assert_agree(clipped_sum(model, clip_norm=clip_norm)(*batch), expected)
    opacus = clipped_sum(model, clip_norm=clip_norm, engine=Engine.OPACUS)(*batch)
    assert_agree(clipped_sum(model, clip_norm=clip_norm)(*batch), opacus)


SMALL = Shape(
    kind="gpt",
    depth=2,
    width=32,
    heads=2,
    hidden=64,
    activation="gelu",
    vocabulary_size=64,
    sequence_length=16,
)


def batch_of(shape: Shape, P: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    random = seeded(1)
    size = (P, shape.sequence_length)
    tokens = torch.randint(shape.vocabulary_size, size, generator=random)
    targets = torch.randint(-1, shape.vocabulary_size, size, generator=random)
    return tokens, targets, torch.ones(P)


@pytest.fixture
def model() -> Transformer:
    return build(SMALL, generator=seeded(0))


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor]:
    return batch_of(SMALL)


def test_some_are_clipped_and_some_are_not(model, batch):
    norms = clipped_sum(model, clip_norm=1.0)(*batch).norms
    clip_norm = float(norms.median())
    assert (norms > clip_norm).any()
    assert (norms < clip_norm).any()
    found = clipped_sum(model, clip_norm=clip_norm)
    for row in range(len(norms)):
        alone = torch.zeros(len(norms))
        alone[row] = 1
        norm = flat(found(batch[0], batch[1], alone)).norm()
        expected = min(1.0, float(norms[row]) / clip_norm)
        assert float(norm) == pytest.approx(expected, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(problem=problems(), scale=st.sampled_from((1e-4, 1.0, 30.0)))
def test_an_examples_part_has_at_most_norm_one(problem, scale):
    model, clip_norm, tokens, targets, _ = problem
    with torch.no_grad():
        model.head.weight.mul_(scale)
    for row in range(len(tokens)):
        part = clipped_sum(model, clip_norm=clip_norm)(
            tokens[row : row + 1], targets[row : row + 1], torch.ones(1)
        )
        assert float(flat(part).double().norm()) <= 1 + 1e-5


@pytest.mark.parametrize("engine", Engine)
def test_the_split_into_micro_batches_changes_nothing(model, batch, engine):
    tokens, targets, weights = batch
    answer = clipped_sum(model, clip_norm=0.5, engine=engine)
    whole = answer(tokens, targets, weights)
    for size in (1, 2, 3):
        parts = [
            answer(*(values[start : start + size] for values in batch))
            for start in range(0, len(tokens), size)
        ]
        joined = sum(flat(part) for part in parts)
        assert (joined - flat(whole)).norm() <= 1e-5 * flat(whole).norm()
        torch.testing.assert_close(torch.cat([part.norms for part in parts]), whole.norms)


@pytest.mark.parametrize("engine", Engine)
def test_padding_adds_nothing(model, batch, engine):
    tokens, targets, _ = batch
    weights = torch.tensor([1.0, 1, 0, 1, 0, 0])
    answer = clipped_sum(model, clip_norm=0.5, engine=engine)
    kept = weights.bool()
    padded, bare = (
        answer(tokens, targets, weights),
        answer(tokens[kept], targets[kept], weights[kept]),
    )
    assert (flat(padded) - flat(bare)).norm() <= 1e-5 * flat(bare).norm()
    empty = answer(tokens, targets, torch.zeros(6))
    assert not flat(empty).any()


@pytest.mark.parametrize("engine", Engine)
def test_an_example_without_targets_is_clipped_to_nothing(model, batch, engine):
    tokens, targets, weights = batch
    targets[2] = -1
    found = clipped_sum(model, clip_norm=0.5, engine=engine)(tokens, targets, weights)
    assert found.norms[2] == found.losses[2] == 0
    assert flat(found).isfinite().all()


@pytest.mark.parametrize("engine", Engine)
def test_the_model_is_left_as_it_was(model, batch, engine):
    parameters = list(model.parameters())
    parameters[0].grad = torch.ones_like(parameters[0])
    parameters[1].requires_grad_(False)
    values = [p.detach().clone() for p in parameters]
    logits = model(batch[0])
    clipped_sum(model, clip_norm=0.5, engine=engine)(*batch)
    assert list(model.parameters()) == parameters
    assert all(torch.equal(p, value) for p, value in zip(parameters, values, strict=True))
    assert parameters[0].grad.eq(1).all()
    assert parameters[2].grad is None
    assert [p.requires_grad for p in parameters[:3]] == [True, False, True]
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())
    assert torch.equal(model(batch[0]), logits)


@pytest.mark.parametrize("engine", Engine)
def test_the_parameters_are_read_at_every_call(model, batch, engine):
    answer = clipped_sum(model, clip_norm=0.5, engine=engine)
    before = answer(*batch)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    assert_agree(answer(*batch), by_loop(model, 0.5, *batch))
    assert not torch.allclose(before.norms, answer(*batch).norms)


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_half_precision_is_close_and_sums_stay_whole(engine, kind):
    shape = Shape(**{**SMALL.__dict__, "kind": kind})
    model, batch = build(shape, generator=seeded(0)), batch_of(shape)
    exact = clipped_sum(model, clip_norm=1e-6)(*batch)
    found = clipped_sum(model, clip_norm=1e-6, engine=engine, precision="bfloat16")(*batch)
    assert {part.dtype for part in (*found.sums, found.norms, found.losses)} == {torch.float32}
    torch.testing.assert_close(found.norms, exact.norms, rtol=0.02, atol=0)
    assert (flat(found) - flat(exact)).norm() <= 0.03 * flat(exact).norm()
    # The norm is that of the vector that is summed: clipping stays exact in half precision.
    one = [values[:1] for values in batch]
    alone = clipped_sum(model, clip_norm=1e-6, precision="bfloat16")(*one)
    assert float(flat(alone).norm()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("formed", [True, False])
@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_ghost_and_formed_agree(monkeypatch, formed, kind):
    shape = Shape(**{**SMALL.__dict__, "kind": kind})
    model, batch = build(shape, generator=seeded(0)), batch_of(shape)
    monkeypatch.setattr(tape, "forms", lambda layer, positions: formed)
    assert_agree(clipped_sum(model, clip_norm=0.5)(*batch), by_loop(model, 0.5, *batch))


def test_what_is_cheaper_is_chosen():
    assert tape.forms(nn.Linear(32, 32), positions=8)  # 1024 ≤ 2 · 8 · 64
    assert not tape.forms(nn.Linear(32, 32), positions=7)
    assert tape.forms(nn.Embedding(256, 8), positions=64)  # 256 ≤ 4 · 64
    assert not tape.forms(nn.Embedding(257, 8), positions=64)


class Reuse(nn.Module):
    """A layer called twice, an embedding called twice, and a tied head: every pair of pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.mix = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.unused = nn.Linear(3, 3)
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens) + self.embedding((tokens + 1) % 20)
        x = self.norm(x + torch.tanh(self.mix(x)))
        return self.head(self.norm(x + self.mix(x)))


@pytest.mark.parametrize("formed", [True, False, None])
def test_a_parameter_used_several_times_has_one_gradient(monkeypatch, formed):
    torch.manual_seed(0)
    model = Reuse()
    tokens = torch.randint(20, (4, 5))
    targets = torch.randint(20, (4, 5))
    if formed is not None:
        monkeypatch.setattr(tape, "forms", lambda layer, positions: formed)
    found = clipped_sum(model, clip_norm=1.0)(tokens, targets, torch.ones(4))
    used = [name for name, _ in model.named_parameters()]
    for name, part in zip(used, found.sums, strict=True):
        assert name.startswith("unused") != bool(part.any()), name
    del model.unused  # the loop cannot differentiate what is not used
    expected = by_loop(model, 1.0, tokens, targets, torch.ones(4))
    found.sums[:] = [s for n, s in zip(used, found.sums, strict=True) if "unused" not in n]
    assert_agree(found, expected)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (nn.Conv1d(3, 3, 1), "Conv1d"),
        (nn.Embedding(3, 3, padding_idx=0), "Embedding"),
        (nn.Embedding(3, 3, max_norm=1.0), "Embedding"),
        (nn.Embedding(3, 3, scale_grad_by_freq=True), "Embedding"),
        (nn.LayerNorm((3, 3)), "LayerNorm"),
        (nn.BatchNorm1d(3), "BatchNorm1d"),
        (nn.MultiheadAttention(4, 2), "MultiheadAttention"),
    ],
)
def test_layers_it_does_not_know_are_refused(layer, said):
    with pytest.raises(InputError, match=f"got {said}: train with Opacus"):
        clipped_sum(nn.Sequential(layer), clip_norm=1.0)


@pytest.mark.parametrize("clip_norm", [0.0, -1.0, math.nan, math.inf])
def test_a_clip_norm_is_positive(model, clip_norm):
    with pytest.raises(InputError, match="Expected a positive clip norm"):
        clipped_sum(model, clip_norm=clip_norm)


def test_a_precision_is_one_of_two(model):
    with pytest.raises(InputError, match="got 'float16'"):
        clipped_sum(model, clip_norm=1.0, precision="float16")


def test_a_gradient_that_is_no_number_shows(model, batch):
    with torch.no_grad():
        model.norm.weight[0] = math.nan
    found = clipped_sum(model, clip_norm=1.0)(*batch)
    assert found.norms.isnan().all()
    assert flat(found).isnan().any()


# --- several windows of a unit --------------------------------------------------------------------


def by_units(
    model: nn.Module, clip_norm: float, tokens: Tensor, targets: Tensor, weights: Tensor
) -> Clipped:
    """The definition: the mean gradient of a unit's windows that have targets, clipped as one."""
    parameters = list(model.parameters())
    sums = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]
    norms, losses = [], []
    for rows, wanted, weight in zip(tokens, targets, weights, strict=True):
        each = [
            cross_entropy(model(row[None]), target[None])[0]
            for row, target in zip(rows, wanted, strict=True)
            if bool((target >= 0).any())
        ]
        mean = [torch.zeros_like(total) for total in sums]
        for loss in each:
            for part, g in zip(mean, torch.autograd.grad(loss, parameters), strict=True):
                part += g.double() / len(each)
        norm = math.sqrt(sum(float(part.square().sum()) for part in mean))
        for total, part in zip(sums, mean, strict=True):
            total += float(weight) * min(1 / clip_norm, 1 / norm if norm else math.inf) * part
        norms.append(norm)
        losses.append(sum(loss.item() for loss in each) / max(len(each), 1))
    return Clipped(
        sums=[total.float() for total in sums],
        norms=torch.tensor(norms),
        losses=torch.tensor(losses),
    )


@pytest.mark.parametrize("clip_norm", [1e-4, 0.05, 10.0])
@pytest.mark.parametrize("vocabulary", [32, 300])
def test_windows_of_a_unit_are_averaged_and_clipped_as_one(clip_norm, vocabulary):
    """Formed gradients and factors both occur: few positions against many."""
    shape = Shape(
        kind="gpt", depth=1, width=16, heads=2, hidden=32, activation="swiglu",
        vocabulary_size=vocabulary, sequence_length=8,
    )  # fmt: skip
    model = build(shape, generator=seeded(0))
    tokens = torch.randint(vocabulary, (5, 3, 8), generator=seeded(1))
    targets = torch.randint(vocabulary, (5, 3, 8), generator=seeded(2))
    targets[1, 2:], targets[2, 1:] = -1, -1  # people with two documents, and with one
    targets[3, 0, 4:] = -1  # a short document
    targets[4] = -1  # padding
    weights = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0])
    found = clipped_sum(model, clip_norm=clip_norm)(tokens, targets, weights)
    assert_agree(found, by_units(model, clip_norm, tokens, targets, weights))
    assert float(flat(found).norm()) <= 4 * (1 + 1e-5)


def test_one_window_is_the_same_as_before():
    shape = Shape(
        kind="gpt", depth=1, width=16, heads=1, hidden=32, activation="gelu",
        vocabulary_size=32, sequence_length=8,
    )  # fmt: skip
    model = build(shape, generator=seeded(0))
    tokens = torch.randint(32, (4, 8), generator=seeded(1))
    engine = clipped_sum(model, clip_norm=0.05)
    plain = engine(tokens, tokens, torch.ones(4))
    assert_agree(engine(tokens[:, None], tokens[:, None], torch.ones(4)), plain)

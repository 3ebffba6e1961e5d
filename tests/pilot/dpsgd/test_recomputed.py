"""Activations computed anew: the same clipped sums as the eager engine's, in less memory."""

from typing import Any

import pytest
import torch

from engine.errors import InputError
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.model import Transformer, build
from engine.pilot.dpsgd.recomputed import RecomputedClippedSum
from engine.pilot.dpsgd.start import _adapt
from engine.pilot.dpsgd.training import Training
from engine.pilot.plan import Engine, TrainingSettings
from engine.pilot.shape import Shape
from tests.pilot.fake_training import Corpus, settings
from tests.pilot.live_bytes import peak_bytes

KINDS: dict[str, dict[str, Any]] = {
    "gpt": {"activation": "gelu"},
    "bert": {"activation": "gelu"},
    "gpt2": {"activation": "gelu_new", "tied": True},
    "llama": {"activation": "swiglu", "key_value_heads": 1},
}
P, S, V = 6, 12, 40


def model_of(kind: str, *, rank: int = 0, depth: int = 3, hidden: int = 48) -> Transformer:
    shape = Shape(
        kind=kind, depth=depth, width=16, heads=2, hidden=hidden, vocabulary_size=V,
        sequence_length=S, **KINDS[kind],
    )  # fmt: skip
    random = torch.Generator().manual_seed(0)
    model = build(shape, generator=random)
    if rank:
        _adapt(model, rank, random)
    with torch.no_grad():
        for parameter in model.parameters():  # low-rank parts that begin at 0 too
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    return model.double()


def batch_of(*windows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    size = (P, *windows, S)
    targets = torch.randint(-1, V, size, generator=random)
    weights = torch.tensor([1.0, 1, 0, 1, 1, 1]).double()
    return torch.randint(V, size, generator=random), targets, weights


def by_autograd(model, clip_norm, tokens, targets, weights):
    """Each example by itself, by torch's own gradients and nothing of ours."""
    parameters = list(model.parameters())
    total = [torch.zeros_like(p) for p in parameters]
    norms = []
    for rows, wanted, weight in zip(tokens, targets, weights, strict=True):
        losses = [
            torch.nn.functional.cross_entropy(
                model(row[None])[0], target, ignore_index=-1, reduction="sum"
            )
            / S
            for row, target in zip(rows.view(-1, S), wanted.view(-1, S), strict=True)
        ]
        found = torch.autograd.grad(torch.stack(losses).mean(), parameters)
        norm = torch.stack([g.square().sum() for g in found]).sum().sqrt()
        norms.append(norm)
        for part, gradient in zip(total, found, strict=True):
            part += weight * gradient * min(1 / clip_norm, 1 / norm)
    return total, torch.stack(norms)


@pytest.mark.parametrize(
    ("kind", "rank", "windows"),
    [("gpt", 0, ()), ("bert", 0, ()), ("gpt2", 0, ()), ("llama", 0, ()), ("llama", 2, ()),
     ("gpt2", 2, ()), ("gpt", 0, (3,))],
)  # fmt: skip
def test_each_examples_clipped_gradient_is_that_of_autograd(kind, rank, windows):
    """One at a time, so that none can hide in the sum; relative to 1e-6, in float64."""
    tokens, targets, weights = batch_of(*windows)
    model = model_of(kind, rank=rank)
    norms = by_autograd(model, 1.0, tokens, targets, weights)[1]
    clip_norm = float(norms.median())
    answer = clipped_sum(model, clip_norm=clip_norm, precision="float64", recompute=True)
    eager = clipped_sum(model_of(kind, rank=rank), clip_norm=clip_norm, precision="float64")
    untouched = model_of(kind, rank=rank)
    for row in range(P):
        alone = torch.zeros(P).double()
        alone[row] = weights[row]
        found, kept = answer(tokens, targets, alone), eager(tokens, targets, alone)
        expected, _ = by_autograd(untouched, clip_norm, tokens, targets, alone)
        torch.testing.assert_close(found.norms, norms, rtol=1e-9, atol=0)
        torch.testing.assert_close(found.losses, kept.losses, rtol=1e-12, atol=0)
        for one, two, other in zip(found.sums, expected, kept.sums, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-9)
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)
    assert (norms > clip_norm).any() and (norms < clip_norm).any()


def test_it_leaves_parameters_and_their_gradients_alone():
    model = model_of("gpt")
    before = {name: p.clone() for name, p in model.named_parameters()}
    clipped_sum(model, clip_norm=0.5, precision="float64", recompute=True)(*batch_of())
    for name, parameter in model.named_parameters():
        assert parameter.grad is None and parameter.requires_grad
        assert torch.equal(parameter, before[name])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_in_the_pass_s_own_precision_it_is_the_eager_engine(precision):
    models = [model_of("gpt").float() for _ in range(2)]
    tokens, targets, weights = batch_of()
    kept, anew = (
        clipped_sum(model, clip_norm=0.5, precision=precision, recompute=recompute)(
            tokens, targets, weights.float()
        )
        for model, recompute in zip(models, (False, True), strict=True)
    )
    assert anew.sums[0].dtype == anew.norms.dtype == torch.float32
    torch.testing.assert_close(anew.norms, kept.norms, rtol=1e-5, atol=0)
    for one, other in zip(anew.sums, kept.sums, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_a_block_more_takes_its_input_and_no_more():
    """What grows with the depth, in widths a position: kept more than eight, anew one."""
    batch = batch_of()

    def grows(*, recompute: bool) -> float:
        peaks = []
        for depth in (4, 8):
            model = model_of("gpt", depth=depth, hidden=16)
            answer = clipped_sum(model, clip_norm=0.5, precision="float64", recompute=recompute)
            own = sum(p.numel() for p in model.parameters())
            peaks.append(peak_bytes(answer, *batch) / 8 - own)
        return (peaks[1] - peaks[0]) / 4 / (P * S * 16)

    assert grows(recompute=False) > 8
    assert grows(recompute=True) < 1.5


def test_a_training_is_the_same_training():
    kept, anew = (
        Training(settings(iterations=6, precision="float64", recompute=again), Corpus())
        for again in (False, True)
    )
    one, other = kept.run(), anew.run()
    assert isinstance(anew._private_step._clipped_sum, RecomputedClippedSum)
    assert other.cross_entropy == pytest.approx(one.cross_entropy, rel=1e-9)
    for a, b in zip(
        kept.averaged_weights().values(), anew.averaged_weights().values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)


def test_plans_of_before_keep_their_ids_and_the_choice_is_written_down():
    plain, asked = settings(), settings(recompute=True)
    assert "recompute" not in plain.to_dict() and asked.to_dict()["recompute"] is True
    assert TrainingSettings.from_dict(asked.to_dict()) == asked


def test_hooks_of_opacus_cannot():
    with pytest.raises(InputError, match="Expected the fast engine"):
        settings(recompute=True, engine=Engine.OPACUS)

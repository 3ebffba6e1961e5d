"""The compiled engine. The compiler itself takes minutes, so that test runs on purpose only."""

import shutil

import pytest
import torch
from torch._dynamo.exc import BackendCompilerFailed

from engine.pilot.dpsgd.clipped import ClippedSum
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.fast_engine import FastClippedSum
from engine.pilot.dpsgd.model import Transformer, build
from engine.pilot.shape import Shape

SHAPE = Shape(
    kind="gpt",
    depth=1,
    width=16,
    heads=1,
    hidden=24,
    activation="gelu",
    vocabulary_size=32,
    sequence_length=8,
)


@pytest.fixture
def model() -> Transformer:
    return build(SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def batch() -> tuple[torch.Tensor, ...]:
    tokens = torch.randint(32, (4, 9), generator=torch.Generator().manual_seed(1))
    return tokens[:, :-1], tokens[:, 1:], torch.tensor([1.0, 1, 1, 0])


def assert_same(found, expected) -> None:
    torch.testing.assert_close(found.norms, expected.norms, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(found.losses, expected.losses, rtol=1e-5, atol=1e-7)
    for one, other in zip(found.sums, expected.sums, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def path_of(clipped: ClippedSum) -> str:
    """Which of the two answered last."""
    # Loads the compiler, so only where a test needs it.
    from engine.pilot.dpsgd.compiled import CompiledClippedSum

    assert isinstance(clipped, CompiledClippedSum | FastClippedSum)
    return clipped.path


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_the_compiled_engine_is_the_eager_one(model, batch):
    compiled = clipped_sum(model, clip_norm=0.5, compiled=True)
    eager = clipped_sum(model, clip_norm=0.5)
    assert_same(compiled(*batch), eager(*batch))
    assert path_of(compiled) == "compiled"
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    tokens, targets, weights = batch
    other = (tokens.flip(0), targets.flip(0), weights.flip(0))
    assert_same(compiled(*other), eager(*other))  # neither weights nor batch are frozen in
    assert path_of(compiled) == "compiled"


def test_a_failure_to_compile_is_said_and_answered_by_the_eager_engine(monkeypatch, model, batch):
    def refuse(graph, **options):
        def fail(*inputs):
            raise BackendCompilerFailed(refuse, RuntimeError("no compiler"), None)

        return fail

    monkeypatch.setattr(torch, "compile", refuse)
    compiled = clipped_sum(model, clip_norm=0.5, compiled=True)
    with pytest.warns(RuntimeWarning, match="going on with the eager engine"):
        found = compiled(*batch)
    assert path_of(compiled) == "eager"
    eager = clipped_sum(model, clip_norm=0.5)
    assert path_of(eager) == "eager"
    assert_same(found, eager(*batch))
    assert_same(compiled(*batch), eager(*batch))  # and it does not try again


def test_the_graph_is_a_function_of_parameters_and_batch(monkeypatch, model, batch):
    """The trace alone, without the compiler."""
    monkeypatch.setattr(torch, "compile", lambda graph, **options: graph)
    traced = clipped_sum(model, clip_norm=0.5, compiled=True)
    eager = clipped_sum(model, clip_norm=0.5)
    assert_same(traced(*batch), eager(*batch))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    half = tuple(values[:2].flip(0) for values in batch)
    for changed in (tuple(values.flip(0) for values in batch), half):
        assert_same(traced(*changed), eager(*changed))


def test_running_out_of_memory_is_not_a_failure_to_compile(monkeypatch, model, batch):
    def compile_(graph, **options):
        def full(*inputs):
            raise torch.OutOfMemoryError("out of memory")

        return full

    monkeypatch.setattr(torch, "compile", compile_)
    compiled = clipped_sum(model, clip_norm=0.5, compiled=True)
    with pytest.raises(torch.OutOfMemoryError):
        compiled(*batch)
    assert path_of(compiled) == "compiled"

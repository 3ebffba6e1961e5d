"""The estimate of a plan's memory beside what torch allocates."""

from dataclasses import replace

import pytest
import torch

from engine.pilot.dpsgd import batch_sum
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.model import build
from engine.pilot.dpsgd.optimizer import flatten
from engine.pilot.ladder import shape_for
from engine.pilot.memory import SHARE, activation_bytes, micro_batch, saved
from engine.pilot.plan import Start
from engine.pilot.shape import Shape
from tests.pilot.fake_training import settings
from tests.pilot.live_bytes import peak_bytes

GPT2 = Shape(
    kind="gpt2", depth=6, width=192, heads=3, hidden=768, activation="gelu_new", tied=True,
    vocabulary_size=5000, sequence_length=256,
)  # fmt: skip
LLAMA = Shape(
    kind="llama", depth=8, width=128, heads=4, hidden=344, activation="swiglu", key_value_heads=2,
    vocabulary_size=2000, sequence_length=256,
)  # fmt: skip
TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "4", "RANK": "1", "LOCAL_RANK": "1",
    "GROUP_WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
}  # fmt: skip


def ladder(size: int, window: int, vocabulary: int = 256) -> Shape:
    return shape_for(size, sequence_length=window, vocabulary_size=vocabulary)


@pytest.mark.parametrize(
    ("shape", "examples"),
    [
        pytest.param(ladder(30_000, 64), 64, id="30k"),
        pytest.param(ladder(100_000, 128), 16, id="100k"),
        pytest.param(ladder(1_000_000, 128), 4, id="1M"),
        pytest.param(ladder(1_000_000, 128), 64, id="1M, 64", marks=pytest.mark.exhaustive),
        pytest.param(ladder(10_000_000, 512, 512), 4, id="10M", marks=pytest.mark.exhaustive),
        pytest.param(ladder(10_000_000, 128, 8192), 4, id="8,192", marks=pytest.mark.exhaustive),
        pytest.param(GPT2, 2, id="gpt2"),
        pytest.param(LLAMA, 2, id="llama"),
    ],
)
def test_it_is_what_torch_allocates(shape, examples):
    tokens, targets = torch.randint(shape.vocabulary_size, (2, examples, shape.sequence_length))
    found = []
    for recompute in (False, True):
        model = build(shape, generator=torch.Generator().manual_seed(0))
        answer = clipped_sum(model, clip_norm=0.5, recompute=recompute)
        answer(tokens[:1], targets[:1], torch.ones(1))  # tables that a model keeps
        peak = peak_bytes(answer, tokens, targets, torch.ones(examples))
        said = activation_bytes(shape, examples, recompute=recompute)
        assert 0.8 <= said / peak <= 1.2
        found.append(peak)
    print(f"{found[0] / 1e6:.1f} MB kept, {found[1] / 1e6:.1f} MB computed anew")
    assert found[1] < 0.7 * found[0]


def test_an_embedding_counts_as_it_is_kept():
    """Formed up to four times as many rows as positions, and beyond as what is looked up."""
    at_most, beyond = (
        activation_bytes(replace(LLAMA, vocabulary_size=rows), 1, recompute=False)
        for rows in (4 * 256, 4 * 256 + 1)
    )
    logits, weights = 2 * 256, 2 * LLAMA.width  # of the row more; head and embedding are not tied
    assert at_most - beyond == 4 * (3 * 256 * LLAMA.width - logits - weights)


def test_of_low_rank_parts_nothing_is_said():
    start = Start(name="made", sha256="0" * 64, lora_rank=2)
    assert saved(settings(start=start)) is None
    assert saved(settings()) is not None


def test_a_micro_batch_takes_a_share_of_the_memory():
    """Of 64 windows of 512 tokens out of 70,000, logits alone would take 18 GB."""
    shape = replace(GPT2, vocabulary_size=70_000, sequence_length=512)
    memory = 16 * 2**30
    found = micro_batch(shape, 64, memory=memory)
    assert found == 8
    assert activation_bytes(shape, found, recompute=False) <= SHARE * memory
    assert activation_bytes(shape, 2 * found, recompute=False) > SHARE * memory
    assert micro_batch(shape, 64, memory=None) == 64
    assert micro_batch(shape, 64, memory=2**20) == 1
    assert micro_batch(ladder(30_000, 64), 64, memory=memory) == 64


def test_a_processor_s_sums_are_taken_so_many_at_a_time(monkeypatch):
    asked = settings(physical_batch_size=64)
    need = activation_bytes(asked.shape, 16, recompute=False) / SHARE
    monkeypatch.setattr(batch_sum, "machine_memory", lambda: int(need) + 1)
    model = build(asked.shape, generator=torch.Generator().manual_seed(0))
    made = batch_sum.BatchSum(model, asked, parameters=flatten(model))
    assert made.physical_batch_size == 16
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    shared = batch_sum.BatchSum(model, asked, parameters=flatten(model))
    wanted = micro_batch(asked.shape, 64, memory=(int(need) + 1) // 2)
    assert shared.physical_batch_size == wanted < 16, "two of its four ranks are on this machine"

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from engine.pilot.dpsgd.model import (
    IGNORED,
    Block,
    build,
    cross_entropy,
    masked,
    rotate,
    rotation_tables,
    unit_losses,
)
from engine.pilot.ladder import shape_for
from engine.pilot.shape import Shape


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(kind: str = "gpt", **changes: object) -> Shape:
    values: dict[str, Any] = {
        "kind": kind,
        "depth": 2,
        "width": 32,
        "heads": 2,
        "hidden": 48,
        "activation": "gelu",
        "vocabulary_size": 50,
        "sequence_length": 12,
    }
    return Shape(**{**values, **changes})


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randint(50, (3, 12), generator=seeded(1))


@pytest.mark.parametrize("kind", ["gpt", "bert"])
@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
def test_logits_have_a_row_for_every_position(kind, activation, tokens):
    model = build(small(kind, activation=activation), generator=seeded())
    assert model(tokens).shape == (3, 12, 50)
    assert model(tokens[:, :5]).shape == (3, 5, 50)


def test_a_decoder_sees_the_past_only(tokens):
    model = build(small(), generator=seeded())
    changed = tokens.clone()
    changed[:, 7] = (tokens[:, 7] + 1) % 50
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert (before[:, 7:] - after[:, 7:]).abs().amax(2).min() > 0


def test_an_encoder_sees_both_sides(tokens):
    model = build(small("bert"), generator=seeded())
    changed = tokens.clone()
    changed[:, 7] = (tokens[:, 7] + 1) % 50
    assert (model(tokens) - model(changed)).abs().amax(2).min() > 0


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_no_operation_mixes_examples(kind, tokens):
    model = build(small(kind), generator=seeded())
    changed = tokens.clone()
    changed[1] = (tokens[1] + 1) % 50
    torch.testing.assert_close(model(tokens)[[0, 2]], model(changed)[[0, 2]])


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_positions_matter(kind):
    model = build(small(kind), generator=seeded())
    one = torch.tensor([[1, 2, 3, 4]])
    other = torch.tensor([[2, 1, 3, 4]])
    assert (model(one)[:, 3] - model(other)[:, 3]).abs().max() > 1e-4


def test_rotation_keeps_norms_and_depends_on_distance_only():
    x = torch.randn(1, 1, 1, 1, 16, generator=seeded()).expand(1, 9, 1, 1, 16)
    y = torch.randn(1, 1, 1, 1, 16, generator=seeded(1)).expand(1, 9, 1, 1, 16)
    cosines, sines = rotation_tables(9, 16)
    rotated, other = rotate(x, cosines, sines).squeeze(), rotate(y, cosines, sines).squeeze()
    torch.testing.assert_close(rotated.norm(dim=-1), x.squeeze().norm(dim=-1))
    products = rotated @ other.T
    for distance in range(-4, 5):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4, rtol=0)
    assert products[0, 0] != pytest.approx(products[0, 4].item(), rel=1e-3)


def test_the_rotation_is_the_complex_one():
    x = torch.randn(1, 5, 1, 1, 8, generator=seeded())
    angles = torch.outer(torch.arange(5.0), 10_000.0 ** (-torch.arange(4) / 4))
    turned = torch.complex(x[..., :4], x[..., 4:]) * torch.polar(torch.ones(5, 4), angles).view(
        1, 5, 1, 1, 4
    )
    expected = torch.cat((turned.real, turned.imag), dim=-1)
    torch.testing.assert_close(rotate(x, *rotation_tables(5, 8)), expected)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_the_generator_decides_the_weights(kind):
    shape = small(kind)
    state = torch.get_rng_state()
    one, same, other = (build(shape, generator=seeded(seed)) for seed in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), state)
    for left, right in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(left, right)
    assert not torch.equal(one.embedding.weight, other.embedding.weight)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_weights_begin_at_their_scale(kind):
    model = build(small(kind, width=128, heads=4, hidden=512, depth=8), generator=seeded())
    block = model.blocks[3]
    assert isinstance(block, Block)
    assert block.feed_forward.up.weight.std().item() == pytest.approx(128**-0.5, rel=0.05)
    assert block.feed_forward.down.weight.std().item() == pytest.approx(512**-0.5 / 4, rel=0.05)
    assert block.attention.out.weight.std().item() == pytest.approx(128**-0.5 / 4, rel=0.05)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any(), name
        if "norm.weight" in name:
            assert parameter.eq(1).all(), name


def test_a_fresh_decoder_predicts_almost_uniformly():
    model = build(shape_for(100_000), generator=seeded())
    tokens = torch.randint(256, (8, 65), generator=seeded(1))
    loss = cross_entropy(model(tokens[:, :-1]), tokens[:, 1:]).mean()
    assert loss.item() == pytest.approx(math.log(256), abs=0.05)


def test_a_decoder_learns_a_pattern():
    model = build(small(), generator=seeded())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    tokens = (torch.arange(13) * 7 % 50)[None] + torch.zeros(2, 1, dtype=torch.long)
    for _ in range(60):
        optimizer.zero_grad()
        loss = cross_entropy(model(tokens[:, :-1]), tokens[:, 1:]).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


def test_the_encoder_ties_its_head():
    model = build(small("bert"), generator=seeded())
    assert model.head.weight is model.embedding.weight
    assert model.head.bias is not None
    decoder = build(small(), generator=seeded())
    assert decoder.head.weight is not decoder.embedding.weight
    assert decoder.head.bias is None


def test_the_loss_is_a_sum_over_valid_targets_divided_by_the_length():
    logits = torch.randn(2, 4, 7, generator=seeded())
    targets = torch.tensor([[1, 2, -1, 3], [-1, -1, -1, -1]])
    log = functional.log_softmax(logits, dim=-1)
    expected = -(log[0, 0, 1] + log[0, 1, 2] + log[0, 3, 3]) / 4
    losses = cross_entropy(logits, targets)
    torch.testing.assert_close(losses, torch.stack([expected, torch.tensor(0.0)]))
    assert cross_entropy(logits.bfloat16(), targets).dtype == torch.float32


def test_a_units_loss_is_the_mean_of_its_windows_that_have_a_target():
    logits = torch.randn(6, 5, 8, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(30).view(2, 3, 5) % 8
    targets[1, 1:] = IGNORED
    rows = cross_entropy(logits, targets.flatten(0, 1))
    found = unit_losses(logits, targets)
    torch.testing.assert_close(found, torch.stack([rows[:3].mean(), rows[3]]))
    targets[1] = IGNORED
    assert unit_losses(logits, targets)[1] == 0


def test_masking_follows_berts_rule():
    tokens = torch.randint(5, 1000, (400, 100), generator=seeded())
    uniforms = torch.rand(400, 3, 100, generator=seeded(1))
    inputs, targets = masked(tokens, uniforms=uniforms, mask_token=3, vocabulary_size=1000)
    chosen = targets >= 0
    assert torch.equal(targets[chosen], tokens[chosen])
    assert torch.equal(inputs[~chosen], tokens[~chosen])
    assert float(chosen.float().mean()) == pytest.approx(0.15, abs=0.01)
    hidden = (inputs == 3)[chosen].float().mean()
    kept = (inputs == tokens)[chosen].float().mean()
    assert float(hidden) == pytest.approx(0.8, abs=0.02)
    assert float(kept) == pytest.approx(0.1, abs=0.02)
    assert int(inputs.max()) < 1000

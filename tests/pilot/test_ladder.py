import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.dpsgd.model import Transformer
from engine.pilot.ladder import (
    BERT_SIZES,
    LARGEST,
    SMALLEST,
    parameter_count,
    shape_for,
)
from engine.pilot.shape import Shape

sizes = st.floats(math.log(SMALLEST), math.log(LARGEST)).map(lambda x: round(math.exp(x)))
sizes = sizes.map(lambda size: min(max(size, SMALLEST), LARGEST))
activations = st.sampled_from(("gelu", "swiglu"))


def counted(shape: Shape) -> int:
    """Parameters of the model itself, without memory for them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in Transformer(shape).parameters())


@given(size=sizes, activation=activations)
def test_every_size_is_met_within_three_per_cent(size, activation):
    shape = shape_for(size, activation=activation)
    assert abs(parameter_count(shape) / size - 1) <= 0.03
    assert shape.width % shape.heads == 0
    assert (shape.width // shape.heads) % 8 == 0
    assert 16 <= shape.width // shape.heads <= 128
    assert shape.depth >= 2
    assert shape.width % (8 if shape.width <= 128 else 32) == 0
    # Bent, not broken: the feed-forward layer (of GELU) is 1.5 to 8 times as wide as the stream.
    assert 1.5 < shape.hidden / shape.width * (1.5 if activation == "swiglu" else 1) < 8


@pytest.mark.parametrize("size", [30_000, 100_000, 300_000, 1_000_000])
@pytest.mark.parametrize("sequence_length", [64, 128])
def test_the_pilots_sizes_are_met_within_two_per_cent(size, sequence_length):
    shape = shape_for(size, sequence_length=sequence_length)
    assert parameter_count(shape) == pytest.approx(size, rel=0.02)
    assert shape.sequence_length == sequence_length


@given(
    kind=st.sampled_from(("gpt", "bert")),
    activation=activations,
    depth=st.integers(1, 4),
    heads=st.integers(1, 3),
    head=st.sampled_from((4, 16)),
    hidden=st.integers(1, 70),
    vocabulary=st.integers(2, 300),
    length=st.integers(1, 40),
)
def test_the_count_is_the_models(kind, activation, depth, heads, head, hidden, vocabulary, length):
    shape = Shape(
        kind=kind,
        depth=depth,
        width=heads * head,
        heads=heads,
        hidden=hidden,
        activation=activation,
        vocabulary_size=vocabulary,
        sequence_length=length,
    )
    assert parameter_count(shape) == counted(shape)


@pytest.mark.parametrize("size", [100_000, 30_000_000, LARGEST])
def test_the_count_is_the_models_up_the_ladder(size):
    shape = shape_for(size)
    assert parameter_count(shape) == counted(shape)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        # McKenna et al. 2025, arXiv:2501.18914
        ("tiny", 4.5e6),
        ("mini", 11.4e6),
        ("small", 29e6),
        ("medium", 41e6),
        ("base", 109e6),
        ("large", 335e6),
        ("mega", 778e6),
    ],
)
def test_berts_sizes_are_the_papers(name, published):
    shape = BERT_SIZES[name]
    assert parameter_count(shape) == counted(shape) == pytest.approx(published, rel=0.02)
    assert shape_for(round(published), kind="bert") == shape


def test_the_ladder_grows_in_depth_and_width():
    shapes = [shape_for(round(SMALLEST * 10 ** (step / 2))) for step in range(10)]
    widths = [shape.width for shape in shapes]
    depths = [shape.depth for shape in shapes]
    assert widths == sorted(widths)
    assert widths[-1] > 1000
    assert depths == sorted(depths)
    assert depths[0] == 2
    assert depths[-1] > 15


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"target_size": SMALLEST - 1}, "Expected a model of 14,000 to 1,000,000,000"),
        ({"target_size": 1_000_000_001}, "got 1,000,000,001"),
        ({"target_size": 30_000, "vocabulary_size": 30_522}, "30,522 tokens of vocabulary"),
        ({"target_size": 100_000, "activation": "relu"}, "got 'relu'"),
        ({"target_size": 100_000, "kind": "t5"}, "got 't5'"),
        ({"target_size": 0, "kind": "bert"}, "positive number of parameters"),
    ],
)
def test_what_the_ladder_cannot_build_is_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        shape_for(**arguments)


def test_a_larger_vocabulary_takes_its_part_of_the_size():
    small, large = shape_for(3_000_000), shape_for(3_000_000, vocabulary_size=8192)
    assert large.vocabulary_size == 8192
    assert large.width < small.width

"""Which transformer has how many parameters: a shape for a size, and the exact count of a shape.

**The ladder of decoders.** A decoder of width W is meant to have

- depth L = 2 (W / 32)^0.6, at least 2: W = 32 → 2, 128 → 5, 768 → 13, 2048 → 24;
- heads of size 2 √(2 W), at least 16 and at most 128: W = 32 → 16, 128 → 32, 512 → 64, 2048 → 128;
- a feed-forward layer of 4 W (GELU) or 8/3 W (SwiGLU, which has three matrices in place of two).

Widths are multiples of 8 up to 128, of 32 up to 256 and of 64 above. Sizes between two rungs are
met by the width of the feed-forward layer and, at a price, by one layer more or less:
:func:`shape_for` takes the shape of which the least must be bent. Embedding and output head are two
matrices (not tied).

**BERT.** :data:`BERT_SIZES` are the seven encoders of McKenna et al. 2025 (arXiv:2501.18914) within
2 %: 30,522 word pieces, 512 positions, output head tied to the embedding. Six are the well-known
BERT shapes. Of the largest only the size is published; depth and width are our choice.

Loads no torch.

>>> shape = shape_for(100_000)
>>> shape.depth, shape.width, shape.heads, shape.hidden, parameter_count(shape)
(3, 48, 3, 160, 98976)
"""

import math
from collections.abc import Iterator
from functools import cache

from engine.errors import InputError
from engine.pilot.shape import Shape

SMALLEST, LARGEST = 14_000, 1_000_000_000
"""Sizes the ladder is made for."""

ACTIVATIONS = ("gelu", "swiglu")
_MISS = 0.03
"""How far, relatively, a shape may be from the size asked for."""
_BEND_DEPTH = 0.3
"""One layer off the ladder counts as much as a feed-forward layer 35 % too wide."""


def parameter_count(shape: Shape) -> int:
    """Number of trainable parameters of
    :func:`engine.pilot.dpsgd.model.build`'s model of this shape."""
    W, hidden, V = shape.width, shape.hidden, shape.vocabulary_size
    queries, keys = shape.heads * shape.head_width, key_value_width(shape)
    norm = W if shape.is_llama_like else 2 * W
    matrices = 3 if shape.activation == "swiglu" else 2
    block = 2 * W * queries + 2 * W * keys + matrices * W * hidden + 2 * norm
    block += {
        "qwen2": queries + 2 * keys,
        "qwen3": 2 * shape.head_width,
        "olmo2": queries + keys,
    }.get(shape.kind, 0)
    if shape.has_biases:
        block += queries + 2 * keys + W + (matrices - 1) * hidden + W
    words = V * W if shape.tied or shape.kind == "bert" else 2 * V * W
    head = W * W + W + norm + V if shape.kind == "bert" else 0
    positions = shape.sequence_length * W if shape.has_positions else 0
    return words + positions + shape.depth * block + norm + head


def key_value_width(shape: Shape) -> int:
    """Numbers of a token's keys, and of its values."""
    return shape.head_width * (shape.key_value_heads or shape.heads)


def trainable_count(shape: Shape, lora_rank: int = 0) -> int:
    """Parameters that a training moves: all of them, or those of low-rank updates of this rank
    beside the linear layers of the blocks (:mod:`engine.pilot.dpsgd.start`).

    >>> trainable_count(shape_for(100_000), lora_rank=4)
    8448
    """
    if lora_rank == 0:
        return parameter_count(shape)
    W, hidden = shape.width, shape.hidden
    matrices = 3 if shape.activation == "swiglu" else 2
    queries = shape.heads * shape.head_width
    attention = 2 * W + 2 * queries + 2 * key_value_width(shape)
    return shape.depth * lora_rank * (attention + matrices * (W + hidden))


def shape_for(
    target_size: float,
    *,
    kind: str = "gpt",
    vocabulary_size: int = 256,
    sequence_length: int = 64,
    activation: str = "gelu",
) -> Shape:
    """The shape of the ladder nearest to ``target_size`` parameters, within 3 %."""
    if activation not in ACTIVATIONS:
        raise InputError(
            'Expected the activation "gelu" or "swiglu", got {value}: choose one of the two.',
            value=repr(activation),
        )
    if kind == "bert":
        return _nearest_bert(target_size)
    if kind != "gpt":
        raise InputError(
            'Expected the kind "gpt" or "bert", got {value}: choose one of the two.',
            value=repr(kind),
        )
    if not SMALLEST <= target_size <= LARGEST:
        raise InputError(
            "Expected a model of {smallest} to {largest} parameters, got {value}: choose a size "
            "on the ladder.",
            smallest=f"{SMALLEST:,}",
            largest=f"{LARGEST:,}",
            value=f"{target_size:,}",
        )
    found = min(
        _bent(target_size, vocabulary_size, sequence_length, activation),
        default=None,
        key=lambda candidate: candidate[0],
    )
    if found is None:
        raise InputError(
            "Expected a size that leaves room beside {vocabulary} tokens of vocabulary, got "
            "{value} parameters: choose a larger model or a smaller vocabulary.",
            vocabulary=f"{vocabulary_size:,}",
            value=f"{target_size:,}",
        )
    return found[1]


@cache
def smallest_with_room(vocabulary_size: int) -> float:
    """Parameters of the ladder's smallest decoder beside a vocabulary, within 1 %; :data:`SMALLEST`
    for bytes. Raises :class:`InputError` where there is none up to :data:`LARGEST`.

    >>> smallest_with_room(256), round(smallest_with_room(512), -3)
    (14000.0, 19000.0)
    """
    size = float(SMALLEST)
    while size < LARGEST:
        if any(True for _ in _bent(size, vocabulary_size, 1, "gelu")):
            return size
        size *= 1.01
    raise InputError(
        "Expected a size that leaves room beside {vocabulary} tokens of vocabulary, got "
        "{value} parameters: choose a larger model or a smaller vocabulary.",
        vocabulary=f"{vocabulary_size:,}",
        value=f"{LARGEST:,}",
    )


def _bent(
    target: float, vocabulary_size: int, sequence_length: int, activation: str
) -> Iterator[tuple[float, Shape]]:
    """Shapes of about the size, each with how far it is bent from the ladder."""
    matrices, ratio = (3, 8 / 3) if activation == "swiglu" else (2, 4)
    for width in (*range(16, 129, 8), *range(160, 257, 32), *range(320, 2817, 64)):
        rung = max(2, round(2 * (width / 32) ** 0.6))
        step = 8 if width <= 128 else 64
        for depth in (rung - 1, rung, rung + 1):
            if depth < 2:
                continue
            fixed = 2 * vocabulary_size * width + depth * (4 * width * width + 4 * width)
            room = (target - fixed - 2 * width) / (depth * matrices * width)
            hidden = step * round(room / step)
            if hidden < width:
                continue
            shape = Shape(
                kind="gpt",
                depth=depth,
                width=width,
                heads=_heads(width),
                hidden=hidden,
                activation=activation,
                vocabulary_size=vocabulary_size,
                sequence_length=sequence_length,
            )
            if abs(parameter_count(shape) / target - 1) > _MISS:
                continue
            bent = abs(math.log(hidden / (ratio * width))) + _BEND_DEPTH * abs(depth - rung)
            yield bent, shape


def _heads(width: int) -> int:
    """Heads of the size nearest to the ladder's that divides the width (rotary needs it even)."""
    wanted = min(max(2 * math.sqrt(2 * width), 16), 128)
    sizes = [size for size in range(16, 129, 8) if width % size == 0]
    return width // min(sizes, key=lambda size: abs(math.log(size / wanted)))


def _bert(depth: int, width: int, heads: int) -> Shape:
    return Shape(
        kind="bert",
        depth=depth,
        width=width,
        heads=heads,
        hidden=4 * width,
        activation="gelu",
        vocabulary_size=30_522,
        sequence_length=512,
    )


BERT_SIZES: dict[str, Shape] = {
    "tiny": _bert(2, 128, 2),
    "mini": _bert(4, 256, 4),
    "small": _bert(4, 512, 8),
    "medium": _bert(8, 512, 8),
    "base": _bert(12, 768, 12),
    "large": _bert(24, 1024, 16),
    "mega": _bert(26, 1536, 24),
}
"""Name → shape, from 4.4e6 to 7.9e8 parameters."""


def _nearest_bert(target_size: float) -> Shape:
    if target_size <= 0:
        raise InputError(
            "Expected a positive number of parameters, got {value}: choose one of BERT's sizes.",
            value=target_size,
        )
    return min(
        BERT_SIZES.values(), key=lambda shape: abs(math.log(parameter_count(shape) / target_size))
    )

"""Where a family of public models has each weight of ours, and in which order of rows.

A row of :data:`NAMES` is a family (:attr:`engine.pilot.plan.Shape.kind`; Mistral is Llama). Two
things differ beside names: GPT-2 keeps matrices with inputs down and outputs across, and GPT-NeoX
keeps the rows of its projection head by head (a head's query, key and value one after the other),
where ours are all queries, all keys, all values.

Loads no torch.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from engine.errors import InputError
from engine.pilot.ladder import key_value_width
from engine.pilot.shape import Shape

Weights = dict[str, np.ndarray]
PROJECTION = "attention.query_key_value"
"""Of ours: rows are queries, keys, values."""
_MASKS = (
    ".attn.bias",
    ".attn.masked_bias",
    ".attention.bias",
    ".attention.masked_bias",
    ".rotary_emb.inv_freq",
)
"""Ends of names of tables that old files hold beside weights."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """A family's names: of the whole model after ``prefix``, of a block after ``blocks``."""

    prefix: str
    embedding: str
    blocks: str
    norms: Mapping[str, str]
    """Ours → theirs, of a block."""
    layers: Mapping[str, tuple[str, ...]]
    """Ours → theirs, whose rows lie in ours one after the other."""
    last_norm: str
    positions: str | None = None
    head: str = "lm_head"
    biased: tuple[str, ...] = ()
    """Layers of a block, by our names, that have biases."""
    norm_biases: bool = False
    turned: bool = False
    """Inputs down, outputs across."""
    by_head: bool = False
    """Rows of the projection head by head."""


_OURS = (PROJECTION, "attention.out", "feed_forward.up", "feed_forward.down")
_BEFORE = {
    "attention_norm": "input_layernorm",
    "feed_forward_norm": "post_attention_layernorm",
}
_HEAD_NORMS = {
    "attention.query_norm": "self_attn.q_norm",
    "attention.key_norm": "self_attn.k_norm",
}
_GATED = {
    PROJECTION: ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention.out": ("self_attn.o_proj",),
    "feed_forward.gate": ("mlp.gate_proj",),
    "feed_forward.up": ("mlp.up_proj",),
    "feed_forward.down": ("mlp.down_proj",),
}


def _gated(norms: Mapping[str, str], biased: tuple[str, ...] = ()) -> Names:
    return Names(
        prefix="model.",
        embedding="embed_tokens",
        blocks="layers",
        norms=norms,
        layers=_GATED,
        last_norm="norm",
        biased=biased,
    )


NAMES: dict[str, Names] = {
    "gpt2": Names(
        prefix="transformer.",
        embedding="wte",
        positions="wpe",
        blocks="h",
        norms={"attention_norm": "ln_1", "feed_forward_norm": "ln_2"},
        layers={
            PROJECTION: ("attn.c_attn",),
            "attention.out": ("attn.c_proj",),
            "feed_forward.up": ("mlp.c_fc",),
            "feed_forward.down": ("mlp.c_proj",),
        },
        last_norm="ln_f",
        biased=_OURS,
        norm_biases=True,
        turned=True,
    ),
    "gpt_neox": Names(
        prefix="gpt_neox.",
        embedding="embed_in",
        blocks="layers",
        norms=_BEFORE,
        layers={
            PROJECTION: ("attention.query_key_value",),
            "attention.out": ("attention.dense",),
            "feed_forward.up": ("mlp.dense_h_to_4h",),
            "feed_forward.down": ("mlp.dense_4h_to_h",),
        },
        last_norm="final_layer_norm",
        head="embed_out",
        biased=_OURS,
        norm_biases=True,
        by_head=True,
    ),
    "llama": _gated(_BEFORE),
    "qwen2": _gated(_BEFORE, biased=(PROJECTION,)),
    "qwen3": _gated({**_BEFORE, **_HEAD_NORMS}),
    "olmo2": _gated(
        {
            "attention_norm": "post_attention_layernorm",
            "feed_forward_norm": "post_feedforward_layernorm",
            **_HEAD_NORMS,
        }
    ),
}
"""By kind of shape."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A matrix or vector of ours, and where a family has it."""

    name: str
    parts: tuple[str, ...]
    """Theirs, whose rows are ours one after the other."""
    turned: bool = False
    heads: int = 0
    """Of their order of rows, head by head; 0: ours."""
    rows: tuple[int, ...] = field(default=())
    """Where theirs end in ours."""

    def ours(self, theirs: list[np.ndarray]) -> np.ndarray:
        """One array of float32."""
        joined = np.concatenate([one.T if self._turns(one) else one for one in theirs])
        if self.heads:
            joined = _by_kind(joined, self.heads)
        return np.ascontiguousarray(joined, dtype=np.float32)

    def theirs(self, ours: np.ndarray) -> Weights:
        """By their names, of float32; of the second factor of a low-rank update too, whose rows are
        those of the weight."""
        whole = _by_head(ours, self.heads) if self.heads else ours
        split = np.split(whole, self.rows)
        return {
            name: np.array(part.T if self._turns(part) else part, dtype=np.float32, order="C")
            for name, part in zip(self.parts, split, strict=True)
        }

    def _turns(self, array: np.ndarray) -> bool:
        return self.turned and array.ndim == 2


def _by_kind(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows head by head → all queries, all keys, all values."""
    return rows.reshape(heads, 3, -1, *rows.shape[1:]).swapaxes(0, 1).reshape(rows.shape)


def _by_head(rows: np.ndarray, heads: int) -> np.ndarray:
    return rows.reshape(3, heads, -1, *rows.shape[1:]).swapaxes(0, 1).reshape(rows.shape)


def places(shape: Shape) -> Iterator[Place]:
    """Every weight of a model of this shape."""
    names = NAMES[shape.kind]
    prefix = names.prefix
    yield Place(name="embedding.weight", parts=(f"{prefix}{names.embedding}.weight",))
    if names.positions is not None:
        yield Place(name="positions.weight", parts=(f"{prefix}{names.positions}.weight",))
    kinds = ("weight", "bias") if names.norm_biases else ("weight",)
    for block in range(shape.depth):
        theirs = f"{prefix}{names.blocks}.{block}."
        for ours, norm in names.norms.items():
            for kind in kinds:
                yield Place(name=f"blocks.{block}.{ours}.{kind}", parts=(f"{theirs}{norm}.{kind}",))
        for ours in names.layers:
            yield layer_place(shape, block, ours, "weight")
            if ours in names.biased:
                yield layer_place(shape, block, ours, "bias")
    for kind in kinds:
        yield Place(name=f"norm.{kind}", parts=(f"{prefix}{names.last_norm}.{kind}",))
    if not shape.tied:
        yield Place(name="head.weight", parts=(f"{names.head}.weight",))


def layer_place(shape: Shape, block: int, ours: str, kind: str) -> Place:
    """Of a linear layer of a block, its ``kind`` "weight" or "bias"."""
    names = NAMES[shape.kind]
    parts = names.layers[ours]
    rows: tuple[int, ...] = ()
    if len(parts) == 3:
        queries, keys = shape.heads * shape.head_width, key_value_width(shape)
        rows = (queries, queries + keys)
    return Place(
        name=f"blocks.{block}.{ours}.{kind}",
        parts=tuple(f"{names.prefix}{names.blocks}.{block}.{part}.{kind}" for part in parts),
        turned=names.turned,
        heads=shape.heads if names.by_head and ours == PROJECTION else 0,
        rows=rows,
    )


def size_of(shape: Shape, name: str) -> tuple[int, ...]:
    """Rows and columns of a weight of ours, or the length of a bias or norm."""
    *_, layer, kind = name.split(".")
    queries, keys, width = shape.heads * shape.head_width, key_value_width(shape), shape.width
    of_head = shape.kind == "qwen3"
    rows, columns = {
        "embedding": (shape.vocabulary_size, width),
        "head": (shape.vocabulary_size, width),
        "positions": (shape.sequence_length, width),
        "query_key_value": (queries + 2 * keys, width),
        "out": (width, queries),
        "gate": (shape.hidden, width),
        "up": (shape.hidden, width),
        "down": (width, shape.hidden),
        "query_norm": (shape.head_width if of_head else queries, 0),
        "key_norm": (shape.head_width if of_head else keys, 0),
    }.get(layer, (width, 0))
    return (rows,) if kind == "bias" or not columns else (rows, columns)


def _whole(place: Place, theirs: list[np.ndarray], shape: Shape) -> np.ndarray:
    """One array of ours, held to its size and to numbers."""
    wanted = size_of(shape, place.name)
    ours: np.ndarray | None = None
    if all(one.ndim == len(wanted) for one in theirs):
        with suppress(ValueError):  # parts that do not fit together
            ours = place.ours(theirs)
    if ours is not None and place.name == "positions.weight":
        ours = ours[: shape.sequence_length]
    if ours is None or ours.shape != wanted:
        raise InputError(
            "Expected {name} of {wanted} numbers by config.json, got {found}: weights and settings "
            "are of two models.",
            name=place.parts[0],
            wanted=" × ".join(map(str, wanted)),
            found=", ".join(" × ".join(map(str, one.shape)) for one in theirs),
        )
    if not np.isfinite(ours).all():
        raise InputError(
            "Expected weights that are numbers, got NaN or infinity in {name}: the file is "
            "damaged, or was saved in a type too narrow for it.",
            name=place.parts[0],
        )
    return ours


def weights_of(found: Mapping[str, np.ndarray], shape: Shape) -> Weights:
    """Weights by our names. Raises :class:`InputError` for what lacks, is of another size, or is no
    number."""
    names = NAMES[shape.kind]
    plain = {
        # Files of the bare model have no prefix.
        name if name.startswith((names.prefix, f"{names.head}.")) else f"{names.prefix}{name}": one
        for name, one in found.items()
        if not name.endswith(_MASKS)
    }
    # One by one: settings may name a million million layers, and the first that lacks ends it.
    lacking = next((part for one in places(shape) for part in one.parts if part not in plain), None)
    if lacking is not None:
        raise InputError(
            "Expected the weights {name} in the folder, found none: they are not whole, or of "
            "another family.",
            name=lacking,
        )
    wanted = list(places(shape))
    # Of a tied model some files have the embedding once more, as its head.
    known = {f"{names.head}.weight", *(part for one in wanted for part in one.parts)}
    if odd := plain.keys() - known:
        raise InputError(
            "Expected the weights of a {kind} model and nothing else, got {name}: that model "
            "computes something else.",
            kind=shape.kind,
            name=min(odd)[:80],
        )
    return {one.name: _whole(one, [plain.pop(part) for part in one.parts], shape) for one in wanted}

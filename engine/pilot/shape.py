"""What a transformer is built like. Loads no torch."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A transformer. ``kind``: "gpt" (decoder, next token) or "bert" (masked tokens), of our own;
    "gpt2", "gpt_neox", "llama", "qwen2", "qwen3" or "olmo2": decoders as those families of public
    models have them (:mod:`engine.pilot.huggingface`).

    :mod:`engine.pilot.ladder` picks one for a size and counts its parameters.
    """

    kind: str
    depth: int
    width: int
    heads: int
    hidden: int
    """Width of the feed-forward layer."""
    activation: str
    """"gelu", "swiglu", or "gelu_new", which is the former by a tangent (GPT-2)."""
    vocabulary_size: int
    sequence_length: int
    key_value_heads: int = 0
    """Heads of keys and values, each shared by as many heads of queries; 0: as many as heads."""
    rotary_base: float = 10_000.0
    norm_epsilon: float = 1e-5
    tied: bool = False
    """Whether the output head is the embedding again; always in a "bert"."""
    head_size: int = 0
    """Numbers of a head's query; 0: width / heads."""
    rotary_share: float = 1.0
    """Of each head, which is turned by the position."""
    parallel: bool = False
    """Whether attention and feed-forward layer of a block read the same input ("gpt_neox")."""

    @property
    def head_width(self) -> int:
        """Numbers of a head's query, key and value."""
        return self.head_size or self.width // self.heads

    @property
    def has_biases(self) -> bool:
        """Whether every linear layer of the blocks has biases."""
        return self.kind in ("bert", "gpt2", "gpt_neox")

    @property
    def has_positions(self) -> bool:
        """Whether positions are learned vectors and not rotations."""
        return self.kind in ("bert", "gpt2")

    @property
    def is_llama_like(self) -> bool:
        """Whether norms have no mean and no bias, and keys and values may be shared by heads."""
        return self.kind in ("llama", "qwen2", "qwen3", "olmo2")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what a shape of our own does not have is left out, so that plans
        keep their ids."""
        own = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != own[name]}

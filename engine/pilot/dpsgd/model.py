"""The models that pilots train: a decoder (next token) and a BERT-style encoder (masked tokens),
and the decoders of six families of public models, from which a private training may begin.

Pre-norm transformers of ordinary ``nn.Linear``, ``nn.Embedding`` and ``nn.LayerNorm`` around
``scaled_dot_product_attention``, so that plain training, Opacus and
:mod:`engine.pilot.dpsgd.clipping` share one definition. No operation mixes examples, and there is
no dropout: the gradient of an example's loss depends on that example alone, as clipping needs.

The decoder has rotary positions (Su et al., arXiv:2104.09864) and no biases beside those of its
norms; its output head is not tied to the embedding. The encoder has learned positions, biases, and
BERT's head (dense, GELU, norm, then the embedding matrix again); its blocks are pre-norm where
BERT's are post-norm, which counts the same parameters and trains without a delicate warm-up.

GPT-2 (Radford et al. 2019) has learned positions, biases and a tied head; GPT-NeoX (Black et al.,
arXiv:2204.06745) biases, rotary positions of a share of each head, and blocks whose two layers may
read the same input; Llama (Touvron et al., arXiv:2302.13971) rotary positions, RMS norms, no
biases, and keys and values that several heads share. Qwen2 (arXiv:2407.10671) is Llama with biases
of queries, keys and values; Qwen3 (arXiv:2505.09388) with norms of each head's query and key;
OLMo 2 (arXiv:2501.00656) with norms of all queries and keys, and with its other norms behind the
layers instead of before them. Weights come in as :mod:`engine.pilot.huggingface` maps them; a test
holds the outputs to those of the package transformers.

>>> from engine.pilot.ladder import shape_for
>>> model = build(shape_for(30_000), generator=torch.Generator().manual_seed(0))
>>> tokens = torch.zeros(2, 64, dtype=torch.long)
>>> model(tokens).shape, cross_entropy(model(tokens), tokens).shape
(torch.Size([2, 64, 256]), torch.Size([2]))
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from engine.pilot.dpsgd.clipped import widened
from engine.pilot.shape import Shape

IGNORED = -1
"""Target of a position that has none."""


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.causal = shape.kind != "bert"
        bias = shape.has_biases
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width, bias=bias)
        self.out = nn.Linear(shape.width, shape.width, bias=bias)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor] | None) -> Tensor:
        P, S, W = x.shape
        # split and unbind: their backward is one concatenation, that of indexing a sum of zeros.
        projected = self.query_key_value(x).view(P, S, 3, self.heads, W // self.heads)
        query_key, value = projected.split((2, 1), dim=2)
        if rotation is not None:
            query_key = rotate(query_key, *rotation)
        query, key = query_key.unbind(2)
        mixed = functional.scaled_dot_product_attention(
            query.transpose(1, 2),
            key.transpose(1, 2),
            value.squeeze(2).transpose(1, 2),
            is_causal=self.causal,
        )
        attended: Tensor = self.out(mixed.transpose(1, 2).reshape(P, S, W))
        return attended


class SharedAttention(nn.Module):
    """Attention whose keys and values are shared by groups of heads; rows of ``query_key_value``
    are queries, keys, values. Their norms are of each head ("qwen3") or of all ("olmo2")."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.shared = shape.heads, shape.key_value_heads or shape.heads
        self.size = shape.head_width
        rows = (self.heads + 2 * self.shared) * self.size
        self.query_key_value = nn.Linear(shape.width, rows, bias=shape.kind == "qwen2")
        self.out = nn.Linear(self.heads * self.size, shape.width, bias=False)
        self.norms_whole = shape.kind == "olmo2"
        self.query_norm = self.key_norm = None
        if shape.kind in ("qwen3", "olmo2"):
            queries, keys = (self.heads, self.shared) if self.norms_whole else (1, 1)
            self.query_norm = nn.RMSNorm(queries * self.size, eps=shape.norm_epsilon)
            self.key_norm = nn.RMSNorm(keys * self.size, eps=shape.norm_epsilon)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor] | None) -> Tensor:
        P, S, _ = x.shape
        projected = self.query_key_value(x).view(P, S, -1, self.size)
        turned, value = projected.split((self.heads + self.shared, self.shared), dim=2)
        if self.query_norm is not None and self.key_norm is not None:
            query, key = turned.split((self.heads, self.shared), dim=2)
            turned = torch.cat(
                (self._normed(self.query_norm, query), self._normed(self.key_norm, key)), dim=2
            )
        if rotation is not None:
            # The tables are for (P, S, 2, heads, size).
            turned = rotate(turned, *(table.squeeze(1) for table in rotation))
        query, key = turned.split((self.heads, self.shared), dim=2)
        mixed = functional.scaled_dot_product_attention(
            query.transpose(1, 2),
            self._for_all_heads(key),
            self._for_all_heads(value),
            is_causal=True,
        )
        attended: Tensor = self.out(mixed.transpose(1, 2).reshape(P, S, -1))
        return attended

    def _normed(self, norm: nn.RMSNorm, x: Tensor) -> Tensor:
        found: Tensor = norm(x.flatten(2)).view(x.shape) if self.norms_whole else norm(x)
        return found

    def _for_all_heads(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).repeat_interleave(self.heads // self.shared, dim=1)


class FeedForward(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        bias = shape.has_biases
        self.by_tangent = shape.activation == "gelu_new"
        self.up = nn.Linear(shape.width, shape.hidden, bias=bias)
        self.gate = (
            nn.Linear(shape.width, shape.hidden, bias=bias)
            if shape.activation == "swiglu"
            else None
        )
        self.down = nn.Linear(shape.hidden, shape.width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.gate is None:
            approximate = "tanh" if self.by_tangent else "none"
            hidden = functional.gelu(self.up(x), approximate=approximate)
        else:
            hidden = functional.silu(self.gate(x)) * self.up(x)
        found: Tensor = self.down(hidden)
        return found


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = _norm(shape)
        self.attention = SharedAttention(shape) if shape.is_llama_like else Attention(shape)
        self.feed_forward_norm = _norm(shape)
        self.feed_forward = FeedForward(shape)
        self.parallel = shape.parallel
        self.norms_behind = shape.kind == "olmo2"

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor] | None) -> Tensor:
        if self.norms_behind:
            x = x + self.attention_norm(self.attention(x, rotation))
            behind: Tensor = x + self.feed_forward_norm(self.feed_forward(x))
            return behind
        attended = x + self.attention(self.attention_norm(x), rotation)
        read = x if self.parallel else attended
        found: Tensor = attended + self.feed_forward(self.feed_forward_norm(read))
        return found


class Transformer(nn.Module):
    """``forward(tokens)``: logits (P, S, V) of tokens (P, S), S at most the shape's."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        W, V = shape.width, shape.vocabulary_size
        encoder = shape.kind == "bert"
        self.embedding = _embedding(V, W)
        learned = shape.has_positions
        self.positions = _embedding(shape.sequence_length, W) if learned else None
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = _norm(shape)
        self.transform = (
            nn.Sequential(nn.Linear(W, W), nn.GELU(), nn.LayerNorm(W)) if encoder else None
        )
        self.head = nn.Linear(W, V, bias=encoder)
        if is_tied(shape):
            self.head.weight = self.embedding.weight
        self.recomputes = False
        """Whether a pass with gradients keeps of each block its input alone, and computes the block
        anew on the way back (activation checkpointing, Chen et al., arXiv:1604.06174)."""
        # No buffer: Opacus refuses modules that have some.
        self._rotation: tuple[Tensor, Tensor] | None = None

    def forward(self, tokens: Tensor) -> Tensor:
        P, S = tokens.shape
        x = self.embedding(tokens)
        rotation = None
        if self.positions is not None:
            # repeat, not expand: Opacus' ghost norms fail on expanded indices.
            x = x + self.positions(torch.arange(S, device=tokens.device).repeat(P, 1))
        else:
            rotation = self._rotation_of(S, x.device)
        for block in self.blocks:
            x = self._through(block, x, rotation)
        x = self.norm(x)
        if self.transform is not None:
            x = self.transform(x)
        logits: Tensor = self.head(x)
        return logits

    def _through(
        self, block: nn.Module, x: Tensor, rotation: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        found: Tensor
        if not (self.recomputes and torch.is_grad_enabled()):
            found = block(x, rotation)
            return found
        if not x.requires_grad:  # below it all is frozen: the way back must reach the block
            x = x.detach().requires_grad_()
        # Reentrant: its second pass is one of its own, whose layers a tape hears like any other.
        found = checkpoint(block, x, rotation, use_reentrant=True, preserve_rng_state=False)
        return found

    def _rotation_of(self, S: int, device: torch.device) -> tuple[Tensor, Tensor]:
        if self._rotation is None or self._rotation[0].device != device:
            size = int(self.shape.head_width * self.shape.rotary_share)
            self._rotation = rotation_tables(
                self.shape.sequence_length, size, device, base=self.shape.rotary_base
            )
        cosines, sines = self._rotation
        return cosines[:S], sines[:S]


def is_tied(shape: Shape) -> bool:
    """Whether embedding and output head are one matrix."""
    return shape.tied or shape.kind == "bert"


def _norm(shape: Shape) -> nn.LayerNorm | nn.RMSNorm:
    if shape.is_llama_like:
        return nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
    return nn.LayerNorm(shape.width, eps=shape.norm_epsilon)


def _embedding(entries: int, width: int) -> nn.Embedding:
    """One whose weights are not drawn: torch's own draw, on the meta device, takes seconds to load
    a compiler first."""
    made: nn.Embedding = nn.Embedding.from_pretrained(torch.empty(entries, width), freeze=False)
    return made


def rotation_tables(
    length: int, size: int, device: torch.device | None = None, *, base: float = 10_000.0
) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines (length, 1, 1, size) for :func:`rotate`."""
    frequencies = base ** (-torch.arange(0, size, 2, device=device) / size)
    angles = torch.outer(torch.arange(length, device=device), frequencies)
    cosines, sines = angles.cos(), angles.sin()
    return (
        torch.cat((cosines, cosines), dim=-1)[:, None, None],
        torch.cat((-sines, sines), dim=-1)[:, None, None],
    )


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Rotates (x_j, x_{j + D/2}) of the last dimension by the position's angle j.

    (x₁, x₂) → (x₁ cos − x₂ sin, x₂ cos + x₁ sin), with the minus in the table of sines. D is the
    width of the tables: what lies behind it stays.
    """
    turning = cosines.shape[-1]
    if turning < x.shape[-1]:
        turned, kept = x.split((turning, x.shape[-1] - turning), dim=-1)
        return torch.cat((rotate(turned, cosines, sines), kept), dim=-1)
    swapped = x.roll(x.shape[-1] // 2, dims=-1)
    return torch.addcmul(x * cosines.to(x.dtype), swapped, sines.to(x.dtype))


def build(shape: Shape, *, generator: torch.Generator | None = None) -> Transformer:
    """A model of this shape with fresh weights; without a generator, from torch's global one.

    Matrices are normal with variance 1 / inputs, those that end a residual branch divided by √(2 L)
    (so that the stream's scale does not grow with depth); the decoder's head starts at variance
    1 / W², near uniform predictions.
    """
    with torch.device("meta"):  # torch's own initial values would be drawn and thrown away
        model = Transformer(shape)
    model.to_empty(device="cpu")
    if is_tied(shape):
        model.head.weight = model.embedding.weight  # to_empty gives each layer its own
    branch = 1 / math.sqrt(2 * shape.depth)
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, nn.LayerNorm | nn.RMSNorm):
                module.reset_parameters()
            elif isinstance(module, nn.Embedding):
                module.weight.normal_(0, shape.width**-0.5, generator=generator)
            elif isinstance(module, nn.Linear):
                if module.bias is not None:
                    module.bias.zero_()
                if name == "head":
                    if not is_tied(shape):
                        module.weight.normal_(0, 1 / shape.width, generator=generator)
                    continue
                scale = branch if name.endswith(("attention.out", "feed_forward.down")) else 1.0
                module.weight.normal_(0, scale * module.in_features**-0.5, generator=generator)
    return model


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Each example's loss (P,): sum over its targets that are not ignored, divided by S.

    Dividing by S and not by the number of targets keeps a short document from weighing each of its
    tokens more.
    """
    P, S, V = logits.shape
    losses = functional.cross_entropy(
        widened(logits.reshape(P * S, V)),
        targets.reshape(P * S),
        ignore_index=IGNORED,
        reduction="none",
    )
    return losses.view(P, S).sum(1) / S


def unit_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Losses (P,) of units, of targets (P, S) or (P, k, S) and logits of their rows.

    That of several windows is the mean of those which have a target: a unit that gives fewer is
    heard as loudly.
    """
    rows = cross_entropy(logits, targets.flatten(0, -2))
    if targets.dim() == 2:
        return rows
    counted = (targets != IGNORED).any(-1)
    return rows.view(counted.shape).sum(1) / counted.sum(1).clamp_min(1)


def masked(
    tokens: Tensor,
    *,
    uniforms: Tensor,
    mask_token: int,
    vocabulary_size: int,
    fraction: float = 0.15,
) -> tuple[Tensor, Tensor]:
    """Inputs and targets for the encoder: BERT's rule (Devlin et al., arXiv:1810.04805).

    Each token is a target with probability ``fraction``; of the targets 80 % are replaced by the
    mask token, 10 % by a random token, 10 % stay. ``uniforms`` in [0, 1), (n, 3, S) for tokens
    (n, S), decide: who is a target, what becomes of it, and which token is the random one.
    """
    chosen, lot = uniforms[:, 0] < fraction, uniforms[:, 1]
    random = (uniforms[:, 2].double() * vocabulary_size).long()
    inputs = torch.where(chosen & (lot < 0.8), mask_token, tokens)
    inputs = torch.where(chosen & (lot >= 0.9), random, inputs)
    return inputs, torch.where(chosen, tokens, IGNORED)

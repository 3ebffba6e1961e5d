"""Per-example gradients without ever asking autograd for a parameter's gradient.

In a layer y = x Wᵀ the gradient of example i with respect to W is the sum over its positions
Σ_t g_it ⊗ x_it, where g is the gradient of the summed loss with respect to y: since no operation
mixes examples, row i of g is example i's own. So it is enough to keep each layer's input on the way
forward and to catch g on the way back, through parameters that are *detached*: autograd then
computes gradients of activations only, and there is no second backward pass (Goodfellow,
arXiv:1510.01799; "book-keeping", Bu et al., arXiv:2210.00038).

What is kept of a parameter is a **piece**, in one of two forms:

- :class:`Formed`: the per-example gradients themselves, (P, p, d);
- :class:`Factors`: g (P, T, p) and x (P, T, d), whose squared norm is that of Li et al.
  (arXiv:2110.05679), Σ_{t,s} (g_t·g_s)(x_t·x_s), and whose weighted sum is one matrix product.
  :class:`Lookup` is the same of an embedding, where x_t is one-hot and only the token is kept.

A gradient is formed when that takes at most twice the memory of its factors: p d ≤ 2 T (p + d); of
an embedding of V rows, at most four times that of g, its only factor that counts: V ≤ 4 T. The
choice is "mixed ghost clipping" (Bu et al., arXiv:2205.10683) with another threshold than their
p d ≤ 2 T²: they count the Gram matrices, we count the factors, because those have to be kept until
all norms are known. It is near the best choice in time: forming costs memory traffic of p d
numbers, a ghost norm T² (p + d) multiplications, and beyond twice there is no room.

A parameter that is used several times (tied, or a layer called twice) has several pieces; its norm
needs their inner products, which is where per-layer implementations go wrong.

All norms and sums are float32, whatever the precision of the pass.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError
from engine.pilot.dpsgd.clipped import widened
from engine.pilot.memory import LOOKUP_ROOM, ROOM


@dataclass(frozen=True)
class Formed:
    """Per-example gradients (P, *shape of the parameter), or of its transpose."""

    gradients: Tensor
    transposed: bool = False
    squares: Tensor | None = None
    """Squared norms (P,) if known: soon after forming, what they read is in the cache still."""

    @classmethod
    def measured(cls, gradients: Tensor, *, transposed: bool = False) -> "Formed":
        return cls(gradients, transposed, cls(gradients).squared_norms())

    def squared_norms(self) -> Tensor:
        if self.squares is not None:
            return self.squares
        norms: Tensor = torch.linalg.vector_norm(self.gradients.flatten(1), dim=1)
        return norms.square()

    def weighted_sum(self, weights: Tensor, size: torch.Size) -> Tensor:
        total = weights @ self.gradients.flatten(1)
        return total.view(size[::-1]).mT if self.transposed else total.view(size)

    def formed(self, size: torch.Size) -> Tensor:
        return self.gradients.mT if self.transposed else self.gradients


@dataclass(frozen=True)
class Factors:
    """Example i's gradient is Σ_t outputs_it ⊗ inputs_it: (P, T, p) and (P, T, d)."""

    outputs: Tensor
    inputs: Tensor

    def squared_norms(self) -> Tensor:
        grams = self.outputs @ self.outputs.mT
        return (grams * (self.inputs @ self.inputs.mT)).sum((1, 2))

    def weighted_sum(self, weights: Tensor, size: torch.Size) -> Tensor:
        weights = weights[:, None, None]
        outputs, inputs = self.outputs, self.inputs
        # The weights go to the narrower factor: fewer numbers to copy.
        if outputs.shape[-1] <= inputs.shape[-1]:
            outputs = outputs * weights
        else:
            inputs = inputs * weights
        return outputs.flatten(0, 1).mT @ inputs.flatten(0, 1)

    def formed(self, size: torch.Size) -> Tensor:
        return self.outputs.mT @ self.inputs

    def forming(self, size: torch.Size) -> Formed:
        """Long rows take an eighth less time to write than long columns."""
        if size[0] > size[1]:
            return Formed.measured(self.inputs.mT @ self.outputs, transposed=True)
        return Formed.measured(self.formed(size))


@dataclass(frozen=True)
class Lookup:
    """Of an embedding: row tokens_it of example i's gradient receives outputs_it, (P, T, d)."""

    tokens: Tensor
    outputs: Tensor

    def squared_norms(self) -> Tensor:
        same = self.tokens[:, :, None] == self.tokens[:, None, :]
        return ((self.outputs @ self.outputs.mT) * same).sum((1, 2))

    def weighted_sum(self, weights: Tensor, size: torch.Size) -> Tensor:
        total = self.outputs.new_zeros(size)
        rows = (self.outputs * weights[:, None, None]).flatten(0, 1)
        return total.index_add_(0, self.tokens.flatten(), rows)

    def formed(self, size: torch.Size) -> Tensor:
        P, _, d = self.outputs.shape
        V = size[0]
        rows = self.tokens + V * torch.arange(P, device=self.tokens.device)[:, None]
        total = self.outputs.new_zeros(P * V, d)
        return total.index_add_(0, rows.flatten(), self.outputs.flatten(0, 1)).view(P, V, d)

    def forming(self, size: torch.Size) -> Formed:
        return Formed.measured(self.formed(size))


Piece = Formed | Factors | Lookup


def squared_norms(pieces: list[Piece], size: torch.Size) -> Tensor:
    """Squared norms (P,) of a parameter's per-example gradients, of all its pieces together."""
    if len(pieces) == 1:
        return pieces[0].squared_norms()
    total = reduce(torch.add, (piece.squared_norms() for piece in pieces))
    for position, one in enumerate(pieces):
        for other in pieces[:position]:
            total = total + 2 * _inner(one, other, size)
    return total


def _inner(one: Piece, other: Piece, size: torch.Size) -> Tensor:
    """Inner products (P,) of two pieces of the same parameter, formed only where it must be."""
    match one, other:
        case Factors(), Factors():
            grams = one.outputs @ other.outputs.mT
            return (grams * (one.inputs @ other.inputs.mT)).sum((1, 2))
        case (Lookup() as lookup, Factors() as factors) | (
            Factors() as factors,
            Lookup() as lookup,
        ):
            # (P, S, T): of each position's output gradient, the entry of each token looked up.
            tokens = lookup.tokens[:, None, :].expand(-1, factors.outputs.shape[1], -1)
            entries = factors.outputs.gather(2, tokens)
            return (entries * (factors.inputs @ lookup.outputs.mT)).sum((1, 2))
        case Lookup(), Lookup():
            same = one.tokens[:, :, None] == other.tokens[:, None, :]
            return ((one.outputs @ other.outputs.mT) * same).sum((1, 2))
        case _:
            return (one.formed(size) * other.formed(size)).flatten(1).sum(1)


_Held = tuple[Tensor, tuple[Tensor, Tensor] | None]
"""A layer's input, and of a layer norm its statistics (:func:`_statistics`)."""


def vectors(pieces: Mapping[str, list[Piece]]) -> dict[str, Tensor]:
    """The per-example gradients (P, d) of parameters that are vectors and used once, by name: many
    and small, so that what is done to all at once costs a fraction of the calls."""
    return {
        name: several[0].gradients
        for name, several in pieces.items()
        if len(several) == 1 and isinstance(several[0], Formed) and several[0].gradients.dim() == 2
    }


class Tape:
    """Pieces of every parameter by name, collected while a model runs forward and back."""

    def __init__(self, model: nn.Module) -> None:
        self._layers = _layers(model)
        self.pieces: dict[str, list[Piece]] = {}
        self.take: Callable[[str, Piece], None] = self._keep
        """Is given each piece on the way back; unless told otherwise, into :attr:`pieces`."""
        self.goes_back_again = False
        """Whether the way back is gone more than once, so that inputs are held until the end."""
        self._windows = 1
        self.leaves: list[Tensor] = []
        """Outputs with nothing differentiable below: where the backward pass ends."""

    @property
    def shared(self) -> set[str]:
        """Parameters that several layers hold, which have several pieces."""
        uses = Counter(name for names in self._layers.values() for name in names.values())
        return {name for name, count in uses.items() if count > 1}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """While open, each layer that is called is recorded."""
        hooks = [
            layer.register_forward_hook(partial(self._forward, names))
            for layer, names in self._layers.items()
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def clear(self, windows: int = 1) -> None:
        """Begin anew; each example is so many successive rows of what the layers see."""
        self.pieces = {}
        self._windows = windows
        self.leaves = []

    def _forward(
        self, names: dict[str, str], layer: nn.Module, inputs: tuple[Tensor], output: Tensor
    ) -> None:
        if not torch.is_grad_enabled():
            return  # it is computed anew on the way back, and recorded then
        if not output.requires_grad:
            self.leaves.append(output.requires_grad_())
        # In a list to be popped: the hook lives as long as the graph, its input need not.
        held = (inputs[0].detach(), _statistics(layer, output))
        output.register_hook(partial(self._backward, names, layer, [held]))

    def _backward(
        self, names: dict[str, str], layer: nn.Module, held: list[_Held], gradient: Tensor
    ) -> None:
        seen = held[0] if self.goes_back_again else held.pop()
        for kind, piece in _pieces(layer, seen, widened(gradient), self._windows):
            self.take(names[kind], piece)

    def _keep(self, name: str, piece: Piece) -> None:
        self.pieces.setdefault(name, []).append(piece)


def forms(layer: nn.Linear | nn.Embedding, positions: int) -> bool:
    """Whether the per-example gradients take at most :data:`ROOM` times the numbers of their
    factors, or of an embedding :data:`LOOKUP_ROOM` times."""
    if isinstance(layer, nn.Embedding):
        return layer.num_embeddings <= LOOKUP_ROOM * positions
    p, d = layer.weight.shape
    return p * d <= ROOM * positions * (p + d)


def _statistics(layer: nn.Module, output: Tensor) -> tuple[Tensor, Tensor] | None:
    """Mean and inverse deviation of each position, which torch's layer norm keeps for its way back;
    None where it keeps none, or not in float32 at least."""
    node = output.grad_fn
    if not isinstance(layer, nn.LayerNorm) or node is None:
        return None
    if node.name() != "NativeLayerNormBackward0":
        return None
    # Documented under "Saved tensors" in torch's notes on autograd; of a class made at run time.
    mean, inverse = (getattr(node, f"_saved_result{place}") for place in (1, 2))
    return (mean, inverse) if mean.dtype == widened(mean).dtype else None


def _standardised(
    layer: nn.LayerNorm, x: Tensor, statistics: tuple[Tensor, Tensor] | None
) -> Tensor:
    if statistics is None:
        return functional.layer_norm(x, layer.normalized_shape, eps=layer.eps)
    mean, inverse = (part.view(*x.shape[:-1], 1) for part in statistics)
    return (x - mean).mul_(inverse)


def _pieces(layer: nn.Module, held: _Held, g: Tensor, windows: int) -> Iterator[tuple[str, Piece]]:
    """What a layer's input and output gradient say about its parameters.

    Rows are the first dimension, features the last; all between are positions, and so are the
    ``windows`` rows of an example.
    """
    x, statistics = held
    P = g.shape[0] // windows
    g = g.reshape(P, -1, g.shape[-1])
    factors: Factors | Lookup
    match layer:
        case nn.LayerNorm():
            x = widened(x).reshape(g.shape)
            yield "weight", Formed(_standardised(layer, x, statistics).mul_(g).sum(1))
            yield "bias", Formed(g.sum(1))
            return
        case nn.RMSNorm():
            x = widened(x).reshape(g.shape)
            scaled = functional.rms_norm(x, list(layer.normalized_shape), eps=layer.eps)
            yield "weight", Formed((g * scaled).sum(1))
            return
        case nn.Embedding():
            factors = Lookup(x.reshape(P, -1), g)
        case nn.Linear():
            factors = Factors(g, widened(x).reshape(P, -1, x.shape[-1]))
            if layer.bias is not None:
                yield "bias", Formed(g.sum(1))
        case _:
            raise TypeError(f"Expected a layer that _layers admits, got {type(layer).__name__}.")
    form = forms(layer, positions=g.shape[1])
    yield "weight", factors.forming(layer.weight.shape) if form else factors


def _layers(model: nn.Module) -> dict[nn.Module, dict[str, str]]:
    """Layers that hold parameters, each with the names
    ``model.named_parameters()`` has for them."""
    name_of = {id(parameter): name for name, parameter in model.named_parameters()}
    layers = {}
    for module in model.modules():
        own = dict(module.named_parameters(recurse=False))
        if not own:
            continue
        plain = (
            type(module) is nn.Linear
            or (type(module) is nn.LayerNorm and len(module.normalized_shape) == 1)
            or (type(module) is nn.RMSNorm and len(module.normalized_shape) == 1)
            or (type(module) is nn.Embedding and _is_plain(module))
        )
        if not plain:
            raise InputError(
                "Expected parameters in nn.Linear, nn.Embedding (without options) or a norm over "
                "one dimension (nn.LayerNorm, nn.RMSNorm), got {layer}: train with Opacus.",
                layer=type(module).__name__,
            )
        layers[module] = {kind: name_of[id(parameter)] for kind, parameter in own.items()}
    return layers


def _is_plain(embedding: nn.Embedding) -> bool:
    return (
        embedding.padding_idx is None
        and embedding.max_norm is None
        and not embedding.scale_grad_by_freq
    )

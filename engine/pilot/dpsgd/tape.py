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

A gradient is formed when that takes no more memory than its factors: p d ≤ T (p + d). The choice is
"mixed ghost clipping" (Bu et al., arXiv:2205.10683) with another threshold than their p d ≤ 2 T²:
they count the Gram matrices, we count the factors, because those have to be kept until all norms
are known. It is also near the best choice in time: forming costs memory traffic of p d numbers,
a ghost norm T² (p + d) multiplications.

A parameter that is used several times (tied, or a layer called twice) has several pieces; its norm
needs their inner products, which is where per-layer implementations go wrong.

All norms and sums are float32, whatever the precision of the pass.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError
from engine.pilot.dpsgd.clipped import widened


@dataclass(frozen=True)
class Formed:
    """Per-example gradients (P, *shape of the parameter)."""

    gradients: Tensor

    def squared_norms(self) -> Tensor:
        flat = self.gradients.flatten(1)
        norms: Tensor = torch.linalg.vector_norm(flat, dim=1)
        return norms.square()

    def weighted_sum(self, weights: Tensor, size: torch.Size) -> Tensor:
        return (weights @ self.gradients.flatten(1)).view(size)

    def formed(self, size: torch.Size) -> Tensor:
        return self.gradients


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
        output.register_hook(partial(self._backward, names, layer, [inputs[0].detach()]))

    def _backward(
        self, names: dict[str, str], layer: nn.Module, held: list[Tensor], gradient: Tensor
    ) -> None:
        x = held[0] if self.goes_back_again else held.pop()
        for kind, piece in _pieces(layer, x, widened(gradient), self._windows):
            self.take(names[kind], piece)

    def _keep(self, name: str, piece: Piece) -> None:
        self.pieces.setdefault(name, []).append(piece)


def forms(layer: nn.Linear | nn.Embedding, positions: int) -> bool:
    """Whether the per-example gradients take no more numbers than their factors."""
    if isinstance(layer, nn.Embedding):
        return layer.num_embeddings <= positions
    p, d = layer.weight.shape
    return p * d <= positions * (p + d)


def _pieces(layer: nn.Module, x: Tensor, g: Tensor, windows: int) -> Iterator[tuple[str, Piece]]:
    """What a layer's input and output gradient say about its parameters.

    Rows are the first dimension, features the last; all between are positions, and so are the
    ``windows`` rows of an example.
    """
    P = g.shape[0] // windows
    g = g.reshape(P, -1, g.shape[-1])
    factors: Factors | Lookup
    match layer:
        case nn.LayerNorm():
            x = widened(x).reshape(g.shape)
            standardised = functional.layer_norm(x, layer.normalized_shape, eps=layer.eps)
            yield "weight", Formed((g * standardised).sum(1))
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
    yield "weight", Formed(factors.formed(layer.weight.shape)) if form else factors


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

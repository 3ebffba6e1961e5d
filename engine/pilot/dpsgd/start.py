"""What a training begins from: fresh weights, or a public start, moved whole or by low-rank parts.

**LoRA** (Hu et al., arXiv:2106.09685): beside each linear layer of the blocks, y = x Wᵀ becomes
x Wᵀ + x Aᵀ Bᵀ with A (r, d) and B (p, r); W and everything else stay as they are, A starts normal
with variance 1/d and B at 0, so that the first step begins at the start's own loss. Embedding, head
and norms do not move. The update is not scaled by α/r: the learning rate is searched instead.

Only A and B are parameters: frozen weights become buffers, so that clipping, noise, the optimizer
and the checkpoint see the trainable part alone. The guarantee needs nothing else: an example's
gradient with respect to A and B is clipped to norm 1, and the frozen weights are public.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError
from engine.pilot import starts
from engine.pilot.dpsgd.model import (
    Attention,
    FeedForward,
    SharedAttention,
    Transformer,
    build,
    is_tied,
)
from engine.pilot.plan import Engine, Start, TrainingSettings


class LowRank(nn.Module):
    """A frozen linear layer and a trainable update of rank r: (…, d) → (…, p)."""

    def __init__(self, frozen: nn.Linear, rank: int, generator: torch.Generator | None) -> None:
        super().__init__()
        p, d = frozen.weight.shape
        self.register_buffer("weight", frozen.weight.detach())
        bias = None if frozen.bias is None else frozen.bias.detach()
        self.register_buffer("bias", bias)
        self.down = nn.Linear(d, rank, bias=False)
        self.up = nn.Linear(rank, p, bias=False)
        with torch.no_grad():
            self.down.weight.normal_(0, d**-0.5, generator=generator)
            self.up.weight.zero_()

    def forward(self, x: Tensor) -> Tensor:
        fixed = functional.linear(x, self.weight, self.bias)  # type: ignore[arg-type]
        found: Tensor = fixed + self.up(self.down(x))
        return found


def initial(settings: TrainingSettings, *, generator: torch.Generator | None) -> Transformer:
    """The model before the first step; ``generator`` draws fresh weights and A.

    Raises :class:`InputError` where the start is not there, is another file, or has another shape.
    """
    model = build(settings.shape, generator=generator)
    if settings.start is not None:
        _begin(model, settings, settings.start, generator)
    return model.double() if settings.precision == "float64" else model


def _begin(
    model: Transformer, settings: TrainingSettings, start: Start, generator: torch.Generator | None
) -> None:
    """Put the weights of ``start`` into ``model``, and its low-rank parts where it has some."""
    found = starts.read_exactly(start)
    if found.card.shape != settings.shape:
        raise InputError(
            "Expected the shape of the start {name}, got another one: plan the training anew.",
            name=found.name,
        )
    weights = {name: torch.from_numpy(w) for name, w in found.weights.items()}
    if is_tied(settings.shape):
        weights["head.weight"] = weights["embedding.weight"]
    model.load_state_dict(weights)
    if start.lora_rank:
        if settings.engine is Engine.OPACUS:
            raise InputError(
                "Expected the fast engine for a training of low-rank parts, got opacus, whose "
                "hooks refuse a model with frozen buffers."
            )
        _adapt(model, start.lora_rank, generator)


def _adapt(model: Transformer, rank: int, generator: torch.Generator | None) -> None:
    """Put low-rank parts beside the blocks' linear layers, and freeze all else, in place."""
    for module in list(model.blocks.modules()):
        if isinstance(module, Attention | SharedAttention | FeedForward):
            for name, layer in list(module.named_children()):
                if isinstance(layer, nn.Linear):
                    setattr(module, name, LowRank(layer, rank, generator))
    trained = _parts(model)
    for module in model.modules():
        if module in trained:
            continue
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach())


def _parts(model: nn.Module) -> set[nn.Module]:
    """The trainable layers."""
    return {
        part
        for module in model.modules()
        if isinstance(module, LowRank)
        for part in (module.down, module.up)
    }

"""The fast engine of clipped sums, eager: one forward and one backward pass over a tape.

:mod:`engine.pilot.dpsgd.tape` says how per-example norms and weighted sums come from one pass.
"""

from collections.abc import Callable, Mapping
from functools import reduce

import torch
from torch import Tensor, nn

from engine.pilot.dpsgd.clipped import Clipped, autocast, clip_weights
from engine.pilot.dpsgd.model import unit_losses
from engine.pilot.dpsgd.tape import Formed, Tape, squared_norms, vectors


class FastClippedSum:
    """The fast engine, eager: forward, gradients of activations, norms, weighted sums."""

    path = "eager"

    def __init__(self, model: nn.Module, *, clip_norm: float, precision: str = "float32") -> None:
        self.model = model
        self._clip_norm = clip_norm
        self._precision = precision
        self._tape = Tape(model)
        self._named = tuple(model.named_parameters())

    def __call__(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Clipped:
        sums, norms, losses = self.answer(self.parameters(), tokens, targets, weights)
        return Clipped(sums=sums, norms=norms, losses=losses)

    def parameters(self) -> dict[str, Tensor]:
        """The model's own, now, detached: autograd does not differentiate by them."""
        return {name: p.detach() for name, p in self._named}

    def answer(
        self, parameters: dict[str, Tensor], tokens: Tensor, targets: Tensor, weights: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Sums, norms and losses as a function of tensors alone, so that it can be compiled."""
        shapes = {name: parameter.shape for name, parameter in parameters.items()}
        factors, norms, losses = clip_factors(
            self._tape,
            lambda rows: torch.func.functional_call(self.model, parameters, (rows,)),
            (tokens, targets, weights),
            shapes=shapes,
            clip_norm=self._clip_norm,
            precision=self._precision,
        )
        small, sums = vector_sums(self._tape, factors), []
        for name, parameter in parameters.items():
            if name in small:
                sums.append(small[name])
                continue
            found = weighted_sum(self._tape, name, parameter.shape, factors)
            sums.append(torch.zeros_like(parameter) if found is None else found)
        return sums, norms, losses


def clip_factors(
    tape: Tape,
    model: Callable[[Tensor], Tensor],
    batch: tuple[Tensor, Tensor, Tensor],
    *,
    shapes: Mapping[str, torch.Size],
    clip_norm: float,
    precision: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """One pass of ``batch`` (tokens, targets, weights) through ``model``, which ``tape`` records:
    each example's factor in the sum, norm and loss. ``shapes``: of all parameters by name."""
    tokens, targets, weights = batch
    tape.clear(windows=tokens.shape[1] if tokens.dim() == 3 else 1)
    with tape.recording(), autocast(tokens.device, precision):
        losses = unit_losses(model(tokens.flatten(0, -2)), targets)
    torch.autograd.grad(losses.sum(), tape.leaves)
    small = vectors(tape.pieces)
    squares = [
        squared_norms(pieces, shapes[name])
        for name, pieces in tape.pieces.items()
        if name not in small
    ]
    if small:
        squares.append(Formed(torch.cat(list(small.values()), dim=1)).squared_norms())
    # The ghost norm of a gradient near zero may round to below zero.
    norms = torch.stack(squares).sum(0).clamp_min(0).sqrt()
    return clip_weights(norms, weights, clip_norm), norms, losses.detach()


def vector_sums(tape: Tape, factors: Tensor) -> dict[str, Tensor]:
    """The clipped sums of what :func:`~engine.pilot.dpsgd.tape.vectors` finds, by name."""
    small = vectors(tape.pieces)
    if not small:
        return {}
    sums = factors @ torch.cat(list(small.values()), dim=1)
    parts = sums.split([gradients.shape[1] for gradients in small.values()])
    return dict(zip(small, parts, strict=True))


def weighted_sum(tape: Tape, name: str, shape: torch.Size, factors: Tensor) -> Tensor | None:
    """The clipped sum of a parameter's gradients, once: its pieces are dropped, so that their
    memory is free. None where the pass did not use it."""
    pieces = tape.pieces.pop(name, [])
    parts = (piece.weighted_sum(factors, shape) for piece in pieces)
    return reduce(torch.add, parts) if pieces else None

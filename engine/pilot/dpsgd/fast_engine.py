"""The fast engine of clipped sums, eager: one forward and one backward pass over a tape.

:mod:`engine.pilot.dpsgd.tape` says how per-example norms and weighted sums come from one pass.
"""

from functools import reduce

import torch
from torch import Tensor, nn

from engine.pilot.dpsgd.clipped import Clipped, autocast, clip_weights
from engine.pilot.dpsgd.model import unit_losses
from engine.pilot.dpsgd.tape import Tape, squared_norms


class FastClippedSum:
    """The fast engine, eager: forward, gradients of activations, norms, weighted sums."""

    path = "eager"

    def __init__(self, model: nn.Module, *, clip_norm: float, precision: str = "float32") -> None:
        self.model = model
        self._clip_norm = clip_norm
        self._precision = precision
        self._tape = Tape(model)

    def __call__(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Clipped:
        sums, norms, losses = self.answer(self.parameters(), tokens, targets, weights)
        return Clipped(sums=sums, norms=norms, losses=losses)

    def parameters(self) -> dict[str, Tensor]:
        """The model's own, now, detached: autograd does not differentiate by them."""
        return {name: p.detach() for name, p in self.model.named_parameters()}

    def answer(
        self, parameters: dict[str, Tensor], tokens: Tensor, targets: Tensor, weights: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Sums, norms and losses as a function of tensors alone, so that it can be compiled."""
        tape = self._tape
        tape.clear(windows=tokens.shape[1] if tokens.dim() == 3 else 1)
        with tape.recording(), autocast(tokens.device, self._precision):
            rows = tokens.flatten(0, -2)
            losses = unit_losses(
                torch.func.functional_call(self.model, parameters, (rows,)), targets
            )
        torch.autograd.grad(losses.sum(), tape.leaves)
        squares = reduce(
            torch.add,
            (squared_norms(pieces, parameters[name].shape) for name, pieces in tape.pieces.items()),
        )
        # The ghost norm of a gradient near zero may round to below zero.
        norms = squares.clamp_min(0).sqrt()
        factors = clip_weights(norms, weights, self._clip_norm)
        sums = []
        for name, parameter in parameters.items():
            # Popped, so that a piece's memory is free once it is summed.
            pieces = tape.pieces.pop(name, [])
            parts = (piece.weighted_sum(factors, parameter.shape) for piece in pieces)
            sums.append(reduce(torch.add, parts) if pieces else torch.zeros_like(parameter))
        return sums, norms, losses.detach()

"""The fast engine in less memory: activations are computed anew on the way back, and pieces are
used as they come.

The eager engine (:mod:`engine.pilot.dpsgd.fast_engine`) keeps every block's activations until the
way back has passed it, and every piece of the tape until all norms are known: both grow with the
depth. Here a block keeps its input alone (activation checkpointing, Chen et al., arXiv:1604.06174,
by :mod:`torch.utils.checkpoint`), and the way back is gone twice: once for the norms, each piece
forgotten as soon as it has added its square, and once for the sums, each piece weighted as it comes
(two passes, as Li et al., arXiv:2110.05679). What is left to grow with the depth is the blocks'
inputs. Pieces of a parameter that several layers hold are kept until the norms are known: their
inner products are needed.

The layers' operations, hooks and pieces are those of the eager engine: norms, sums and losses are
the same numbers up to the order of a sum. It takes about
:data:`engine.pilot.prepared.RECOMPUTING` times as long.
"""

from collections.abc import Callable
from functools import partial, reduce

import torch
from torch import Tensor, nn

from engine.pilot.dpsgd.clipped import Clipped, autocast, clip_weights
from engine.pilot.dpsgd.model import Transformer, unit_losses
from engine.pilot.dpsgd.tape import Piece, Tape, squared_norms


class _Around(nn.Module):
    """Holds a model, so that work on it can be done while its parameters are others."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, work: Callable[[], Clipped]) -> Clipped:
        return work()


class RecomputedClippedSum:
    """Same answers as :class:`~engine.pilot.dpsgd.fast_engine.FastClippedSum`."""

    path = "recomputed"

    def __init__(self, model: nn.Module, *, clip_norm: float, precision: str = "float32") -> None:
        self.model = model
        self._clip_norm = clip_norm
        self._precision = precision
        self._tape = Tape(model)
        self._tape.goes_back_again = True
        self._around = _Around(model)
        for module in model.modules():
            if isinstance(module, Transformer):
                module.recomputes = True

    def __call__(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Clipped:
        # Detached, and so for both ways back: blocks are computed anew on them.
        parameters = {name: p.detach() for name, p in self.model.named_parameters()}
        answered: Clipped = torch.func.functional_call(
            self._around,
            {f"model.{name}": p for name, p in parameters.items()},
            (partial(self._answer, parameters, tokens, targets, weights),),
        )
        return answered

    def _answer(
        self, parameters: dict[str, Tensor], tokens: Tensor, targets: Tensor, weights: Tensor
    ) -> Clipped:
        tape = self._tape
        tape.clear(windows=tokens.shape[1] if tokens.dim() == 3 else 1)
        with tape.recording():
            with autocast(tokens.device, self._precision):
                losses = unit_losses(self.model(tokens.flatten(0, -2)), targets)
            total = losses.sum()
            norms = self._norms(parameters, partial(total.backward, retain_graph=True))
            factors = clip_weights(norms, weights, self._clip_norm)
            sums = self._sums(parameters, factors, total.backward)
        return Clipped(sums=sums, norms=norms, losses=losses.detach())

    def _norms(self, parameters: dict[str, Tensor], go_back: Callable[[], object]) -> Tensor:
        """Norms (P,) of the examples' gradients."""
        several: dict[str, list[Piece]] = {name: [] for name in self._tape.shared}
        squares: dict[str, Tensor] = {}

        def take(name: str, piece: Piece) -> None:
            if name in several:
                several[name].append(piece)
            elif name in squares:
                raise TypeError(f"Expected each layer once in a pass, got {name} again.")
            else:
                squares[name] = piece.squared_norms()

        self._tape.take = take
        go_back()
        for name, pieces in several.items():
            squares[name] = squared_norms(pieces, parameters[name].shape)
        return reduce(torch.add, squares.values()).clamp_min(0).sqrt()

    def _sums(
        self, parameters: dict[str, Tensor], factors: Tensor, go_back: Callable[[], object]
    ) -> list[Tensor]:
        """Of the weighted gradients, one a parameter."""
        sums: dict[str, Tensor] = {}

        def take(name: str, piece: Piece) -> None:
            part = piece.weighted_sum(factors, parameters[name].shape)
            sums[name] = sums[name].add_(part) if name in sums else part

        self._tape.take = take
        go_back()
        return [
            sums[name] if name in sums else torch.zeros_like(parameter)
            for name, parameter in parameters.items()
        ]

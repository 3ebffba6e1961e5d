"""The fast engine compiled: its operations are traced once, then fused by torch's inductor.

The whole call, backward pass, norms and sums included, becomes one graph of tensor operations
(``make_fx``), in which autograd and the tape's hooks no longer appear. Compiling it takes a C++
compiler and one to three minutes on two busy cores, once for every shape of batch: it is for long
runs with a fixed physical batch size, and :mod:`engine.pilot.dpsgd.trial` looks whether it pays.
Sums differ from the eager ones by rounding.

Where compiling fails (most often: no compiler), a warning says so and the eager engine goes on;
``path`` says which of the two answered last.

On CUDA the graph is replayed as a CUDA graph (``reduce-overhead``), which writes its answers to
fixed memory; they are copied out. That part has not been run: no accelerator was at hand.
"""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException
from torch.fx.experimental.proxy_tensor import make_fx

from engine.pilot.dpsgd.clipped import Clipped
from engine.pilot.dpsgd.fast_engine import FastClippedSum

_Answer = tuple[list[Tensor], Tensor, Tensor]


class CompiledClippedSum:
    """Same answers as ``fast``, which it compiles at the first batch of every shape."""

    def __init__(self, fast: FastClippedSum) -> None:
        self._fast = fast
        self._graphs: dict[tuple[torch.Size, torch.device], Callable[..., _Answer]] = {}
        self.path = "compiled"

    def __call__(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Clipped:
        if self.path == "eager":
            return self._fast(tokens, targets, weights)
        try:
            sums, norms, losses = self._answer(tokens, targets, weights)
        except TorchDynamoException as error:
            # The message may quote the generated program, never data: tensors are not printed.
            warnings.warn(
                f"Compiling failed ({type(error).__name__}): going on with the eager engine.",
                RuntimeWarning,
                stacklevel=2,
            )
            self.path = "eager"
            return self._fast(tokens, targets, weights)
        return Clipped(sums=list(sums), norms=norms, losses=losses)

    @torch.no_grad()
    def _answer(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> _Answer:
        parameters = self._fast.parameters()
        key = (tokens.shape, tokens.device)
        if key not in self._graphs:
            self._graphs[key] = self._traced(parameters, tokens, targets, weights)
        answer = self._graphs[key](parameters, tokens, targets, weights)
        if tokens.device.type != "cuda":
            return answer
        sums, norms, losses = answer
        return [part.clone() for part in sums], norms.clone(), losses.clone()

    def _traced(
        self, parameters: dict[str, Tensor], tokens: Tensor, targets: Tensor, weights: Tensor
    ) -> Callable[..., _Answer]:
        # Outside the trace, so that tables the model keeps from its first call hold numbers.
        self._fast.model(tokens[:1].flatten(0, -2))
        with torch.enable_grad():
            # A plain function: make_fx miscounts the arguments of a bound method.
            graph = make_fx(lambda *values: self._fast.answer(*values))(
                parameters, tokens, targets, weights
            )
        mode = "reduce-overhead" if tokens.device.type == "cuda" else None
        return torch.compile(graph, fullgraph=True, dynamic=False, mode=mode)

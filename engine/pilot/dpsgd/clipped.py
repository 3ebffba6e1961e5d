"""What every engine of clipped sums answers, and what all of them share.

:mod:`engine.pilot.dpsgd.clipping` chooses among the engines.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Clipped:
    """One batch's clipped sum; everything is detached, and float32, or float64 as the model is."""

    sums: list[Tensor]
    """One a parameter, in the order of ``model.parameters()``."""
    norms: Tensor
    """Norms (P,) of the gradients before clipping. Private: never log them."""
    losses: Tensor
    """Losses (P,), nats per position. Private likewise."""


class ClippedSum(Protocol):
    def __call__(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Clipped:
        """Of tokens and targets (P, S), or (P, k, S) of k windows a unit, and weights (P,)."""


def clip_weights(norms: Tensor, weights: Tensor, clip_norm: float) -> Tensor:
    """w min(1/C, 1/‖g‖), the factor of each example in the sum."""
    return weights / norms.clamp_min(clip_norm)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """A context in which the forward pass computes in ``precision``."""
    if precision != "bfloat16":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def widened(x: Tensor) -> Tensor:
    """``x`` in float32 at least."""
    return x if x.dtype == torch.float64 else x.float()

"""Clipped sums of per-example gradients, the heart of DP-SGD, by one forward and one backward pass.

For examples i with losses ℓ_i, gradients g_i = ∇ℓ_i over all parameters, clip norm C and weights
w_i ∈ {0, 1}, a
:class:`~engine.pilot.dpsgd.clipped.ClippedSum` answers Σ_i w_i g_i min(1/C, 1/‖g_i‖): each
example's part has norm at most 1, whatever C (normalised clipping, De et al., arXiv:2204.13650,
section 3), so the learning rate does not depend on C. Adding noise and dividing by the batch size
are the caller's.

The fast engine is :mod:`engine.pilot.dpsgd.fast_engine`; Opacus' hooks
(:mod:`engine.pilot.dpsgd.opacus_engine`) are the reference it is tested against. Both read the
model's parameters anew at every call and leave them and their ``grad`` alone. A row of weight 0 is
padding: an empty Poisson batch is a batch of such rows, and its sums are exactly zero as long as
its gradients are finite.

Formal guarantees: the part of an example in the sum depends on that example and the parameters
only. Its norm is at most 1 up to rounding in float32 (measured below 1 + 1e-5).

>>> import torch
>>> from engine.pilot.ladder import shape_for
>>> from engine.pilot.dpsgd.model import build
>>> model = build(shape_for(30_000), generator=torch.Generator().manual_seed(0))
>>> tokens = torch.arange(4 * 64).view(4, 64)
>>> clipped = clipped_sum(model, clip_norm=1e-9)(tokens[:, :-1], tokens[:, 1:], torch.ones(4))
>>> clipped.norms.shape, len(clipped.sums) == len(list(model.parameters()))
(torch.Size([4]), True)
"""

from torch import nn

from engine.errors import InputError
from engine.pilot.dpsgd.clipped import ClippedSum
from engine.pilot.dpsgd.fast_engine import FastClippedSum
from engine.pilot.dpsgd.recomputed import RecomputedClippedSum
from engine.pilot.plan import Engine

PRECISIONS = ("float32", "bfloat16", "float64")


def clipped_sum(
    model: nn.Module,
    *,
    clip_norm: float,
    engine: Engine = Engine.FAST,
    compiled: bool = False,
    precision: str = "float32",
    recompute: bool = False,
) -> ClippedSum:
    """The engine of this name for this model.

    ``compiled`` concerns the fast one only: it is worth the minutes that compiling takes where a
    run is long (:mod:`engine.pilot.dpsgd.trial`). ``recompute`` is the fast one with less
    memory and more time (:mod:`engine.pilot.dpsgd.recomputed`), never compiled: a compiler would
    join what it computes twice.
    """
    if not clip_norm > 0 or clip_norm == float("inf"):
        raise InputError(
            "Expected a positive clip norm, got {value}: choose one near the median gradient norm, "
            "or a tiny one to normalise every gradient.",
            value=clip_norm,
        )
    if precision not in PRECISIONS:
        raise InputError(
            "Expected the precision float32, bfloat16 or float64, got {value}: choose one of them.",
            value=repr(precision),
        )
    # Opacus and the compiler take seconds to import; who uses neither does not wait for them.
    if engine is Engine.OPACUS:
        from engine.pilot.dpsgd.opacus_engine import OpacusClippedSum

        return OpacusClippedSum(model, clip_norm=clip_norm, precision=precision)
    if recompute:
        return RecomputedClippedSum(model, clip_norm=clip_norm, precision=precision)
    fast = FastClippedSum(model, clip_norm=clip_norm, precision=precision)
    if compiled:
        from engine.pilot.dpsgd.compiled import CompiledClippedSum

        return CompiledClippedSum(fast)
    return fast

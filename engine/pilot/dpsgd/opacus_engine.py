"""Clipped sums by Opacus' hooks: the reference of :mod:`engine.pilot.dpsgd.clipping`, and a choice.

Opacus' :class:`GradSampleModule` makes every per-example gradient; the clipping is ours, so that
both engines answer the same sum. It holds examples × parameters numbers at a time. Its accountant,
its sampler and its optimizer are not used.

Importing this module loads Opacus.
"""

import warnings

import torch
from opacus.grad_sample import GradSampleModule
from torch import Tensor, nn

from engine.pilot.dpsgd.clipped import Clipped, autocast, clip_weights
from engine.pilot.dpsgd.model import cross_entropy


class OpacusClippedSum:
    """Same answers as the fast engine, by hooks on the model that go with this object."""

    def __init__(self, model: nn.Module, *, clip_norm: float, precision: str = "float32") -> None:
        self._model = model
        self._clip_norm = clip_norm
        self._precision = precision

    def __call__(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Clipped:
        parameters = list(self._model.parameters())
        kept = [(p.requires_grad, p.grad) for p in parameters]
        for p in parameters:
            p.requires_grad_()
            p.grad = None
        # Hooks stand for one call only: between calls the model is an ordinary one.
        hooked = GradSampleModule(self._model, loss_reduction="sum")
        try:
            with autocast(tokens.device, self._precision):
                losses = cross_entropy(hooked(tokens), targets)
            with warnings.catch_warnings():
                # Embeddings take tokens, which have no gradient; Opacus' hooks do not need it.
                warnings.filterwarnings("ignore", message="Full backward hook is firing")
                losses.sum().backward()
            # Opacus leaves each parameter's per-example gradients in an attribute of its own.
            samples: list[Tensor] = [getattr(p, "grad_sample") for p in parameters]  # noqa: B009
            gradients = [sample.float().flatten(1) for sample in samples]
        finally:
            hooked.to_standard_module()
            for p, (requires_grad, grad) in zip(parameters, kept, strict=True):
                p.requires_grad_(requires_grad)
                p.grad = grad
        squares = torch.stack([g.square().sum(1) for g in gradients])
        norms = squares.sum(0).sqrt()
        factors = clip_weights(norms, weights, self._clip_norm)
        sums = [(factors @ g).view(p.shape) for g, p in zip(gradients, parameters, strict=True)]
        return Clipped(sums=sums, norms=norms, losses=losses.detach())

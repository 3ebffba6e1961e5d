"""A model that no device holds whole: each rank keeps a part of every matrix (FSDP2).

``fully_shard`` (torch) gathers a block's weights when a batch comes to it, forward and back, and
drops them again. The tape of :mod:`engine.pilot.dpsgd.tape` asks autograd for gradients of
activations alone, so that no parameter has a gradient and FSDP has none to reduce: norms and
clipped sums are ours, as on one device. The sum over all ranks of a parameter's clipped gradients
is made one parameter at a time, and each rank keeps its part of it.

Formal guarantee: that of :mod:`engine.pilot.dpsgd.team`. Norms are those of an example's whole
gradient, since the rank that has the example gathers all weights for it; the sum is the single
process's but for rounding. Noise, moments and average are rank 0's, in the memory of its machine
and not of its device: 24 bytes a parameter there.

Opacus 1.6 has a path of its own (``FSDP2Wrapper``), which is not taken: it refuses tied weights,
its optimizer draws the noise of each part on its own rank, from torch's generator, and a banded
strategy or our own source of noise has no place in it.

All ranks take as many micro-batches, of as many rows: where one has fewer examples, its last rows
count for nothing. A micro-batch that does not fit is not halved, as others wait for it: the
training stops. Not covered: low-rank parts, the Opacus engine, activations that are computed anew.
``nccl`` has not been run.

Importing this module loads FSDP.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, Partial, Shard, distribute_tensor, zeros

from engine.errors import InputError
from engine.pilot.dpsgd.batch_sum import micro_batches
from engine.pilot.dpsgd.examples import Examples
from engine.pilot.dpsgd.fast_engine import clip_factors, weighted_sum
from engine.pilot.dpsgd.model import cross_entropy
from engine.pilot.dpsgd.progress import MemoryFullError
from engine.pilot.dpsgd.start import initial
from engine.pilot.dpsgd.tape import Tape
from engine.pilot.plan import Engine, TrainingSettings

_PARTS = [Shard(0)]
"""Of a matrix: some of its rows."""


class ShardedSum:
    """Clipped sums and losses of one model over all ranks; every method is called by all of
    them."""

    def __init__(self, settings: TrainingSettings, *, device: str) -> None:
        """Raises :class:`InputError` for a training that cannot be held in parts."""
        low_rank = settings.start is not None and settings.start.lora_rank
        if settings.engine is Engine.OPACUS or low_rank or settings.recompute:
            raise InputError(
                "Expected a training of all weights by the fast engine, with its activations kept, "
                "for a model that is too large for one device, got low-rank parts, opacus or "
                "activations that are computed anew: take a smaller model or larger devices."
            )
        self._settings = settings
        self._device = torch.device(device)

    def load(self, parameters: Tensor | None) -> None:
        """Take rank 0's flat vector of weights; the others give None."""
        self._drop()
        for (name, shape), place in zip(self._shapes.items(), self._places, strict=True):
            whole = (
                torch.empty(shape, dtype=self._dtype, device=self._device)
                if parameters is None
                else parameters[place].view(shape).to(self._device)
            )
            part = distribute_tensor(whole, self._mesh, _PARTS)
            self._held(name).to_local().copy_(part.to_local())

    def add_up(self, examples: Examples, *, most: int, into: Tensor | None) -> Tensor:
        """Put the clipped sum of all ranks' examples into rank 0's flat vector ``into``; the sum of
        the losses of this rank's ``examples``. ``most``: examples of the rank that has most.

        Raises :class:`MemoryFullError` where a micro-batch does not fit.
        """
        sums = {
            name: zeros(*shape, dtype=self._dtype, device_mesh=self._mesh, placements=_PARTS)
            for name, shape in self._shapes.items()
        }
        total = torch.zeros((), dtype=self._dtype, device=self._device)
        try:
            for tokens, targets, weights in self._micro_batches(examples, most):
                total += self._one(tokens, targets, weights, sums)
        except torch.OutOfMemoryError:
            raise MemoryFullError(tokens=examples[0].shape[-1]) from None
        self._drop()
        for part, place in zip(sums.values(), self._places, strict=True):
            whole = part.full_tensor()
            if into is not None:
                into[place].copy_(whole.flatten())
        return total.to("cpu")

    @torch.no_grad()
    def losses(self, examples: Examples, *, most: int) -> Tensor:
        """Each loss of this rank's ``examples``, on the CPU."""
        found = [
            cross_entropy(self._model(tokens), targets).cpu()
            for tokens, targets, _ in self._micro_batches(examples, most)
        ]
        self._drop()
        return torch.cat(found)[: len(examples[0])] if found else torch.zeros(0)

    def _one(
        self, tokens: Tensor, targets: Tensor, weights: Tensor, sums: dict[str, DTensor]
    ) -> Tensor:
        """Add a micro-batch to ``sums``; the sum of its losses."""
        factors, _, losses = clip_factors(
            self._tape,
            self._model,
            (tokens, targets, weights),
            shapes=self._shapes,
            clip_norm=self._settings.clip_norm,
            precision=self._settings.precision,
        )
        for name, shape in self._shapes.items():
            own = weighted_sum(self._tape, name, shape, factors)
            own = torch.zeros(shape, dtype=self._dtype) if own is None else own
            shared = DTensor.from_local(own.to(self._device), self._mesh, [Partial()])
            sums[name].add_(shared.redistribute(placements=_PARTS))
        return (losses * weights).sum()

    def _micro_batches(
        self, examples: Examples, most: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        size = self._settings.physical_batch_size
        return micro_batches(examples, most, size=size, rows=None, device=self._device)

    def _drop(self) -> None:
        """Keep this rank's parts alone: torch keeps what it gathered last."""
        for part in self._model.modules():
            if isinstance(part, FSDPModule):
                part.reshard()

    def _held(self, name: str) -> DTensor:
        found = self._model.get_parameter(name)
        assert isinstance(found, DTensor)  # as fully_shard makes them
        return found

    @cached_property
    def _model(self) -> nn.Module:
        """Its weights are rank 0's to send. Made when all ranks begin with it together."""
        model = initial(self._settings, generator=torch.Generator().manual_seed(0))
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self._shapes = {name: p.shape for name, p in model.named_parameters()}
        ends = torch.tensor([0, *(p.numel() for p in model.parameters())]).cumsum(0).tolist()
        self._places = [slice(a, b) for a, b in pairwise(ends)]
        self._dtype = next(model.parameters()).dtype
        self._tape = Tape(model)  # by names that parts do not have any more
        self._mesh = init_device_mesh(self._device.type, (dist.get_world_size(),))
        for block in model.blocks:
            fully_shard(block, mesh=self._mesh)
        fully_shard(model, mesh=self._mesh)
        return model

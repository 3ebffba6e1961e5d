"""One training on several ranks: rank 0 trains as a single process does, the others add up for it.

Rank 0 draws the batch of a step and sends it and the weights to all. Of a batch each rank takes
every W-th unit, from its own place on, and makes the clipped sum of their gradients. The sums are
added up on rank 0, which adds the noise and moves the weights.

Formal guarantee: the mechanism is that of the single process. Rank 0 alone draws who joins, and the
noise, once a step whatever the number of ranks, from the sources of
:mod:`engine.pilot.dpsgd.noise`. A batch is dealt after it was drawn: each of its units is in
exactly one rank's sum, clipped, so that the sum of sums is the single process's but for rounding.
Ledger and checkpoint are rank 0's. The other ranks draw nothing, write nothing and keep nothing
from one step to the next: no loss of one can spend anything, and a training goes on with any number
of ranks.

A step moves the weights to every rank and a sum of the same size back, as an all-reduce does, and
24 bytes a unit. They cross the network as they are: exact sums and who is in a batch, which ε does
not cover. The network between the ranks must be one's own.

Each rank holds the whole model. Rank 0 also holds moments, average and noise, and evaluates.

Not covered: a model that does not fit on one device (FSDP), masked models, whose masks are drawn
for a whole batch. ``nccl`` between GPUs has not been run: none was at hand.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from engine.errors import InputError
from engine.pilot.dpsgd.batch_sum import BatchSum
from engine.pilot.dpsgd.examples import (
    Canaries,
    Examples,
    Source,
    WindowSource,
    targets_counted,
)
from engine.pilot.dpsgd.noise import SeededNoise
from engine.pilot.dpsgd.optimizer import flatten
from engine.pilot.dpsgd.progress import MemoryFullError, RankLostError
from engine.pilot.dpsgd.sampling import Batch
from engine.pilot.dpsgd.start import initial
from engine.pilot.plan import TrainingSettings

_MEETING = timedelta(minutes=10)
"""Within which all ranks must have found each other."""
_PATIENCE = timedelta(days=30)
"""For which a rank waits for the next step, as rank 0 may audit for long. A dead one shows at
once."""
_SHOWN = 200
"""Characters of an error that are told."""


class Order(IntEnum):
    """What rank 0 tells the others to do next."""

    TRAIN = 0
    """Be ready for the training (arm, repeat)."""
    STEP = 1
    """Add up your part of a batch of so many units, each with so many windows."""
    END = 2


@dataclass(frozen=True, kw_only=True)
class PartOfSum:
    """What one rank says of its part beside the sum."""

    tokens: int
    """Of an example."""
    loss: float = 0.0
    positions: float = 0.0
    is_memory_full: bool = False


def part_of_sum(batch_sum: BatchSum, examples: Examples) -> PartOfSum:
    """Make the clipped sum of this rank's ``examples`` in ``batch_sum``."""
    tokens = examples[0].shape[-1]
    try:
        loss = batch_sum.add_up(examples)
    except MemoryFullError:  # told to rank 0, not raised: the others wait for this rank's sum
        return PartOfSum(tokens=tokens, is_memory_full=True)
    positions = targets_counted(examples[1])
    return PartOfSum(tokens=tokens, loss=float(loss), positions=positions)


def dealt(batch: Batch, rank: int, ranks: int) -> Batch:
    """The units of ``batch`` that ``rank`` adds up: every ``ranks``-th, from its own place on.

    >>> units = np.array([3, 4, 8, 9, 11])
    >>> batch = Batch(units=units, documents=units / 16, windows=units / 32)
    >>> [dealt(batch, rank, 2).units.tolist() for rank in range(2)]
    [[3, 8, 11], [4, 9]]
    """
    own = slice(rank, None, ranks)
    return Batch(units=batch.units[own], documents=batch.documents[own], windows=batch.windows[own])


class Team:
    """All ranks, seen from one of them. ``rank`` 0 leads; ``size`` counts it."""

    def __init__(self, rank: int, size: int, control: dist.ProcessGroup | None = None) -> None:
        """As :func:`joined` makes it. ``control``: a group for tensors on the CPU; None: the
        default one."""
        self.rank, self.size = rank, size
        self._control = control
        self._is_between_steps = True

    # --- rank 0 ---------------------------------------------------------------------------------

    def begin(self, arm: int, repeat: int) -> None:
        """Tell the others which training comes: that of the plan's ``arm``, counted from 0."""
        with _together():
            self._send(Order.TRAIN, arm, repeat)

    def deal(self, batch: Batch, parameters: Tensor) -> Batch:
        """Send ``batch`` and the weights to all; rank 0's own part. :meth:`total` must follow."""
        self._is_between_steps = False
        with _together():
            windows = batch.documents.shape[1] if batch.documents.ndim == 2 else 1
            self._send(Order.STEP, batch.size, windows)
            self._broadcast(torch.from_numpy(batch.units.astype(np.int64)))
            self._broadcast(torch.from_numpy(np.stack([batch.documents, batch.windows])))
            dist.broadcast(parameters, src=0)
        return dealt(batch, self.rank, self.size)

    def total(self, sums: Tensor, own: PartOfSum) -> tuple[Tensor, float]:
        """Add all ranks' sums into ``sums``; the sum of losses, and positions.

        Raises :class:`MemoryFullError` where an example did not fit on some rank, and
        :class:`RankLostError`.
        """
        told = self._add(sums, own)
        self._is_between_steps = True
        loss, positions, full = told.tolist()
        if full:
            raise MemoryFullError(tokens=own.tokens)
        return sums.new_tensor(loss), positions

    def dismiss(self) -> None:
        """Let the others end, and wait until all have heard it. Where a step is under way or a rank
        is lost, whoever started the ranks ends them."""
        if not self._is_between_steps:
            return
        with suppress(RankLostError), _together():
            self._send(Order.END, 0, 0)
            self._part()

    # --- the others -----------------------------------------------------------------------------

    def serve(self, begin: Callable[[int, int], "Helper"]) -> None:
        """Do what rank 0 says until it says that all is done. ``begin`` gives the helper for a
        training (arm, repeat). Raises :class:`RankLostError` where rank 0 is gone."""
        helper: Helper | None = None
        while True:
            with _together():
                order, one, two = self._heard()
            match order:
                case Order.TRAIN:
                    helper = begin(one, two)
                case Order.STEP:
                    assert helper is not None  # rank 0 begins a training before its first step
                    self._step(helper, one, two)
                case _:
                    with suppress(RankLostError), _together():
                        self._part()
                    return

    def _step(self, helper: "Helper", count: int, windows: int) -> None:
        shape = (2, count) if windows == 1 else (2, count, windows)
        units, uniforms = torch.empty(count, dtype=torch.int64), torch.empty(shape).double()
        with _together():
            self._broadcast(units)
            self._broadcast(uniforms)
            dist.broadcast(helper.sum.parameters, src=0)
        documents, places = uniforms.numpy()
        batch = Batch(units=units.numpy(), documents=documents, windows=places)
        own = helper.add_up(dealt(batch, self.rank, self.size))
        self._add(helper.sum.sum, own)

    # --- all ------------------------------------------------------------------------------------

    def _add(self, sums: Tensor, own: PartOfSum) -> Tensor:
        told = torch.tensor([own.loss, own.positions, own.is_memory_full], dtype=torch.float64)
        with _together():
            dist.reduce(told, dst=0, group=self._control)
            dist.reduce(sums, dst=0)
        return told

    def _part(self) -> None:
        """Wait for all, then end the threads that listen: at the end of the process they would take
        it down with them."""
        dist.barrier(group=self._control)
        self._control = None
        dist.destroy_process_group()

    def _send(self, order: Order, one: int, two: int) -> None:
        self._broadcast(torch.tensor([order, one, two]))

    def _heard(self) -> tuple[int, int, int]:
        said = torch.empty(3, dtype=torch.int64)
        self._broadcast(said)
        order, one, two = said.tolist()
        return order, one, two

    def _broadcast(self, tensor: Tensor) -> None:
        dist.broadcast(tensor, src=0, group=self._control)


class Helper:
    """A rank's part in one training: a model that takes rank 0's weights, and the text."""

    def __init__(
        self,
        settings: TrainingSettings,
        corpus: WindowSource,
        *,
        device: str = "cpu",
        canaries: Canaries | None = None,
    ) -> None:
        """Raises :class:`InputError` where settings and corpus do not go together."""
        require_dealt(settings)
        # Fresh weights are rank 0's to draw: these are overwritten before they are used.
        model = initial(settings, generator=torch.Generator().manual_seed(0)).to(device)
        self._source = Source(settings, corpus, canaries)
        self.sum = BatchSum(model, settings, parameters=flatten(model))

    def add_up(self, batch: Batch) -> PartOfSum:
        """Make the clipped sum of ``batch``, this rank's part."""
        # A decoder's examples are decided by the batch: nothing is drawn from this noise.
        return part_of_sum(self.sum, self._source.of(batch, SeededNoise(0), 0))


def joined(*, rank: int, size: int, device: str) -> Team:
    """This process as ``rank`` of ``size``, once all have come; they find each other as torchrun's
    environment says.

    Raises :class:`RankLostError` where they do not.
    """
    with _together():
        if device == "cpu":
            dist.init_process_group("gloo", rank=rank, world_size=size, timeout=_PATIENCE)
            return Team(rank, size)
        dist.init_process_group("cpu:gloo,cuda:nccl", rank=rank, world_size=size, timeout=_MEETING)
        return Team(rank, size, dist.new_group(backend="gloo", timeout=_PATIENCE))


def require_dealt(settings: TrainingSettings) -> None:
    """Raise :class:`InputError` for a training whose batches cannot be dealt to ranks."""
    if settings.shape.kind == "bert":
        raise InputError(
            "Expected a decoder for a training on several ranks, got a masked model, whose masks "
            "are drawn for a whole batch: train it in one process."
        )


@contextmanager
def _together() -> Iterator[None]:
    """Where ranks wait for each other, a failure is that of another one."""
    try:
        yield
    except RuntimeError as error:
        raise RankLostError(reason=str(error).splitlines()[0][:_SHOWN]) from error

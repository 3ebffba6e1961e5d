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
24 bytes a unit; 32 of a masked model, whose units have a key each of what they must guess. They
cross the network as they are: exact sums and who is in a batch, which ε does not cover. The network
between the ranks must be one's own.

Each rank holds the whole model, and rank 0 also moments, average and noise, and evaluates; or each
holds a part (:mod:`engine.pilot.dpsgd.sharded`) where the training does not fit on a device, and
all evaluate.

Not covered: ``nccl`` between GPUs has not been run: none was at hand.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from engine.pilot.dpsgd.batch_sum import BatchSum
from engine.pilot.dpsgd.examples import (
    Canaries,
    Examples,
    Source,
    WindowSource,
    targets_counted,
)
from engine.pilot.dpsgd.optimizer import flatten
from engine.pilot.dpsgd.progress import MemoryFullError, RankLostError
from engine.pilot.dpsgd.pulse import Pulse
from engine.pilot.dpsgd.sampling import Batch
from engine.pilot.dpsgd.start import initial
from engine.pilot.plan import TrainingSettings
from engine.untrusted.guard import first_line

if TYPE_CHECKING:
    from engine.pilot.dpsgd.sharded import ShardedSum

_MEETING = timedelta(minutes=10)
"""Within which all ranks must have found each other."""
_PATIENCE = timedelta(days=30)
"""For which a rank waits for the next step, as rank 0 may audit for long. A dead one shows at
once."""
_SHOWN = 200
"""Characters of an error that are told."""
_TRANSPORTS = ("gloo", "nccl")
"""What carries sums between ranks: named in an error of theirs while all ranks live, as where the
network between two of them is cut."""


class Order(IntEnum):
    """What rank 0 tells the others to do next."""

    TRAIN = 0
    """Be ready for the training (arm, repeat)."""
    STEP = 1
    """Add up your part of a batch of so many units, each with so many windows."""
    END = 2
    LOSSES = 3
    """Evaluate your part of so many examples of so many tokens."""


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
    return Batch(
        units=batch.units[own],
        documents=batch.documents[own],
        windows=batch.windows[own],
        masks=None if batch.masks is None else batch.masks[own],
    )


class Team:
    """All ranks, seen from one of them. ``rank`` 0 leads; ``size`` counts it; ``is_sharded``: each
    holds a part of the model, on its ``device``."""

    def __init__(
        self,
        rank: int,
        size: int,
        control: dist.ProcessGroup | None = None,
        *,
        device: str = "cpu",
        is_sharded: bool = False,
        pulse: Pulse | None = None,
    ) -> None:
        """As :func:`joined` makes it. ``control``: a group for tensors on the CPU; None: the
        default one. ``pulse``: tells which ranks live; None: nothing does."""
        self._pulse = pulse
        self.rank, self.size = rank, size
        self.device, self.is_sharded = device, is_sharded
        self._control = control
        self._is_between_steps = True
        self._most = 0

    def sharded(self, settings: TrainingSettings) -> "ShardedSum | None":
        """This rank's part of a training's model; None where each has all of it."""
        if not self.is_sharded:
            return None
        # Half a second to import; who holds the whole model does not wait for it.
        from engine.pilot.dpsgd.sharded import ShardedSum

        return ShardedSum(settings, device=self.device)

    # --- rank 0 ---------------------------------------------------------------------------------

    def begin(self, arm: int, repeat: int) -> None:
        """Tell the others which training comes: that of the plan's ``arm``, counted from 0."""
        with self._together():
            self._send(Order.TRAIN, arm, repeat)

    def deal(self, batch: Batch, parameters: Tensor, shards: "ShardedSum | None" = None) -> Batch:
        """Send ``batch`` and the weights to all; rank 0's own part. :meth:`total` must follow, or
        :meth:`total_of` where the model is held in parts."""
        self._is_between_steps = False
        self._most = self._share_of(batch.size)
        with self._together():
            windows = batch.documents.shape[1] if batch.documents.ndim == 2 else 1
            self._send(Order.STEP, batch.size, windows)
            self._broadcast(torch.from_numpy(batch.units.astype(np.int64)))
            self._broadcast(torch.from_numpy(np.stack([batch.documents, batch.windows])))
            if batch.masks is not None:
                self._broadcast(torch.from_numpy(batch.masks.astype(np.uint64).view(np.int64)))
            if shards is None:
                dist.broadcast(parameters, src=0)
            else:
                shards.load(parameters)
        return dealt(batch, self.rank, self.size)

    def total(self, sums: Tensor, own: PartOfSum) -> tuple[Tensor, float]:
        """Add all ranks' sums into ``sums``; the sum of losses, and positions.

        Raises :class:`MemoryFullError` where an example did not fit on some rank, and
        :class:`RankLostError`.
        """
        told = self._add(own, sums)
        self._is_between_steps = True
        loss, positions, full = told.tolist()
        if full:
            raise MemoryFullError(tokens=own.tokens)
        return sums.new_tensor(loss), positions

    def total_of(
        self, shards: "ShardedSum", examples: Examples, sums: Tensor
    ) -> tuple[Tensor, float]:
        """The same where the model is held in parts: all ranks' sum is put into ``sums``, rank 0's
        own ``examples`` among them."""
        with self._together():
            told = self._add(self._of_parts(shards, examples, sums))
        self._is_between_steps = True
        loss, positions, _ = told.tolist()
        return sums.new_tensor(loss), positions

    def losses(self, shards: "ShardedSum", examples: Examples, parameters: Tensor) -> Tensor:
        """Each example's loss under the flat vector ``parameters``, all ranks evaluating."""
        tokens, targets = examples
        with self._together():
            self._send(Order.LOSSES, *tokens.shape)
            self._broadcast(tokens.contiguous())
            self._broadcast(targets.contiguous())
            shards.load(parameters)
            return self._losses_of_all(shards, examples).to(parameters.dtype)

    def dismiss(self) -> None:
        """Let the others end, and wait until all have heard it. Where a step is under way or a rank
        is lost, whoever started the ranks ends them."""
        if not self._is_between_steps:
            return
        with suppress(RankLostError), self._together():
            self._send(Order.END, 0, 0)
            self._part()

    # --- the others -----------------------------------------------------------------------------

    def serve(self, begin: Callable[[int, int], "Helper"]) -> None:
        """Do what rank 0 says until it says that all is done. ``begin`` gives the helper for a
        training (arm, repeat). Raises :class:`RankLostError` where rank 0 is gone."""
        helper: Helper | None = None
        while True:
            with self._together():
                order, one, two = self._heard()
            match order:
                case Order.TRAIN:
                    helper = begin(one, two)
                case Order.STEP:
                    assert helper is not None  # rank 0 begins a training before its first step
                    self._step(helper, one, two)
                case Order.LOSSES:
                    assert helper is not None and helper.shards is not None
                    self._evaluate(helper.shards, one, two)
                case _:
                    with suppress(RankLostError), self._together():
                        self._part()
                    return

    def _step(self, helper: "Helper", count: int, windows: int) -> None:
        shape = (2, count) if windows == 1 else (2, count, windows)
        units, uniforms = torch.empty(count, dtype=torch.int64), torch.empty(shape).double()
        keys = torch.empty(count, dtype=torch.int64) if helper.is_masked else None
        self._most = self._share_of(count)
        with self._together():
            self._broadcast(units)
            self._broadcast(uniforms)
            if keys is not None:
                self._broadcast(keys)
            if helper.sum is not None:
                dist.broadcast(helper.sum.parameters, src=0)
            elif helper.shards is not None:
                helper.shards.load(None)
        documents, places = uniforms.numpy()
        masks = None if keys is None else keys.numpy().view(np.uint64)
        batch = Batch(units=units.numpy(), documents=documents, windows=places, masks=masks)
        own = dealt(batch, self.rank, self.size)
        if helper.sum is not None:
            self._add(helper.add_up(own), helper.sum.sum)
        elif helper.shards is not None:
            with self._together():
                self._add(self._of_parts(helper.shards, helper.examples(own)))

    def _evaluate(self, shards: "ShardedSum", count: int, length: int) -> None:
        tokens, targets = (torch.empty(count, length, dtype=torch.int64) for _ in range(2))
        with self._together():
            self._broadcast(tokens)
            self._broadcast(targets)
            shards.load(None)
            self._losses_of_all(shards, (tokens, targets))

    # --- all ------------------------------------------------------------------------------------

    def _share_of(self, count: int) -> int:
        """How many of ``count`` rank 0 has, as many as any."""
        return -(-count // self.size)

    def _of_parts(
        self, shards: "ShardedSum", examples: Examples, sums: Tensor | None = None
    ) -> PartOfSum:
        loss = shards.add_up(examples, most=self._most, into=sums)
        tokens = examples[0].shape[-1]
        positions = targets_counted(examples[1])
        return PartOfSum(tokens=tokens, loss=float(loss), positions=positions)

    def _losses_of_all(self, shards: "ShardedSum", examples: Examples) -> Tensor:
        """On rank 0 each example's loss, each made by one rank."""
        tokens, targets = examples
        own = slice(self.rank, None, self.size)
        found = torch.zeros(len(tokens), dtype=torch.float64)
        most = self._share_of(len(tokens))
        found[own] = shards.losses((tokens[own], targets[own]), most=most).double()
        dist.reduce(found, dst=0, group=self._control)
        return found

    def _add(self, own: PartOfSum, sums: Tensor | None = None) -> Tensor:
        """On rank 0 what all ranks say, and all their ``sums`` in its own."""
        told = torch.tensor([own.loss, own.positions, own.is_memory_full], dtype=torch.float64)
        with self._together():
            dist.reduce(told, dst=0, group=self._control)
            if sums is not None:
                dist.reduce(sums, dst=0)
        return told

    def _part(self) -> None:
        """Wait for all, then end the threads that listen: at the end of the process they would take
        it down with them."""
        dist.barrier(group=self._control)
        self._control = None
        if self._pulse is not None:
            self._pulse.end()
        dist.destroy_process_group()

    def _together(self) -> AbstractContextManager[None]:
        return _together(self._pulse)

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
        shards: "ShardedSum | None" = None,
    ) -> None:
        """``shards``: this rank's part of the model, where none has all of it.

        Raises :class:`InputError` where settings and corpus do not go together."""
        self.is_masked = settings.shape.kind == "bert"
        self._source = Source(settings, corpus, canaries)
        self.shards = shards
        self.sum: BatchSum | None = None
        if shards is None:
            # Fresh weights are rank 0's to draw: these are overwritten before they are used.
            model = initial(settings, generator=torch.Generator().manual_seed(0)).to(device)
            self.sum = BatchSum(model, settings, parameters=flatten(model))

    def examples(self, batch: Batch) -> Examples:
        """Those of ``batch``, this rank's part."""
        return self._source.of(batch)

    def add_up(self, batch: Batch) -> PartOfSum:
        """Make the clipped sum of ``batch``, this rank's part, of a model that it has whole."""
        assert self.sum is not None
        return part_of_sum(self.sum, self.examples(batch))


def joined(*, rank: int, size: int, device: str, is_sharded: bool = False) -> Team:
    """This process as ``rank`` of ``size``, once all have come; they find each other as torchrun's
    environment says. ``is_sharded``: rank 0's word counts, should devices differ.

    Raises :class:`RankLostError` where they do not.
    """
    with _together(None):
        control = None
        if device == "cpu":
            dist.init_process_group("gloo", rank=rank, world_size=size, timeout=_PATIENCE)
        else:
            both = "cpu:gloo,cuda:nccl"
            dist.init_process_group(both, rank=rank, world_size=size, timeout=_MEETING)
            control = dist.new_group(backend="gloo", timeout=_PATIENCE)
        said = torch.tensor([is_sharded])
        dist.broadcast(said, src=0, group=control)
        return Team(
            rank,
            size,
            control,
            device=device,
            is_sharded=bool(said.item()),
            pulse=Pulse(rank, size),
        )


@contextmanager
def _together(pulse: Pulse | None) -> Iterator[None]:
    """What fails between ranks that wait for each other is the loss of another one. What this rank
    does wrong itself is raised as it is."""
    try:
        yield
    except RuntimeError as error:
        reason = first_line(str(error), _SHOWN) or type(error).__name__
        if not isinstance(error, dist.DistError):
            # gloo's errors have no type of their own, unlike memory that is full.
            if type(error) is not RuntimeError:
                raise
            silent = [] if pulse is None else pulse.silent()
            if silent:
                gone = ", ".join(map(str, silent))
                reason = f"rank {gone} gives no sign of life; {reason}"
            elif not any(name in str(error).lower() for name in _TRANSPORTS):
                raise
        raise RankLostError(reason=reason) from error

"""The exact part of a step: the sum of clipped gradients over the examples at hand.

Each example's part has norm at most 1 (:mod:`engine.pilot.dpsgd.clipping`). How the examples are
cut into micro-batches, or dealt to ranks (:mod:`engine.pilot.dpsgd.team`), changes rounding only.

Sums are float32 whatever the precision of the forward pass, or float64 where all of it is. Where
memory runs out the micro-batch is halved and the sum of the same examples is begun anew: nothing
was released in between. On a processor it is held to a share of the memory beforehand, which the
ranks of one machine divide.
"""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from engine.pilot.compiling import Compiling, Trial
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.examples import Examples
from engine.pilot.dpsgd.model import IGNORED, cross_entropy
from engine.pilot.dpsgd.progress import MemoryFullError
from engine.pilot.dpsgd.trial import tried
from engine.pilot.memory import micro_batch
from engine.pilot.plan import TrainingSettings
from engine.pilot.running.ranks import place_of
from engine.untrusted.memory import machine_memory

_T = TypeVar("_T")
ROWS = 8
"""The last micro-batch of a step is cut to a multiple of this where shapes may vary."""


class BatchSum:
    """Clipped sums and losses of one model; ``parameters`` is its flat vector."""

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        *,
        parameters: Tensor,
    ) -> None:
        self._model = model
        self._settings = settings
        self.parameters = parameters
        self._clipped_sum = clipped_sum(
            model,
            clip_norm=settings.clip_norm,
            engine=settings.engine,
            precision=settings.precision,
            recompute=settings.recompute,
        )
        self._rows: int | None = ROWS
        self.sum = torch.zeros_like(parameters)
        """Of the last call of :meth:`add_up`, in the order of the parameters. Not private."""
        sizes = [p.numel() for p in model.parameters()]
        self._parts = [
            part.view_as(p)
            for part, p in zip(self.sum.split(sizes), model.parameters(), strict=True)
        ]
        self.physical_batch_size = settings.physical_batch_size
        if parameters.device.type == "cpu":
            self.physical_batch_size = micro_batch(
                settings.shape,
                settings.physical_batch_size,
                memory=_memory(),
                recompute=settings.recompute,
            )

    def compile(self, compiling: Compiling, *, steps: int, ranks: int = 1) -> Trial | None:
        """Compile the pass where ``compiling`` and a trial say so, ``steps`` being left; what the
        trial found. Raises :class:`InputError` where it was asked for and cannot be."""
        compiled, trial = tried(
            self._clipped_sum,
            self._settings,
            compiling=compiling,
            device=self.parameters.device,
            size=self.physical_batch_size,
            padded=ROWS,
            steps=steps,
            ranks=ranks,
        )
        if compiled is not None:
            self._clipped_sum, self._rows = compiled, None  # of one shape only
        return trial

    def add_up(self, examples: Examples) -> Tensor:
        """Put the clipped sum of ``examples`` into :attr:`sum`; the sum of their losses, on the
        model's device.

        Raises :class:`MemoryFullError` where one example does not fit.
        """
        return self._within_memory(self._summed, examples)

    def losses(self, examples: Examples, *, parameters: Tensor) -> Tensor:
        """Each example's loss under the flat vector ``parameters``, on the CPU."""
        kept = self.parameters.clone()
        self.parameters.copy_(parameters)
        try:
            return self._within_memory(self._evaluated, examples)
        finally:
            self.parameters.copy_(kept)

    def _summed(self, examples: Examples) -> Tensor:
        self.sum.zero_()
        loss = self.sum.new_zeros(())
        for tokens, targets, weights in self._micro_batches(examples):
            clipped = self._clipped_sum(tokens, targets, weights)
            for part, added in zip(self._parts, clipped.sums, strict=True):
                part.add_(added)
            loss += (clipped.losses * weights).sum()
        return loss

    @torch.no_grad()
    def _evaluated(self, examples: Examples) -> Tensor:
        found = [
            cross_entropy(self._model(tokens), targets)[: int(weights.sum())].cpu()
            for tokens, targets, weights in self._micro_batches(examples)
        ]
        return torch.cat(found) if found else torch.zeros(0)

    def _micro_batches(self, examples: Examples) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """(tokens, targets, weights) on the model's device, padded with rows of weight 0."""
        return micro_batches(
            examples,
            len(examples[0]),
            size=self.physical_batch_size,
            rows=self._rows,
            device=self.parameters.device,
        )

    def _within_memory(self, work: Callable[[Examples], _T], examples: Examples) -> _T:
        while True:
            try:
                return work(examples)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                if self.physical_batch_size == 1:
                    raise MemoryFullError(tokens=examples[0].shape[-1]) from None
            # Outside the handler, whose traceback would keep the failed attempt's memory.
            self.physical_batch_size //= 2
            if self.parameters.device.type == "cuda":
                torch.cuda.empty_cache()


def _memory() -> int | None:
    """Bytes of this machine for each of the ranks on it; None where the system does not tell."""
    found, place = machine_memory(), place_of(os.environ)
    return found if found is None or place is None else found // place.ranks.per_node


def micro_batches(
    examples: Examples, count: int, *, size: int, rows: int | None, device: torch.device
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(tokens, targets, weights) on ``device`` of ``count`` rows, those beyond ``examples`` of
    weight 0; none where ``count`` is 0.

    ``size``: windows at once. ``rows``: the last one is cut to a multiple of so many; None: to
    nothing.
    """
    # Several windows of a unit take the room of as many examples.
    windows = examples[0].shape[1] if examples[0].dim() == 3 else 1
    size = max(1, size // windows)
    for start in range(0, count, size):
        tokens, targets = (part[start : start + size] for part in examples)
        wanted = min(size, count - start)
        whole = size if rows is None else min(size, -(-wanted // rows) * rows)
        padding = (0, 0) * (tokens.dim() - 1) + (0, whole - len(tokens))
        weights = torch.zeros(whole)
        weights[: len(tokens)] = 1.0
        yield (
            torch.nn.functional.pad(tokens, padding).to(device),
            torch.nn.functional.pad(targets, padding, value=IGNORED).to(device),
            weights.to(device),
        )


def _is_out_of_memory(error: BaseException) -> bool:
    """torch's CPU allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        sign in str(error) for sign in ("not enough memory", "can't allocate memory")
    )

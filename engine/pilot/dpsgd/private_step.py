"""The mechanism that the guarantee is about: the noisy mean of clipped gradients of one step.

    (Σ_i g_i·min(1/C, 1/‖g_i‖) + σ·N(0, I)) / B,  σ = σ̄·B

over the examples of one Poisson batch, however it is cut into micro-batches. Each example's part
has norm at most 1 (:mod:`engine.pilot.dpsgd.clipping`), so adding or removing one unit moves the
mean by at most 1/B. B is the *expected* batch size; dividing by the drawn one would make the
sensitivity depend on it. Noise is added once a step, after the last micro-batch, and an empty batch
gives noise alone. With a banded strategy the noise is correlated with that of the steps before
(:mod:`engine.pilot.dpsgd.correlated`).

Sums are float32 whatever the precision of the forward pass. Where memory runs out the micro-batch
is halved and the sum of the same examples is begun anew: nothing was released in between.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.correlated import Correlated
from engine.pilot.dpsgd.examples import Examples
from engine.pilot.dpsgd.model import IGNORED, cross_entropy
from engine.pilot.dpsgd.noise import NoiseSource
from engine.pilot.dpsgd.progress import DivergedError, MemoryFullError
from engine.pilot.plan import TrainingSettings

_T = TypeVar("_T")
_ROWS = 8
"""The last micro-batch of a step is cut to a multiple of this where shapes may vary."""


class PrivateStep:
    """Noisy means and losses of one model; ``parameters`` is its flat vector."""

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        *,
        parameters: Tensor,
        compiled: bool = False,
    ) -> None:
        self._model = model
        self._parameters = parameters
        self._batch_size = settings.config.batch_size
        self._noise_batch_ratio = settings.noise_batch_ratio
        self._clipped_sum = clipped_sum(
            model,
            clip_norm=settings.clip_norm,
            engine=settings.engine,
            compiled=compiled,
            precision=settings.precision,
        )
        self._rows = None if compiled else _ROWS
        self._sum = torch.zeros_like(parameters)
        sizes = [p.numel() for p in model.parameters()]
        self._parts = [
            part.view_as(p)
            for part, p in zip(self._sum.split(sizes), model.parameters(), strict=True)
        ]
        self.physical_batch_size = settings.physical_batch_size
        self.correlated = (
            Correlated(settings.strategy, parameters.numel(), device=parameters.device)
            if settings.bands > 1 and settings.noise_batch_ratio
            else None
        )

    def noisy_mean(self, examples: Examples, noise: NoiseSource, step: int) -> tuple[Tensor, float]:
        """The step's gradient (valid until the next call) and the sum of its examples' losses.

        The losses are exact: not private. Raises :class:`DivergedError` before anything is made of
        a gradient that is no number, :class:`MemoryFullError` where one example does not fit.
        """
        loss = self._within_memory(self._summed, examples)
        mean = self._sum.div_(self._batch_size)
        if self._noise_batch_ratio:
            normal = noise.normal(step, mean.numel(), device=mean.device)
            if self.correlated is not None:
                normal = self.correlated.of(normal, step)
            mean.add_(normal, alpha=self._noise_batch_ratio)
        return mean, loss

    def losses(self, examples: Examples, *, parameters: Tensor) -> Tensor:
        """Each example's loss under the flat vector ``parameters``, float32, on the CPU."""
        kept = self._parameters.clone()
        self._parameters.copy_(parameters)
        try:
            return self._within_memory(self._evaluated, examples)
        finally:
            self._parameters.copy_(kept)

    def _summed(self, examples: Examples) -> float:
        self._sum.zero_()
        loss = torch.zeros((), device=self._sum.device)
        for tokens, targets, weights in self._micro_batches(examples):
            clipped = self._clipped_sum(tokens, targets, weights)
            for part, added in zip(self._parts, clipped.sums, strict=True):
                part.add_(added)
            loss += (clipped.losses * weights).sum()
        # One look for both: each look makes an accelerator wait.
        total: float
        gradient: float
        total, gradient = torch.stack([loss, self._sum.sum()]).tolist()
        if not abs(total) + abs(gradient) < float("inf"):
            raise DivergedError
        return total

    @torch.no_grad()
    def _evaluated(self, examples: Examples) -> Tensor:
        found = [
            cross_entropy(self._model(tokens), targets)[: int(weights.sum())].cpu()
            for tokens, targets, weights in self._micro_batches(examples)
        ]
        return torch.cat(found) if found else torch.zeros(0)

    def _micro_batches(self, examples: Examples) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """(tokens, targets, weights) on the model's device, padded with rows of weight 0."""
        device = self._parameters.device
        # Several windows of a unit take the room of as many examples.
        windows = examples[0].shape[1] if examples[0].dim() == 3 else 1
        size = max(1, self.physical_batch_size // windows)
        for start in range(0, len(examples[0]), size):  # of an empty batch: none
            tokens, targets = (part[start : start + size] for part in examples)
            count = len(tokens)
            rows = size if self._rows is None else min(size, -(-count // self._rows) * self._rows)
            padding = (0, 0) * (tokens.dim() - 1) + (0, rows - count)
            weights = torch.zeros(rows)
            weights[:count] = 1.0
            yield (
                torch.nn.functional.pad(tokens, padding).to(device),
                torch.nn.functional.pad(targets, padding, value=IGNORED).to(device),
                weights.to(device),
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
            if self._parameters.device.type == "cuda":
                torch.cuda.empty_cache()


def _is_out_of_memory(error: BaseException) -> bool:
    """torch's CPU allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        sign in str(error) for sign in ("not enough memory", "can't allocate memory")
    )

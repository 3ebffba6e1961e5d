"""The mechanism that the guarantee is about: the noisy mean of clipped gradients of one step.

    (Σ_i g_i·min(1/C, 1/‖g_i‖) + σ·N(0, I)) / B,  σ = σ̄·B

over the examples of one Poisson batch, however it is cut into micro-batches
(:mod:`engine.pilot.dpsgd.batch_sum`). Each example's part has norm at most 1, so adding or removing
one unit moves the mean by at most 1/B. B is the *expected* batch size; dividing by the drawn one
would make the sensitivity depend on it. Noise is added once a step, after the last micro-batch, and
an empty batch gives noise alone. With a banded strategy the noise is correlated with that of the
steps before (:mod:`engine.pilot.dpsgd.correlated`).

With a :class:`~engine.pilot.dpsgd.team.Team` the examples are those that rank 0 kept for itself;
the other ranks' sums are added before the noise: it is the same mechanism on the same batch.
"""

import torch
from torch import Tensor, nn

from engine.pilot.dpsgd.batch_sum import BatchSum
from engine.pilot.dpsgd.correlated import Correlated
from engine.pilot.dpsgd.examples import Examples, targets_counted
from engine.pilot.dpsgd.noise import NoiseSource
from engine.pilot.dpsgd.progress import DivergedError
from engine.pilot.dpsgd.team import Team, part_of_sum
from engine.pilot.plan import TrainingSettings


class PrivateStep(BatchSum):
    """Noisy means and losses of one model; ``parameters`` is its flat vector."""

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        *,
        parameters: Tensor,
        team: Team | None = None,
    ) -> None:
        super().__init__(model, settings, parameters=parameters)
        self._batch_size = settings.config.batch_size
        self._noise_batch_ratio = settings.noise_batch_ratio
        self._team = team
        self.shards = None if team is None else team.sharded(settings)
        self.correlated = (
            Correlated(settings.strategy, parameters.numel(), device=parameters.device)
            if settings.bands > 1 and settings.noise_batch_ratio
            else None
        )

    def noisy_mean(
        self, examples: Examples, noise: NoiseSource, step: int
    ) -> tuple[Tensor, float, float]:
        """The step's gradient (valid until the next call), the sum of its examples' losses, and the
        number of positions that these are over; with a team, of all ranks' examples.

        The losses are exact: not private. Raises :class:`DivergedError` before anything is made of
        a gradient that is no number, :class:`MemoryFullError` where one example does not fit, and
        with a team :class:`~engine.pilot.dpsgd.progress.RankLostError`.
        """
        if self._team is None:
            loss = self.add_up(examples)
            positions = targets_counted(examples[1])
        elif self.shards is not None:
            loss, positions = self._team.total_of(self.shards, examples, self.sum)
        else:
            loss, positions = self._team.total(self.sum, part_of_sum(self, examples))
        total = self._finite(loss)
        mean = self.sum.div_(self._batch_size)
        if self._noise_batch_ratio:
            normal = noise.normal(step, mean.numel(), device=mean.device)
            if self.correlated is not None:
                normal = self.correlated.of(normal, step)
            mean.add_(normal, alpha=self._noise_batch_ratio)
        return mean, total, positions

    def losses(self, examples: Examples, *, parameters: Tensor) -> Tensor:
        """Each example's loss under the flat vector ``parameters``, on the CPU."""
        if self._team is not None and self.shards is not None:
            return self._team.losses(self.shards, examples, parameters)
        return super().losses(examples, parameters=parameters)

    def _finite(self, loss: Tensor) -> float:
        # One look for both: each look makes an accelerator wait.
        total: float
        gradient: float
        total, gradient = torch.stack([loss, self.sum.sum()]).tolist()
        if not abs(total) + abs(gradient) < float("inf"):
            raise DivergedError
        return total

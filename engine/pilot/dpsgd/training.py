"""DP-SGD, one training from start to end, as in McKenna et al. (arXiv 2501.18914).

A step draws its people by Poisson sampling (:mod:`engine.pilot.dpsgd.sampling`), takes the noisy
mean of their clipped gradients (:mod:`engine.pilot.dpsgd.private_step`) and hands it to DP-Adam
(:mod:`engine.pilot.dpsgd.optimizer`).

Formal guarantee: the steps that the ledger charged are that many Poisson-subsampled Gaussian
mechanisms of sensitivity 1, noise σ = σ̄·B and q = B/N (correlated noise: see below); weights,
moments and averages are post-processing of them, and so are checkpoints without past noise. So all
of it together is (ε, δ)-DP under adding or removing one unit, with the ε of
:meth:`Ledger.epsilon_spent`, given that ``settings.seed`` is None, and that learning rate, clip
norm, T and B were not chosen on the same people.

Not covered by ε: every loss shown (training losses are exact; held-out losses concern held-out
people), the time a step takes, that a training diverged, the size of micro-batches, the number of
people, and floating-point noise (:mod:`engine.pilot.dpsgd.noise`).

**Interruptions.** Steps are charged to the ledger in blocks before they are taken; a block ends
with a checkpoint. After ``kill -9`` a private training goes on from the checkpoint, and the
steps charged since are lost: they count against the promise, and the run ends with so many
fewer. A seeded one repeats them exactly, unless memory ran out: another micro-batch rounds its
sums differently.

**Noise correlated over b steps** (``settings.strategy``): units are drawn into b groups that take
turns, and the groups, kept in the checkpoint, stay the same whatever ends the process. Steps are
counted as the ledger charges them, lost ones included, so that two steps of one unit stay a
multiple of b apart; where steps were lost, the noise begins anew. The certificate is the ledger's
mechanism for ⌈charged/b⌉ turns. A checkpoint then holds past noise while steps are left: a secret,
see :mod:`engine.pilot.dpsgd.correlated`.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError
from engine.interval import IntArray
from engine.pilot.compiling import Compiling, Trial
from engine.pilot.dpsgd import noise, sampling
from engine.pilot.dpsgd.examples import Canaries, Examples, Source, WindowSource
from engine.pilot.dpsgd.model import IGNORED, Transformer
from engine.pilot.dpsgd.opacus_accountants import OpacusEpsilon
from engine.pilot.dpsgd.optimizer import DPAdam, flatten, learning_rate
from engine.pilot.dpsgd.private_step import PrivateStep
from engine.pilot.dpsgd.progress import (
    DivergedError,
    Journal,
    Progress,
    RankLostError,
    Stop,
    StoppedError,
    TrainingOutcome,
    milestones,
)
from engine.pilot.dpsgd.resumption import Store
from engine.pilot.dpsgd.start import initial
from engine.pilot.dpsgd.team import Team
from engine.pilot.dpsgd.threads import Threads
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import TrainingSettings

_REPORT_SECONDS = 0.5


class Training:
    """One training. ``folder`` keeps its checkpoint and ledger; None: in memory only."""

    def __init__(
        self,
        settings: TrainingSettings,
        corpus: WindowSource,
        *,
        folder: Path | None = None,
        device: str = "cpu",
        compiling: Compiling = Compiling.OFF,
        adapts: bool = False,
        canaries: Canaries | None = None,
        wrapped: Callable[[Transformer], nn.Module] = lambda model: model,
        heard: Callable[[Tensor], None] = lambda noisy_mean: None,
        team: Team | None = None,
    ) -> None:
        """``wrapped`` and ``heard`` are for audits: the model that is trained, and who hears each
        step's noisy mean. ``adapts``: whether the number of threads follows what else runs on a
        processor. ``team``: the ranks that add up sums for this one, which leads them.

        Raises :class:`InputError` where settings, corpus and folder do not go together.
        """
        if team is not None and team.is_sharded:
            device = "cpu"  # what is rank 0's alone has no room on its device
        self._team = team
        self.private = settings.seed is None and settings.noise_batch_ratio > 0
        if self.private and folder is None:
            raise InputError(
                "Expected a folder for a private training, got none: its ledger must outlive it."
            )
        self.settings = settings
        self.source = Source(settings, corpus, canaries)
        self._noise = noise.source(settings.seed)
        weights = noise.generator(self._noise, 0, noise.Purpose.WEIGHTS)
        if (found := parameter_count(settings.shape)) != settings.config.model_size:
            raise InputError(
                "Expected model_size = {found}, which is what the shape has, got {stated}.",
                found=found,
                stated=settings.config.model_size,
            )
        self.model = wrapped(initial(settings, generator=weights)).to(device)
        self._heard = heard
        parameters = flatten(self.model)
        self._optimizer = DPAdam(parameters=parameters, averaging=settings.averaging)
        self._private_step = PrivateStep(self.model, settings, parameters=parameters, team=team)
        self._compiling = compiling
        alone = team is None and settings.seed is None and device == "cpu"
        self._threads = Threads(torch.get_num_threads() if adapts and alone else 1)
        self._trial: Trial | None = None
        self._groups = None
        if settings.bands > 1:
            self._groups = sampling.Groups.drawn(
                self._noise, units=self.source.size, bands=settings.bands
            )
        self._store = Store(folder, settings, corpus.fingerprint, private=self.private)
        self._largest_batch = settings.largest_batch
        self._milestones = milestones(settings.config.iterations)
        self._held_out = self.source.held_out()
        self._journal = Journal()

    @property
    def groups(self) -> IntArray | None:
        """The group of each unit, canaries last; None where none take turns."""
        return None if self._groups is None else self._groups.group_of.astype(np.int64)

    @property
    def iteration(self) -> int:
        """Steps in the weights."""
        return self._optimizer.steps

    @property
    def charged(self) -> int:
        """Steps that count against the promise."""
        return self._store.charged(self.iteration)

    def opacus_epsilon(self, delta: float) -> OpacusEpsilon | None:
        """What Opacus says that the steps begun so far have spent; None if not private."""
        return self._store.opacus_epsilon(delta)

    def averaged_weights(self) -> dict[str, Tensor]:
        """What a training gives away: the average, by the model's names, on the CPU."""
        named = dict(self.model.named_parameters())
        parts = self._optimizer.average.split([p.numel() for p in named.values()])
        return {
            name: part.view_as(p).cpu().clone()
            for (name, p), part in zip(named.items(), parts, strict=True)
        }

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Each example's loss under the averaged weights. Exact, hence not private."""
        return self._private_step.losses((tokens, targets), parameters=self._optimizer.average)

    def held_out_loss(self) -> float:
        """Cross entropy of held-out windows under the averaged weights, nats per token or byte;
        before :meth:`run`, that of the weights that the training begins from. Exact."""
        return self._mean_loss(self._held_out)

    def run(
        self,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], Stop | None] | None = None,
    ) -> TrainingOutcome:
        """Train until no step is left, or ``should_stop``, asked before each step, says why.

        Goes on from the folder's checkpoint; a finished training returns at once. Raises
        :class:`InputError` where the folder is another training's, is damaged, or is in use.
        """
        self._reported = time.perf_counter()
        self._on_progress = on_progress or (lambda progress: None)
        self._should_stop = should_stop or (lambda: None)
        try:
            stop, reason = self._guarded()
        finally:
            self._threads.end()
        return TrainingOutcome(
            stop=stop,
            reason=reason,
            cross_entropy=self._journal.last[1],
            train_cross_entropy=self._journal.trained_loss,
            curve=tuple(self._journal.curve),
            iterations_done=self.iteration,
            charged=self.charged,
            private=self.private,
            physical_batch_size=self._private_step.physical_batch_size,
            seconds=self._journal.seconds,
            tokens_per_second=self._tokens_per_second,
            compiled=self._trial,
        )

    def _guarded(self) -> tuple[Stop, InputError | None]:
        try:
            with self._store.opened(self._optimizer.parameters.device) as state:
                if state is None:
                    if self._groups is not None and self._store.lost:
                        raise InputError(
                            "Expected the checkpoint that belongs to this privacy ledger, got "
                            "none: it held which units take turns together, so start a new "
                            "training."
                        )
                    self._save()  # shows that there is room before anything is charged
                else:
                    self._restore(state)
                return self._train(), None
        except StoppedError as error:
            return error.stop, error

    def _train(self) -> Stop:
        # It may take minutes, before anything is charged.
        if self._compiling is not Compiling.OFF and self._should_stop() is None:
            self._trial = self._private_step.compile(
                self._compiling,
                steps=self._store.left(self.iteration),
                ranks=1 if self._team is None else self._team.size,
            )
        while block := self._store.grant(self.iteration):
            if stop := self._take(block):
                return stop
            if self._store.left(self.iteration):
                self._save()
        if self._journal.last[0] != self.iteration or not self._journal.curve:
            self._evaluate()
        if math.isnan(self._journal.trained_loss):
            self._journal.trained_loss = self._mean_loss(self.source.trained())
            self._save()
        self._report()
        return Stop.FINISHED

    def _take(self, block: int) -> Stop | None:
        """Take ``block`` granted steps, or stop before one and give back what was not begun."""
        begun = 0
        try:
            while begun < block:
                if stop := self._should_stop():
                    self._save()
                    return stop
                begun += 1
                self._store.begin()
                self._step()
            return None
        except RankLostError:
            self._save()  # what is lost is the step under way, and no other
            raise
        finally:
            self._store.settle(block - begun)

    def _step(self) -> None:
        began, config = time.perf_counter(), self.settings.config
        # As the ledger counts: lost steps took their turn.
        step = self.iteration + self._store.lost
        batch = sampling.draw(
            self._noise,
            step,
            units=self.source.size,
            probability=self.settings.sampling_probability,
            groups=self._groups,
            largest=self._largest_batch,
            windows=self.settings.documents,
            is_masked=self.settings.shape.kind == "bert",
        )
        if self._team is not None:
            parameters, shards = self._optimizer.parameters, self._private_step.shards
            batch = self._team.deal(batch, parameters, shards)
        examples = self.source.of(batch)
        gradient, loss, positions = self._private_step.noisy_mean(examples, self._noise, step)
        self._heard(gradient)
        # Lost steps count for the schedule, so that it reaches its end.
        rate = learning_rate(self.settings, step + 1)
        self._optimizer.step(gradient, rate=rate)
        if positions:
            self._journal.saw(loss * config.sequence_length / positions)
        now = time.perf_counter()
        if self._trial is None or not self._trial.is_used:  # a program has its threads for good
            self._threads.took(now - began, batch.size)
        self._store.pace.step(now - began)
        if self.iteration in self._milestones:
            self._evaluate()
        elif now - self._reported > _REPORT_SECONDS:
            self._report()

    def _evaluate(self) -> None:
        loss = self.held_out_loss()
        if not math.isfinite(loss):
            raise DivergedError
        self._journal.curve.append((self.iteration, loss))
        self._report()

    def _mean_loss(self, examples: Examples) -> float:
        """Cross entropy in nats per token or byte under the averaged weights."""
        tokens, targets = examples
        positions = int((targets != IGNORED).sum())
        return float(self.losses(tokens, targets).double().sum()) * tokens.shape[1] / positions

    def _save(self) -> None:
        self._store.save(
            self.iteration,
            {
                "optimizer": self._optimizer.state(),
                "journal": self._journal.state(),
                "physical_batch_size": self._private_step.physical_batch_size,
                **self._banded_state(),
            },
        )

    def _banded_state(self) -> dict[str, Any]:
        if self._groups is None:
            return {}
        correlated = self._private_step.correlated
        # Once no step is left nobody needs the past noise, and it must not outlive the training.
        # The ledger may have granted all of them, and get back what this process does not begin.
        goes_on = self.iteration + self._store.lost < self.settings.config.iterations
        return {
            "groups": torch.from_numpy(self._groups.group_of),
            "noise": correlated.state() if correlated is not None and goes_on else None,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self._optimizer.load(state["optimizer"])
        self._journal.load(state["journal"])
        # What this machine holds may be less than what the one before it did.
        self._private_step.physical_batch_size = min(
            self._private_step.physical_batch_size, state["physical_batch_size"]
        )
        if self._groups is not None:
            self._groups = sampling.Groups(state["groups"].cpu().numpy(), self.settings.bands)
            if self._private_step.correlated is not None:
                if state["noise"] is None:
                    self._private_step.correlated.forget()
                else:
                    self._private_step.correlated.load(state["noise"])

    def _report(self) -> None:
        self._reported = time.perf_counter()
        pace = self._store.pace.step_seconds
        left = self.settings.config.iterations - self.iteration - self._store.lost
        self._on_progress(
            Progress(
                iteration=self.iteration,
                iterations=self.settings.config.iterations,
                charged=self.charged,
                curve=tuple(self._journal.curve),
                train_cross_entropy=self._journal.train_loss,
                tokens_per_second=self._tokens_per_second,
                seconds_left=None if pace is None else pace * left,
                physical_batch_size=self._private_step.physical_batch_size,
                compiled=self._trial,
            )
        )

    @property
    def _tokens_per_second(self) -> float:
        config = self.settings.config
        return config.batch_size * config.sequence_length * self._store.pace.steps_per_second

"""The real trainer, as the runner wants it: trains, audits what came of it, keeps it if asked.

Weights and model never leave this module's functions: what was trained lies in the checkpoint, so
that an audit that was killed is made again from there, by the same code.

The audit compares training with held-out units, and canaries where the plan has some, on the
averaged weights. Its bounds hold together for all trainings of a plan with 95 % confidence. It is a
second opinion on ε, at about 5 % of the training's time, and not covered by it: it is exact.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.pilot.audits.attack import (
    MOST_PAIRS,
    CanaryTest,
    audit_training,
    draw_canaries,
    model_losses,
    model_of,
)
from engine.pilot.audits.audit import DEFAULT_CONFIDENCE, Audit
from engine.pilot.audits.card import CARD_FILE, model_card, weights_metadata
from engine.pilot.audits.weights import WEIGHTS_FILE, save_weights
from engine.pilot.compiling import Compiling
from engine.pilot.dpsgd import checkpoint
from engine.pilot.dpsgd.examples import Canaries, WindowSource
from engine.pilot.dpsgd.progress import Progress, Stop, TrainingOutcome
from engine.pilot.dpsgd.team import Team
from engine.pilot.dpsgd.training import Training
from engine.pilot.plan import Arm, PilotPlan
from engine.pilot.running.folder import write_text
from engine.pilot.running.recording import canaries_of, settings_of
from engine.pilot.running.status import TrainingResult

_FEWEST_PAIRS = 64
_EXAMPLES_A_PAIR = 32
"""Examples trained on for each pair attacked: its four windows cost as much as 1.6 examples, which
makes an audit 5 % of the training."""


def train(
    plan: PilotPlan,
    arm: Arm,
    repeat: int,
    corpus: WindowSource,
    *,
    folder: Path,
    report: Callable[[Progress], None],
    asked: Callable[[], Stop | None],
    device: str,
    compiling: Compiling = Compiling.OFF,
    team: Team | None = None,
) -> TrainingOutcome:
    """Go on with the training in ``folder``, or begin it; with the other ranks of ``team``."""
    training = _training(
        plan,
        arm,
        repeat,
        corpus,
        folder=folder,
        device=device,
        compiling=compiling,
        adapts=True,
        team=team,
    )
    if team is not None:
        team.begin(plan.arms.index(arm), repeat)
    return training.run(on_progress=report, should_stop=asked)


def keep(
    plan: PilotPlan,
    arm: Arm,
    result: TrainingResult,
    corpus: WindowSource,
    *,
    folder: Path,
    device: str,
) -> tuple[Audit, ...]:
    """Audit the training that ended in ``folder``; write its weights and card where asked."""
    training = _training(plan, arm, result.repeat, corpus, folder=folder, device=device)
    training.run()  # it has ended: reads its checkpoint, takes no step
    weights = training.averaged_weights()
    del training  # the attack needs the room
    settings = replace(
        settings_of(arm, result.repeat), physical_batch_size=result.physical_batch_size
    )
    audits = audit_training(
        corpus,
        settings,
        model_losses(model_of(settings, weights).to(device), settings),
        delta=arm.certificate.delta,
        canaries=_canaries(plan, arm, result.repeat),
        confidence=1 - (1 - DEFAULT_CONFIDENCE) / plan.trainings,
        most=pairs(settings.config.batch_size * settings.config.iterations),
    )
    if plan.keep_weights:
        save_weights(
            {name: tensor.numpy() for name, tensor in weights.items()},
            folder / WEIGHTS_FILE,
            weights_metadata(plan, arm, result),
        )
        held_out = len(corpus.split()[1])
        card = model_card(plan, arm, result, held_out_units=held_out, audits=audits)
        write_text(folder / CARD_FILE, card)
    return audits


def discard(folder: Path) -> None:
    """Remove the checkpoint of a training whose result is stored; its ledger stays."""
    checkpoint.remove(folder)


def pairs(examples: int) -> int:
    """Pairs at most that the audit of a training on so many examples compares."""
    return min(MOST_PAIRS, max(_FEWEST_PAIRS, examples // _EXAMPLES_A_PAIR))


def inserted_canaries(plan: PilotPlan, arm: Arm, repeat: int) -> Canaries | None:
    """Those that join the steps of a training of ``arm``."""
    canaries = _canaries(plan, arm, repeat)
    return None if canaries is None else canaries.inserted


def _training(
    plan: PilotPlan,
    arm: Arm,
    repeat: int,
    corpus: WindowSource,
    *,
    folder: Path,
    device: str,
    compiling: Compiling = Compiling.OFF,
    adapts: bool = False,
    team: Team | None = None,
) -> Training:
    return Training(
        settings_of(arm, repeat),
        corpus,
        folder=folder,
        device=device,
        canaries=inserted_canaries(plan, arm, repeat),
        compiling=compiling,
        adapts=adapts,
        team=team,
    )


def _canaries(plan: PilotPlan, arm: Arm, repeat: int) -> CanaryTest | None:
    """The same after a restart: their seed is the training's name, which feeds nothing else."""
    count = canaries_of(plan, arm)
    if not count:
        return None
    name = f"kessai canaries {plan.plan_id}/{arm.name}-{repeat}"
    rng = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
    return draw_canaries(count, arm.settings.shape, rng)

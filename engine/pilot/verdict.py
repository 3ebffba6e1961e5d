"""The verdict on a finished pilot: what was measured against what was written down before.

*Prediction.* The mean held-out loss of an arm's repeats against its frozen interval, which should
hold the loss of one new training with its stated probability: inside it is confirmed, below it
better, above it worse than predicted. The ± is the standard error over repeats; with one repeat
there is none, and none is shown.

An interval that was transferred from another family without any run of this one says how far texts
differ, an assumption, and is so wide that almost any training ends inside: that can refute (better,
worse) and confirms nothing, so it is called *within*.

*Short trainings.* One that lost steps to interruptions is another training than the one that was
planned, for either arm alike: it is named, and no figure that whole trainings can give takes it in.
Of an arm without a whole one the loss is told as it is, with what was predicted where at most
:data:`SLIGHT` of its steps are missing (an effect below the scatter of trainings), and no saving.

*Saving.* The rule's final loss is looked up on the recommendation's own curve: the least share of
its steps after which it was as good. The noise was set for all steps, and a training planned to end
there would have had less of it; so the curve of whoever was better understates how much better it
was. Where the recommendation ends above the rule, the roles change and the factor is below 1: the
pilot then speaks against the recommendation, and the truth may be worse than the factor. There is
no saving without a whole training of both arms, nor with canaries, which spend the recommended
model's capacity.

Loads no torch.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.errors import InputError
from engine.interval import Interval
from engine.pilot.limit import End
from engine.pilot.plan import Arm, PilotPlan, Transfer
from engine.pilot.running.status import TrainingResult
from engine.pilot.running.versions import EARLIER, KESSAI
from engine.pilot.statistical_power import ENOUGH

SLIGHT = 0.05
"""Share of a training's steps; the margin that plans keep above what a law counts."""


class Outcome(StrEnum):
    """How a measured loss stands to its frozen interval."""

    CONFIRMED = "confirmed"
    BETTER = "better"
    WORSE = "worse"
    WITHIN = "within"
    """Inside an interval that no run of this text had narrowed: no confirmation."""
    UNPREDICTED = "unpredicted"
    """Nothing was predicted when the plan was frozen."""
    SHORT = "short"
    """It lost more of its steps than :data:`SLIGHT`: not the training that was predicted."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One arm's trainings: losses in nats per token or byte, held out and on training text."""

    arm: str
    outcome: Outcome
    predicted: Interval | None
    cross_entropy: float
    standard_error: float | None
    """Of the mean over repeats; None for one repeat."""
    train_cross_entropy: float | None
    repeats: int
    """Trainings behind the loss."""
    model_size: int
    compute_flops: float
    """FLOPs of one training as planned."""
    iterations_lost: int
    """Steps that were paid for and lost to interruptions, over all repeats, those left out of the
    loss too: the models are that much worse than planned, the promise is kept."""


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """A training that is compared with nothing, because it is not the one that was planned."""

    arm: str
    repeat: int
    iterations_lost: int
    iterations: int
    """Steps that were planned."""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """The rule against the recommendation at equal compute, people and privacy."""

    factor: float
    """Compute of the rule over the least with which the recommendation was as good; below 1 the
    rule was the better one."""
    at_least: bool
    """Whether the factor is only a lower bound: the recommendation was as good at its first
    evaluation already. (Below 1: at most.)"""
    difference: float
    """Loss of the rule less that of the recommendation, nats per token or byte."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All that a finished pilot says. ``arms[0]`` is the recommendation."""

    arms: tuple[Measured, ...]
    saving: Saving | None
    """None without whole trainings of a rule's arm to compare with, see above."""
    excluded: tuple[Excluded, ...]
    """Trainings that no comparison takes in, in the order of the arms."""
    epsilon_each: float
    epsilon_total: float
    """Basic composition over all trainings, for whoever sees all of them."""
    delta_total: float
    transfer: Transfer | None = None
    """Where the predictions come from, if not from the family's own law."""
    other_code: tuple[str, ...] = ()
    """Versions of the code that trained and had not planned it, in order of their first part."""
    apart: float | None = None
    """Probability with which the plan was to tell recommendation and rule apart; see
    :attr:`PilotPlan.apart`."""
    start_cross_entropy: float | None = None
    """Of the public start that ``arms[0]`` began from, on the held-out text; None from nothing."""

    @property
    def outcome(self) -> Outcome:
        return self.arms[0].outcome

    @property
    def is_weak(self) -> bool:
        """Whether it compares recommendation and rule, and is no test of them."""
        return self.apart is not None and self.apart < ENOUGH

    @property
    def start_was_better(self) -> bool:
        """Whether the public start, as it was, did at least as well as what was made of it."""
        begun = self.start_cross_entropy
        return begun is not None and self.arms[0].cross_entropy >= begun


def verdict(plan: PilotPlan, results: Iterable[TrainingResult]) -> Verdict:
    """Raises :class:`InputError` where a training of ``plan`` is missing among ``results``."""
    by_arm: dict[str, dict[int, TrainingResult]] = {arm.name: {} for arm in plan.arms}
    for result in results:
        if result.arm in by_arm:
            by_arm[result.arm][result.repeat] = result
    done = sum(len(found) for found in by_arm.values())
    if done < plan.trainings:
        raise InputError(
            "Expected {expected} finished trainings, found {count}: let the pilot end first.",
            expected=plan.trainings,
            count=done,
        )
    groups = [
        [by_arm[arm.name][repeat] for repeat in sorted(by_arm[arm.name])] for arm in plan.arms
    ]
    whole = [[result for result in group if not _lost(result)] for group in groups]
    arms = [
        _measured(plan, arm, group, unbroken)
        for arm, group, unbroken in zip(plan.arms, groups, whole, strict=True)
    ]
    if plan.canaries:
        arms[0] = replace(arms[0], outcome=Outcome.UNPREDICTED, predicted=None)
    fair = len(arms) > 1 and not plan.canaries and all(whole[:2])
    return Verdict(
        arms=tuple(arms),
        saving=_saving(plan, whole) if fair else None,
        excluded=tuple(
            Excluded(
                arm=result.arm,
                repeat=result.repeat,
                iterations_lost=_lost(result),
                iterations=arm.settings.config.iterations,
            )
            for arm, group in zip(plan.arms, groups, strict=True)
            for result in group
            if _lost(result)
        ),
        epsilon_each=plan.epsilon_each,
        epsilon_total=plan.epsilon_total,
        delta_total=plan.delta_total,
        transfer=plan.transfer,
        other_code=_other_code(plan, groups),
        apart=plan.apart,
        start_cross_entropy=plan.start_cross_entropy,
    )


def may_climb(plan: PilotPlan, found: Verdict, results: Iterable[TrainingResult]) -> bool:
    """Whether a larger pilot may follow on this one: the law's reach ended its plan, its prediction
    held, and its record is one that moves the law."""
    first = plan.arms[0].name
    return (
        plan.limit is not None
        and plan.limit.end is End.REACH
        and found.outcome in (Outcome.CONFIRMED, Outcome.WITHIN)
        and any(result.arm == first and result.run_id is not None for result in results)
    )


def _other_code(plan: PilotPlan, groups: list[list[TrainingResult]]) -> tuple[str, ...]:
    trained = (
        code
        for group in groups
        for result in group
        for name in (EARLIER, KESSAI)
        for code in result.versions.get(name, "").split()
    )
    return tuple(code for code in dict.fromkeys(trained) if code != plan.code_version)


def _lost(result: TrainingResult) -> int:
    """Steps that were paid for and made no model."""
    return result.charged - result.iterations


def _measured(
    plan: PilotPlan, arm: Arm, group: list[TrainingResult], whole: list[TrainingResult]
) -> Measured:
    used = whole or group
    losses = np.array([result.cross_entropy for result in used])
    train = [result.train_loss for result in used if result.train_loss is not None]
    mean = float(losses.mean())
    outcome = _outcome(mean, arm.predicted, plan.transfer)
    if arm.predicted and max(map(_lost, used)) > SLIGHT * arm.settings.config.iterations:
        outcome = Outcome.SHORT
    return Measured(
        arm=arm.name,
        outcome=outcome,
        predicted=arm.predicted,
        cross_entropy=mean,
        standard_error=(
            float(losses.std(ddof=1)) / math.sqrt(losses.size) if losses.size > 1 else None
        ),
        train_cross_entropy=float(np.mean(train)) if train else None,
        repeats=losses.size,
        model_size=arm.settings.config.model_size,
        compute_flops=arm.settings.config.compute_flops,
        iterations_lost=sum(map(_lost, group)),
    )


def _outcome(loss: float, predicted: Interval | None, transfer: Transfer | None) -> Outcome:
    if predicted is None:
        return Outcome.UNPREDICTED
    if loss < predicted.low:
        return Outcome.BETTER
    if loss > predicted.high:
        return Outcome.WORSE
    return Outcome.WITHIN if transfer is not None and not transfer.runs else Outcome.CONFIRMED


def _saving(plan: PilotPlan, groups: list[list[TrainingResult]]) -> Saving:
    ours, rule = plan.arms[0].settings, plan.arms[1].settings
    our_curve, rule_curve = (_mean_curve(group) for group in groups[:2])
    our_step, rule_step = (
        FLOPS_PER_PARAMETER_AND_TOKEN
        * s.config.model_size
        * s.config.batch_size
        * s.config.sequence_length
        for s in (ours, rule)
    )
    difference = rule_curve[-1][1] - our_curve[-1][1]
    if difference >= 0:
        steps, first = _reached(our_curve, rule_curve[-1][1])
        factor = rule_step * rule_curve[-1][0] / (our_step * steps)
    else:
        steps, first = _reached(rule_curve, our_curve[-1][1])
        factor = rule_step * steps / (our_step * our_curve[-1][0])
    return Saving(factor=factor, at_least=first, difference=difference)


def _mean_curve(group: list[TrainingResult]) -> list[tuple[int, float]]:
    """(iteration, loss) at the iterations that every repeat recorded; the ends by their mean."""
    curves = [dict(result.curve) for result in group]
    shared = sorted(set.intersection(*(set(curve) for curve in curves)))
    points = [(step, float(np.mean([curve[step] for curve in curves]))) for step in shared]
    end = (
        round(float(np.mean([result.iterations for result in group]))),
        float(np.mean([result.cross_entropy for result in group])),
    )
    return [point for point in points if point[0] < end[0]] + [end]


def _reached(curve: list[tuple[int, float]], goal: float) -> tuple[float, bool]:
    """Steps at which the curve first came down to ``goal``, between points on a log axis; and
    whether that is its first point."""
    previous = None
    for step, loss in curve:
        if loss <= goal:
            if previous is None:
                return float(step), True
            share = (previous[1] - goal) / (previous[1] - loss)
            return float(previous[0] * (step / previous[0]) ** share), False
        previous = step, loss
    return float(curve[-1][0]), False

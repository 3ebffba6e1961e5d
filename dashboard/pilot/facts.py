"""Figures and tables of the Pilot page: the frozen plan, progress, the verdict.

Pure. ε and σ are rounded up. A price is time on the clock at the sidebar's price of a device-hour.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from dashboard.pilot import labels as pilot_labels
from dashboard.pilot import provenance, wording
from dashboard.ui.metric import Metric
from engine.api.money import CostAssumptions
from engine.api.pilots import (
    PilotPlan,
    Prepared,
    Status,
    TrainingResult,
    TrainingSettings,
    Verdict,
)
from engine.text import figures, formats, labels
from engine.text.i18n import Words
from engine.text.privacy import noise, promised_epsilon

Columns = dict[str, list[str]]
_HOUR = 3600.0
_NONE = "–"


def price(seconds: float, costs: CostAssumptions) -> float:
    """Price in JPY of ``seconds`` on one device."""
    return seconds / _HOUR * costs.accelerator.price_per_hour_usd * costs.jpy_per_usd


def affordable(jpy: float, costs: CostAssumptions) -> float:
    """Seconds of one device that ``jpy`` pays for."""
    return jpy / (costs.accelerator.price_per_hour_usd * costs.jpy_per_usd) * _HOUR


def prepared(found: Prepared, unit: str, words: Words) -> str:
    """The text and the machine in a sentence."""
    values = {
        "name": pilot_labels.corpus(found.source, words),
        "units": labels.units(found.units, unit, words),
        "held": formats.amount(found.held_out_units, words.language),
        "tokens": formats.amount(found.tokens, words.language),
        "hardware": found.hardware,
    }
    if found.source.tokenizer == "bytes":
        return words.say(
            "{name}: {units} to train on and {held} held out, {tokens} bytes; on {hardware}.",
            **values,
        )
    return words.say(
        "{name}: {units} to train on and {held} held out, {tokens} tokens; on {hardware}.", **values
    )


def identity(found: Prepared, words: Words) -> str | None:
    """How people were counted: before and after the rules, and who looks like another one."""
    counts = found.identity
    if counts is None:
        return None
    counted = words.say(
        "{people} from {spelled} spellings of their identifiers; {alike} identifiers look like "
        "another one and were left apart.",
        people=labels.people(counts.people, words),
        spelled=formats.exact(counts.spelled),
        alike=formats.exact(counts.look_alike),
    )
    return words.joined([counted, pilot_labels.rules(found.source, words)])


def left_out(found: Prepared, words: Words) -> str | None:
    """Texts that were not taken, by reason."""
    if not found.refused:
        return None
    listed = words.listed(
        words.say("{n} {reason}", n=formats.exact(n), reason=_reason(reason, words))
        for reason, n in found.refused
    )
    return words.say("Left out: {listed}.", listed=listed)


def _reason(reason: str, words: Words) -> str:
    return words.say(pilot_labels.REASONS.get(reason, reason))


def arms(plan: PilotPlan, words: Words) -> Columns:
    """The arms side by side: what will be trained and what is expected of it."""
    begun = plan.start_cross_entropy
    names = [
        *([] if begun is None else [words.say("Begins from")]),
        words.say("Model size (parameters)"),
        words.say("Batch size (units, expected)"),
        words.say("Iterations (steps)"),
        words.say("Compute (FLOPs)"),
        words.say("Learning rate"),
        words.say("Noise multiplier σ"),
        words.say("Privacy loss ε, at most"),
        provenance.predicted_loss(plan.transfer, words),
    ]
    found = {words.say("Figure"): names}
    for arm in plan.arms:
        settings, config = arm.settings, arm.settings.config
        found[pilot_labels.arm(arm.name, words)] = [
            *([] if begun is None else [_begins(settings, begun, words)]),
            formats.exact(config.model_size),
            formats.exact(config.batch_size),
            formats.exact(config.iterations),
            formats.scientific(config.compute_flops),
            formats.plain(settings.learning_rate),
            noise(arm.certificate),
            promised_epsilon(arm.certificate),
            wording.interval(arm.predicted, words),
        ]
    return found


def _begins(settings: TrainingSettings, begun: float, words: Words) -> str:
    start = settings.start
    if start is None:
        return words.say("nothing")
    moved = words.say("all weights")
    if start.lora_rank:
        moved = words.say("LoRA of rank {rank}", rank=start.lora_rank)
    return words.say(
        "{name}, {moved}; loss {loss} before",
        name=start.name,
        moved=moved,
        loss=formats.loss(begun),
    )


def terms(plan: PilotPlan, costs: CostAssumptions, words: Words) -> list[tuple[str, str]]:
    """What it takes and what it promises."""
    unit = labels.unit(plan.privacy_unit, words)
    return [
        (words.say("Time on this machine"), pilot_labels.wall(plan.expected_seconds, words)),
        (
            words.say("Price"),
            words.say(
                "{money} at ${price} an hour",
                money=figures.money(price(plan.expected_seconds, costs), words),
                price=formats.plain(costs.accelerator.price_per_hour_usd),
            ),
        ),
        (words.say("Trainings"), formats.exact(plan.trainings)),
        (words.say("ε of all trainings together"), wording.epsilon(plan.epsilon_total)),
        (words.say("Failure probability δ"), formats.scientific(plan.delta)),
        (words.say("Who is protected"), unit),
        (
            words.say("Protected in the text"),
            labels.units(plan.arms[0].settings.data_budget, plan.privacy_unit, words),
        ),
        (words.say("Window (tokens of an example)"), formats.exact(plan.corpus.window)),
        (words.say("Sampling"), _sampling(plan, unit, words)),
        (
            words.say("Indistinguishable data sets"),
            words.say("with and without the text of one {unit}", unit=unit),
        ),
        (words.say("Accountant"), plan.arms[0].certificate.accountant),
        (words.say("Evidence"), labels.evidence_name(plan.evidence_id, words)),
        *_origin(plan, words),
        (words.say("Hash of the evidence"), plan.evidence_hash[:12]),
        (words.say("Plan, frozen before the first step"), plan.plan_id),
    ]


def _sampling(plan: PilotPlan, unit: str, words: Words) -> str:
    """How batches are drawn, and whether noise is correlated."""
    mechanism = plan.arms[0].certificate.mechanism
    if mechanism.bands > 1:
        return words.say(
            "Poisson within one of {bands} groups that take turns; noise correlated over {bands} "
            "steps",
            bands=formats.exact(mechanism.bands),
        )
    if mechanism.largest_batch:
        return words.say(
            "Poisson: each {unit} joins each batch by chance; batches cut at {largest}",
            unit=unit,
            largest=formats.exact(mechanism.largest_batch),
        )
    return words.say("Poisson: each {unit} joins each batch by chance", unit=unit)


def _origin(plan: PilotPlan, words: Words) -> list[tuple[str, str]]:
    if plan.transfer is None:
        return []
    return [(words.say("Prediction"), provenance.transferred(plan.transfer, words))]


def progress(status: Status, plan: PilotPlan, words: Words) -> list[Metric]:
    """Four figures of the training under way."""
    arm = next((arm for arm in plan.arms if arm.name == status.arm), plan.arms[0])
    speed, spent = status.tokens_per_second, status.epsilon_spent
    return [
        Metric(
            label=words.say("Steps"),
            value=formats.exact(status.iteration),
            detail=words.say(
                "of {n}", n=formats.exact(status.iterations or arm.settings.config.iterations)
            ),
            help=words.say("Updates of the model in the training under way."),
        ),
        Metric(
            label=words.say("Speed"),
            value=_NONE if speed is None else formats.amount(speed, words.language),
            detail=_pace(status, words),
            help=words.say("Private training: gradients of single examples, clipped, and noise."),
        ),
        Metric(
            label=words.say("ε spent"),
            value=_NONE if spent is None else wording.epsilon(spent),
            detail=words.say(
                "of {epsilon} for this training", epsilon=promised_epsilon(arm.certificate)
            ),
            help=words.say(
                "Charged before a step is taken, so that an interruption never hides any."
            ),
        ),
        Metric(
            label=words.say("Time left"),
            value=(
                _NONE
                if status.seconds_left is None
                else pilot_labels.wall(status.seconds_left, words)
            ),
            detail=words.say("for the whole pilot"),
            help=words.say("At the pace so far."),
        ),
    ]


def _pace(status: Status, words: Words) -> str:
    if status.compiled is None or not status.compiled.is_used:
        return words.say("tokens a second")
    return words.say(
        "tokens a second, compiled: {times} times as fast",
        times=formats.plain(status.compiled.times),
    )


def measured(
    plan: PilotPlan, found: Verdict, results: Sequence[TrainingResult], words: Words
) -> Columns:
    """Losses of the arms beside what was predicted."""
    begun = plan.start_cross_entropy
    names = [
        *([] if begun is None else [words.say("Loss of the public model before any step")]),
        words.say("Held-out loss"),
        provenance.predicted_loss(found.transfer, words),
        words.say("Outcome"),
        words.say("Loss on the training text"),
        words.say("Model size (parameters)"),
        words.say("Compute (FLOPs)"),
    ]
    shown = {words.say("Figure"): names}
    for arm in found.arms:
        train = [r.train_loss for r in results if r.arm == arm.arm and r.train_loss is not None]
        shown[pilot_labels.arm(arm.arm, words)] = [
            *([] if begun is None else [formats.loss(begun)]),
            _with_error(arm.cross_entropy, arm.standard_error),
            wording.interval(arm.predicted, words),
            pilot_labels.outcome(arm.outcome, words),
            _NONE if not train else _with_error(fmean(train), _error_of_mean(train)),
            formats.exact(arm.model_size),
            formats.scientific(arm.compute_flops),
        ]
    return shown


def _error_of_mean(values: Sequence[float]) -> float | None:
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None


def _with_error(mean: float, error: float | None) -> str:
    return formats.loss(mean) if error is None else f"{formats.loss(mean)} ± {error:.3f}"

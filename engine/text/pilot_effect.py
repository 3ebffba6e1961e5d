"""What the last pilot changed for the decision, in one sentence, and how it speaks to the plan."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from engine.config import TrainingConfig
from engine.decision.pilot_effect import PilotEffect, Stand, Unmoved
from engine.text import figures, formats, labels, pilots, verdict
from engine.text.i18n import N_, Words
from engine.text.quantities import loss_range

_WHY: Mapping[Unmoved, str] = {
    Unmoved.NO_RECORD: N_("none of its trainings is in the run log"),
    Unmoved.TUNED: N_(
        "it began from a public model, and the law that the plan rests on is of trainings from "
        "nothing"
    ),
    Unmoved.OTHER_TEXT: N_(
        "it trained on {family}, and the plan rests on {evidence}: losses of different texts do "
        "not compare"
    ),
    Unmoved.TOO_SHORT: N_("its trainings ended before a law counts them"),
    Unmoved.PINNED: N_("a kept version of the law answers, which was made without it"),
    Unmoved.NOT_REFITTED: N_(
        "the law in use was fitted before it ended (refit it on the page Pilot)"
    ),
}


def sentence(found: PilotEffect, words: Words) -> str:
    """What it changed of plan, worth and verdict, before and after; or that it changed nothing, and
    why. How weak it was where it was no test of its recommendation."""
    return words.joined([_changed(found, words), pilots.weak(found.apart, words) or None])


def _changed(found: PilotEffect, words: Words) -> str:
    day = f"{found.ended_at.astimezone(UTC):%Y-%m-%d}"
    if found.unmoved is not None:
        return words.say(
            "The pilot of {day} changed nothing the decision rests on: {why}.",
            day=day,
            why=words.say(
                _WHY[found.unmoved],
                family=labels.evidence_name(found.family, words),
                evidence=labels.evidence_name(found.evidence_id, words),
            ),
        )
    runs = words.count("{n} run", "{n} runs", found.counted)
    if found.before is None:
        return words.say(
            "The pilot of {day} made the decision possible: without its {runs} the question has no "
            "answer.",
            day=day,
            runs=runs,
        )
    if not found.changed:
        return words.say(
            "The pilot of {day} changed nothing of the decision: with its {runs} in the law, plan, "
            "worth and verdict stay what they were ({plan}; net present value {npv}; {verdict}).",
            day=day,
            runs=runs,
            plan=_plan(found.after.plan.config, words),
            npv=_npv(found.after, words),
            verdict=verdict.name(found.after.verdict.code, words),
        )
    said: list[tuple[str, Callable[[Stand], str]]] = [
        (words.say("plan"), lambda one: _plan(one.plan.config, words)),
        (words.say("expected loss"), lambda one: _loss(one, words)),
        (words.say("net present value"), lambda one: _npv(one, words)),
        (words.say("verdict"), lambda one: verdict.name(one.verdict.code, words)),
    ]
    return words.say(
        "With the {runs} of the pilot of {day} in the law: {changes}.",
        day=day,
        runs=runs,
        changes="; ".join(
            _change(name, say(found.before), say(found.after), words) for name, say in said
        ),
    )


def transfer(found: PilotEffect, words: Words) -> str:
    """How so small a training speaks to so large a plan: through the law, whose range says how
    far."""
    way, loss = found.transfer, found.after.plan.cross_entropy
    how_far = words.say(
        "It trained {size} parameters; the plan has {factor} times as many and takes {compute} "
        "times the compute.",
        size=formats.amount(way.model_size, words.language),
        factor=_factor(way.size_factor),
        compute=_factor(way.compute_factor),
    )
    if found.counted:
        through = words.say(
            "It speaks to the plan only through the law, whose range there is {range}: {share} of "
            "its variance stands for the way from the nearest training.",
            range=loss_range(loss, words),
            share=formats.percent(way.distance_share, words.language),
        )
    else:
        through = words.say(
            "The plan's range, {range}, takes nothing from it.", range=loss_range(loss, words)
        )
    return words.joined([how_far, through])


def unreadable(count: int, words: Words) -> str:
    """That pilots cannot be read; empty where all can."""
    if not count:
        return ""
    return words.count(
        "{n} pilot cannot be read: whether it changed anything is unknown.",
        "{n} pilots cannot be read: whether they changed anything is unknown.",
        count,
    )


def document(found: PilotEffect, words: Words) -> dict[str, Any]:
    """The effect as plain values; money in the currency of ``words``."""
    way = found.transfer
    return {
        "plan_id": found.plan_id,
        "ended_at": found.ended_at.isoformat(),
        "family": found.family,
        "evidence": found.evidence_id,
        "trainings": found.trainings,
        "counted": found.counted,
        "unmoved": found.unmoved,
        "apart": found.apart,
        "changed": found.changed,
        "before": None if found.before is None else _stand(found.before, words),
        "after": _stand(found.after, words),
        "transfer": {
            "model_size": way.model_size,
            "size_factor": way.size_factor,
            "compute_factor": way.compute_factor,
            "distance_share": way.distance_share,
        },
        "sentence": sentence(found, words),
        "transfer_sentence": transfer(found, words),
    }


def _change(name: str, before: str, after: str, words: Words) -> str:
    if before == after:
        return words.say("{name} stays {value}", name=name, value=after)
    return words.say("{name} {before} → {after}", name=name, before=before, after=after)


def _stand(stand: Stand, words: Words) -> dict[str, Any]:
    config, loss = stand.plan.config, stand.plan.cross_entropy
    return {
        "model_size": config.model_size,
        "batch_size": config.batch_size,
        "iterations": config.iterations,
        "cross_entropy": {"value": loss.value, "low": loss.low, "high": loss.high},
        "npv": None if stand.npv is None else stand.npv / (words.jpy_per_usd or 1.0),
        "verdict": str(stand.verdict.code),
    }


def _plan(config: TrainingConfig, words: Words) -> str:
    return words.say(
        "{size} parameters in {steps} of {batch}",
        size=formats.amount(config.model_size, words.language),
        steps=labels.steps(config.iterations, words),
        batch=formats.amount(config.batch_size, words.language),
    )


def _loss(stand: Stand, words: Words) -> str:
    loss = stand.plan.cross_entropy
    return formats.bracketed(formats.loss(loss.value), loss_range(loss, words), words.language)


def _npv(stand: Stand, words: Words) -> str:
    return words.say("not known") if stand.npv is None else figures.money(stand.npv, words)


def _factor(value: float) -> str:
    return formats.scientific(value, 2) if value >= 1e5 else formats.plain(value, 2)

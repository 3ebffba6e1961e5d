"""The numbers of a law's forms: what each means, its interval, its unit, what decides it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.law.inspection import Estimate, Inspection
from engine.text import formats, labels
from engine.text.i18n import N_, Words

_MOSTLY = 0.5
"""Share of the variance from which on the prior decides more than the evidence."""


class _Unit(StrEnum):
    LOSS = "loss"
    ODDS = "odds"
    NOISE = "noise"
    STEPS = "steps"
    SHARE = "share"
    NONE = "none"


_UNITS = {
    _Unit.ODDS: N_("odds"),
    _Unit.NOISE: N_("σ/B, one over examples"),
    _Unit.STEPS: N_("steps"),
    _Unit.SHARE: N_("share"),
    _Unit.NONE: N_("none"),
}


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    """A parameter in words; ``text`` may name the reference: {size}, {steps}, {noise}."""

    text: str
    unit: _Unit = _Unit.NONE


_MEANINGS = {
    "entropy": _Meaning(text=N_("Loss that no size and no training removes"), unit=_Unit.LOSS),
    "log_capacity": _Meaning(text=N_("What a model of {size} cannot express"), unit=_Unit.ODDS),
    "capacity_exponent": _Meaning(
        text=N_("How fast a larger model removes that: exponent of the size")
    ),
    "log_odds": _Meaning(
        text=N_("Learnt over not yet learnt after {steps} without noise"), unit=_Unit.ODDS
    ),
    "log_steps": _Meaning(text=N_("What {steps} leave unlearnt"), unit=_Unit.ODDS),
    "steps_exponent": _Meaning(
        text=N_("How fast further steps reduce what is not yet learnt: exponent of the steps")
    ),
    "noise_size_exponent": _Meaning(
        text=N_("How much more a larger model suffers from the same noise: exponent of the size")
    ),
    "log_noise_scale": _Meaning(
        text=N_("Noise that halves what a step is worth to a model of {size}"), unit=_Unit.NOISE
    ),
    "log_noise": _Meaning(text=N_("What a noise-batch ratio of {noise} adds"), unit=_Unit.ODDS),
    "noise_exponent": _Meaning(text=N_("How steeply noise counts: its exponent")),
    "noise_middle": _Meaning(text=N_("Noise at half of its effect"), unit=_Unit.NOISE),
    "size_pace": _Meaning(
        text=N_("How much faster per step a larger model learns: exponent of the size")
    ),
    "plateau_share": _Meaning(
        text=N_("Loss under overwhelming noise over that of guessing"), unit=_Unit.SHARE
    ),
    "log_onset": _Meaning(text=N_("Steps that training needs to get going"), unit=_Unit.STEPS),
    "averaging": _Meaning(
        text=N_("How far further steps average noise out (½: fully): exponent of the steps")
    ),
    "mixing": _Meaning(text=N_("How far the worst limit alone decides (1: limits add up)")),
}
_IN_NATS = "bounded_l2"
"""The form whose amplitudes are losses, not odds."""
_OTHERWISE = {
    ("effective_steps", "log_odds"): _Meaning(
        text=N_("{steps} over the steps that begin to count"), unit=_Unit.NONE
    ),
}


def table(inspection: Inspection, words: Words) -> dict[str, list[str]]:
    """A row a number of the leading form: in words, its interval, its unit, what decides it."""
    found: dict[str, list[str]] = {}
    interval = words.say("Value (90% interval)")
    for one in inspection.leading.estimates:
        unit, show = scale(inspection, one, words)
        ends = (show(one.interval.low), show(one.interval.high))
        inside = formats.between(*ends, words.language)
        row = {
            words.say("Parameter"): named(inspection, one.name, words),
            interval: formats.bracketed(show(one.interval.value), inside, words.language),
            words.say("Unit"): unit,
            words.say("Decided by"): _decided(one, words),
        }
        for head, cell in row.items():
            found.setdefault(head, []).append(cell)
    return found


def _meaning(form: str, name: str) -> _Meaning:
    return _OTHERWISE.get((form, name)) or _MEANINGS[name]


def _reference(inspection: Inspection, words: Words) -> dict[str, str]:
    at = inspection.leading.reference
    size = formats.amount(at.model_size, words.language)
    known = (
        words.say("{n} parameters", n=size)
        if inspection.counts_embeddings
        else words.say("{n} parameters without embeddings", n=size)
    )
    return {
        "size": known,
        "steps": labels.steps(at.iterations, words),
        "noise": formats.scientific(at.noise_batch_ratio),
    }


def named(inspection: Inspection, name: str, words: Words) -> str:
    """A number of the leading form by its meaning."""
    meaning = _meaning(inspection.leading.name, name)
    return words.say(meaning.text, **_reference(inspection, words))


def scale(
    inspection: Inspection, one: Estimate, words: Words
) -> tuple[str, Callable[[float], str]]:
    """The unit in words, and how a number of it is shown: amplitudes are fitted as logarithms."""
    unit = _meaning(inspection.leading.name, one.name).unit
    at, loss = inspection.leading.reference, words.field(words.loss_unit.measure)
    logarithmic = one.name.startswith("log_") or one.name == "noise_middle"
    if unit is _Unit.LOSS:
        return loss, formats.loss
    if unit is _Unit.NOISE:
        return words.say(_UNITS[unit]), lambda value: formats.scientific(
            math.exp(value) * at.noise_batch_ratio, 2
        )
    if unit is _Unit.STEPS:
        return words.say(_UNITS[unit]), lambda value: formats.count(
            math.exp(value) * at.iterations, words.language
        )
    named = loss if unit is _Unit.ODDS and inspection.leading.name == _IN_NATS else None
    return named or words.say(_UNITS[unit]), lambda value: formats.plain(
        math.exp(value) if logarithmic else value, 2
    )


def _decided(one: Estimate, words: Words) -> str:
    if one.prior_share <= _MOSTLY:
        return words.say("the runs")
    return words.say(
        "mostly assumed beforehand ({share})",
        share=formats.percent(min(one.prior_share, 1.0), words.language),
    )

"""Sentences made from a decision, in plain words before jargon, in the page's language.

Every function is pure: engine values and :class:`Words` in, text out. Values carry their units;
an interval stands in brackets after its value.
"""

import math

from engine.api.decisions import (
    Answer,
    Baseline,
    Binds,
    Code,
    Decision,
    Saturation,
    Support,
    Word,
    findings,
)
from engine.api.money import TRANSFER
from engine.interval import Interval
from engine.text import bounds, figures, formats, labels
from engine.text.i18n import N_, Words

_ALL = 0.9
"""Of a budget, from which what is enough is called all of it."""
_BINDING = {
    ("compute", "data"): N_(
        "Compute is what binds now: twice the compute lowers the loss by {gain}, "
        "twice the people by {other}."
    ),
    ("compute", "epsilon"): N_(
        "Compute is what binds now: twice the compute lowers the loss by {gain}, "
        "twice the ε by {other}."
    ),
    ("data", "compute"): N_(
        "Data is what binds now: twice the people lower the loss by {gain}, "
        "twice the compute by {other}."
    ),
    ("data", "epsilon"): N_(
        "Data is what binds now: twice the people lower the loss by {gain}, twice the ε by {other}."
    ),
    ("epsilon", "compute"): N_(
        "Privacy is what binds now: twice the ε lowers the loss by {gain}, "
        "twice the compute by {other}."
    ),
    ("epsilon", "data"): N_(
        "Privacy is what binds now: twice the ε lowers the loss by {gain}, "
        "twice the people by {other}."
    ),
}

_BOTH_BIND = {
    "compute": N_(
        "Data and privacy bind now: twice the people lower the loss by {data}, twice the ε by "
        "{epsilon}, twice the compute by {compute}."
    ),
    "data": N_(
        "Compute and privacy bind now: twice the compute lowers the loss by {compute}, twice the ε "
        "by {epsilon}, twice the people by {data}."
    ),
    "epsilon": N_(
        "Compute and data bind now: twice the compute lowers the loss by {compute}, twice the "
        "people by {data}, twice the ε by {epsilon}."
    ),
}
"""By the budget that does not bind."""


def loss(interval: Interval, words: Words) -> str:
    inside = formats.between(
        formats.loss(interval.low), formats.loss(interval.high), words.language
    )
    return formats.bracketed(formats.loss(interval.value), inside, words.language)


def headline(answer: Answer, words: Words) -> str:
    """Line 1: what to train; where that is not asked for, what would be trained."""
    if answer.verdict.code is Code.TRAIN:
        return decision(answer.decision, words)
    return plan(answer.decision, words)


def plan(answer: Decision, words: Words) -> str:
    """The best plan within the budgets, without saying that it should be done."""
    best, language = answer.recommendation, words.language
    return words.say(
        "The best plan within these budgets: a model of {model} parameters, {steps} on "
        "batches of {people}. It would reach a loss of {loss} for {money}.",
        model=formats.amount(best.config.model_size, language),
        steps=labels.steps(best.config.iterations, words),
        people=labels.people(best.config.batch_size, words),
        loss=loss(best.cross_entropy, words),
        money=figures.price(answer.cost.jpy, words),
    )


def decision(answer: Decision, words: Words) -> str:
    """The plan as something to do."""
    best, language = answer.recommendation, words.language
    return words.say(
        "Train a model of {model} parameters, {steps} on batches of {people}. "
        "Expect a loss of {loss} for {money}.",
        model=formats.amount(best.config.model_size, language),
        steps=labels.steps(best.config.iterations, words),
        people=labels.people(best.config.batch_size, words),
        loss=loss(best.cross_entropy, words),
        money=figures.price(answer.cost.jpy, words),
    )


def binding(answer: Decision, words: Words) -> str:
    """Line 2: which budget binds, and what the least useful one would buy instead."""
    found = findings.binding(answer.doubling)
    first, _, least = found.ranked
    shown = {name: formats.percent(gain, words.language) for name, gain in found.gains.items()}
    match found.binds:
        case Binds.NONE:
            return words.say(
                "No budget binds: doubling any one of the three lowers the loss by less than "
                "{gain}.",
                gain=formats.percent(findings.NEGLIGIBLE, words.language),
            )
        case Binds.ALL:
            return words.say(
                "The three budgets are in balance: doubling any one lowers the loss by {range}.",
                range=formats.between(shown[least], shown[first], words.language),
            )
        case Binds.TWO:
            return words.say(_BOTH_BIND[least], **shown)
    return words.say(_BINDING[first, least], gain=shown[first], other=shown[least])


def second_line(answer: Decision, words: Words) -> str:
    """What binds, and where that is so: that it is hopeless, that less compute would do."""
    said = [hopeless(answer, words), binding(answer, words), overspending(answer, words)]
    return words.joined(said)


def in_plain_words(answer: Answer, words: Words) -> str:
    """How good the model is, between guessing and the same budgets without privacy."""

    def chance(loss: float) -> str:
        return formats.percent(math.exp(-loss), words.language)

    shown = {
        "plan": chance(answer.decision.recommendation.cross_entropy.value),
        "guess": chance(findings.loss_of_guessing(answer.decision)),
    }
    plain = answer.study.without_privacy if answer.study else None
    if words.loss_unit.measure.of_bytes:
        said = N_(
            "In plain words: it gives the right next byte a chance of {plan} on average (geometric "
            "mean); guessing gives {guess}."
        )
    elif plain is None:
        said = N_(
            "In plain words: it gives the right token a chance of {plan} on average (geometric "
            "mean); guessing gives {guess}."
        )
    else:
        shown["plain"] = chance(plain.loss.value)
        said = N_(
            "In plain words: it gives the right token a chance of {plan} on average (geometric "
            "mean); guessing gives {guess}, training without privacy would give {plain}."
        )
    return words.say(said, **shown)


def hopeless(answer: Decision, words: Words) -> str | None:
    """That the model may be no better than guessing, where its interval reaches that far."""
    if not findings.learns_nothing(answer):
        return None
    return words.say(
        "Such a model would learn next to nothing: guessing has a loss of {guessing}. "
        "Take more people or a larger ε.",
        guessing=formats.loss(findings.loss_of_guessing(answer)),
    )


def overspending(answer: Decision, words: Words) -> str | None:
    """That less compute would do, where it would: a share of the budget is as good."""
    if (spent := findings.unspent(answer)) is not None:
        return words.say(
            "The plan uses {share} of the compute budget: the rest would buy nothing.",
            share=formats.percent(spent, words.language),
        )
    if (share := findings.enough(answer)) is None:
        return None
    return words.say(
        "With {share} of this compute the loss is already within {tolerance} of the best.",
        share=formats.percent(share, words.language),
        tolerance=formats.percent(answer.saturation.tolerance, words.language),
    )


def factor(rule: Baseline, words: Words) -> str | None:
    """How many times the compute, with its interval, or the bound; None: nothing is known."""
    value = bounds.factor(rule, words)
    if rule.compute_factor is None or value is None:
        return value
    return formats.bracketed(value, factor_interval(rule, words), words.language)


def factor_interval(rule: Baseline, words: Words) -> str:
    """The interval of the factor; open where the rule leaves what may be compared."""
    low, high = rule.factor.low, rule.factor.high
    if low is not None and high is not None:
        least, most = labels.multiple(low, words), labels.multiple(high, words)
        return words.say("{n}×", n=formats.between(least, most, words.language))
    found = bounds.span(rule.factor, lambda end: labels.times(end, words), words)
    return found or words.say("interval unknown")


def saving(answer: Decision, words: Words) -> str:
    """Both strengths of the non-private rule against the recommendation."""
    tuned, practised = answer.rule_tuned, answer.rule_practised
    needed, usual = factor(tuned, words), factor(practised, words)
    limit = formats.scientific(tuned.searched_flops)
    if needed is None and not tuned.searched_flops:
        first = words.say(
            "How much compute the usual rule (20 tokens per parameter) needs for the same loss at "
            "the same privacy is unknown: none of its plans lies near enough to the evidence to be "
            "compared."
        )
    elif needed is None:
        first = words.say(
            "How much compute the usual rule (20 tokens per parameter) needs for the same loss at "
            "the same privacy is unknown: the evidence can compare it up to {limit} FLOPs only.",
            limit=limit,
        )
    elif tuned.compute_factor is None:
        first = words.say(
            "For the same loss at the same privacy, the usual rule (20 tokens per parameter) needs "
            "{bound} the compute, even with its batch size tuned for privacy, as far as the "
            "evidence goes: it can compare the rule up to {limit} FLOPs.",
            bound=needed,
            limit=limit,
        )
    else:
        first = words.say(
            "For the same loss at the same privacy, the usual rule (20 tokens per parameter) needs "
            "{factor} the compute, even with its batch size tuned for privacy.",
            factor=needed,
        )
    sentences = [first]
    if usual is not None:
        sentences.append(
            words.say("With the batch size it is used with today, it needs {factor}.", factor=usual)
        )
    elif needed is not None:
        sentences.append(
            words.say("With the batch size it is used with today, what it needs is unknown.")
        )
    where = findings.stronger_rule(answer).extrapolation
    if where is not None and where.support is Support.OUTSIDE:
        sentences.append(
            words.say(
                "The rule's own plan lies far from what was measured: take this comparison as a "
                "lead."
            )
        )
    return words.joined(sentences)


def saturation(answer: Decision, words: Words) -> str:
    """Where the saturation point lies from here."""
    if answer.saturation.compute_flops is None:
        return words.say("unknown beyond, where the search ends")
    ratio = answer.saturation.compute_flops / answer.budget.compute_flops
    if ratio >= 1:
        return words.say("{factor} this budget", factor=labels.times(ratio, words))
    if ratio > _ALL:
        return words.say("as much as this budget")
    return words.say(
        "already passed: {share} of this budget is enough",
        share=formats.percent(ratio, words.language),
    )


def saturation_sentence(point: Saturation, words: Words) -> str:
    """Up to where compute helps, or that this is not known."""
    if point.compute_flops is None:
        return words.say(
            "Compute helps up to {limit} FLOPs; whether it helps beyond is unknown.",
            limit=bounds.least_saturation(point, words),
        )
    return words.say(
        "{saturation} from {limit} FLOPs on.",
        saturation=saturation_label(point, words),
        limit=bounds.saturation(point, words),
    )


def saturation_label(point: Saturation, words: Words) -> str:
    return words.say(
        "Further compute buys under {tolerance}",
        tolerance=formats.percent(point.tolerance, words.language),
    )


def support(answer: Decision, words: Words) -> str:
    """How far the answer can be trusted: measured, near, extrapolated or unknown."""
    found = answer.extrapolation.reach
    if found.word is Word.MEASURED:
        return words.say("Measured: comparable runs have been trained.")
    name, factor = words.field(found.farthest), labels.distance(found.distance, words)
    if found.word is Word.NEAR:
        return words.say(
            "Near what was measured: the nearest run is about {factor} away, most in {name}.",
            name=name,
            factor=factor,
        )
    if found.word is Word.EXTRAPOLATED:
        return words.say(
            "Extrapolated: the nearest run is about {factor} away, most in {name}. "
            "Take the answer as a lead: a pilot would show whether it holds there.",
            name=name,
            factor=factor,
        )
    return words.say(
        "Unknown: the nearest run is about {factor} away, most in {name}. Nobody has measured "
        "anything like it: a pilot would be the first check of these figures.",
        name=name,
        factor=factor,
    )


def limits(answer: Decision, words: Words) -> str:
    """What the evidence does not cover, however near the question lies to it."""
    found = labels.evidence_limits(answer.evidence.id, words)
    spread = words.say(
        "The return counts a spread of {spread} of the loss (one standard deviation) for the step "
        "to your own text; a pilot on it narrows that.",
        spread=formats.percent(TRANSFER, words.language),
    )
    return words.joined([found, spread])


def wiggle(answer: Decision, words: Words) -> str:
    """What the tolerance allows: the smallest model that is as good."""
    best, small = answer.recommendation.config.model_size, findings.smaller_model(answer)
    tolerance = formats.percent(answer.wiggle_room.tolerance, words.language)
    if small is None:
        return words.say(
            "No smaller model in the search comes within {tolerance} of the best loss.",
            tolerance=tolerance,
        )
    return words.say(
        "A model of {small} parameters comes within {tolerance} of the best loss: "
        "{share} of the size, so cheaper to serve.",
        small=formats.amount(small, words.language),
        tolerance=tolerance,
        share=formats.percent(small / best, words.language),
    )

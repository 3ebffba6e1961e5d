"""Sentences made from a decision, in plain words before jargon, in the page's language.

Every function is pure: engine values and :class:`Words` in, text out. Values carry their units;
an interval stands in brackets after its value.
"""

import math

from engine.allocation.result import Baseline, Saturation, Support
from engine.decision.answer import Decision
from engine.interval import Interval
from engine.text import formats, labels
from engine.text.i18n import FIELDS, N_, Words

_NEGLIGIBLE = 0.001
"""Relative fall in loss below which doubling a budget is said to buy nothing."""
_SMALLER = 0.95
"""A model below this share of the recommended size is worth calling smaller."""
_BALANCED = 0.7
"""Least over largest gain above which no single budget is said to bind."""

_OVERSPENT = 0.8
"""Saturation below this share of the compute budget is worth a sentence."""

_GUESSING = 0.97
"""Share of the loss of guessing (ln vocabulary) from which an interval counts as reaching it."""

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


def decision(answer: Decision, words: Words) -> str:
    """Line 1: the decision."""
    best, language = answer.recommendation, words.language
    return words.say(
        "Train a {model}-parameter model, {steps} on batches of {people}. "
        "Expect a loss of {loss} for about {money}.",
        model=formats.amount(best.config.model_size, language),
        steps=labels.steps(best.config.iterations, words),
        people=labels.people(best.config.batch_size, words),
        loss=loss(best.cross_entropy, words),
        money=labels.money(answer.cost, words),
    )


def binding(answer: Decision, words: Words) -> str:
    """Line 2: which budget binds, and what the least useful one would buy instead."""
    gains = {
        "compute": max(0.0, answer.doubling.compute.value),
        "data": max(0.0, answer.doubling.data.value),
        "epsilon": max(0.0, answer.doubling.epsilon.value),
    }
    best = answer.doubling.binding
    least = min((name for name in gains if name != best), key=lambda name: gains[name])
    gain, other = (formats.percent(gains[name], words.language) for name in (best, least))
    if gains[best] < _NEGLIGIBLE:
        return words.say(
            "No budget binds: doubling any one of the three lowers the loss by less than {gain}.",
            gain=formats.percent(_NEGLIGIBLE, words.language),
        )
    if gains[least] > _BALANCED * gains[best]:
        return words.say(
            "The three budgets are in balance: doubling any one lowers the loss by {range}.",
            range=formats.between(other, gain, words.language),
        )
    (second,) = set(gains) - {best, least}
    if gains[second] > _BALANCED * gains[best]:
        shown = {name: formats.percent(gains[name], words.language) for name in gains}
        return words.say(_BOTH_BIND[least], **shown)
    return words.say(_BINDING[best, least], gain=gain, other=other)


def second_line(answer: Decision, words: Words) -> str:
    """What binds, and where that is so: that it is hopeless, that less compute would do."""
    said = [hopeless(answer, words), binding(answer, words), overspending(answer, words)]
    return joined([sentence for sentence in said if sentence], words)


def joined(sentences: list[str], words: Words) -> str:
    """Sentences in a row, as the language sets them."""
    return ("" if words.language == "ja" else " ").join(sentences)


def hopeless(answer: Decision, words: Words) -> str | None:
    """That the model may be no better than guessing, where its interval reaches that far."""
    guessing = math.log(answer.vocabulary_size)
    if answer.recommendation.cross_entropy.high < _GUESSING * guessing:
        return None
    return words.say(
        "Such a model would learn next to nothing: guessing has a loss of {guessing}. "
        "Take more people or a larger ε.",
        guessing=formats.loss(guessing),
    )


def overspending(answer: Decision, words: Words) -> str | None:
    """That less compute would do, where it would: a share of the budget is as good."""
    spent = answer.recommendation.config.compute_flops / answer.budget.compute_flops
    if spent < _OVERSPENT:
        return words.say(
            "The plan uses {share} of the compute budget: the rest would buy nothing.",
            share=formats.percent(spent, words.language),
        )
    share = answer.saturation.compute_flops / answer.budget.compute_flops
    if share > _OVERSPENT:
        return None
    return words.say(
        "With {share} of this compute the loss is already within {tolerance} of the best.",
        share=formats.percent(share, words.language),
        tolerance=formats.percent(answer.saturation.tolerance, words.language),
    )


def stronger(answer: Decision) -> Baseline:
    """The rule that needs less compute: the one that a headline may be measured against."""

    def need(rule: Baseline) -> float:
        return float("inf") if rule.compute_factor is None else rule.compute_factor

    return min(answer.rule_tuned, answer.rule_practised, key=need)


def factor(rule: Baseline, words: Words) -> str:
    """How many times the compute, with its interval where one is known."""
    value = labels.times(rule.compute_factor, words)
    if rule.factor_low is None:
        return value
    return formats.bracketed(value, factor_interval(rule, words), words.language)


def out_of_reach(rule: Baseline, words: Words) -> str:
    """That the rule never gets there, and what its own best loss would take our way."""
    if rule.matched_factor is None or rule.matched_factor < 1:
        return words.say("it never reaches this loss")
    return words.say(
        "never reaches it; what it does reach, this plan gets with 1/{n} of the compute",
        n=labels.multiple(rule.matched_factor, words),
    )


def factor_interval(rule: Baseline, words: Words) -> str:
    """The interval of the factor; open above where a resample never reaches the loss."""
    if rule.factor_low is None:
        return words.say("interval unknown")
    if rule.factor_high is None:
        return words.say("{factor} or more", factor=labels.times(rule.factor_low, words))
    low, high = (labels.multiple(f, words) for f in (rule.factor_low, rule.factor_high))
    return words.say("{n}×", n=formats.between(low, high, words.language))


def saving(answer: Decision, words: Words) -> str:
    """Both strengths of the non-private rule against the recommendation."""
    tuned, practised = answer.rule_tuned, answer.rule_practised
    if tuned.compute_factor is None:
        first = words.say(
            "The usual rule (20 tokens per parameter) never reaches this loss at this privacy, "
            "even with its batch size tuned for privacy; searched up to {limit} FLOPs.",
            limit=formats.scientific(tuned.searched_flops),
        )
    else:
        first = words.say(
            "For the same loss at the same privacy, the usual rule (20 tokens per parameter) needs "
            "{factor} the compute, even with its batch size tuned for privacy.",
            factor=factor(tuned, words),
        )
    if practised.compute_factor is None:
        second = words.say("With the batch size it is used with today, it never gets there.")
    else:
        second = words.say(
            "With the batch size it is used with today, it needs {factor}.",
            factor=factor(practised, words),
        )
    sentences = [first, second]
    where = stronger(answer).extrapolation
    if where is not None and where.support is Support.OUTSIDE:
        sentences.append(
            words.say(
                "The rule's own plan lies outside the evidence: take this comparison as a lead."
            )
        )
    return joined(sentences, words)


def saturation(answer: Decision, words: Words) -> str:
    """Where the saturation point lies from here."""
    ratio = answer.saturation.compute_flops / answer.budget.compute_flops
    if ratio >= 1:
        return words.say("{factor} this budget", factor=labels.times(ratio, words))
    return words.say(
        "already passed: {share} of this budget is enough",
        share=formats.percent(ratio, words.language),
    )


def saturation_label(point: Saturation, words: Words) -> str:
    return words.say(
        "Further compute buys under {tolerance}",
        tolerance=formats.percent(point.tolerance, words.language),
    )


def support(answer: Decision, words: Words) -> str:
    """How far the answer can be trusted: inside, at the edge of, or outside the evidence."""
    where = answer.extrapolation
    if where.support is Support.INSIDE:
        return words.say("Inside the evidence: comparable runs have been measured.")
    name, decades = where.farthest
    if where.support is Support.EDGE:
        return words.say(
            "At the edge of the evidence: {name} lies {factor} beyond what has been measured.",
            name=words.say(FIELDS[name]),
            factor=labels.times(10**decades, words),
        )
    return words.say(
        "Outside the evidence: {name} lies {factor} beyond what has been measured. "
        "Take the answer as a lead and run a pilot before deciding.",
        name=words.say(FIELDS[name]),
        factor=labels.times(10**decades, words),
    )


def smaller_model(answer: Decision) -> float | None:
    """Parameters of the smallest model within the tolerance, if clearly below the recommended."""
    room, best = answer.wiggle_room, answer.recommendation.config.model_size
    within = (room.excess <= room.tolerance).any(axis=1)
    if not within.any() or room.model_size[within].min() >= _SMALLER * best:
        return None
    return float(room.model_size[within].min())


def wiggle(answer: Decision, words: Words) -> str:
    """What the tolerance allows: the smallest model that is as good."""
    best, small = answer.recommendation.config.model_size, smaller_model(answer)
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

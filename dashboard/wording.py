"""Sentences made from a decision, in plain words before jargon, in the page's language.

Every function is pure: engine values and :class:`Words` in, text out. Values carry their units;
an interval stands in brackets after its value.
"""

from dashboard import formats
from dashboard.i18n import FIELDS, N_, Words
from engine.answers import Baseline, Cost, Decision, Interval, Saturation, Support
from engine.config import NeighbouringRelation, Sampling

_NEGLIGIBLE = 0.001
"""Relative fall in loss below which doubling a budget is said to buy nothing."""
SMALLER = 0.95
"""A model below this share of the recommended size is worth calling smaller."""
_BALANCED = 0.7
"""Least over largest gain above which no single budget is said to bind."""

_HOURS_A_YEAR = 8_766

_BINDING = {
    ("compute", "data"): N_(
        "Compute is what binds now: twice the compute lowers the loss by {gain}, "
        "twice the people by only {other}."
    ),
    ("compute", "epsilon"): N_(
        "Compute is what binds now: twice the compute lowers the loss by {gain}, "
        "twice the ε by only {other}."
    ),
    ("data", "compute"): N_(
        "Data is what binds now: twice the people lower the loss by {gain}, "
        "twice the compute by only {other}."
    ),
    ("data", "epsilon"): N_(
        "Data is what binds now: twice the people lower the loss by {gain}, "
        "twice the ε by only {other}."
    ),
    ("epsilon", "compute"): N_(
        "Privacy is what binds now: twice the ε lowers the loss by {gain}, "
        "twice the compute by only {other}."
    ),
    ("epsilon", "data"): N_(
        "Privacy is what binds now: twice the ε lowers the loss by {gain}, "
        "twice the people by only {other}."
    ),
}
_SAMPLING = {
    Sampling.POISSON: N_("Poisson: each person joins each batch by chance"),
    Sampling.DETERMINISTIC: N_("Fixed batches in turn"),
    Sampling.BEST: N_("Whichever needs less noise"),
}
_RELATION = {
    NeighbouringRelation.ADD_REMOVE: N_("one person's data added or removed"),
    NeighbouringRelation.ZERO_OUT: N_("one person's data replaced by nothing"),
}
_EVIDENCE = {"published-bert": N_("Published BERT runs (McKenna et al. 2025)")}


def people(n: float, words: Words) -> str:
    return words.count("{n} person", "{n} people", n)


def parameters(n: float, words: Words) -> str:
    return words.count("{n} parameter", "{n} parameters", n)


def steps(n: float, words: Words) -> str:
    return words.count("{n} step", "{n} steps", n, formats.count(n, words.language))


def duration(hours: float, words: Words) -> str:
    """Device time in the unit that needs the fewest digits."""
    if hours < 1 / 60:
        text = formats.plain(hours * 3600, 2) if hours * 3600 >= 1 else "<1"
        return words.count("{n} GPU second", "{n} GPU seconds", text == "1", text)
    if hours < 1:
        text = formats.plain(hours * 60, 2)
        return words.count("{n} GPU minute", "{n} GPU minutes", text == "1", text)
    if hours < 1_000:
        text = formats.plain(hours)
        return words.count("{n} GPU hour", "{n} GPU hours", text == "1", text)
    if hours < 2 * _HOURS_A_YEAR:
        text = formats.plain(hours / 24)
        return words.count("{n} GPU day", "{n} GPU days", text == "1", text)
    text = formats.amount(hours / _HOURS_A_YEAR, words.language)
    return words.count("{n} GPU year", "{n} GPU years", text == "1", text)


def money(cost: Cost, words: Words) -> str:
    return formats.yen(cost.jpy, words.language)


def times(factor: float, words: Words) -> str:
    """A multiple: 6.2× or 6.2倍."""
    return words.say("{n}×", n=_multiple(factor, words))


def _multiple(factor: float, words: Words) -> str:
    return formats.amount(factor, words.language) if factor >= 1000 else formats.plain(factor, 2)


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
        steps=steps(best.config.iterations, words),
        people=people(best.config.batch_size, words),
        loss=loss(best.cross_entropy, words),
        money=money(answer.cost, words),
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
    return words.say(_BINDING[best, least], gain=gain, other=other)


def stronger(answer: Decision) -> Baseline:
    """The rule that needs less compute: the one that a headline may be measured against."""

    def need(rule: Baseline) -> float:
        return float("inf") if rule.compute_factor is None else rule.compute_factor

    return min(answer.rule_tuned, answer.rule_practised, key=need)


def factor(rule: Baseline, words: Words) -> str:
    """How many times the compute, with its interval where one is known."""
    value = times(rule.compute_factor, words)
    if rule.factor_low is None:
        return value
    return formats.bracketed(value, factor_interval(rule, words), words.language)


def factor_interval(rule: Baseline, words: Words) -> str:
    """The interval of the factor; open above where a resample never reaches the loss."""
    if rule.factor_low is None:
        return words.say("interval unknown")
    if rule.factor_high is None:
        return words.say("{factor} or more", factor=times(rule.factor_low, words))
    low, high = (_multiple(f, words) for f in (rule.factor_low, rule.factor_high))
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
            words.say("The rule's own plan lies outside the evidence: take its figure as a lead.")
        )
    return ("" if words.language == "ja" else " ").join(sentences)


def saturation(answer: Decision, words: Words) -> str:
    """Where the saturation point lies from here."""
    ratio = answer.saturation.compute_flops / answer.budget.compute_flops
    if ratio >= 1:
        return words.say("{factor} this budget", factor=times(ratio, words))
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
    if where.support is Support.EDGE:
        return words.say("At the edge of the evidence: few runs near here have been measured.")
    name, decades = where.farthest
    return words.say(
        "Outside the evidence: {name} lies {factor} beyond what has been measured. "
        "Take the answer as a lead and run a pilot before deciding.",
        name=words.say(FIELDS[name]),
        factor=times(10**decades, words),
    )


def wiggle(answer: Decision, words: Words) -> str:
    """What the tolerance allows: the smallest model that is as good."""
    best, room = answer.recommendation.config.model_size, answer.wiggle_room
    tolerance = formats.percent(room.tolerance, words.language)
    if room.smallest_model >= SMALLER * best:
        return words.say(
            "No smaller model comes within {tolerance} of the best loss.", tolerance=tolerance
        )
    return words.say(
        "A model of {small} parameters comes within {tolerance} of the best loss: "
        "{share} of the size, so cheaper to serve.",
        small=formats.amount(room.smallest_model, words.language),
        tolerance=tolerance,
        share=formats.percent(room.smallest_model / best, words.language),
    )


def evidence_name(evidence_id: str, words: Words) -> str:
    return words.say(_EVIDENCE[evidence_id]) if evidence_id in _EVIDENCE else evidence_id


def sampling(name: str, words: Words) -> str:
    return words.say(_SAMPLING[Sampling(name)])


def relation(name: NeighbouringRelation, words: Words) -> str:
    return words.say(_RELATION[name])

"""Sentences of the question turned round: the least budget for a target, and the
ε that earns most; pure."""

from collections.abc import Callable

from engine.api.decisions import Answer
from engine.api.money import METRICS, Drawn, Goal, Least, Study
from engine.config import EPSILON_RANGE
from engine.text import bounds, figures, formats, labels
from engine.text.i18n import Words

_BETTER = 0.1
"""By so much an example of a target is better than what the plan reaches."""


def untold(answer: Answer, goal: Goal, words: Words) -> str:
    """What a target will be answered with, before one is typed."""
    return words.say(
        "The least of each budget that reaches the target will stand here, the other two held: "
        "what to ask for, if the goal is given. Type a target, for instance {example}.",
        example=example(answer, goal, words),
    )


def example(answer: Answer, goal: Goal, words: Words) -> str:
    """A target somewhat better than what the plan reaches; to lose nothing, of one that loses."""
    better = {Goal.LOSS: answer.outlay.plan.loss.value * (1 - _BETTER)}
    if answer.study is not None:
        worth, up = answer.study.appraisal, METRICS[words.metric].direction
        npv = max(0.0, worth.central_npv) * (1 + _BETTER)
        better[Goal.NPV] = npv / figures.jpy(1.0, words)
        better[Goal.METRIC] = worth.metric.value + up * _BETTER * abs(worth.metric.value)
    return f"{formats.rounded(better[goal], 2):.10g}"


def least(found: tuple[Least, ...], words: Words) -> list[tuple[str, str]]:
    """The least of each budget, with the other two held."""
    names = {
        "compute_flops": words.say("Least compute (FLOPs), people and ε held"),
        "data_budget": words.say("Fewest people, compute and ε held"),
        "epsilon": words.say("Smallest ε, compute and people held"),
    }
    shown = {
        "compute_flops": lambda value: formats.scientific(value),
        "data_budget": lambda value: formats.amount(value, words.language),
        "epsilon": lambda value: formats.plain(value),
    }
    return [(names[item.name], _least(item, shown[item.name], words)) for item in found]


def _least(item: Least, shown: Callable[[float], str], words: Words) -> str:
    """The value with its range, or with the probability that it suffices."""
    inside = None if item.range is None else bounds.span(item.range, shown, words)
    if item.value is None:
        if inside is None or item.range is None or item.range.low is None:
            return words.say("out of reach")
        return words.say("out of reach in most draws of the law; {range}", range=inside)
    value = shown(formats.rounded(item.value, up=True))  # less would not do
    if inside is not None:
        return words.say("{value} (90 % range: {range})", value=value, range=inside)
    if item.probability is not None:
        return words.say(
            "{value} (in the central case; suffices with a probability of {chance})",
            value=value,
            chance=figures.chance(item.probability, words),
        )
    return value


def best_epsilon(best: Drawn, here: float, study: Study, words: Words) -> str:
    """The ε that earns most on average, and the end of the range said as such; of the page's own
    ε, ``here``, as its ``study`` says, certified where the search estimates."""
    mean, chance = best.npv.value, best.probability
    if best.budget.epsilon == here:
        mean, chance = study.appraisal.npv.value, study.appraisal.probability
    said = words.say(
        "With this compute and these people, ε = {epsilon} earns most: {npv} on average over all "
        "cases, legal risk included; it pays with {chance} probability.",
        epsilon=formats.plain(best.budget.epsilon),
        npv=figures.money(mean, words),
        chance=figures.chance(chance, words),
    )
    if mean < 0:
        said = words.say(
            "No ε makes the plan pay with this compute and these people: {npv} at best, on average "
            "over all cases, at ε = {epsilon}.",
            epsilon=formats.plain(best.budget.epsilon),
            npv=figures.money(mean, words),
        )
    if best.budget.epsilon < EPSILON_RANGE[1]:
        return said
    more = words.say(
        "That is the largest ε searched: on these figures legal risk is too small to limit it, so "
        "choose ε by what you owe the people in the data."
    )
    return words.joined([said, more])


def best_people(best: Drawn, most: int, of_all: float, words: Words) -> str:
    """How many people earn most on average, of at most so many; ``of_all`` is the mean NPV, JPY,
    that the page answers for all of them, certified where the search estimates."""
    mean = of_all if best.people >= most else best.npv.value
    npv = figures.money(mean, words)
    if mean < 0:
        return words.say(
            "No number of them makes the plan pay: {npv} at best, on average over all cases.",
            npv=npv,
        )
    if best.people >= most:
        return words.say(
            "All of them: {npv} on average over all cases, legal risk included.", npv=npv
        )
    return words.say(
        "With this compute and this ε, {people} of them earn most: {npv} on average over all "
        "cases, legal risk included; it pays with {chance} probability. What more people cost and "
        "risk outweighs what they add.",
        people=labels.people(best.people, words),
        npv=npv,
        chance=figures.chance(best.probability, words),
    )

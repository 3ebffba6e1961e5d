"""What ``recommend`` says of a public start: its worth in money, or why that is not known."""

from typing import Any

from engine.decision.question import Question
from engine.decision.start_worth import Valued, start_worth
from engine.errors import InputError
from engine.interval import Interval
from engine.text import public_start
from engine.text.i18n import Words


def document(question: Question, words: Words) -> dict[str, Any]:
    """As plain values, money in the currency asked for. ``better``: whether a start beats a
    training from nothing; null for the ``reason`` given."""
    try:
        found = start_worth(question)
    except InputError as error:
        return {"better": None, "reason": words.plain_refusal(error)}
    if found is None:
        return {"better": False, "reason": public_start.no_gain(question.budget, words)}
    rate = question.jpy_per_usd or 1.0
    return {
        "better": True,
        "reason": None,
        "sentence": public_start.in_money(found, words),
        "family": found.comparison.family,
        "from_nothing": _way(found.nothing, rate),
        "from_start": _way(found.start, rate),
        "difference": _money(found.difference, rate),
        "probability_better": found.probability_better,
        "reach": str(found.reach),
        "not_covered": public_start.not_covered(words),
    }


def row(question: Question, words: Words) -> list[tuple[str, str]]:
    """The line of the table where a start is better and its value known."""
    try:
        found = start_worth(question)
    except InputError:
        return []
    if found is None:
        return []
    return [
        (words.say("Begun from a public model"), public_start.in_money(found, words)),
        ("", public_start.price(found, words)),
        ("", public_start.not_covered(words)),
    ]


def _way(one: Valued, rate: float) -> dict[str, Any]:
    way, loss = one.plan.way, one.plan.cross_entropy
    return {
        "start": None if way is None else way.method.start,
        "lora_rank": None if way is None else way.method.lora_rank,
        "model_size": one.plan.config.model_size,
        "cross_entropy": {"value": loss.value, "low": loss.low, "high": loss.high},
        "training_list_price": one.training_list_price / rate,
        "cash_to_approve": _money(one.cash_to_approve, rate),
        "npv": _money(one.npv, rate),
        "probability": one.probability,
        "reach": str(one.plan.reach),
    }


def _money(amount: Interval, rate: float) -> dict[str, float]:
    ends = {key: getattr(amount, key) / rate for key in ("value", "low", "high")}
    return {**ends, "level": amount.level}

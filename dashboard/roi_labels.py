"""Names, units and amounts of the ROI page.

>>> from dashboard.i18n import Words
>>> money(-27.3e6, Words("en")), money(-27.3e6, Words("ja"))
('−¥27.3M', '−2,730万円')
>>> figure("adoption", 0.6, Words("en")), figure("team_months", 6, Words("en"))
('60%', '6 months')
"""

import math

from dashboard import formats
from dashboard.i18n import FIELDS, N_, Words
from engine.roi.inputs import INPUTS

PARTS = {
    "npv": N_("Net present value"),
    "value": N_("Value"),
    "training": N_("Training"),
    "search": N_("Search"),
    "communication": N_("Communication"),
    "pilots": N_("Pilots"),
    "data_preparation": N_("Data"),
    "people": N_("Team"),
    "serving": N_("Serving"),
    "operation": N_("Operation"),
    "legal": N_("Legal risk left"),
    "legal_avoided": N_("Legal risk avoided"),
    "tax": N_("Tax"),
    "metric": N_("Metric"),
    "value_per_year": N_("Value a year"),
    "total_cost": N_("Total cost of ownership"),
    "payback": N_("Payback"),
    "internal_rate": N_("Internal rate of return"),
    "probability": N_("Probability that it pays"),
}
_UNITS = {
    "tasks/year": N_("{n} tasks/year"),
    "months": N_("{n} months"),
    "years": N_("{n} years"),
    "metric": N_("{n} minutes"),
    "nats/token": N_("{n} nats per token"),
    "JPY/USD": N_("{n} JPY per USD"),
    "USD/hour": N_("USD {n} an hour"),
    "FLOP/s": N_("{n} FLOP/s"),
    "factor": N_("{n}×"),
    "devices": N_("{n} devices"),
    "bytes": N_("{n} bytes"),
    "bytes/s": N_("{n} bytes/s"),
    "sites": N_("{n} sites"),
    "USD/GB": N_("USD {n} per GB"),
    "tokens/day": N_("{n} tokens/day"),
    "JPY/person": N_("{n} JPY per person"),
    "people": N_("{n} people"),
    "JPY/month": N_("{n} JPY a month"),
}
_PLAN = {
    "compute_flops": N_("{n} FLOPs"),
    "model_size": N_("{n} parameters"),
    "iterations": N_("{n} steps"),
    "data_budget": N_("{n} people"),
    "predicted_loss": N_("{n} nats per token"),
}
_MARKS = {
    "assumption": N_("assumption"),
    "definition": N_("definition"),
    "option": N_("option"),
}
_SHARES = ("share", "share/year")


def name(key: str, words: Words) -> str:
    """Name of a figure or a part of one, as it stands at the head of a line."""
    if key in PARTS:
        return words.say(PARTS[key])
    text = inline(key, words)
    return text[:1].upper() + text[1:]


def inline(key: str, words: Words) -> str:
    """Name of a figure inside a sentence."""
    return words.say(FIELDS[key]).removeprefix("the ")


def chance(probability: float, words: Words) -> str:
    """A probability from draws, which never makes anything quite sure.

    >>> chance(0.998, Words("en")), chance(0.85, Words("en"))
    ('over 99%', '85%')
    """
    if probability > 0.995:
        return words.say("over {n}", n="99%")
    if probability < 0.005:
        return words.say("under {n}", n="1%")
    return formats.percent(probability, words.language)


def money(jpy: float, words: Words) -> str:
    """Yen with its sign."""
    text = formats.yen(abs(jpy), words.language)
    return f"−{text}" if jpy < 0 else text


def range_of(low: str, high: str, words: Words) -> str:
    """A range whose ends may be negative, so that its dash is no minus."""
    between = words.say("{low} to {high}", low=low, high=high)
    return between if "−" in low + high else formats.between(low, high, words.language)


def money_range(low: float, high: float, words: Words) -> str:
    return range_of(money(low, words), money(high, words), words)


def months(value: float, words: Words) -> str:
    """A payback time; never where it is infinite."""
    if math.isinf(value):
        return words.say("never")
    return words.count("{n} month", "{n} months", round(value), formats.plain(round(value)))


def figure(key: str, value: float, words: Words) -> str:
    """A value of the table or the plan with its unit."""
    if key == "attack_advantage":
        return formats.percent(value, words.language)
    if key == "metric_curve":
        return metric(value, words)
    if key in _PLAN:
        number = formats.scientific(value) if key == "compute_flops" else None
        return words.say(_PLAN[key], n=number or formats.amount(value, words.language))
    unit = INPUTS[key].unit
    if unit in _SHARES:
        return formats.percent(value, words.language) if value else "0%"
    if unit == "JPY":
        return money(value, words)
    number = formats.scientific(value) if value >= 1e9 else formats.amount(value, words.language)
    return words.say(_UNITS[unit], n=number)


def metric(value: float, words: Words) -> str:
    """The default metric: minutes saved a task."""
    return words.say("{n} minutes", n=formats.plain(value, 2))


def unit(key: str, words: Words) -> str:
    """The unit alone, for the table."""
    text = INPUTS[key].unit
    if text in _SHARES:
        return words.say("share, 0 to 1")
    if text == "JPY":
        return words.say("yen")
    return words.say(_UNITS[text], n="").strip()


def source(text: str, words: Words) -> str:
    """A source whose first word may be one of ours, in the page's language."""
    for mark, shown in _MARKS.items():
        if text.startswith(mark):
            return words.say(shown) + text.removeprefix(mark)
    return text

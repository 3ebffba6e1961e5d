"""Names, units and amounts of the ROI page.

>>> from engine.text.i18n import Words
>>> money(-27.3e6, Words("en")), money(-27.3e6, Words("ja"))
('−¥27.3M', '−2,730万円')
>>> figure("adoption", 0.6, Words("en")), figure("team_months", 6, Words("en"))
('60%', '6 months')
"""

import math

from engine.interval import Interval
from engine.loss_unit import Measure
from engine.roi.appraise import NO_MONEY, Appraisal
from engine.roi.assumptions import Distribution
from engine.roi.inputs import CURVE_LOSSES, INPUTS
from engine.roi.inverse import Goal
from engine.roi.kinds import METRICS, MetricKind
from engine.roi.study import Study
from engine.text import formats
from engine.text.i18n import N_, Words

PARTS = {
    "npv": N_("Net present value"),
    "value": N_("Value"),
    "training": N_("Training"),
    "search": N_("Search"),
    "communication": N_("Communication"),
    "pilots": N_("Setting up pilots"),
    "data_preparation": N_("Data"),
    "people": N_("Team"),
    "serving": N_("Serving"),
    "operation": N_("Operation"),
    "legal": N_("Legal risk left"),
    "legal_avoided": N_("Legal risk avoided, present value"),
    "tax": N_("Tax"),
    "metric": N_("Metric"),
    "value_per_year": N_("Value a year"),
    "total_cost": N_("Total cost of ownership"),
    "payback": N_("Payback"),
    "internal_rate": N_("Internal rate of return"),
    "probability": N_("Probability that it pays"),
}
_DISTRIBUTIONS = {
    Distribution.FIXED: N_("Fixed"),
    Distribution.PERT: N_("Beta-PERT"),
    Distribution.LOGNORMAL: N_("Lognormal"),
}
_UNITS = {
    "tasks/year": N_("{n} tasks/year"),
    "months": N_("{n} months"),
    "years": N_("{n} years"),
    "metric": N_("{n} minutes"),
    "JPY/USD": N_("¥{n} per US dollar"),
    "USD/hour": N_("${n} an hour"),
    "FLOP/s": N_("{n} FLOP/s"),
    "factor": N_("{n}×"),
    "devices": N_("{n} devices"),
    "bytes": N_("{n} bytes"),
    "bytes/s": N_("{n} bytes/s"),
    "sites": N_("{n} sites"),
    "USD/GB": N_("${n} per GB"),
    "tokens/day": N_("{n} tokens/day"),
    "JPY/person": N_("¥{n} per person"),
    "people": N_("{n} people"),
    "JPY/month": N_("¥{n} a month"),
}
_PLAN = {
    "compute_flops": N_("{n} FLOPs"),
    "model_size": N_("{n} parameters"),
    "iterations": N_("{n} steps"),
    "data_budget": N_("{n} people"),
}
_KINDS = {
    MetricKind.MINUTES_SAVED: N_("Minutes saved a task"),
    MetricKind.TICKETS_RESOLVED: N_("Tickets resolved"),
    MetricKind.ERROR_RATE: N_("Error rate"),
    MetricKind.RESPONSE_TIME: N_("Response time"),
}
_EXAMPLES = {
    MetricKind.MINUTES_SAVED: ("4.5", "3.9", "2.4"),
    MetricKind.TICKETS_RESOLVED: ("0.45", "0.38", "0.25"),
    MetricKind.ERROR_RATE: ("0.025", "0.03", "0.05"),
    MetricKind.RESPONSE_TIME: ("70", "85", "110"),
}
"""Values of the metric at three losses, as one may have measured them."""
_MOSTLY = 0.5
"""Share of cases in which a plan is launched under which its cost of ownership says so."""
_MONEY = ("JPY", "JPY/person", "JPY/month")
"""Units that are amounts of money, shown in the reader's currency."""
_IN_DOLLARS = {
    "JPY/person": N_("${n} per person"),
    "JPY/month": N_("${n} a month"),
}
_COINS = {"JPY": 1.0, "USD": 0.01}
"""The least of a currency that anyone pays: what is less is often the rounding of a difference of
millions."""
_SHARES = ("share", "share/year")


def name(key: str, words: Words) -> str:
    """Name of a figure or a part of one, as it stands at the head of a line."""
    if key in PARTS:
        return words.say(PARTS[key])
    return _headed(inline(key, words))


def distribution(key: str, words: Words) -> str:
    """How a figure is drawn, by the name that files give it."""
    return words.say(_DISTRIBUTIONS[Distribution(key)])


def _headed(text: str) -> str:
    return text[:1].upper() + text[1:]


def inline(key: str, words: Words) -> str:
    """Name of a figure inside a sentence."""
    return words.field(key).removeprefix("the ")


def measured(words: Words) -> str:
    """What is measured, with its unit, at the head of a line."""
    by_unit = {
        "minutes": N_("{metric} (minutes)"),
        "share": N_("{metric} (share, 0 to 1)"),
        "seconds": N_("{metric} (seconds)"),
    }
    return words.say(by_unit[METRICS[words.metric].unit], metric=_headed(inline("metric", words)))


def example_pairs(words: Words) -> str:
    """Measured pairs of loss and metric with their unit, as one may type them."""
    measure = words.loss_unit.measure
    losses = ("0.6", "0.8", "1.0") if measure.of_bytes else ("2.0", "2.5", "3.0")
    pairs = zip(losses, _EXAMPLES[words.metric], strict=True)
    return "\n".join([str(measure), *(f"{loss}, {value}" for loss, value in pairs)])


def goal(key: Goal, words: Words) -> str:
    """What a target is set for, with its unit."""
    if key == Goal.METRIC:
        return measured(words)
    if key == Goal.LOSS:
        return words.say("Loss ({unit})", unit=words.field(words.loss_unit.measure))
    if words.jpy_per_usd:
        return words.say("Net present value (US dollars)")
    return words.say("Net present value (yen)")


def kind(key: str, words: Words) -> str:
    """A metric to choose."""
    return words.say(_KINDS[MetricKind(key)])


def currency(code: str, words: Words) -> str:
    """A currency to choose."""
    return {"JPY": words.say("Yen"), "USD": words.say("US dollars")}[code]


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
    """An amount in JPY with its sign, in whole coins of the currency that is shown.

    >>> money(-0.4, Words("en")), money(26.1, Words("ja"))
    ('¥0', '26円')
    >>> money(-27.1, Words("en", jpy_per_usd=150.0))
    '−$0.18'
    """
    coin = coin_of(words)
    coins = math.floor(abs(jpy) / coin + 0.5)
    return _signed(math.copysign(coins * coin, jpy) if coins else 0.0, words)


def coin_of(words: Words) -> float:
    """JPY of the least that is paid in the currency that is shown."""
    rate = words.jpy_per_usd
    return _COINS["USD"] * rate if rate else _COINS["JPY"]


def price(jpy: float, words: Words) -> str:
    """What something costs that is never nothing.

    >>> price(0.034, Words("en")), price(0.034, Words("ja")), price(654.0, Words("en"))
    ('under ¥1', '1円未満', '¥654')
    """
    coin = coin_of(words)
    if jpy < coin:
        return words.say("under {n}", n=_signed(coin, words))
    return money(jpy, words)


def _signed(jpy: float, words: Words) -> str:
    """An amount as it is, parts of a coin included: of the price of one thing of many."""
    shown = abs(jpy) / (words.jpy_per_usd or 1.0)
    text = (formats.usd if words.jpy_per_usd else formats.yen)(shown, words.language)
    return f"−{text}" if jpy < 0 else text


def jpy(shown: float, words: Words) -> float:
    """JPY of an amount in the currency that is shown."""
    return shown * (words.jpy_per_usd or 1.0)


def range_of(low: str, high: str, words: Words) -> str:
    """A range whose ends may be negative, so that its dash is no minus."""
    between = words.say("{low} to {high}", low=low, high=high)
    return between if "−" in low + high else formats.between(low, high, words.language)


def is_no_money(worth: Interval) -> bool:
    """Whether an amount is nothing that a decision hangs on, at both ends too.

    >>> one, million = Interval(value=0.2, low=-9.0, high=9.0, level=0.9), 1e6
    >>> is_no_money(one), is_no_money(Interval(value=0.2, low=-million, high=million, level=0.9))
    (True, False)
    """
    return max(abs(worth.low), abs(worth.value), abs(worth.high)) < NO_MONEY


def part(jpy: float, words: Words) -> str:
    """A part of a sum, with its sign: what costs less than a coin is not nothing.

    >>> part(-0.066, Words("en")), part(0.0, Words("en")), part(-255_000.0, Words("en"))
    ('under ¥1', '¥0', '−¥255,000')
    """
    tiny = 0 < abs(jpy) < coin_of(words)
    return price(abs(jpy), words) if tiny else money(jpy, words)


def money_range(low: float, high: float, words: Words) -> str:
    return range_of(money(low, words), money(high, words), words)


def inside(found: Interval, words: Words) -> str:
    """The range of an amount in JPY; where its mean lies above, what holds nearly always instead.

    >>> inside(Interval(value=789.0, low=0.0, high=0.0, level=0.9), Words("en"))
    '¥0 at most in 95% of cases; rare ones make the mean'
    """
    if found.value <= found.high:
        return money_range(found.low, found.high, words)
    return words.say(
        "{high} at most in {share} of cases; rare ones make the mean",
        high=money(found.high, words),
        share=formats.percent((1 + found.level) / 2, words.language),
    )


def months(value: float, words: Words) -> str:
    """A payback time; never where it is infinite."""
    if math.isinf(value):
        return words.say("never")
    return words.count("{n} month", "{n} months", round(value), formats.plain(round(value)))


def figure(key: str, value: float, words: Words) -> str:
    """A value of the table or the plan with its unit."""
    if key == "attack_advantage":
        return formats.percent(value, words.language)
    if key in ("metric_curve", "curve_form"):
        return metric(value, words)
    if key in ("predicted_loss", "law_transfer"):
        return f"{formats.loss(value)} {words.field(words.loss_unit.measure)}"
    if key in CURVE_LOSSES:
        return _loss(value, words.curve_unit, words)
    if key in _PLAN:
        number = formats.scientific(value) if key == "compute_flops" else None
        return words.say(_PLAN[key], n=number or formats.amount(value, words.language))
    unit = INPUTS[key].unit
    if unit in _SHARES:
        return formats.percent(value, words.language) if value else "0%"
    if unit == "JPY":
        return _signed(value, words)
    if unit == "metric" and words.metric != MetricKind.MINUTES_SAVED:
        return metric(value, words)
    if unit in _IN_DOLLARS and words.jpy_per_usd:
        value = value / words.jpy_per_usd
        return words.say(_IN_DOLLARS[unit], n=formats.amount(value, words.language))
    number = formats.scientific(value) if value >= 1e9 else formats.amount(value, words.language)
    return _counted(unit, value, number, words) or words.say(_UNITS[unit], n=number)


def _loss(value: float, unit: Measure, words: Words) -> str:
    return f"{formats.amount(value, words.language)} {words.field(unit)}"


def _counted(unit: str, value: float, number: str, words: Words) -> str | None:
    """A number of things that have a singular; None for other units."""
    match unit:
        case "people":
            return words.count("{n} person", "{n} people", value, number)
        case "months":
            return words.count("{n} month", "{n} months", value, number)
        case "years":
            return words.count("{n} year", "{n} years", value, number)
        case "devices":
            return words.count("{n} device", "{n} devices", value, number)
        case "sites":
            return words.count("{n} site", "{n} sites", value, number)
    return None


def metric(value: float, words: Words) -> str:
    """A value of the user's metric."""
    unit = METRICS[words.metric].unit
    if unit == "share":
        return formats.percent(value, words.language) if value else "0%"
    if unit == "seconds":
        return words.say("{n} seconds", n=formats.plain(value, 3))
    return words.say("{n} minutes", n=formats.plain(value, 2))


def unit(key: str, words: Words) -> str:
    """The unit alone, for the table."""
    if key in CURVE_LOSSES:
        return words.field(words.curve_unit)
    text = INPUTS[key].unit
    if text == "metric" and METRICS[words.metric].unit == "seconds":
        return words.say("{n} seconds", n="").strip()
    if text in _SHARES or (text == "metric" and METRICS[words.metric].share):
        return words.say("share, 0 to 1")
    if text == "JPY":
        return words.say("$") if words.jpy_per_usd else words.say("¥")
    if text in _IN_DOLLARS and words.jpy_per_usd:
        return words.say(_IN_DOLLARS[text], n="").strip()
    return words.say(_UNITS[text], n="").strip()


def shown(key: str, value: float, words: Words) -> float:
    """A value of the table as a plain number in the reader's currency.

    >>> shown("pilot_cost", 300.0, Words("en", jpy_per_usd=150.0))
    2.0
    >>> shown("adoption", 0.6, Words("en"))
    0.6
    """
    return value / words.jpy_per_usd if words.jpy_per_usd and INPUTS[key].unit in _MONEY else value


def kept(key: str, number: float, words: Words) -> float:
    """The value in the table of a number that is shown: the inverse of :func:`shown`."""
    return (
        number * words.jpy_per_usd if words.jpy_per_usd and INPUTS[key].unit in _MONEY else number
    )


def code(key: str, words: Words) -> str:
    """The unit of :func:`shown` as machines read it: ``JPY/person`` or ``USD/person``."""
    unit = str(words.curve_unit) if key in CURVE_LOSSES else INPUTS[key].unit
    return unit.replace("JPY", "USD") if words.jpy_per_usd and unit in _MONEY else unit


def payback(found: Appraisal, words: Words) -> str:
    """Payback with its interval; open where too many cases never pay back."""
    return payback_time(found.payback_months, words)


def payback_time(time: Interval, words: Words) -> str:
    """The same of an interval of months; inf says never."""
    if math.isinf(time.low):
        return months(time.value, words)
    return formats.bracketed(months(time.value, words), payback_range(time, words), words.language)


def payback_range(time: Interval, words: Words) -> str:
    """Its interval alone, "" where no case pays back."""
    if math.isinf(time.low):
        return ""
    if math.isinf(time.high):
        return words.say("{low} or more", low=months(time.low, words))
    low, high = (formats.plain(round(end)) for end in (time.low, time.high))
    return range_of(low, high, words)


def as_if_launched(study: Study | None, words: Words) -> str:
    """That the cost of ownership is that of a launched model, where the net present value launches
    it in fewer than half of all cases; else ""."""
    share = launched_in(study, words)
    if share is None:
        return ""
    return words.say(
        "as if launched; the net present value launches it in {chance} of cases",
        chance=share,
    )


def launched_in(study: Study | None, words: Words) -> str | None:
    """In how many of the cases the model is worth its running; None where in most of them, or where
    nobody knows."""
    if study is None or study.appraisal.launch_probability >= _MOSTLY:
        return None
    return chance(study.appraisal.launch_probability, words)


def internal_rate(found: Appraisal, words: Words) -> str:
    """One rate, none, or several."""
    rates = [formats.percent(rate, words.language) for rate in found.internal_rates]
    if not rates:
        return words.say("none")
    if len(rates) > 1:
        return words.say("several: {rates}", rates=", ".join(rates))
    return rates[0]


def axis_unit(largest: float, words: Words) -> tuple[float, str]:
    """JPY to one unit of an axis, and the unit's name.

    >>> axis_unit(3e8, Words("ja")), axis_unit(3e8, Words("en"))
    ((10000.0, '万円'), (1000000.0, '¥ million'))
    """
    rate = words.jpy_per_usd or 1.0
    largest = largest / rate
    if words.language == "ja":
        scale, name = (
            (1e8, "億") if largest >= 1e10 else (1e4, "万") if largest >= 1e5 else (1.0, "")
        )
        return scale * rate, name + ("ドル" if words.jpy_per_usd else "円")
    scale, name = (
        (1e9, " billion")
        if largest >= 1e10
        else (1e6, " million")
        if largest >= 1e7
        else (1e3, " thousand")
        if largest >= 1e4
        else (1.0, "")
    )
    return scale * rate, ("$" if words.jpy_per_usd else "¥") + name

"""How long a training takes on how many devices, and how published runs judge the forecast."""

from collections.abc import Callable, Sequence

from engine.cluster.calibration import Check, Spread
from engine.cluster.failures import RESTART_HOURS
from engine.cluster.forecast import DEARER, Forecast, Scale
from engine.cluster.published import Role
from engine.interval import Interval
from engine.text import figures, formats, quantities
from engine.text.i18n import N_, Words

_MUCH_OF_A_RUN = 0.1
"""Share of the device hours from which on the start is named."""
_ALL_OF_A_RUN = 0.95
"""The share that is said without a figure: rounded it would be all, and nothing for computing."""
_ROLES = {
    Role.CALIBRATION: N_("calibration"),
    Role.HELD_OUT: N_("held out"),
    Role.QUESTION: N_("question"),
}


def finding(found: Scale, devices: int, jpy_per_usd: float, words: Words) -> str:
    """What the training takes on ``devices``, and up to how many an hour's work is cheap.

    Amounts in JPY at ``jpy_per_usd``, shown in the words' own currency.
    """
    one = found.on(devices)
    name = found.machine.name
    if one is None:
        said = words.say(
            "{devices} {device} cannot be used together for this training: they need at least one "
            "example each, and room for the model.",
            devices=formats.exact(devices),
            device=name,
        )
    else:
        said = words.say(
            "On {devices} {device} this training takes {time} and {hours} device hours, for "
            "{money}. The ranges hold with {level} probability, by how the hours of {runs} "
            "published runs differed from the same forecast.",
            devices=formats.exact(devices),
            device=name,
            time=_time(one, words),
            hours=_ranged(one.hours, lambda n: formats.amount(n, words.language), words),
            money=_money(one, jpy_per_usd, words),
            level=formats.percent(one.hours.level, words.language),
            runs=formats.exact(found.errors.runs),
        )
        apart = words.say(
            "It is forecast from the devices; “{cost}” is another figure, the computing alone at "
            "the utilisation as entered, and the two differ.",
            cost=quantities.label("training_list_price", words),
        )
        if one.start >= _ALL_OF_A_RUN:
            apart = words.say(
                "It is forecast from the devices, and nearly all of it is their start ({minutes} "
                "minutes each, our assumption), however short the training. “{cost}” is another "
                "figure: the computing alone, at the utilisation as entered.",
                minutes=formats.plain(60 * RESTART_HOURS),
                cost=quantities.label("training_list_price", words),
            )
        elif one.start >= _MUCH_OF_A_RUN:
            apart = words.say(
                "It is forecast from the devices, and {share} of it is their start ({minutes} "
                "minutes each, our assumption), however short the training. “{cost}” is another "
                "figure: the computing alone, at the utilisation as entered.",
                share=formats.percent(one.start, words.language),
                minutes=formats.plain(60 * RESTART_HOURS),
                cost=quantities.label("training_list_price", words),
            )
        said = words.joined([said, apart])
    return words.joined([said, _most(found, devices, words)])


def _most(found: Scale, devices: int, words: Words) -> str | None:
    most = found.most
    if most.devices == devices:
        return None
    said = {
        "most": formats.exact(most.devices),
        "time": _time(most, words),
        "more": formats.percent(DEARER - 1, words.language),
    }
    if most.devices > devices:
        return words.say(
            "{most} devices finish in {time}, at most {more} dearer than the cheapest number; more "
            "than that save time at a higher price.",
            **said,
        )
    return words.say(
        "{most} devices take {time}; more than that cost over {more} more for the same work.",
        **said,
    )


def columns(found: Scale, jpy_per_usd: float, words: Words) -> dict[str, list[str]]:
    """A row for each number of devices."""

    def each(shown: Callable[[Forecast], str]) -> list[str]:
        return [shown(one) for one in found.forecasts]

    return {
        words.say("Devices"): each(lambda one: formats.exact(one.devices)),
        words.say("Time"): each(lambda one: _time(one, words)),
        words.say("Device hours"): each(
            lambda one: _ranged(one.hours, lambda n: formats.amount(n, words.language), words)
        ),
        words.say("Price"): each(lambda one: _money(one, jpy_per_usd, words)),
        words.say("Share of the peak"): each(
            lambda one: _ranged(
                one.utilisation, lambda n: formats.percent(n, words.language), words
            )
        ),
        words.say("Interruptions expected"): each(lambda one: _interruptions(one, words)),
    }


def limits(found: Scale, planned: float | None, words: Words) -> str:
    """What the forecast assumes and what its range leaves out. ``planned``: the share of the peak
    that the scenario reckons with; None where there is no scenario."""
    sizes, counts = found.errors.sizes, found.errors.devices
    said = [
        None
        if planned is None
        else words.say(
            "The scenario's own price reckons with {planned} of the peak.",
            planned=formats.percent(planned, words.language),
        ),
        words.say(
            "The forecast looks for the best way to lay the model out, and adds the exchange of "
            "gradients, a start, failures and checkpoints."
        ),
        words.say(
            "Its range does not cover the {overhead}× that privacy makes a step take (your "
            "assumption), a search for settings, waiting for devices, or slower networks. The runs "
            "behind it trained {low} to {high} parameters on {few} to {many} devices without "
            "privacy; this model has {size}.",
            overhead=formats.plain(found.training.dp_overhead),
            low=formats.amount(sizes[0], words.language),
            high=formats.amount(sizes[1], words.language),
            few=formats.exact(counts[0]),
            many=formats.exact(counts[1]),
            size=formats.amount(found.training.model_size, words.language),
        ),
    ]
    if not found.errors.told:
        said.append(
            words.say(
                "Activations are supposed to be kept where they fit; software that computes them "
                "again takes up to a third longer on such accelerators, by the count of operations "
                "and not measured by us (pilots on CPUs took longer); the range covers it."
            )
        )
    if found.unusable:
        said.append(
            words.say(
                "{counts} devices cannot be used: too few for the model, or more than examples.",
                counts=words.listed(map(formats.exact, found.unusable)),
            )
        )
    return words.joined(said)


def judged(told: Spread, untold: Spread, checks: Sequence[Check], words: Words) -> str:
    """How many rows set the constants, how many judged them, and how far they were off."""
    set_by = sum(one.run.role is Role.CALIBRATION for one in checks)
    return words.say(
        "{set_by} published rows set the three constants. {runs} whole runs that set none of them "
        "are off by {told} (root mean square) where the forecast is told whether activations were "
        "computed again, by {untold} where it is not; one share of the peak for all would be off "
        "by {plain}. A new run should take {low} to {high} times the forecast, or untold {least} "
        "to {most} times, with {level} probability.",
        set_by=formats.exact(set_by),
        runs=formats.exact(told.runs),
        told=formats.percent(told.root_mean_square, words.language),
        untold=formats.percent(untold.root_mean_square, words.language),
        plain=formats.percent(told.one_share, words.language),
        low=formats.plain(told.factor.low, 2),
        high=formats.plain(told.factor.high, 2),
        least=formats.plain(untold.factor.low, 2),
        most=formats.plain(untold.factor.high, 2),
        level=formats.percent(told.factor.level, words.language),
    )


def check_columns(
    told: Sequence[Check], untold: Sequence[Check], words: Words
) -> dict[str, list[str]]:
    """A row for each published row: what it took, and what the model says."""
    rows = list(told)

    def each(shown: Callable[[Check], str]) -> list[str]:
        return [shown(one) for one in rows]

    return {
        words.say("Published"): each(lambda one: one.run.name),
        words.say("Devices"): each(
            lambda one: f"{formats.exact(one.run.devices)} {one.run.machine.name}"
        ),
        words.say("Used as"): each(lambda one: words.say(_ROLES[one.run.role])),
        words.say("Device hours"): each(lambda one: _hours(one.run.device_hours)),
        words.say("Forecast"): each(lambda one: _hours(one.hours)),
        words.say("Share of the peak"): each(lambda one: _share(one.run.utilisation, words)),
        words.say("Forecast share"): each(lambda one: _share(one.utilisation, words)),
        words.say("Reported over forecast"): each(_off),
        words.say("The same, untold"): [_off(one) for one in untold],
        words.say("Source"): each(lambda one: one.run.source),
    }


def _ranged(amount: Interval, shown: Callable[[float], str], words: Words) -> str:
    if shown(amount.low) == shown(amount.high):
        return shown(amount.value)
    inside = formats.between(shown(amount.low), shown(amount.high), words.language)
    return formats.bracketed(shown(amount.value), inside, words.language)


def _time(one: Forecast, words: Words) -> str:
    """In the unit of its value, two digits, so that the range can be read."""
    days, unit = one.days, 1.0
    if days.value < 2 / 24:
        unit, template = 24 * 60, N_("{n} minutes")
    elif days.value < 2:
        unit, template = 24.0, N_("{n} hours")
    else:
        template = N_("{n} days")
    return words.say(template, n=_ranged(days, lambda n: formats.plain(n * unit, 2), words))


def _money(one: Forecast, jpy_per_usd: float, words: Words) -> str:
    return _ranged(one.usd, lambda usd: figures.money(usd * jpy_per_usd, words), words)


def _interruptions(one: Forecast, words: Words) -> str:
    """How many failures are expected until the end."""
    expected = one.days.value * 24 / one.losses.hours_between
    return formats.plain(expected, 2) if expected >= 0.01 else words.say("under {n}", n="0.01")


def _off(one: Check) -> str:
    return "—" if one.error is None else f"{one.error:+.0%}"


def _hours(hours: float | None) -> str:
    return "—" if hours is None else f"{formats.rounded(hours):,.0f}"


def _share(share: float | None, words: Words) -> str:
    return "—" if share is None else formats.percent(share, words.language)

"""The profile of a number of a law in words, the same on the page and the command line."""

from collections.abc import Callable

from engine.law.profile import Profile
from engine.text import formats
from engine.text.i18n import Words

MISSED = 0.1
"""Share of the threshold by which a refit may be better than the fit without a word."""


def profiled(
    found: Profile, words: Words, *, name: str | None = None, show: Callable[[float], str] = str
) -> str:
    """Between what ends the law fits about as well; ``show`` puts a value of the number, fitted
    perhaps as a logarithm, into the unit of its meaning."""
    shown = show if show is not str else lambda value: f"{value:.4g}"
    values = {
        "name": name or f"{found.form}.{found.name}",
        "value": shown(found.estimate),
        "level": formats.percent(found.level, words.language),
    }
    low, high = found.low, found.high
    if low is not None and high is not None:
        said = words.say(
            "{name}: {value}; held anywhere from {low} to {high} the law fits about as well "
            "({level}).",
            low=shown(low),
            high=shown(high),
            **values,
        )
    elif high is not None:
        said = words.say(
            "{name}: {value}; at most {high} ({level}), and downwards nothing decides before the "
            "form's own end, {end}.",
            high=shown(high),
            end=shown(found.bounds[0]),
            **values,
        )
    elif low is not None:
        said = words.say(
            "{name}: {value}; at least {low} ({level}), and upwards nothing decides before the "
            "form's own end, {end}.",
            low=shown(low),
            end=shown(found.bounds[1]),
            **values,
        )
    else:
        said = words.say(
            "{name}: {value}; the runs do not decide it: anywhere from {low} to {high}, all that "
            "the form allows, the law fits about as well ({level}).",
            low=shown(found.bounds[0]),
            high=shown(found.bounds[1]),
            **values,
        )
    if found.missed <= MISSED:
        return said
    better = words.say(
        "With the number held elsewhere a refit was better than the fit itself, which missed its "
        "best."
    )
    return words.joined([said, better])

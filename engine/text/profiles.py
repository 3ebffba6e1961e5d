"""Kinds of companies and tasks in words."""

from engine.decision.profiles import Profile
from engine.roi.kinds import MetricKind
from engine.text import formats
from engine.text.i18n import N_, Words

_NAMES = {
    "manufacturer": N_("A manufacturer, 5,000 employees"),
    "service": N_("A service, a million customers"),
    "platform": N_("A platform, ten million users"),
}
_TASKS = {
    MetricKind.MINUTES_SAVED: N_("Work with documents: minutes saved a task"),
    MetricKind.TICKETS_RESOLVED: N_("Questions of customers: resolved without a person"),
    MetricKind.ERROR_RATE: N_("Checking and classifying: fewer errors"),
    MetricKind.RESPONSE_TIME: N_("Answering: seconds until the answer"),
}


def name(code: str, words: Words) -> str:
    """A kind of company."""
    return words.say(_NAMES[code])


def basis(kind: Profile, words: Words) -> str:
    """Where the figures of a kind come from, and the one that hides in them."""
    return words.say(
        "An example of ours: its number of people and of tasks come from no statistics, and mean "
        "{each} such tasks a year for each person. Put your own figures in their place.",
        each=formats.plain(kind.tasks_per_year / kind.people),
    )


def task(metric: MetricKind, words: Words) -> str:
    """A task, and what is measured of it."""
    return words.say(_TASKS[metric])

"""Names on the Pilot page: corpora, arms, states, outcomes, time, and what the engine says in
parts.

>>> wall(292, Words("en")), wall(300, Words("ja")), wall(45, Words("en"))
('5 minutes', '5分', '45 seconds')
"""

from pathlib import PurePath

from engine.api.pilots import CorpusSource, Outcome, Rule, State, Status
from engine.errors import InputError
from engine.text import pilots
from engine.text.i18n import N_, Words

KINDS = {
    "folder": N_("Folder"),
    "jsonl": N_("JSONL"),
    "csv": N_("CSV"),
    "parquet": N_("Parquet"),
}
"""Of texts that are registered."""
_PUBLIC_TEXTS = {
    "docstrings": N_("English and code of Python's documentation"),
    "python-source": N_("Python code"),
    "Japanese sentences of Kessai's own catalogue": N_(
        "Japanese sentences of Kessai's own catalogue"
    ),
}
"""Of tokenizers that ship, or may be made without a text of one's own."""
_RULES = {
    Rule.WIDTH: N_("full-width and half-width signs"),
    Rule.INVISIBLE: N_("signs without width"),
    Rule.SPACE: N_("space around it"),
    Rule.NUMBER: N_("12 and 12.0"),
    Rule.MAIL_CASE: N_("case of mail addresses"),
    Rule.UUID: N_("case of UUIDs"),
    Rule.HYPHEN: N_("shapes of hyphens"),
}
"""But that for words which name nobody."""
_STATES = {
    State.PLANNED: N_("planned"),
    State.QUEUED: N_("starting"),
    State.PREPARING: N_("preparing"),
    State.TRAINING: N_("training"),
    State.PAUSED: N_("paused"),
    State.FINISHED: N_("finished"),
    State.FAILED: N_("stopped"),
    State.CANCELLED: N_("cancelled"),
    State.INTERRUPTED: N_("interrupted"),
    State.UNREADABLE: N_("cannot be read"),
}
_OUTCOMES = {
    Outcome.CONFIRMED: N_("confirmed"),
    Outcome.BETTER: N_("better than predicted"),
    Outcome.WORSE: N_("worse than predicted"),
    Outcome.WITHIN: N_("inside the range, which confirms nothing"),
    Outcome.SHORT: N_("measured, after fewer steps than were predicted"),
    Outcome.UNPREDICTED: N_("measured, nothing was predicted"),
}
REASONS = {
    "too short": N_("too short"),
    "empty": N_("empty"),
    "said before": N_("said before"),
    "not UTF-8": N_("not UTF-8"),
    "not text": N_("not text"),
    "no text in its column": N_("no text in its column"),
    "no unit in its column": N_("no unit in its column"),
    "not a JSON object": N_("not a JSON object"),
    "not a CSV row": N_("not a CSV row"),
    "longer than 64 MiB": N_("longer than 64 MiB"),
    "a link that leads out of the folder": N_("a link that leads out of the folder"),
}
"""Why a text is left out, as the engine counts them."""
DIED = N_(
    "The process ended without a word (killed, out of memory, out of power): resume it to go on "
    "from its last checkpoint."
)
"""The engine's sentence for an interrupted pilot, which it does not raise."""
STOPPED = (
    N_("Training diverged: a loss or a gradient is no number. Lower the learning rate."),
    N_(
        "Expected memory for one example of {tokens} tokens, got none: choose a smaller model or a "
        "shorter sequence."
    ),
    N_(
        "Training stopped because another of its processes is gone ({reason}). No step was taken "
        "that its ledger does not count: resume it to go on from its last checkpoint."
    ),
    N_(
        "Training stopped because its folder cannot be written ({reason}). Its last checkpoint is "
        "whole, and no step was taken that its ledger does not count. Free some space, then resume."
    ),
)
"""The engine's sentences for trainings that stop by themselves."""


def corpus(source: CorpusSource, words: Words) -> str:
    """A corpus by the name of its file."""
    if source.kind == "docstrings":
        return words.say("Docstrings")
    if source.kind == "python-source":
        return words.say("Functions of Python packages")
    return PurePath(source.path).name or source.path


def privacy_unit(source: CorpusSource) -> str:
    """Who is protected."""
    return source.unit


def arm(name: str, words: Words) -> str:
    return pilots.arm(name, words)


def state(of: State, words: Words) -> str:
    return words.say(_STATES[of])


def outcome(of: Outcome, words: Words) -> str:
    return words.say(_OUTCOMES[of])


def reason(status: Status, words: Words) -> str:
    """Why it stopped, in the page's language; empty where nothing is to be said."""
    return sentence(status.reason, status.values, words) if status.reason else ""


def sentence(template: str, values: dict[str, str], words: Words) -> str:
    """A reason as statuses and results carry it."""
    return words.refusal(InputError(template, **values))


def wall(seconds: float, words: Words) -> str:
    """Time on the clock, as exact as an estimate can be."""
    return pilots.wall(seconds, words)


def public_text(stated: str, words: Words) -> str:
    """What a tokenizer was trained on, in words; what somebody stated of it stays as it is."""
    return words.say(_PUBLIC_TEXTS[stated]) if stated in _PUBLIC_TEXTS else stated


def rules(source: CorpusSource, words: Words) -> str:
    """Which spellings of an identifier are taken for one person, and which are not."""
    off = [rule for rule in Rule if rule in source.rules_off]
    on = [words.say(name) for rule, name in _RULES.items() if rule not in off]
    apart = [words.say(name) for rule, name in _RULES.items() if rule in off]
    said = [
        words.say(
            "Counted as one person, whatever of these differs: {rules}.", rules=words.listed(on)
        )
        if on
        else None,
        words.say(
            "Different people, as the text was registered: {rules}.", rules=words.listed(apart)
        )
        if apart
        else None,
        words.say("“null”, “none” and the like are taken for people's names, as registered.")
        if Rule.NULL_WORD in off
        else words.say("“null”, “none” and the like name nobody."),
    ]
    return words.joined(said)

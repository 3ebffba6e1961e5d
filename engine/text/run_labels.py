"""What statuses and flags of runs are called."""

from engine.runs.catalogue import Listed
from engine.runs.imports.settle import Flag, Status
from engine.text.i18n import N_, Words

STATUSES = {
    Status.FINISHED: N_("finished"),
    Status.DIVERGED: N_("diverged"),
    Status.CUT: N_("cut"),
}
FLAGS = {
    Flag.SIZE_OUTLIER: N_("size off"),
    Flag.DUPLICATE: N_("copy"),
    Flag.UNIT_SUSPECT: N_("unit doubtful"),
    Flag.OUT_OF_RANGE: N_("out of range"),
    Flag.NON_MONOTONE: N_("rises at the end"),
    Flag.SEED_DISAGREEMENT: N_("seeds disagree"),
    Flag.INCOMPLETE: N_("incomplete"),
}


def statuses(words: Words) -> dict[str, str]:
    """Statuses by their values, with names."""
    return {str(one): words.say(name) for one, name in STATUSES.items()}


def flags(words: Words) -> dict[str, str]:
    """Flags by their values, with names."""
    return {str(one): words.say(name) for one, name in FLAGS.items()}


def status_of(one: Listed, words: Words) -> str:
    """Of one run."""
    return words.say(STATUSES[Status(one.status)])


def flags_of(one: Listed, words: Words) -> str:
    """Of one run, "" without any."""
    return ", ".join(words.say(FLAGS[Flag(flag)]) for flag in one.flags)

"""The catalogue's tables: all runs, configurations, what was deleted.

Pure: rows of the engine's catalogue and :class:`Words` in, columns out.
"""

from collections.abc import Sequence

from engine.api.runs import Group, Listed
from engine.text import run_labels
from engine.text.i18n import Words


def runs_table(runs: Sequence[Listed], words: Words) -> dict[str, list[object]]:
    """A row a run."""
    return {
        words.say("Run"): [one.name for one in runs],
        words.say("Family"): [one.family for one in runs],
        words.say("Status"): [run_labels.status_of(one, words) for one in runs],
        words.say("Parameters"): [one.settings.get("model_size") for one in runs],
        words.say("Batch size"): [one.settings.get("batch_size") for one in runs],
        words.say("Iterations"): [one.settings.get("iterations") for one in runs],
        words.say("Noise multiplier σ"): [one.noise_multiplier for one in runs],
        words.say("Loss (nats)"): [one.settings.get("cross_entropy") for one in runs],
        words.say("Flags"): [run_labels.flags_of(one, words) for one in runs],
        words.say("Tags"): [", ".join(one.tags) for one in runs],
        words.say("Points of the curve"): [one.points or None for one in runs],
    }


def groups_table(found: Sequence[Group], words: Words) -> dict[str, list[object]]:
    """A row a configuration, its seeds together."""
    return {
        words.say("Run"): [_named(group) for group in found],
        words.say("Family"): [group.first.family for group in found],
        words.say("Seeds"): [len(group.runs) for group in found],
        words.say("Mean loss (nats)"): [group.mean for group in found],
        words.say("Spread of one run (nats)"): [group.spread for group in found],
        words.say("Parameters"): [group.first.settings.get("model_size") for group in found],
        words.say("Batch size"): [group.first.settings.get("batch_size") for group in found],
        words.say("Iterations"): [group.first.settings.get("iterations") for group in found],
        words.say("Noise multiplier σ"): [group.first.noise_multiplier for group in found],
        words.say("Learning rate"): [group.first.settings.get("learning_rate") for group in found],
    }


def _named(group: Group) -> str:
    rest = len(group.runs) - 1
    return group.first.name + (f" +{rest}" if rest else "")


def deleted_table(runs: Sequence[Listed], words: Words) -> dict[str, list[object]]:
    """A row a deleted run, with when and why."""
    return {
        words.say("Run"): [one.name for one in runs],
        words.say("Family"): [one.family for one in runs],
        words.say("Deleted"): [
            None if one.deleted_at is None else one.deleted_at.strftime("%Y-%m-%d %H:%M")
            for one in runs
        ],
        words.say("Reason"): [one.deleted_because for one in runs],
    }

"""The catalogue's tables: all runs, two side by side, what was deleted.

Pure: rows of the engine's catalogue and :class:`Words` in, columns out.
"""

from collections.abc import Sequence

from dashboard.runs import wording
from engine.api.runs import TABLE, Group, Listed, Said
from engine.text import formats, labels, run_labels
from engine.text.i18n import Words

_SETTINGS = (
    "model_size", "batch_size", "iterations", "sequence_length", "noise_multiplier",
    "noise_batch_ratio", "epsilon", "delta", "data_budget", "sampling", "privacy_unit",
    "learning_rate", "seed", "vocabulary_size", "compute_flops", "cross_entropy",
)  # fmt: skip


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


def side_by_side(runs: Sequence[Listed], words: Words) -> dict[str, list[str]]:
    """What is known of a run or two, a column a run; a setting that differs is in bold."""
    rows: list[tuple[str, list[str]]] = [
        (words.say("Identifier"), [f"`{one.run_id[:12]}`" for one in runs]),
        (words.say("Family"), [labels.evidence_name(one.family, words) for one in runs]),
        (words.say("Status"), [run_labels.status_of(one, words) for one in runs]),
        (words.say("Flags"), [run_labels.flags_of(one, words) or "–" for one in runs]),
    ]
    for name in _SETTINGS:
        values = [_value(one.settings.get(name)) for one in runs]
        if any(value != "–" for value in values):
            rows.append((words.say(wording.ROLES[name]), values))
    rows += [
        (words.say("Source"), [formats.literally(_source(one)) for one in runs]),
        (words.say("Recorded"), [f"{one.created_at:%Y-%m-%d %H:%M}" for one in runs]),
    ]
    if any(one.tags for one in runs):
        rows.append((words.say("Tags"), [_said(one.annotation.tags, words) for one in runs]))
    if any(one.note for one in runs):
        notes = [(one.annotation.note,) if one.annotation.note else () for one in runs]
        rows.append((words.say("Note on the run"), [_said(note, words) for note in notes]))
    columns: dict[str, list[str]] = {"": [name for name, _ in rows]}
    for place, one in enumerate(runs):
        head = formats.literally(one.name)
        while head in columns:  # two runs of one name
            head += "\u2009·"
        columns[head] = [
            f"**{values[place]}**" if len(set(values)) > 1 and n > 0 else values[place]
            for n, (_, values) in enumerate(rows)
        ]
    return columns


def _said(said: Sequence[Said], words: Words) -> str:
    """Tags or a note with who wrote them and when."""
    parts = []
    for one in said:
        when = f"{one.at:%Y-%m-%d %H:%M}"
        by = words.say("{when}, by {who}", when=when, who=one.who) if one.who else when
        parts.append(formats.literally(words.say("{text} ({by})", text=one.text, by=by)))
    return "; ".join(parts) or "–"


def _source(one: Listed) -> str:
    """The file that it came in, with the tool that wrote it; else who trained it."""
    source = str(one.settings.get("source", "–"))
    if not one.file:
        return source
    return one.file if source in (TABLE, "–") else f"{one.file} ({source})"


def _value(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, int):
        return formats.exact(value)
    return f"{value:.5g}" if isinstance(value, float) else str(value)

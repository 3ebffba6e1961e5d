"""What is known of a run or two, as a table; and what runs are called beside one another.

Pure: rows of the engine's catalogue and :class:`Words` in, columns out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.api.runs import TABLE, Listed, Said
from engine.text import formats, labels, run_labels
from engine.text.i18n import Words

_SETTINGS = (
    "model_size", "batch_size", "iterations", "sequence_length", "noise_multiplier",
    "noise_batch_ratio", "epsilon", "delta", "data_budget", "sampling", "privacy_unit",
    "learning_rate", "seed", "vocabulary_size", "compute_flops", "cross_entropy",
)  # fmt: skip


def run_names(runs: Sequence[Listed]) -> dict[str, str]:
    """Run id -> its name on the page Runs, of runs that have one of their own: published rows share
    a note."""
    counts = Counter(one.name for one in runs)
    return {one.run_id: one.name for one in runs if counts[one.name] == 1}


def called(run_id: str, names: Mapping[str, str]) -> str:
    """What a run is called: its own name, else the beginning of its id."""
    return names.get(run_id) or run_id[:8]


def run_name(run_id: str, names: Mapping[str, str]) -> str:
    """The same in running text."""
    return formats.literally(called(run_id, names))


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
            rows.append((words.say(run_labels.ROLES[name]), values))
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
